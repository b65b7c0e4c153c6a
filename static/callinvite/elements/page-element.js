/** What the elements of one page share, and their base: each is told once what there is, and then of every change. */

import { isUp } from "../client/index.js";

/** @typedef {import("../client/index.js").CallInvitationService} CallInvitationService
 *  @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../client/types.js").SendOptions} SendOptions
 *  @typedef {import("../client/types.js").ServiceEvents} ServiceEvents
 *  @typedef {import("../client/types.js").State} State
 *  @typedef {import("../rtc/index.js").Talk} Talk
 *
 *  @typedef {object} Screen what the rest of the page may ask of the call's screen
 *  @property {(options: Placing["options"]) => Placing} placing a call is being placed: be there at once
 *  @property {(placing: Placing, call: Call | null, isLost?: boolean) => Promise<void>} placed it was placed, or
 *    refused: null; `isLost`: no answer came, and the server may have it
 *  @property {boolean} minimised whether a call goes on behind the app's views
 *  @property {HTMLVideoElement | null} mainVideo the picture of the other person, or of the one who speaks
 *  @property {() => void} minimise
 *  @property {() => void} restore
 *  @property {() => void} hangUp
 *
 *  @typedef {SendOptions & {invitees: Person[], intent?: import("../rtc/intent.js").Intent}} Placed a call as pages place
 *    it: they know people by name, and what is to be sent from the beginning
 *
 *  @typedef {object} Placing a call that is being placed
 *  @property {"placing"} kind
 *  @property {Placed & {callID: string}} options
 *  @property {boolean} isCancelled whether it was given up meanwhile
 *
 *  @typedef {object} Picker
 *  @property {(question: {title: string, without: string[]}) => Promise<Person[]>} choose
 *
 *  @typedef {object} MyData addresses about all that is stored of oneself
 *  @property {string} copy where a copy is
 *  @property {string | null} prove where one proves again who one is; null where the server does not know
 *  @property {string} out where people go who have no account any more
 *
 *  @typedef {object} Page
 *  @property {CallInvitationService} service
 *  @property {Talk} talk the media of its calls
 *  @property {import("../sounds/ringer.js").Ringer} ringer
 *  @property {import("../push/enrolment.js").Enrolment} enrolment
 *  @property {import("./contacts.js").Contacts} contacts
 *  @property {boolean} asksWhoMayCall whether nobody has said yet whose calls ring
 *  @property {"all" | "exact" | "contacts"} directory whom people find here
 *  @property {Screen} screen
 *  @property {Picker} picker
 *  @property {MyData} myData
 *  @property {string | undefined} userId whose page it is, as the server that made it says
 *  @property {import("./people-list.js").FirstPage} firstPeople what the list of people asks for first
 *  @property {Record<string, string>} accountPages the addresses of the pages about one's account, by kind */

/** Whether the server is there, as far as this browser knows: a socket outlives its network by some seconds.
 *  @param {Pick<State, "connection">} state
 *  @returns {boolean} */
export function isConnected({ connection }) {
  return isUp(connection) && navigator.onLine;
}

/** @type {Page | null} */
let provided = null;
/** @type {Set<PageElement>} */
const waiting = new Set();

/** Hand what a page has to all its elements, present and to come; once.
 *  @param {Page} page */
export function provide(page) {
  provided = page;
  for (const element of waiting) {
    element.attach(page);
  }
  waiting.clear();
}

export class PageElement extends HTMLElement {
  /** @type {Page | null} */
  #page = null;
  /** @type {(() => void)[]} */
  #stops = [];
  #built = false;

  /** What this element's page has; there from `attached` on.
   *  @returns {Page} */
  get page() {
    if (!this.#page) {
      throw new Error(`<${this.localName}> is in no page yet.`);
    }
    return this.#page;
  }

  /** @returns {CallInvitationService} */
  get service() {
    return this.page.service;
  }

  /** Who looks at the page; also before the live connection has said so, for lists may be there sooner.
   *  @returns {string | undefined} */
  get userId() {
    return this.service.state.user?.id ?? this.page.userId;
  }

  /** The media of the page's calls.
   *  @returns {Talk} */
  get talk() {
    return this.page.talk;
  }

  connectedCallback() {
    if (!this.#built) {
      this.#built = true;
      this.build();
    }
    if (provided) {
      this.attach(provided);
    } else {
      waiting.add(this);
    }
  }

  disconnectedCallback() {
    waiting.delete(this);
    this.#stop();
  }

  /** @param {Page} page */
  attach(page) {
    this.#stop();
    this.#page = page;
    let wasConnected = isConnected(page.service.state);
    const update = () => {
      const { state } = page.service;
      const connected = isConnected(state);
      this.update(state);
      if (connected && !wasConnected) {
        this.connected();
      }
      wasConnected = connected;
    };
    this.follow("change", update);
    for (const network of ["online", "offline"]) {
      this.hear(window, network, update);
    }
    this.attached();
    this.update(page.service.state);
  }

  /** Listen to one of the service's events for as long as this element is in the page.
   *  @template {keyof ServiceEvents} Name
   *  @param {Name} name
   *  @param {(detail: ServiceEvents[Name]) => void} listener */
  follow(name, listener) {
    this.#stops.push(this.service.on(name, listener));
  }

  /** Listen to anything else for as long as this element is in the page.
   *  @param {EventTarget} source
   *  @param {string} name
   *  @param {(event: Event) => void} listener
   *  @param {AddEventListenerOptions} [options] */
  hear(source, name, listener, options) {
    source.addEventListener(name, listener, options);
    this.#stops.push(() => source.removeEventListener(name, listener, options));
  }

  /** Be told of every change of the media, at once and for as long as this element is in the page.
   *  @param {(talk: Talk) => void} listener
   *  @param {"change" | "levels"} [event] */
  followTalk(listener, event = "change") {
    const { talk } = this;
    this.hear(talk, event, () => {
      listener(talk);
    });
    listener(talk);
  }

  /** Run something regularly for as long as this element is in the page.
   *  @param {number} milliseconds
   *  @param {() => void} act */
  every(milliseconds, act) {
    const timer = setInterval(act, milliseconds);
    this.#stops.push(() => clearInterval(timer));
  }

  /** Make the children; once. */
  build() {}

  /** The page is there: follow events, start timers. */
  attached() {}

  /** Show this state; after every change, and when the network comes or goes.
   *  @param {State} _state */
  update(_state) {}

  /** The server is there, or there again: what was read from it may be old. */
  connected() {}

  #stop() {
    for (const stop of this.#stops.splice(0)) {
      stop();
    }
  }
}
