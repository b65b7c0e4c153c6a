/** A searched, paged and regularly refreshed list of the people one may call, without a picture of its own. */

import { say } from "../words/say.js";

const SEARCH_WAIT_MS = 200;

/** @typedef {import("../client/types.js").Presence} Presence */

/** Fires `change` whenever `people`, `status` or `more` changed. The newest search wins, whatever answers come late. */
export class PeopleList extends EventTarget {
  /** @type {Presence[]} */
  people = [];
  /** @type {"loading" | "ready" | "failed"} */
  status = "loading";
  search = "";
  /** @type {string | null} */
  #next = null;
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #service;

  /** @param {import("../client/index.js").CallInvitationService} service */
  constructor(service) {
    super();
    this.#service = service;
  }

  /** Whether there are more than are loaded. @returns {boolean} */
  get more() {
    return this.#next !== null;
  }

  /** Search when the typing pauses.
   *  @param {string} text */
  type(text) {
    this.search = text.trim();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.load();
    }, SEARCH_WAIT_MS);
  }

  /** Load the first page anew.
   *  @returns {Promise<void>} */
  async load() {
    this.status = "loading";
    this.#tell();
    await this.#fetch(25, (page) => {
      this.people = page.results;
    });
  }

  /** Look again at who is online, keeping what is shown.
   *  @returns {Promise<void>} */
  async refresh() {
    if (this.status === "loading") {
      return;
    }
    const size = Math.min(100, Math.max(25, this.people.length));
    const rest = this.people.slice(size);
    await this.#fetch(size, (page) => {
      const ids = new Set(page.results.map((person) => person.id));
      this.people = [...page.results, ...rest.filter((person) => !ids.has(person.id))];
      return rest.length === 0;
    });
  }

  /** Load the next page.
   *  @returns {Promise<void>} */
  async loadMore() {
    if (!this.#next) {
      return;
    }
    const turn = this.#turn;
    const page = await this.#service.users({ search: this.search || undefined, cursor: this.#next });
    if (page && turn === this.#turn) {
      this.people = [...this.people, ...page.results];
      this.#next = page.next;
      this.#tell();
    }
  }

  /** @param {number} pageSize
   *  @param {(page: import("../client/types.js").Page<Presence>) => boolean | void} take false keeps the place in the list */
  async #fetch(pageSize, take) {
    const turn = ++this.#turn;
    const page = await this.#service.users({ search: this.search || undefined, pageSize });
    if (turn !== this.#turn) {
      return;
    }
    if (page) {
      this.status = "ready";
      if (take(page) !== false) {
        this.#next = page.next;
      }
    } else if (this.people.length === 0 || this.status === "loading") {
      this.status = "failed";
    }
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Where a person is, in words.
 *  @param {Pick<Presence, "online" | "in_call">} person
 *  @returns {string} */
export function presenceWords(person) {
  if (person.in_call) {
    return say("people.in_call");
  }
  return say(person.online ? "people.online" : "people.offline");
}
