/**
 * Stands in for the live connection where none can be had: asks for everything that is open, again and again, and gives
 * signs of life for the calls that this device is in. Knows no verbs.
 */

import { CallInvitationError } from "./errors.js";

const BUSY_MS = 2_000;
const IDLE_MS = 5_000;
const HEARTBEAT_MS = 5_000;

/**
 * @typedef {object} PollerOptions
 * @property {import("./rest.js").RestClient} rest
 * @property {import("./types.js").Clock} clock
 * @property {string} deviceId
 * @property {() => string[]} inside the calls that this device is in, by their ids
 * @property {() => boolean} isBusy whether any call is open
 * @property {(snapshot: import("./types.js").StateFrame) => void} onSnapshot
 * @property {(error: CallInvitationError | null) => void} onAsked after each question: null if it was answered
 */

/** Asks by REST while there is no socket. */
export class Poller {
  #options;
  /** From `start` to `stop`. @type {AbortController | null} */
  #life = null;
  #isUp = false;
  #isAsking = false;
  /** @type {unknown} */
  #timer = null;
  #provedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param {PollerOptions} options
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * @returns {boolean} whether the last question was answered
   */
  get isUp() {
    return this.#isUp;
  }

  /**
   * Begins, unless it has done so already.
   *
   * @param {number} afterMs how long to leave it to the socket first
   * @returns {void}
   */
  start(afterMs) {
    if (this.#life === null) {
      this.#life = new AbortController();
      this.#askIn(afterMs);
    }
  }

  /**
   * Ends, for good until `start`.
   *
   * @returns {void}
   */
  stop() {
    this.#options.clock.clearTimeout(this.#timer);
    this.#life?.abort();
    this.#life = null;
    this.#isUp = false;
    this.#isAsking = false;
  }

  /**
   * Asks at once instead of when it is due.
   *
   * @returns {boolean} whether it has begun
   */
  now() {
    if (this.#life !== null && !this.#isAsking) {
      this.#ask(this.#life);
    }
    return this.#life !== null;
  }

  /**
   * @param {number} ms
   */
  #askIn(ms) {
    this.#timer = this.#options.clock.setTimeout(() => this.now(), ms);
  }

  /**
   * @param {AbortController} life
   */
  async #ask(life) {
    const { clock, onAsked, isBusy } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#isAsking = true;
    const error = await this.#asked(life);
    if (life !== this.#life) {
      return;
    }
    this.#isAsking = false;
    this.#isUp = error === null;
    this.#askIn(isBusy() && this.#isUp ? BUSY_MS : IDLE_MS);
    onAsked(error);
  }

  /**
   * @param {AbortController} life
   * @returns {Promise<CallInvitationError | null>} null if there was an answer
   */
  async #asked(life) {
    const { rest, onSnapshot } = this.#options;
    try {
      const { body } = await rest.request("GET", "calls/open", { expects: "calls", signal: life.signal });
      if (life === this.#life) {
        onSnapshot({ ...body, type: "snapshot" });
        this.#proveLife(life);
      }
      return null;
    } catch (error) {
      if (error instanceof CallInvitationError) {
        return error;
      }
      throw error;
    }
  }

  /**
   * Keeps the places of this device. What becomes of it shows in the next answer.
   *
   * @param {AbortController} life
   */
  #proveLife({ signal }) {
    const { rest, clock, deviceId, inside } = this.#options;
    if (clock.now() - this.#provedAt < HEARTBEAT_MS) {
      return;
    }
    const callIDs = inside();
    if (callIDs.length > 0) {
      this.#provedAt = clock.now();
    }
    for (const callID of callIDs) {
      const path = `calls/${encodeURIComponent(callID)}/heartbeat`;
      rest.request("POST", path, { body: { device_id: deviceId }, expects: "call", signal }).catch(() => {});
    }
  }
}
