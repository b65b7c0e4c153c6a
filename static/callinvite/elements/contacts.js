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
  /** What changed while lists are being read: they may be older than it. @type {Map<string, Contact | null>} */
  #changed = new Map();
  /** How many lists are being read. */
  #readings = 0;
  /** How often the server told of a change, by person. @type {Map<string, number>} */
  #told = new Map();
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
      this.#told.set(user.id, (this.#told.get(user.id) ?? 0) + 1);
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
    const pages = Promise.all([
      this.#service.contacts({ pageSize: PAGE_SIZE }),
      this.#counted ? this.#service.contacts({ state: "asks_you", pageSize: PAGE_SIZE }) : null,
    ]);
    await this.#reading(pages, ([page, asking]) => {
      if (page && turn === this.#turn) {
        this.#known.clear();
        this.#next = page.next;
        this.#read([...page.results, ...(asking?.results ?? [])]);
      }
    });
  }

  /** Look again at who of them is online.
   *  @returns {Promise<void>} */
  async look() {
    const turn = this.#turn;
    if (this.#letIn().length > 0) {
      await this.#reading(this.#service.contacts({ pageSize: PAGE_SIZE, state: "contact" }), (page) => {
        if (page && turn === this.#turn) {
          this.#read(page.results);
        }
      });
    }
  }

  /** Read the next page.
   *  @returns {Promise<void>} */
  async loadMore() {
    const turn = this.#turn;
    if (this.#next) {
      await this.#reading(this.#service.contacts({ pageSize: PAGE_SIZE, cursor: this.#next }), (page) => {
        if (page && turn === this.#turn) {
          this.#next = page.next;
          this.#read(page.results);
        }
      });
    }
  }

  /** Ask somebody to let one in.
   *  @param {string} id
   *  @param {string} message
   *  @returns {Promise<Contact | null>} null: `lastError` says why */
  ask(id, message) {
    return this.#keep(id, this.#service.askContact(id, { message }));
  }

  /** Let somebody in who asks.
   *  @param {string} id
   *  @returns {Promise<Contact | null>} */
  accept(id) {
    return this.#keep(id, this.#service.acceptContact(id));
  }

  /** @param {string} id
   *  @param {boolean} favourite
   *  @returns {Promise<Contact | null>} */
  setFavourite(id, favourite) {
    return this.#keep(id, this.#service.setFavourite(id, favourite));
  }

  /** Take a contact out, a request back, or turn one down.
   *  @param {string} id
   *  @returns {Promise<boolean>} */
  remove(id) {
    return this.#drop(id, this.#service.removeContact(id));
  }

  /** Block somebody, who is no contact then and asks for nothing.
   *  @param {string} id
   *  @returns {Promise<boolean>} */
  block(id) {
    return this.#drop(id, this.#service.block(id));
  }

  /** @param {string} id
   *  @param {Promise<Contact | null>} change */
  async #keep(id, change) {
    const told = this.#told.get(id);
    const contact = await change;
    if (contact && told === this.#told.get(id)) {
      this.#take(contact.user.id, contact);
    }
    return contact;
  }

  /** @param {string} id
   *  @param {Promise<boolean>} change */
  async #drop(id, change) {
    const told = this.#told.get(id);
    const done = await change;
    if (done && told === this.#told.get(id)) {
      this.#take(id, null);
    }
    return done;
  }

  /** What was asked for is taken in together with what changed in the meantime.
   *  @template Answer
   *  @param {Promise<Answer>} asked
   *  @param {(answer: Answer) => void} take */
  async #reading(asked, take) {
    this.#readings += 1;
    try {
      take(await asked);
    } finally {
      this.#readings -= 1;
      if (this.#readings === 0) {
        this.#changed.clear();
      }
    }
  }

  /** @param {Contact[]} contacts as they are on a list */
  #read(contacts) {
    for (const each of contacts) {
      this.#known.set(each.user.id, each);
    }
    for (const [id, contact] of this.#changed) {
      this.#put(id, contact);
    }
    this.#tell();
  }

  /** @param {string} id
   *  @param {Contact | null} contact */
  #take(id, contact) {
    if (this.#readings > 0) {
      this.#changed.set(id, contact);
    }
    this.#put(id, contact);
    this.#tell();
  }

  /** @param {string} id
   *  @param {Contact | null} contact */
  #put(id, contact) {
    if (contact) {
      // What is told of a contact says nothing of where they are.
      this.#known.set(id, { ...this.#known.get(id), ...contact });
    } else {
      this.#known.delete(id);
    }
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
