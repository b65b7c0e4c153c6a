/**
 * What a person wants to be sent in a call, kept for as long as the call: over a reload, and in whichever page of the
 * browser goes on with it. Who was muted, filmed by nobody or on hold must not be heard or seen because a page changed.
 */

const KEY = "callinvite.media_intent";
/** More than anybody has on hold. What a page that crashed has left behind goes when others come. */
const MOST_KEPT = 8;

/**
 * @typedef {object} Intent
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {boolean} [hold]
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 */

/** The intents of the calls that this device is in: the one that is here, and those on hold. */
export class KeptIntents {
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
    const kept = this.#all().get(callID);
    return kept
      ? { microphone: kept.microphone === true, camera: kept.camera === true, hold: kept.hold === true }
      : null;
  }

  /**
   * @param {string} callID
   * @param {Intent} intent
   */
  keep(callID, { microphone, camera, hold = false }) {
    const all = this.#all();
    all.delete(callID);
    all.set(callID, { microphone, camera, hold });
    this.#write([...all].slice(-MOST_KEPT));
  }

  /**
   * @param {string} callID that is over
   */
  forget(callID) {
    const all = this.#all();
    if (all.delete(callID)) {
      this.#write([...all]);
    }
  }

  /** @returns {Map<string, Intent>} by the call's id, the one that was kept last at the end */
  #all() {
    try {
      return new Map(JSON.parse(this.#storage?.getItem(KEY) ?? "[]"));
    } catch {
      // Written by another version, or a storage that may not be read: as good as nothing.
      return new Map();
    }
  }

  /**
   * @param {[string, Intent][]} all
   */
  #write(all) {
    try {
      if (all.length > 0) {
        this.#storage?.setItem(KEY, JSON.stringify(all));
      } else {
        this.#storage?.removeItem(KEY);
      }
    } catch {
      // A full storage forgets it; a reload will ask the call itself.
    }
  }
}

/** What is wanted in the calls that this device is in, and in one that an act under way leads into. */
export class Intents {
  #kept;
  /** How many acts that lead into a call are under way. */
  #acts = 0;
  /** What is to be sent in the call that they lead into. @type {Intent | null} */
  #wished = null;

  /**
   * @param {Store | null} storage as of `KeptIntents`
   */
  constructor(storage) {
    this.#kept = new KeptIntents(storage);
  }

  /** @returns {boolean} whether an act that leads into a call is under way */
  get isActing() {
    return this.#acts > 0;
  }

  /**
   * @param {Intent} intent
   * @returns {Intent} what is wished from now on
   */
  beginAct(intent) {
    this.#acts += 1;
    this.#wished = { hold: false, ...intent };
    return this.#wished;
  }

  /** One act is over. */
  endAct() {
    this.#acts -= 1;
    if (this.#acts === 0) {
      this.#wished = null;
    }
  }

  /** Nothing shall be sent in the call that the acts under way lead into. */
  abandon() {
    this.#wished = { microphone: false, camera: false };
  }

  /**
   * @param {import("../client/types.js").Call} call
   * @returns {Intent} what the person wanted to be sent in it, or what its kind suggests
   */
  of(call) {
    return this.#kept.read(call.call_id) ?? { microphone: true, camera: call.is_video_call };
  }

  /**
   * The call has come to this page.
   *
   * @param {import("../client/types.js").Call} call
   * @returns {{intent: Intent, isBack: boolean}} `isBack`: it was here, or in another page of this browser, before
   */
  arrive(call) {
    const isBack = this.#kept.read(call.call_id) !== null;
    const intent = this.#wished ?? this.of(call);
    this.#kept.keep(call.call_id, intent);
    return { intent, isBack };
  }

  /**
   * Remembers what the person has just chosen in a call.
   *
   * @param {Partial<Intent>} change
   * @param {import("../client/types.js").Call} call
   */
  keep(change, call) {
    this.#kept.keep(call.call_id, { ...this.of(call), ...change });
  }

  /**
   * Remembers what the person has just chosen for the call that acts under way lead into, if there are any.
   *
   * @param {Partial<Intent>} change
   */
  wish(change) {
    if (this.#wished !== null) {
      this.#wished = { ...this.#wished, ...change };
    }
  }

  /**
   * @param {string} callID that is over
   */
  forget(callID) {
    this.#kept.forget(callID);
  }
}
