/**
 * Video to many at once chokes every line: it is paused when a call grows too large, and may be switched on again.
 */

import { VIDEO_PEOPLE_MAX } from "./budget.js";

/** @typedef {import("../client/types.js").Call} Call */

/** Notices the moment in which a call becomes crowded. */
export class Crowd {
  #was = false;

  /**
   * Another call, or the same one after the page was loaded again: what was switched on again in a crowd then stays on.
   *
   * @param {Call | null} call null for none
   */
  enter(call) {
    this.#was = call !== null && isCrowded(call);
  }

  /**
   * @param {Call} call
   * @returns {boolean} whether it has become crowded just now
   */
  follow(call) {
    const isNow = isCrowded(call);
    const hasBecome = isNow && !this.#was;
    this.#was = isNow;
    return hasBecome;
  }
}

/**
 * @param {Call} call
 * @returns {boolean} whether more people are in it than a mesh carries with pictures
 */
function isCrowded(call) {
  return call.participants.filter((each) => each.left_at === null).length > VIDEO_PEOPLE_MAX;
}
