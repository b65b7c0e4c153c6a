/** Whom one has let in, who asks to be, and whom one asks: read once, and kept true by what the server tells of changes.
 *  Without a picture of its own; the page has one of it. */

import { isUp } from "../client/index.js";

/** @typedef {import("../client/index.js").CallInvitationService} CallInvitationService
 *  @typedef {import("../client/types.js").Contact} Contact
 *  @typedef {import("../client/types.js").Person} Person */

const PAGE_SIZE = 100;

/** Fires `change` whenever any of it changed. */
export class Contacts extends EventTarget {
  #service;
  /** @type {Map<string, Contact>} */
  #known = new Map();
  /** @type {string | null} */
  #next = null;
  #turn = 0;
  /** How many requests the server counted when they were read last. */
  #counted = 0;

  /** @param {CallInvitationService} service */
  constructor(service) {
    super();
    this.#service = service;
  }

  /** Begin: read them whenever the server is there, or there again. */
  start() {
    this.#service.on("connectionChanged", ({ connection, previous }) => {
      if (isUp(connection) && !isUp(previous)) {
        this.load();
      }
    });
    this.#service.on("contactChanged", ({ user, contact }) => {
      this.#take(user.id, contact);
    });
    this.#service.on("change", ({ state }) => {
      // Without a socket the number is all that is told.
      if (state.requests !== this.asking.length && state.requests !== this.#counted) {
        this.load();
      }
    });
  }

  /** Who asks to be let in, the last one first. @returns {Contact[]} */
  get asking() {
    return this.#inState("asks_you").sort((a, b) => Date.parse(b.changed_at) - Date.parse(a.changed_at));
  }

  /** @returns {Contact[]} by name */
  get favourites() {
    return this.#letIn().filter(({ favourite }) => favourite);
  }

  /** Those who are no favourites. @returns {Contact[]} by name */
  get others() {
    return this.#letIn().filter(({ favourite }) => !favourite);
  }

  /** Whether there are more than are loaded. @returns {boolean} */
  get more() {
    return this.#next !== null;
  }

  /** How one stands to somebody, as far as it is loaded.
   *  @param {string} id
   *  @returns {Contact | null} */
  of(id) {
    return this.#known.get(id) ?? null;
  }

  /** Read the first page anew.
   *  @returns {Promise<void>} */
  async load() {
    const turn = ++this.#turn;
    this.#counted = this.#service.state.requests;
    const [page, asking] = await Promise.all([
      this.#service.contacts({ pageSize: PAGE_SIZE }),
      this.#counted ? this.#service.contacts({ state: "asks_you", pageSize: PAGE_SIZE }) : null,
    ]);
    if (page && turn === this.#turn) {
      this.#known = new Map([...page.results, ...(asking?.results ?? [])].map((each) => [each.user.id, each]));
      this.#next = page.next;
      this.#tell();
    }
  }

  /** Look again at who of them is online.
   *  @returns {Promise<void>} */
  async look() {
    const turn = this.#turn;
    const page = this.#letIn().length > 0 && (await this.#service.contacts({ pageSize: PAGE_SIZE, state: "contact" }));
    if (page && turn === this.#turn) {
      page.results.forEach((each) => this.#known.set(each.user.id, each));
      this.#tell();
    }
  }

  /** Read the next page.
   *  @returns {Promise<void>} */
  async loadMore() {
    const turn = this.#turn;
    const page = this.#next && (await this.#service.contacts({ pageSize: PAGE_SIZE, cursor: this.#next }));
    if (page && turn === this.#turn) {
      page.results.forEach((each) => this.#known.set(each.user.id, each));
      this.#next = page.next;
      this.#tell();
    }
  }

  /** Ask somebody to let one in.
   *  @param {string} id
   *  @param {string} message
   *  @returns {Promise<Contact | null>} null: `lastError` says why */
  ask(id, message) {
    return this.#keep(this.#service.askContact(id, { message }));
  }

  /** Let somebody in who asks.
   *  @param {string} id
   *  @returns {Promise<Contact | null>} */
  accept(id) {
    return this.#keep(this.#service.acceptContact(id));
  }

  /** @param {string} id
   *  @param {boolean} favourite
   *  @returns {Promise<Contact | null>} */
  setFavourite(id, favourite) {
    return this.#keep(this.#service.setFavourite(id, favourite));
  }

  /** Take a contact out, a request back, or turn one down.
   *  @param {string} id
   *  @returns {Promise<boolean>} */
  async remove(id) {
    const done = await this.#service.removeContact(id);
    if (done) {
      this.#take(id, null);
    }
    return done;
  }

  /** Block somebody, who is no contact then and asks for nothing.
   *  @param {string} id
   *  @returns {Promise<boolean>} */
  async block(id) {
    const done = await this.#service.block(id);
    if (done) {
      this.#take(id, null);
    }
    return done;
  }

  /** @param {Promise<Contact | null>} change */
  async #keep(change) {
    const contact = await change;
    if (contact) {
      this.#take(contact.user.id, contact);
    }
    return contact;
  }

  /** @param {string} id
   *  @param {Contact | null} contact */
  #take(id, contact) {
    if (contact) {
      // What is told of a contact says nothing of where they are.
      this.#known.set(id, { ...this.#known.get(id), ...contact });
    } else {
      this.#known.delete(id);
    }
    this.#tell();
  }

  /** @param {import("../client/types.js").ContactState} state */
  #inState(state) {
    return [...this.#known.values()].filter((each) => each.state === state);
  }

  #letIn() {
    const called = (/** @type {Contact} */ { user }) => user.name || user.id;
    return this.#inState("contact").sort((a, b) => called(a).localeCompare(called(b)));
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
