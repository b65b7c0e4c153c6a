/**
 * What all verbs and reads of one client share: they end together, and what goes wrong becomes `false` and a reason.
 */

import { CallInvitationError } from "./errors.js";

/** The attempts of one client, from its `init` to its `close`. */
export class Attempts {
  #life = new AbortController();
  /** @type {CallInvitationError | null} */
  #lastError = null;

  /** @returns {AbortSignal} ends everything that is under way */
  get signal() {
    return this.#life.signal;
  }

  /** @returns {CallInvitationError | null} why the last one failed; null after a success */
  get lastError() {
    return this.#lastError;
  }

  /**
   * Lets attempts be made again after `end`.
   *
   * @returns {void}
   */
  renew() {
    if (this.#life.signal.aborted) {
      this.#life = new AbortController();
    }
  }

  /**
   * Ends all that are under way.
   *
   * @returns {void}
   */
  end() {
    this.#life.abort();
  }

  /**
   * Keeps how an attempt ended.
   *
   * @param {CallInvitationError | null} error null for a success
   * @returns {void}
   */
  note(error) {
    this.#lastError = error;
  }

  /**
   * Turns a failure into `false` and `lastError`.
   *
   * @param {() => Promise<void>} act
   * @returns {Promise<boolean>}
   */
  async settled(act) {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof CallInvitationError)) {
        throw error;
      }
      this.note(error);
      return false;
    }
    this.note(null);
    return true;
  }
}
