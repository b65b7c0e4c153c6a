/** Keeps what the system shows for this app true while a page is open: notifications of calls, and the number on its icon. */

import { isUp, isRingingFor } from "../client/index.js";
import { inTurn } from "../push/turns.js";

/** @typedef {{kind: string, call_id: string, missed: boolean, shown_at: number}} Shown what a notification carries */

/** Follows the service; closes what is over, opens nothing. */
export class Notices {
  #service;
  /** @type {Set<string>} */
  #ringing = new Set();
  /** Calls that rang in this page and do not any more. @type {Set<string>} */
  #over = new Set();
  /** When this page last began to connect; what was shown before must be in the snapshot, or is over. */
  #askedAt = Date.now();
  /** @type {import("../client/types.js").Connection} */
  #connection = "closed";
  /** @type {number | null} */
  #missed = null;

  /** @param {import("../client/index.js").CallInvitationService} service */
  constructor(service) {
    this.#service = service;
  }

  /** Begin. */
  start() {
    this.#service.on("change", () => {
      this.#update();
    });
    document.addEventListener("answering", (event) => {
      const { callID } = /** @type {CustomEvent} */ (event).detail;
      this.#close(({ kind, call_id }) => kind === "ring" && call_id === callID);
    });
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      // It came for a call that is already answered, or over, here.
      if (data?.type === "shown" && this.#isKnownSilent(data.call_id)) {
        this.#close(({ kind, call_id }) => kind === "ring" && call_id === data.call_id);
      }
    });
    this.#update();
  }

  #update() {
    const { connection, calls, user, missedUnseen } = this.#service.state;
    const wasConnected = isUp(this.#connection);
    if (connection === "connecting" && this.#connection !== "connecting") {
      this.#askedAt = Date.now();
    }
    this.#connection = connection;
    if (!isUp(connection)) {
      return;
    }
    const rings = new Set(calls.filter((call) => isRingingFor(call, user?.id)).map((call) => call.call_id));
    const over = [...this.#ringing].filter((callID) => !rings.has(callID));
    this.#ringing = rings;
    over.forEach((callID) => this.#over.add(callID));
    if (!wasConnected) {
      const askedAt = this.#askedAt;
      this.#close(({ kind, call_id, shown_at }) => kind === "ring" && !rings.has(call_id) && shown_at < askedAt);
    }
    if (over.length) {
      this.#close(({ kind, call_id }) => kind === "ring" && over.includes(call_id));
    }
    if (missedUnseen !== this.#missed) {
      this.#missed = missedUnseen;
      this.#showMissed(missedUnseen);
    }
  }

  /** @param {number} missed */
  #showMissed(missed) {
    // Refused where the app is not installed.
    (missed ? navigator.setAppBadge?.(missed) : navigator.clearAppBadge?.())?.catch(() => {});
    if (missed === 0) {
      this.#close(({ missed: isMissed }) => isMissed === true);
    }
  }

  /** @param {string} callID */
  #isKnownSilent(callID) {
    const { calls, user } = this.#service.state;
    const call = calls.find((each) => each.call_id === callID);
    return call ? !isRingingFor(call, user?.id) : this.#over.has(callID);
  }

  /** @param {(data: Shown) => boolean} isOver */
  async #close(isOver) {
    try {
      const registration = await navigator.serviceWorker?.getRegistration();
      const shown = registration ? await inTurn(() => registration.getNotifications()) : [];
      for (const notification of shown) {
        if (notification.data && isOver(notification.data)) {
          notification.close();
        }
      }
    } catch {
      // The browser keeps them to itself: then people close them.
    }
  }
}
