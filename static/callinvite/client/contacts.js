/**
 * Whom one lets in, whom one asks to be let in, and from whom one never wants to hear, over REST.
 */

import { idOf } from "./body.js";

/**
 * @typedef {import("./types.js").Block} Block
 * @typedef {import("./types.js").BlockedCall} BlockedCall
 * @typedef {import("./types.js").Contact} Contact
 * @typedef {import("./types.js").Person} Person
 */

/** One's own contacts and blocks. Nothing here says what others have settled about oneself. */
export class ContactBook extends EventTarget {
  #requests;

  /**
   * @internal
   * @param {import("./requests.js").Requests} requests
   */
  constructor(requests) {
    super();
    this.#requests = requests;
  }

  /**
   * Reads one page of one's own contacts and of what is asked: favourites first, then by name; with `state` `asked` or
   * `asks_you`, newest first.
   *
   * @param {import("./types.js").ContactFilters} [filters]
   * @returns {Promise<import("./types.js").Page<Contact> | null>}
   */
  contacts({ pageSize, ...filters } = {}) {
    return this.#requests.readPage("contacts", { ...filters, page_size: pageSize });
  }

  /**
   * Reads how one stands to somebody.
   *
   * @param {Person | string} person
   * @returns {Promise<Contact | null>} null if there is nothing between them, too: `lastError.code` is `not_found` then
   */
  contact(person) {
    return this.#requests.read(addressOf("contacts", person), {}, "state");
  }

  /**
   * Asks somebody to let one in. Whoever has asked oneself, or has let one in, is a contact at once.
   *
   * @param {Person | string} person
   * @param {object} [options]
   * @param {string} [options.message] some words for them, at most 200 characters in one line
   * @returns {Promise<Contact | null>}
   */
  askContact(person, { message = "" } = {}) {
    return this.#requests.change("POST", "contacts", { user: idOf(person), message }, "state");
  }

  /**
   * Lets somebody in who asks.
   *
   * @param {Person | string} person
   * @returns {Promise<Contact | null>} null if they do not ask any more, too
   */
  acceptContact(person) {
    return this.#requests.change("POST", `${addressOf("contacts", person)}/accept`, {}, "state");
  }

  /**
   * Takes somebody out of one's contacts, takes back what one has asked them, or turns down what they ask.
   *
   * @param {Person | string} person
   * @returns {Promise<boolean>}
   */
  removeContact(person) {
    return this.#requests.act("DELETE", addressOf("contacts", person));
  }

  /**
   * Makes a contact a favourite, or no favourite any more.
   *
   * @param {Person | string} person
   * @param {boolean} favourite
   * @returns {Promise<Contact | null>}
   */
  setFavourite(person, favourite) {
    return this.#requests.change("PATCH", addressOf("contacts", person), { favourite }, "state");
  }

  /**
   * Reads one page of the people whom one has blocked, newest first.
   *
   * @param {{search?: string, cursor?: string | null, pageSize?: number}} [filters]
   * @returns {Promise<import("./types.js").Page<Block> | null>}
   */
  blocks({ pageSize, ...filters } = {}) {
    return this.#requests.readPage("blocks", { ...filters, page_size: pageSize });
  }

  /**
   * Reads one page of the calls of people whom one has blocked, newest first: nothing rang, and they do not know why.
   *
   * @param {{cursor?: string | null, pageSize?: number}} [filters]
   * @returns {Promise<import("./types.js").Page<BlockedCall> | null>}
   */
  blockedCalls({ pageSize, ...filters } = {}) {
    return this.#requests.readPage("blocked-calls", { ...filters, page_size: pageSize });
  }

  /**
   * Reads whether one has blocked somebody.
   *
   * @param {Person | string} person
   * @returns {Promise<Block | null>} null if not, too: `lastError.code` is `not_found` then
   */
  blockOf(person) {
    return this.#requests.read(addressOf("blocks", person), {}, "created_at");
  }

  /**
   * Blocks somebody: they never ring this user again, and cannot tell.
   *
   * @param {Person | string} person
   * @returns {Promise<boolean>}
   */
  async block(person) {
    return (await this.#requests.change("PUT", addressOf("blocks", person), {}, "created_at")) !== null;
  }

  /**
   * Takes a block back.
   *
   * @param {Person | string} person
   * @returns {Promise<boolean>}
   */
  unblock(person) {
    return this.#requests.act("DELETE", addressOf("blocks", person));
  }
}

/**
 * @param {"contacts" | "blocks"} list
 * @param {Person | string} person
 * @returns {string} their address in the list
 */
function addressOf(list, person) {
  return `${list}/${encodeURIComponent(idOf(person))}`;
}
