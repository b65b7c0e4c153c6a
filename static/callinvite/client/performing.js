/**
 * Performs verbs: takes them to the server, and what came of them into the state. Which call is meant is settled before.
 */

import { doneEvent, failedEvent } from "./acts.js";
import { myParticipant } from "./call.js";
import { CallInvitationError } from "./errors.js";

/** The verbs that lead into a call. */
const ENTERING = new Set(["send", "accept", "join"]);

/**
 * @typedef {object} PerformerOptions
 * @property {import("./carrier.js").VerbCarrier} carrier
 * @property {import("./store.js").Store} store
 * @property {import("./attempts.js").Attempts} attempts
 * @property {() => void} onDone a verb was done, and its call is in the state
 * @property {import("./store.js").Tell} tell
 */

/** The verbs of one client that are under way, and the last one that was done. */
export class Performer {
  #carrier;
  #store;
  #attempts;
  #onDone;
  #tell;
  /** The calls that verbs under way lead into. @type {Set<string>} */
  #entering = new Set();
  /** @type {import("./types.js").VerbResult | null} */
  #lastResult = null;

  /**
   * @param {PerformerOptions} options
   */
  constructor({ carrier, store, attempts, onDone, tell }) {
    this.#carrier = carrier;
    this.#store = store;
    this.#attempts = attempts;
    this.#onDone = onDone;
    this.#tell = tell;
  }

  /** @returns {import("./types.js").VerbResult | null} the body that the last successful verb was answered with */
  get lastResult() {
    return this.#lastResult;
  }

  /**
   * The calls that this device may be in by the time an answer comes.
   *
   * @returns {string[]} without those that go on on another device of the user
   */
  get entering() {
    const { calls, user } = this.#store.state;
    const inside = calls.filter((call) => myParticipant(call, user?.id) !== null).map((call) => call.call_id);
    return [...this.#entering].filter((callID) => !inside.includes(callID));
  }

  /**
   * Performs a verb and takes its call into the state, whether it was done or refused.
   *
   * @param {string} verb
   * @param {string | null} callID
   * @param {object} body
   * @returns {Promise<import("./types.js").VerbResult | null>} the body that it was answered with
   * @throws {CallInvitationError} refused, `unreachable` or `closed`
   */
  async perform(verb, callID, body) {
    const { signal } = this.#attempts;
    const entered = ENTERING.has(verb) ? (callID ?? /** @type {{call_id?: string}} */ (body).call_id) : undefined;
    if (entered !== undefined) {
      this.#entering.add(entered);
    }
    try {
      const attempt = this.#store.attemptOf(callID);
      const { body: result } = await this.#carrier.perform({ verb, callID, attempt, body }, signal);
      this.#lastResult = result;
      this.#store.learn(result?.call, doneEvent(verb, result, this.#store.state.user?.id));
      this.#onDone();
      this.#tell("performed", { verb, callID: result?.call?.call_id ?? null });
      return result;
    } catch (error) {
      if (error instanceof CallInvitationError && !signal.aborted) {
        const call = error.call ?? this.#store.held(callID);
        this.#store.learn(error.call, failedEvent(verb, call, this.#store.state.user?.id));
      }
      throw error;
    } finally {
      if (entered !== undefined) {
        this.#entering.delete(entered);
      }
    }
  }

  /**
   * Hands a verb to the browser, which brings it to the server after this page is gone. Nobody hears what came of it.
   *
   * @param {string} verb
   * @param {string} callID
   * @returns {void}
   */
  handOver(verb, callID) {
    this.#carrier.handOver({ verb, callID, attempt: this.#store.attemptOf(callID), body: {} });
  }
}
