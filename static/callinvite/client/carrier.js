/**
 * Brings a verb to the server: over the socket while it is open, else by REST, and again if it got lost on the way.
 *
 * Repeating is safe: what makes something new is known again by its key, and any other verb that is done twice by the same
 * person has happened once.
 */

import { delayMs } from "./backoff.js";
import { CallInvitationError } from "./errors.js";
import { randomHex } from "./identity.js";

const PAUSE_CAP_MS = 2_000;
/** The verbs that make something new. */
const KEYED = new Set(["send", "invite"]);

/**
 * @typedef {import("./types.js").Answer} Answer
 *
 * @typedef {object} CarrierOptions
 * @property {import("./socket.js").LiveSocket} socket
 * @property {import("./rest.js").RestClient} rest
 * @property {string} deviceId
 * @property {import("./types.js").Clock} clock
 * @property {() => number} random
 * @property {number} timeoutMs how long a verb may take, repeats included
 */

/** Carries verbs, by whichever way is open. */
export class VerbCarrier {
  #options;

  /**
   * @param {CarrierOptions} options
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Performs one verb.
   *
   * @param {Omit<import("./types.js").Asked, "key">} asked
   * @param {AbortSignal} signal gives up with the code `closed`
   * @returns {Promise<Answer>}
   * @throws {CallInvitationError} refused, `unreachable` or `closed`
   */
  async perform(asked, signal) {
    const keyed = KEYED.has(asked.verb) ? { ...asked, key: randomHex() } : asked;
    const { clock, random, timeoutMs } = this.#options;
    const until = clock.now() + timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(keyed, signal, until - clock.now());
      } catch (error) {
        if (signal.aborted) {
          throw CallInvitationError.closed();
        }
        if (!(error instanceof CallInvitationError)) {
          throw error;
        }
        const pauseMs = delayMs(attempt, random, PAUSE_CAP_MS);
        if (!error.isTemporary || clock.now() + pauseMs >= until) {
          throw error;
        }
        await this.#pause(pauseMs, signal);
      }
    }
  }

  /**
   * Hands a verb to the browser, which brings it to the server even if this page is gone by then. Nobody hears what came
   * of it.
   *
   * @param {import("./types.js").Asked} asked
   * @returns {void}
   */
  handOver(asked) {
    this.#byRest(asked, { keepalive: true }).catch(() => {});
  }

  /**
   * @param {import("./types.js").Asked} asked
   * @param {AbortSignal} signal
   * @param {number} timeoutMs
   * @returns {Promise<Answer>}
   */
  #once(asked, signal, timeoutMs) {
    const { socket } = this.#options;
    return socket.isOpen ? socket.request(asked) : this.#byRest(asked, { timeoutMs, signal });
  }

  /**
   * @param {import("./types.js").Asked} asked
   * @param {{timeoutMs?: number, signal?: AbortSignal, keepalive?: boolean}} how
   * @returns {Promise<Answer>}
   */
  #byRest({ verb, callID, attempt, body, key }, how) {
    const { rest, deviceId } = this.#options;
    const path = callID === null ? "calls" : `calls/${encodeURIComponent(callID)}/${verb}`;
    const asked = { body: { ...body, device_id: deviceId }, query: { attempt }, key, expects: "call" };
    return rest.request("POST", path, { ...asked, ...how });
  }

  /**
   * @param {number} ms
   * @param {AbortSignal} signal ends the pause early
   * @returns {Promise<void>}
   */
  #pause(ms, signal) {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const end = () => {
        clock.clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = clock.setTimeout(end, ms);
      signal.addEventListener("abort", end);
    });
  }
}
