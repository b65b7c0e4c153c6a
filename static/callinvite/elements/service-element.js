/** The base of every element that shows what the call service knows: it is told of the service once, and of every change. */

/** @typedef {import("../client/index.js").CallInvitationService} CallInvitationService
 *  @typedef {import("../rtc/index.js").Talk} Talk */

/** @type {CallInvitationService | null} */
let shared = null;
/** @type {Talk | null} */
let sharedTalk = null;
/** @type {Set<ServiceElement>} */
const waiting = new Set();

/** Hand the page's one service, and the media of its calls, to all its elements, present and to come.
 *  @param {CallInvitationService} service
 *  @param {Talk} talk */
export function provideService(service, talk) {
  shared = service;
  sharedTalk = talk;
  for (const element of waiting) {
    element.attach(service);
  }
  waiting.clear();
}

export class ServiceElement extends HTMLElement {
  /** @type {CallInvitationService | null} */
  #service = null;
  /** @type {(() => void)[]} */
  #stops = [];
  #built = false;

  /** @returns {CallInvitationService} */
  get service() {
    if (!this.#service) {
      throw new Error(`<${this.localName}> has no call service yet.`);
    }
    return this.#service;
  }

  /** @param {CallInvitationService} service */
  set service(service) {
    this.attach(service);
  }

  /** The media of the page's calls.
   *  @returns {Talk} */
  get talk() {
    if (!sharedTalk) {
      throw new Error(`<${this.localName}> has no media of calls yet.`);
    }
    return sharedTalk;
  }

  connectedCallback() {
    if (!this.#built) {
      this.#built = true;
      this.build();
    }
    const service = this.#service ?? shared;
    if (service) {
      this.attach(service);
    } else {
      waiting.add(this);
    }
  }

  disconnectedCallback() {
    waiting.delete(this);
    this.#stops.splice(0).forEach((stop) => stop());
  }

  /** @param {CallInvitationService} service */
  attach(service) {
    this.#stops.splice(0).forEach((stop) => stop());
    this.#service = service;
    waiting.delete(this);
    this.follow("change", ({ state }) => this.update(state));
    this.attached();
    this.update(service.state);
  }

  /** Listen to one of the service's events for as long as this element is in the page.
   *  @param {string} name
   *  @param {(detail: any) => void} listener */
  follow(name, listener) {
    this.#stops.push(this.service.on(name, listener));
  }

  /** Be told of every change of the media, at once and for as long as this element is in the page.
   *  @param {(talk: Talk) => void} listener
   *  @param {"change" | "levels"} [event] */
  followTalk(listener, event = "change") {
    const { talk } = this;
    const hear = () => {
      listener(talk);
    };
    talk.addEventListener(event, hear);
    this.#stops.push(() => talk.removeEventListener(event, hear));
    hear();
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

  /** The service is there: follow events, start timers. */
  attached() {}

  /** Show this state; after every change.
   *  @param {any} _state */
  update(_state) {}
}
