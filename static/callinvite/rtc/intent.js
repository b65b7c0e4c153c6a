/**
 * What a person wants to be sent in a call, kept for as long as the call: over a reload, and in whichever page of the
 * browser goes on with it. Who was muted, filmed by nobody or on hold must not be heard or seen because a page changed.
 */

const KEY = "callinvite.media_intent";

/**
 * @typedef {object} Intent
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {boolean} [hold]
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 */

/** The intent of one call at a time. */
export class KeptIntent {
  #storage;

  /**
   * @param {Store | null} storage shared by all pages of the browser
   */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * @param {string} callID
   * @returns {Intent | null} null if none was kept for this call
   */
  read(callID) {
    try {
      const kept = JSON.parse(this.#storage?.getItem(KEY) ?? "null");
      if (kept?.callID === callID) {
        return { microphone: kept.microphone === true, camera: kept.camera === true, hold: kept.hold === true };
      }
    } catch {
      // Written by another version, or a storage that may not be read: as good as nothing.
    }
    return null;
  }

  /**
   * @param {string} callID
   * @param {Intent} intent
   */
  keep(callID, { microphone, camera, hold = false }) {
    try {
      this.#storage?.setItem(KEY, JSON.stringify({ callID, microphone, camera, hold }));
    } catch {
      // A full storage forgets it; a reload will ask the call itself.
    }
  }

  /**
   * @param {string} callID that is over
   */
  forget(callID) {
    if (this.read(callID) !== null) {
      this.#storage?.removeItem(KEY);
    }
  }
}
