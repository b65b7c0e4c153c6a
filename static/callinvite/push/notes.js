/**
 * The memory that pages share with the service worker: small JSON notes in Cache Storage, which only this origin can write.
 *
 * The worker's own half is `worker/notes.js`; names and keys are the same there.
 */

const NOTES = "callinvite.notes";
const LASTS_MS = 120_000;

/**
 * @typedef {object} Place where the notes are
 * @property {CacheStorage | undefined} [caches] undefined where the browser gives none, as to pages on plain http
 * @property {string} scope the worker's, absolute
 *
 * @typedef {object} Enrolled the push address that this browser has at the server
 * @property {string} user whose device it is
 * @property {string} device_id
 * @property {string} endpoint
 * @property {string} public_key the server's key that it was made with
 * @property {string} [language] in which the server was told to write to it
 * @property {string | null} renewal_token proves to the server, without a session, whose address is replaced
 *
 * @typedef {object} Wish what a click on a notification asked for
 * @property {"answer" | "call_back" | "show"} type
 * @property {string | null} call_id
 * @property {string} [kind] of the notification: `ring`, `stop`, `test`
 * @property {import("../client/types.js").Person} [caller]
 * @property {boolean} [is_video_call]
 *
 * @typedef {object} Proof what the server was last told of the push address
 * @property {string} endpoint
 * @property {string} said
 * @property {number} at unix milliseconds
 *
 * @typedef {{enrolment: Enrolled, proof: Proof, wish: Wish & {at: number}}} Contents of the notes by their names
 */

/** Reads and writes the notes; a browser without Cache Storage has none, and nothing here ever throws for that. */
export class Notes {
  #caches;
  #scope;

  /**
   * @param {Place} place
   */
  constructor({ caches = globalThis.caches, scope }) {
    this.#caches = caches;
    this.#scope = scope;
  }

  /**
   * Keeps a note in the place of an earlier one of its name.
   *
   * @template {keyof Contents} Name
   * @param {Name} name
   * @param {Contents[Name]} value
   * @returns {Promise<void>}
   */
  async keep(name, value) {
    await this.#withCache((cache) => cache.put(this.#address(name), new Response(JSON.stringify(value))));
  }

  /**
   * Reads a note.
   *
   * @template {keyof Contents} Name
   * @param {Name} name
   * @returns {Promise<Contents[Name] | null>} null if there is none
   */
  async read(name) {
    const kept = await this.#withCache((cache) => cache.match(this.#address(name)));
    return kept ? await kept.json().catch(() => null) : null;
  }

  /**
   * Removes a note.
   *
   * @param {string} name
   * @returns {Promise<boolean>} whether it was there: of several pages only one gets true
   */
  async remove(name) {
    return Boolean(await this.#withCache((cache) => cache.delete(this.#address(name))));
  }

  /**
   * Takes what was asked for by a click on a notification: once, by one page, and only if it is not stale.
   *
   * @param {number} [nowMs] unix milliseconds, by this device's clock, which also wrote the note
   * @returns {Promise<Wish | null>} null if there is nothing to do
   */
  async takeWish(nowMs = Date.now()) {
    const wish = await this.read("wish");
    if (wish === null || !(await this.remove("wish"))) {
      return null;
    }
    const ageMs = nowMs - wish.at;
    return ageMs >= 0 && ageMs <= LASTS_MS ? wish : null;
  }

  /**
   * @template T
   * @param {(cache: Cache) => Promise<T>} act
   * @returns {Promise<T | null>}
   */
  async #withCache(act) {
    try {
      return this.#caches ? await act(await this.#caches.open(NOTES)) : null;
    } catch {
      // Full, or forbidden in this browser.
      return null;
    }
  }

  /**
   * @param {string} name
   * @returns {string}
   */
  #address(name) {
    return new URL(`service-worker/notes/${name}`, this.#scope).href;
  }
}
