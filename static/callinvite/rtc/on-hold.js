/**
 * Calls that this device has turned away from, to talk in another one: their links stay, and carry nothing but the word
 * that they are on hold, until the person comes back or the call ends.
 */

/**
 * @typedef {import("../client/types.js").Call} Call
 * @typedef {import("./call-media.js").CallMedia} CallMedia
 */

/** The media of all calls that are on hold in this page. */
export class OnHold {
  /** @type {Map<string, CallMedia>} */
  #kept = new Map();

  /**
   * @param {string} callID
   * @returns {boolean}
   */
  has(callID) {
    return this.#kept.has(callID);
  }

  /**
   * Puts a call on hold.
   *
   * @param {CallMedia} media
   */
  put(media) {
    media.setOnHold(true);
    this.#kept.set(media.callID, media);
  }

  /**
   * Goes on with a call.
   *
   * @param {string} callID
   * @returns {CallMedia | null} null if it was not on hold here
   */
  take(callID) {
    const kept = this.#kept.get(callID) ?? null;
    this.#kept.delete(callID);
    return kept;
  }

  /**
   * Takes over who is in these calls, and lets go of all others.
   *
   * @param {readonly Call[]} calls
   * @returns {string[]} the ids of those others
   */
  follow(calls) {
    const over = [];
    for (const [callID, media] of this.#kept) {
      const call = calls.find((each) => each.call_id === callID);
      if (call) {
        media.follow(call);
      } else {
        media.close();
        this.#kept.delete(callID);
        over.push(callID);
      }
    }
    return over;
  }

  /**
   * Takes a `signal` frame.
   *
   * @param {string} callID
   * @param {import("../client/types.js").Peer} from
   * @param {unknown} data
   */
  hear(callID, from, data) {
    this.#kept.get(callID)?.hear(from, data);
  }

  /** Signalling works again. */
  resume() {
    this.#kept.forEach((media) => media.resume());
  }

  /** The network of this device has changed. */
  restart() {
    this.#kept.forEach((media) => media.restart());
  }

  /** Ends all links. */
  close() {
    this.follow([]);
  }
}
