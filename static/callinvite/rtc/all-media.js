/**
 * The media of all calls that this device is in: of the current one, and of those on hold.
 *
 * Does not decide which call is the current one, nor whether it is in this page.
 */

import { CallMedia } from "./call-media.js";
import { OnHold } from "./on-hold.js";
import { SILENT } from "./speaker.js";

/**
 * @typedef {import("../client/types.js").Call} Call
 *
 * @typedef {object} AllMediaOptions
 * @property {import("../client/index.js").CallInvitationService} service
 * @property {import("./local-media.js").LocalMedia} local
 * @property {() => RTCConfiguration} configuration for a connection that is made now
 * @property {import("../client/types.js").Clock} clock
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} connect
 * @property {() => void} onChange
 * @property {() => void} onLevels
 * @property {(code: string) => void} onBadSignal
 */

/** At most one call's media is heard and seen; the links of the others only say that they are on hold. */
export class AllMedia {
  #options;
  /** @type {CallMedia | null} */
  #current = null;
  #onHold = new OnHold();

  /**
   * @param {AllMediaOptions} options
   */
  constructor(options) {
    this.#options = options;
  }

  /** @returns {CallMedia | null} the media of the current call, once it has begun in this page */
  get current() {
    return this.#current;
  }

  /** @returns {import("./peer.js").PeerState[]} the others in the current call */
  get peers() {
    return this.#current?.peers ?? [];
  }

  /** @returns {import("./speaker.js").Hearing} how loud everybody is right now, by their keys */
  get hearing() {
    return this.#current?.hearing ?? SILENT;
  }

  /** @returns {boolean} whether media of anybody has come through */
  get isUp() {
    return this.#current?.isUp ?? false;
  }

  /** @returns {import("../client/types.js").Peer} this device, as the others address it */
  get me() {
    const { state, deviceId } = this.#options.service;
    return { user: state.user?.id ?? "", device_id: deviceId };
  }

  /**
   * @param {string} callID
   * @returns {boolean} whether the call is on hold in this page
   */
  isOnHold(callID) {
    return this.#onHold.has(callID);
  }

  /**
   * Another call is the current one. If it was on hold, its media is there, and stays on hold until it is told otherwise.
   *
   * @param {string} callID
   */
  turnTo(callID) {
    this.#current = this.#onHold.take(callID);
  }

  /**
   * Takes over who is in the current call; its media begins with the first time.
   *
   * @param {Call} call
   */
  follow(call) {
    this.#current ??= this.#begun(call);
    this.#current.follow(call);
  }

  /** The current call is on hold, and none is current. */
  putOnHold() {
    if (this.#current) {
      this.#onHold.put(this.#current);
      this.#current = null;
    }
  }

  /**
   * Others hear that they are on hold, also after this page was loaded again.
   *
   * @param {readonly Call[]} calls those that are on hold now
   * @returns {string[]} the ids of those that are no longer
   */
  followOnHold(calls) {
    for (const call of calls) {
      if (!this.#onHold.has(call.call_id)) {
        this.#onHold.put(this.#begun(call));
      }
    }
    return this.#onHold.follow(calls);
  }

  /**
   * Takes a `signal` frame.
   *
   * @param {string} callID
   * @param {import("../client/types.js").Peer} from
   * @param {unknown} data
   */
  hear(callID, from, data) {
    if (this.#current?.callID === callID) {
      this.#current.hear(from, data);
    } else {
      this.#onHold.hear(callID, from, data);
    }
  }

  /** Signalling works again. */
  resume() {
    this.#current?.resume();
    this.#onHold.resume();
  }

  /** The network of this device has changed. */
  restart() {
    this.#current?.restart();
    this.#onHold.restart();
  }

  /** Ends all links of the current call. */
  closeCurrent() {
    this.#current?.close();
    this.#current = null;
  }

  /** Ends all links. */
  close() {
    this.closeCurrent();
    this.#onHold.close();
  }

  /**
   * @param {Call} call
   * @returns {CallMedia}
   */
  #begun(call) {
    const { service, ...options } = this.#options;
    return new CallMedia({
      ...options,
      callID: call.call_id,
      me: this.me,
      signal: (to, data) => service.signal(call.call_id, to, data),
    });
  }
}
