/** What a page does when it rings: sound, title, icon, vibration, and the promise to the caller that it does. */

import { isUp, isRingingFor, pendingInvitations } from "../client/index.js";
import { calledIn, isAlerting, isWithheld, rangBy } from "../elements/words.js";
import { say } from "../words/say.js";

const BLINK_MS = 1000;
const VIBRATION = [400, 200, 400];
const VIBRATION_PAUSE_MS = 1400;

/** @typedef {import("../client/types.js").Call} Call
 *
 *  @typedef {object} Manners how a page alerts that is not the app's own
 *  @property {boolean} [marksPage] whether its title and its icon say that it rings
 *  @property {(call: Call) => boolean} [shows] whether it shows this call; of others it says nothing, here or to callers
 *  @property {(call: Call) => boolean} [sounds] whether it is to be heard */

/** Follows the service; holds no state of calls of its own. */
export class Alerting {
  #service;
  #ringer;
  #talk;
  #marksPage;
  #shows;
  #sounds;
  #icon = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
  #quietIcon = "";
  #title = document.title;
  #odd = false;
  /** Rings that are just being answered here: silent already. @type {Set<string>} */
  #hushed = new Set();
  /** What the caller was told of each ring: false silent, true audible. @type {Map<string, boolean>} */
  #told = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #blinking;
  /** The pattern that the device vibrates in, over and over. */
  #vibration = "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #vibrating;

  /** @param {import("../client/index.js").CallInvitationService} service
   *  @param {import("../sounds/ringer.js").Ringer} ringer
   *  @param {import("../rtc/talk.js").Talk} talk
   *  @param {Manners} [manners] */
  constructor(service, ringer, talk, { marksPage = true, shows = () => true, sounds = () => true } = {}) {
    this.#service = service;
    this.#ringer = ringer;
    this.#talk = talk;
    this.#marksPage = marksPage;
    this.#shows = shows;
    this.#sounds = sounds;
    this.#quietIcon = this.#icon?.href ?? "";
  }

  /** Begin. */
  start() {
    const update = () => {
      this.#update();
    };
    this.#service.on("change", update);
    this.#talk.addEventListener("change", update);
    this.#service.on("callStarted", ({ call }) => {
      if (this.#isHeard(call)) {
        this.#ringer.once("joined");
      }
    });
    this.#service.on("callEnded", ({ call }) => {
      if (isWithheld(call) || !this.#isHeard(call)) {
        return;
      }
      this.#ringer.once(isBusy(call) ? "busy" : "over");
    });
    this.#ringer.addEventListener("change", () => {
      this.#service.setAudible(this.#ringer.audible);
      update();
    });
    document.addEventListener("visibilitychange", update);
    document.addEventListener("answering", (event) => {
      this.hush(/** @type {CustomEvent} */ (event).detail.callID);
    });
    document.addEventListener("answered", (event) => {
      this.unhush(/** @type {CustomEvent} */ (event).detail.callID);
    });
    update();
  }

  /** Be silent about a ring that is just being answered.
   *  @param {string} callID */
  hush(callID) {
    this.#hushed.add(callID);
    this.#update();
  }

  /** It was answered, or could not be.
   *  @param {string} callID */
  unhush(callID) {
    this.#hushed.delete(callID);
    this.#update();
  }

  /** What it is told by its manners may be otherwise now. */
  look() {
    this.#update();
  }

  /** @param {Call} call */
  #isHeard(call) {
    return this.#shows(call) && this.#sounds(call);
  }

  #update() {
    const { calls, user, connection } = this.#service.state;
    const [active, outgoing] = [this.#service.state.active, this.#service.state.outgoing].map((call) =>
      call && !this.#talk.hasHungUp(call) ? call : null,
    );
    const rings =
      connection === "signed_out"
        ? []
        : calls.filter((call) => isRingingFor(call, user?.id) && !this.#hushed.has(call.call_id) && this.#shows(call));
    this.#sound(rings, active, outgoing);
    this.#blink(rings);
    this.#vibrate(active ? undefined : rings.find((call) => !call.silent));
    if (isUp(connection)) {
      this.#tellCallers(rings);
    } else {
      // Whoever was told may have heard since that this page is gone.
      this.#told.clear();
    }
  }

  /** @param {Call[]} rings @param {Call | null} active @param {Call | null} outgoing */
  #sound(rings, active, outgoing) {
    const sounding = rings.filter((call) => !call.silent && this.#sounds(call));
    if (sounding.length) {
      const { incoming } = this.#service.state;
      // Of several, the one that the screen shows.
      const call = sounding.find((each) => each.call_id === incoming?.call_id) ?? sounding[0];
      this.#ringer.loop(active ? "waiting" : "ringtone", call);
    } else if (!active && outgoing && this.#isHeard(outgoing) && pendingInvitations(outgoing).some(isAlerting)) {
      this.#ringer.loop("ringback");
    } else {
      this.#ringer.stop();
    }
  }

  /** Say "ringing" only when somebody could notice: a hidden and silent page alerts nobody.
   *  @param {Call[]} rings */
  #tellCallers(rings) {
    for (const call of rings) {
      const callID = call.call_id;
      const audible = this.#ringer.audible && !call.silent && this.#sounds(call);
      if (!audible && document.visibilityState !== "visible") {
        continue;
      }
      if (this.#told.get(callID) !== true && this.#told.get(callID) !== audible) {
        this.#told.set(callID, audible);
        this.#service.ringing(callID, { audible }).then((done) => {
          if (!done) {
            this.#told.delete(callID);
          }
        });
      }
    }
  }

  /** @param {Call[]} rings */
  #blink(rings) {
    if (!this.#marksPage) {
      return;
    }
    clearInterval(this.#blinking);
    const [first] = rings;
    const userId = this.#service.state.user?.id;
    const turn = () => {
      this.#odd = rings.length > 0 && !this.#odd;
      document.title = this.#odd
        ? say("title.calling", { name: calledIn(first, userId)(rangBy(first, userId)) })
        : this.#quietTitle();
      if (this.#icon) {
        this.#icon.href = this.#odd ? (this.#icon.dataset.ringing ?? this.#quietIcon) : this.#quietIcon;
      }
    };
    this.#odd = false;
    turn();
    if (rings.length) {
      this.#blinking = setInterval(turn, BLINK_MS);
    }
  }

  #quietTitle() {
    const missed = this.#service.state.missedUnseen;
    return missed ? say("title.missed", { missed, title: this.#title }) : this.#title;
  }

  /** @param {Call | undefined} call whose ring is to be felt */
  #vibrate(call) {
    const pattern = call?.vibration.length ? call.vibration : VIBRATION;
    const wanted = call ? pattern.join() : "";
    if (!navigator.vibrate || wanted === this.#vibration) {
      return;
    }
    clearInterval(this.#vibrating);
    this.#vibration = wanted;
    if (!call) {
      navigator.vibrate(0);
      return;
    }
    // Browsers refuse to vibrate a page that nobody touched yet.
    if (navigator.userActivation?.hasBeenActive !== false) {
      navigator.vibrate(pattern);
      const periodMs = pattern.reduce((sum, ms) => sum + ms, VIBRATION_PAUSE_MS);
      this.#vibrating = setInterval(() => navigator.vibrate(pattern), periodMs);
    }
  }
}

/** @param {Call} call @returns {boolean} whether everybody who was called is */
function isBusy({ answered_at: answeredAt, invitations }) {
  return (
    answeredAt === null &&
    invitations.length > 0 &&
    invitations.every(({ state, reject_reason: reason }) => state === "busy" || reason === "busy")
  );
}
