/**
 * The STUN and TURN servers for calls: asked for in time, and again before their credentials end.
 */

/** How long links wait for the addresses; without them most calls work all the same. */
const WAIT_MS = 2_500;
const FRESH_MS = 60_000;

/**
 * @typedef {object} IceSource what is needed of the call service
 * @property {() => Promise<import("../client/types.js").IceServers | null>} iceServers
 * @property {() => number} serverNow unix milliseconds
 */

/** What the server last said. */
export class IceServers {
  #source;
  #clock;
  #concernsCall;
  /** @type {{servers: RTCIceServer[], untilMs: number} | null} */
  #known = null;
  /** @type {Promise<void> | null} */
  #asked = null;
  /** Whether there was a call when it was asked. */
  #isForCall = false;
  /** Whether it is to be asked once more, since there is a call now. */
  #isToAskAgain = false;

  /**
   * @param {IceSource} source
   * @param {import("../client/types.js").Clock} clock
   * @param {() => boolean} concernsCall whether there is a call now; without one the answer names no relays
   */
  constructor(source, clock, concernsCall) {
    this.#concernsCall = concernsCall;
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * @param {boolean} isRelayOnly whether all media shall go through the relay
   * @returns {RTCConfiguration} for a connection that is made now; without servers before the first answer
   */
  configuration(isRelayOnly) {
    return {
      iceServers: this.#known?.servers ?? [],
      iceTransportPolicy: isRelayOnly ? "relay" : "all",
      bundlePolicy: "max-bundle",
    };
  }

  /** Asks the server, unless what is known is good for a while. */
  refresh() {
    // By the server's clock: this device's own may be hours off.
    const isFresh = this.#known !== null && this.#known.untilMs - this.#source.serverNow() > FRESH_MS;
    if (isFresh) {
      return;
    }
    if (this.#asked !== null) {
      // What was asked before there was a call names no relays.
      this.#isToAskAgain ||= !this.#isForCall && this.#concernsCall();
      return;
    }
    this.#asked = this.#ask().finally(() => {
      this.#asked = null;
    });
  }

  /**
   * Waits for an answer that is under way, but not for long.
   *
   * @returns {Promise<void>}
   */
  async arrive() {
    if (this.#asked === null) {
      return;
    }
    const time = new Promise((resolve) => {
      this.#clock.setTimeout(() => resolve(undefined), WAIT_MS);
    });
    await Promise.race([this.#asked, time]);
  }

  async #ask() {
    do {
      this.#isToAskAgain = false;
      this.#isForCall = this.#concernsCall();
      const answer = await this.#source.iceServers();
      if (answer) {
        // One without relays would do for no call.
        const isForCall = this.#isForCall && this.#concernsCall();
        this.#known = { servers: answer.ice_servers, untilMs: isForCall ? Date.parse(answer.expires_at) : 0 };
      }
    } while (this.#isToAskAgain && this.#concernsCall());
  }
}
