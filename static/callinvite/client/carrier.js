/**
 * Brings a verb to the server: over the socket while it is open, else by REST, and again if it got lost on the way.
 *
 * Repeating is safe because every verb of the API is: done twice by the same person, it has happened once.
 */

import { delayMs } from "./backoff.js";
import { CallInvitationError } from "./errors.js";

const PAUSE_CAP_MS = 2_000;
/** What a repeated `invite` is told about people whom the lost first one had invited already. */
const DONE_BEFORE = new Set(["already_ringing", "already_in_call"]);

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
   * @param {string} verb such as `send` or `accept`
   * @param {string | null} callID null for `send`, whose body names the id
   * @param {object} body
   * @param {AbortSignal} signal gives up with the code `closed`
   * @returns {Promise<Answer>}
   * @throws {CallInvitationError} refused, `unreachable` or `closed`
   */
  async perform(verb, callID, body, signal) {
    const { clock, random, timeoutMs } = this.#options;
    const until = clock.now() + timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(verb, callID, body, signal, until - clock.now());
      } catch (error) {
        if (signal.aborted) {
          throw CallInvitationError.closed();
        }
        if (!(error instanceof CallInvitationError)) {
          throw error;
        }
        if (verb === "invite" && attempt > 0 && isDoneBefore(error)) {
          return { status: 200, body: { call: error.call, errors: [], warnings: [], merged: false, rejoin: false } };
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
   * @param {string} verb
   * @param {string | null} callID
   * @param {object} body
   * @param {AbortSignal} signal
   * @param {number} timeoutMs
   * @returns {Promise<Answer>}
   */
  #once(verb, callID, body, signal, timeoutMs) {
    const { socket, rest, deviceId } = this.#options;
    if (socket.isOpen) {
      return socket.request(verb, callID, body);
    }
    const path = callID === null ? "calls" : `calls/${encodeURIComponent(callID)}/${verb}`;
    return rest.request("POST", path, { body: { ...body, device_id: deviceId }, timeoutMs, signal });
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

/**
 * @param {CallInvitationError} error
 * @returns {boolean} whether everybody had been invited by the time of this repeat
 */
function isDoneBefore({ code, invitees }) {
  return code === "no_valid_invitee" && invitees.length > 0 && invitees.every((each) => DONE_BEFORE.has(each.code));
}
