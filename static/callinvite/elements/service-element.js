/** The base of every element that shows what the call service knows: it is told of the service once, and of every change. */

/** @typedef {import("../client/index.js").CallInvitationService} CallInvitationService */

/** @type {CallInvitationService | null} */
let shared = null;
/** @type {Set<ServiceElement>} */
const waiting = new Set();

/** Hand the page's one service to all its elements, present and to come.
 *  @param {CallInvitationService} service */
export function provideService(service) {
  shared = service;
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
