/** The token of a page: asked for once, and again when it has ended. */

/** @typedef {import("../client/types.js").Secret} Secret
 *  @typedef {typeof globalThis.fetch} Fetch */

const UNAUTHORIZED = 401;

/** Remembers what a function gave, so that not every request asks the site for a token anew. */
export class RememberedToken {
  #source;
  #fetch;
  /** @type {Promise<string | null> | null} */
  #given = null;
  /** @type {{cause: unknown} | null} */
  #lack = null;

  /** @param {Secret} source
   *  @param {Fetch} [fetch] */
  constructor(source, fetch = (input, init) => globalThis.fetch(input, init)) {
    this.#source = source;
    this.#fetch = fetch;
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
      const token = (typeof this.#source === "function" ? await this.#source() : this.#source) ?? null;
      this.#lack = token ? null : { cause: undefined };
      return token;
    } catch (error) {
      this.forget();
      this.#lack = { cause: error };
      throw error;
    }
  }
}
