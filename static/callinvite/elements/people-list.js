/** A searched, paged and regularly refreshed list of the people one may call, without a picture of its own. */

import { setAttribute, setText } from "./dom.js";
import { sideBySide } from "./words.js";
import { say } from "../words/say.js";

const SEARCH_WAIT_MS = 200;
/** The server refuses more. What five words of a long name find is no less right. */
const SEARCH_WORDS = 5;

/** @typedef {import("../client/types.js").Presence} Presence
 *  @typedef {{order: "near", page_size: number}} FirstPage what the server preloads of the list, as a query says it */

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
  #first;

  /** @param {import("../client/index.js").CallInvitationService} service
   *  @param {FirstPage} first the server's own choice, or what it preloaded would be loaded again */
  constructor(service, first) {
    super();
    this.#service = service;
    this.#first = first;
  }

  /** Whether there are more than are loaded. @returns {boolean} */
  get more() {
    return this.#next !== null;
  }

  /** Search when the typing pauses.
   *  @param {string} text */
  type(text) {
    this.search = text.trim().split(/\s+/).slice(0, SEARCH_WORDS).join(" ");
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
    await this.#fetch(this.#first.page_size, (page) => {
      this.people = page.results;
    });
  }

  /** Look again at who is online, keeping what is shown.
   *  @param {{inOrder?: boolean}} [how] `inOrder`: everybody stays in their place, as under a pointer
   *  @returns {Promise<void>} */
  async refresh({ inOrder = false } = {}) {
    if (this.status === "loading") {
      return;
    }
    const size = Math.min(100, Math.max(this.#first.page_size, this.people.length));
    const isWhole = this.people.length <= size;
    await this.#fetch(size, (page) => {
      const fresh = new Map(page.results.map((person) => [person.id, person]));
      const rest = isWhole ? [] : this.people.slice(size);
      const known = inOrder ? this.people.map(({ id }) => fresh.get(id)).filter((person) => person !== undefined) : [];
      this.people = eachOnce([...known, ...page.results, ...rest]);
      return isWhole;
    });
  }

  /** Load the next page.
   *  @returns {Promise<void>} */
  async loadMore() {
    if (!this.#next) {
      return;
    }
    const turn = this.#turn;
    const page = await this.#service.users({ ...this.#asked(), cursor: this.#next });
    if (page && turn === this.#turn) {
      this.people = eachOnce([...this.people, ...page.results]);
      this.#next = page.next;
      this.#tell();
    }
  }

  /** @param {number} pageSize
   *  @param {(page: import("../client/types.js").Page<Presence>) => boolean | void} take false keeps the place in the list */
  async #fetch(pageSize, take) {
    const turn = ++this.#turn;
    const page = await this.#service.users({ ...this.#asked(), pageSize });
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

  #asked() {
    return { search: this.search || undefined, order: this.#first.order };
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Those who come first for being near come again in their place by name.
 *  @param {Presence[]} people
 *  @returns {Presence[]} */
function eachOnce(people) {
  const seen = new Set();
  return people.filter(({ id }) => !seen.has(id) && seen.add(id));
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

/** Show where a person is.
 *  @param {Element} avatar
 *  @param {Element} line
 *  @param {Presence} person
 *  @param {boolean} isKnown whether the server is there: who was online when it last was says nothing of now */
export function markPresence(avatar, line, person, isKnown) {
  const isInCall = isKnown && person.in_call;
  const isOnline = isKnown && person.online && !person.in_call;
  setAttribute(avatar, "data-online", isInCall ? "in-call" : isOnline ? "online" : null);
  const id = person.name && person.name !== person.id ? person.id : "";
  setText(line, sideBySide(isKnown ? presenceWords(person) : "", id));
  line.classList.toggle("person__line--online", isOnline);
  line.classList.toggle("person__line--in-call", isInCall);
}
