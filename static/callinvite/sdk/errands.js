/** What was asked for by a click on a notification, done in a page of another site: answer, call back, or show.
 *
 *  Only the site's service worker can send a message or leave a note, and it does so only for a notification's button. */

import { isRingingFor } from "../client/index.js";

const WAIT_MS = 120_000;

/** @typedef {import("../push/notes.js").Wish} Wish
 *
 *  @typedef {object} Doing
 *  @property {import("../client/index.js").CallInvitationService} service
 *  @property {import("../rtc/index.js").Talk} media
 *  @property {(callID: string) => Promise<boolean> | undefined} accept what the button of a ring does */

export class Errands {
  #page;
  #notes;

  /** @param {Doing} page
   *  @param {import("../push/notes.js").Notes} notes */
  constructor(page, notes) {
    this.#page = page;
    this.#notes = notes;
  }

  /** Begin.
   *  @returns {() => void} ends it */
  start() {
    const hear = (/** @type {MessageEvent<Wish>} */ { data }) => this.#perform(data);
    navigator.serviceWorker?.addEventListener("message", hear);
    navigator.serviceWorker?.startMessages();
    this.#notes.takeWish().then((wish) => this.#perform(wish));
    return () => navigator.serviceWorker?.removeEventListener("message", hear);
  }

  /** @param {Wish | null} wish */
  async #perform(wish) {
    const { service, media, accept } = this.#page;
    const callID = wish?.call_id ?? "";
    if (wish?.type === "answer") {
      if (await this.#rings(callID)) {
        await accept(callID);
      }
    } else if (wish?.type === "call_back" && wish.caller?.id) {
      const camera = wish.is_video_call === true;
      const invitees = [wish.caller];
      await service.missedCallClicked(callID);
      await service.dialBack(callID, () =>
        media.during({ microphone: true, camera }, () => service.send({ invitees, isVideoCall: camera })),
      );
    } else if (wish?.kind === "stop") {
      await service.missedCallClicked(callID);
    }
  }

  /** @param {string} callID
   *  @returns {Promise<boolean>} whether it rings here, once it is known; false after two minutes without */
  #rings(callID) {
    const { service } = this.#page;
    const rings = () =>
      service.state.calls.some((call) => call.call_id === callID && isRingingFor(call, service.state.user?.id));
    return new Promise((resolve) => {
      const finish = () => {
        stop();
        clearTimeout(timer);
        resolve(rings());
      };
      const timer = setTimeout(finish, WAIT_MS);
      const stop = service.on("change", () => {
        if (rings()) {
          finish();
        }
      });
      if (rings()) {
        finish();
      }
    });
  }
}
