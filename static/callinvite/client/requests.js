/**
 * Requests of one client by REST, for what is no act in a call. A read that fails gives null, a change false or null.
 */

import { pageOf } from "./rest.js";

/**
 * @typedef {object} RequestsOptions
 * @property {import("./rest.js").RestClient} rest
 * @property {import("./attempts.js").Attempts} attempts
 */

/** Asks and changes, and remembers how it went. */
export class Requests {
  #rest;
  #attempts;

  /**
   * @param {RequestsOptions} options
   */
  constructor({ rest, attempts }) {
    this.#rest = rest;
    this.#attempts = attempts;
  }

  /**
   * @param {"POST" | "DELETE"} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<boolean>} whether it was done
   */
  act(method, path, body) {
    return this.#attempts.settled(async () => {
      await this.#rest.request(method, path, { body, signal: this.#attempts.signal });
    });
  }

  /**
   * @template Body
   * @param {string} path
   * @param {import("./rest.js").Query} query
   * @param {string} expects a member that every answer has
   * @returns {Promise<Body | null>} null if it could not be read
   */
  async read(path, query, expects) {
    /** @type {Body | null} */
    let result = null;
    await this.#attempts.settled(async () => {
      result = (await this.#rest.request("GET", path, { query, expects, signal: this.#attempts.signal })).body;
    });
    return result;
  }

  /**
   * @template Item
   * @param {string} path
   * @param {import("./rest.js").Query} query
   * @returns {Promise<import("./types.js").Page<Item> | null>} null if it could not be read
   */
  async readPage(path, query) {
    /** @type {import("./types.js").Page<Item> | null} */
    const body = await this.read(path, query, "results");
    return body && pageOf(body);
  }

  /**
   * @template Body
   * @param {"POST" | "PUT" | "PATCH"} method
   * @param {string} path
   * @param {object} body
   * @param {string} expects a member that every answer has
   * @returns {Promise<Body | null>} what came of it; null if it was refused
   */
  async change(method, path, body, expects) {
    /** @type {Body | null} */
    let result = null;
    await this.#attempts.settled(async () => {
      result = (await this.#rest.request(method, path, { body, expects, signal: this.#attempts.signal })).body;
    });
    return result;
  }
}
