/**
 * Watches the end of the token that a client comes with, and says so while there is time to get another one.
 */

/** How long before the end it is said at the latest: what a new token takes to get, on a slow network too. */
const LEAST_MS = 60_000;
/** Longer waits than 24 days overflow the timers of browsers. */
const LONGEST_WAIT_MS = 86_400_000;

/**
 * @typedef {object} TokenTerms what the server says of a token; nothing in a frame for all of a person's pages
 * @property {string | null} [token_created_at] null if there is no token, left out by servers that do not say it
 * @property {string | null} [token_expires_at] null if there is no token
 *
 * @typedef {object} TokenWatchOptions
 * @property {import("./types.js").Clock} clock
 * @property {() => number} serverNow unix milliseconds
 * @property {() => Promise<TokenTerms | null | undefined>} ask what the server says of it by now; nothing if nobody answers
 * @property {(detail: import("./types.js").TokenEnd) => void} tell
 */

/** One warning for each end of a token: at the last tenth of its life. */
export class TokenWatch {
  #options;
  /** @type {string | null} */
  #expiresAt = null;
  #dueAt = 0;
  #isTold = false;
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {TokenWatchOptions} options
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * The server has said when the token ends.
   *
   * @param {TokenTerms} terms
   * @returns {void}
   */
  learn({ token_created_at: createdAt, token_expires_at: expiresAt }) {
    if (expiresAt === undefined) {
      return;
    }
    if (expiresAt !== this.#expiresAt) {
      const endsAt = Date.parse(expiresAt ?? "");
      // Of a server that does not say when it began, the life that is left is all that is known.
      const life = endsAt - (createdAt ? Date.parse(createdAt) : this.#options.serverNow());
      this.#expiresAt = expiresAt;
      this.#dueAt = endsAt - Math.max(life / 10, LEAST_MS);
      this.#isTold = false;
    }
    // A device that was asleep finds its timer late.
    this.#wait();
  }

  /**
   * Watches no more.
   *
   * @returns {void}
   */
  stop() {
    this.learn({ token_expires_at: null });
  }

  #wait() {
    const { clock, serverNow } = this.#options;
    clock.clearTimeout(this.#timer);
    if (this.#expiresAt === null || this.#isTold) {
      return;
    }
    const waitMs = Math.max(0, this.#dueAt - serverNow());
    this.#timer = clock.setTimeout(() => this.#look(), Math.min(waitMs, LONGEST_WAIT_MS));
  }

  async #look() {
    const { serverNow, ask, tell } = this.#options;
    const expiresAt = this.#expiresAt;
    if (expiresAt === null || serverNow() < this.#dueAt) {
      this.#wait();
      return;
    }
    // It may have been used meanwhile, and live longer for it, or be another one by now.
    const now = (await ask()) ?? {};
    if (expiresAt !== this.#expiresAt || this.#isTold) {
      return;
    }
    if (now.token_expires_at !== undefined && now.token_expires_at !== expiresAt) {
      this.learn(now);
      return;
    }
    this.#isTold = true;
    tell({ expiresAt, remainingMs: Math.max(0, Date.parse(expiresAt) - serverNow()) });
  }
}
