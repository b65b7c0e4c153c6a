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
  /** @type {{servers: RTCIceServer[], untilMs: number} | null} */
  #known = null;
  /** @type {Promise<void> | null} */
  #asked = null;
  /** Whether what is being asked concerns a call. */
  #concernsCall = false;
  /** Whether it is to be asked once more, since there is a call now. */
  #isToAskAgain = false;

  /**
   * @param {IceSource} source
   * @param {import("../client/types.js").Clock} clock
   */
  constructor(source, clock) {
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

  /**
   * Asks the server, unless what is known is good for a while.
   *
   * @param {boolean} concernsCall whether there is a call already; before that the answer names no relays
   */
  refresh(concernsCall) {
    // By the server's clock: this device's own may be hours off.
    const isFresh = this.#known !== null && this.#known.untilMs - this.#source.serverNow() > FRESH_MS;
    if (isFresh) {
      return;
    }
    if (this.#asked !== null) {
      // What was asked before there was a call names no relays.
      this.#isToAskAgain ||= concernsCall && !this.#concernsCall;
      return;
    }
    this.#asked = this.#ask(concernsCall);
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

  /**
   * @param {boolean} concernsCall
   */
  async #ask(concernsCall) {
    this.#concernsCall = concernsCall;
    const answer = await this.#source.iceServers();
    if (answer) {
      this.#known = { servers: answer.ice_servers, untilMs: concernsCall ? Date.parse(answer.expires_at) : 0 };
    }
    if (this.#isToAskAgain) {
      this.#isToAskAgain = false;
      await this.#ask(true);
      return;
    }
    this.#asked = null;
  }
}
