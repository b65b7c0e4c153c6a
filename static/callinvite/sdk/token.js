/** The token of a page: asked for once, and again when it has ended. */

import { systemClock } from "../client/clock.js";

/** @typedef {import("../client/types.js").Secret} Secret
 *  @typedef {typeof globalThis.fetch} Fetch */

const UNAUTHORIZED = 401;
/** How long the site may take to give a token: what never comes would keep every later connection waiting, too. */
const PATIENCE_MS = 30_000;

/** Remembers what a function gave, so that not every request asks the site for a token anew. */
export class RememberedToken {
  #source;
  #fetch;
  #clock;
  /** @type {Promise<string | null> | null} */
  #given = null;
  /** @type {{cause: unknown} | null} */
  #lack = null;

  /** @param {Secret} source
   *  @param {Fetch} [fetch]
   *  @param {import("../client/types.js").Clock} [clock] */
  constructor(source, fetch = (input, init) => globalThis.fetch(input, init), clock = systemClock) {
    this.#source = source;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The token as it is now. @returns {Promise<string | null>} */
  get() {
    this.#given ??= this.#ask();
    return this.#given;
  }

  /** That the site gave none when it was asked last, and what it threw instead; null if it gave one.
   *  @returns {{cause: unknown} | null} */
  get lack() {
    return this.#lack;
  }

  /** Ask for another one before the next request: this one ends soon, or has ended. */
  forget() {
    this.#given = null;
  }

  /** `fetch`, once more with a new token where the server knows the old one no longer.
   *  @type {Fetch} */
  fetch = async (input, init = {}) => {
    const answer = await this.#fetch(input, init);
    const before = new Headers(init.headers).get("Authorization");
    if (answer.status !== UNAUTHORIZED || !before || typeof this.#source !== "function") {
      return answer;
    }
    const held = this.get();
    // Another request may have asked for a new one meanwhile.
    if (before === `Bearer ${await held}` && this.#given === held) {
      this.forget();
    }
    const token = await this.get();
    if (!token || before === `Bearer ${token}`) {
      return answer;
    }
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${token}`);
    return this.#fetch(input, { ...init, headers });
  };

  async #ask() {
    try {
      const token = (typeof this.#source === "function" ? await this.#inTime(this.#source) : this.#source) ?? null;
      this.#lack = token ? null : { cause: undefined };
      return token;
    } catch (error) {
      this.forget();
      this.#lack = { cause: error };
      throw error;
    }
  }

  /** @param {Exclude<Secret, string>} source
   *  @returns {Promise<string | null | undefined>}
   *  @throws {Error} it has given nothing for too long */
  async #inTime(source) {
    /** @type {unknown} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = this.#clock.setTimeout(() => reject(new Error("no token within 30 seconds")), PATIENCE_MS);
    });
    try {
      return await Promise.race([source(), /** @type {Promise<never>} */ (late)]);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }
}
