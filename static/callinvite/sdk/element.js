/** What the elements for other sites have in common: a shadow of their own, the connection they follow, and their words. */

import { isUp } from "../client/index.js";
import { current, follow } from "./hub.js";
import { LOOK } from "./look.js";
import { saying } from "../words/say.js";

/** @typedef {import("./calls.js").Calls} Calls
 *  @typedef {Record<string, string | string[]>} Texts sentences by their codes, in place of the usual ones */

/** A server that renders the page has no elements; it imports this all the same.
 *  @type {typeof HTMLElement} */
const Base = globalThis.HTMLElement ?? /** @type {unknown} */ (class {});

/** @type {CSSStyleSheet | null} */
let sheet = null;

export class CallElement extends Base {
  /** @type {Texts} */
  #texts = {};
  /** @type {(() => void)[]} */
  #stops = [];
  /** @type {(() => void)[]} */
  #stopsOfCalls = [];
  #wasBuilt = false;
  /** @type {ShadowRoot} */
  #root;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    // No style element, which many policies forbid.
    sheet ??= new CSSStyleSheet();
    if (sheet.cssRules.length === 0) {
      sheet.replaceSync(LOOK);
    }
    this.#root.adoptedStyleSheets = [sheet];
  }

  /** The page's connection. @returns {Calls | null} */
  get client() {
    return current();
  }

  /** Sentences in place of the usual ones, by their codes. @returns {Texts} */
  get texts() {
    return { ...this.#texts };
  }

  set texts(texts) {
    this.#texts = { ...texts };
    this.draw();
  }

  connectedCallback() {
    if (!this.#wasBuilt) {
      this.#wasBuilt = true;
      this.#adoptProperties();
      saying(this.#texts, () => this.build(this.#root));
    }
    this.#stops.push(follow(() => this.#attach()));
    for (const network of ["online", "offline"]) {
      const draw = () => this.draw();
      addEventListener(network, draw);
      this.#stops.push(() => removeEventListener(network, draw));
    }
    this.#attach();
  }

  disconnectedCallback() {
    for (const stop of [...this.#stops.splice(0), ...this.#stopsOfCalls.splice(0)]) {
      stop();
    }
  }

  /** @param {string} _name of the attribute */
  attributeChangedCallback(_name) {
    this.draw();
  }

  /** Show what there is to show now. */
  draw() {
    if (this.#wasBuilt) {
      saying(this.#texts, () => this.update(this.client));
    }
  }

  /** Stop something when this element leaves the page.
   *  @param {() => void} stop */
  untilGone(stop) {
    this.#stops.push(stop);
  }

  /** Stop something when another connection takes the place of this one, or none.
   *  @param {() => void} stop */
  untilOther(stop) {
    this.#stopsOfCalls.push(stop);
  }

  /** Tell the page, whatever shadow this element is in.
   *  @param {string} name
   *  @param {object} detail
   *  @param {{cancelable?: boolean}} [how]
   *  @returns {boolean} false if a listener said no */
  tell(name, detail, { cancelable = false } = {}) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable, bubbles: true, composed: true }));
  }

  /** Make the parts; once.
   *  @param {ShadowRoot} _root */
  build(_root) {}

  /** There is a connection: follow it.
   *  @param {Calls} _calls */
  attached(_calls) {}

  /** Show this state; after every change.
   *  @param {Calls | null} _calls */
  update(_calls) {}

  #attach() {
    for (const stop of this.#stopsOfCalls.splice(0)) {
      stop();
    }
    const calls = this.client;
    if (calls) {
      this.untilOther(calls.on("change", () => this.draw()));
      this.attached(calls);
    }
    this.draw();
  }

  /** What was set before the browser knew this element stands in the way of its properties. */
  #adoptProperties() {
    /** @type {Record<string, unknown>} */
    const own = Object(this);
    for (const [name, value] of Object.entries(own)) {
      if (name in Object.getPrototypeOf(this)) {
        delete own[name];
        own[name] = value;
      }
    }
  }
}

/** Whether there is a server that hears, as far as this browser knows.
 *  @param {Calls | null} calls
 *  @returns {calls is Calls} */
export function isConnected(calls) {
  return calls !== null && isUp(calls.state.connection) && navigator.onLine;
}

/** Have the browser know an element, where there is one, and only once.
 *  @param {string} name
 *  @param {CustomElementConstructor} element */
export function define(name, element) {
  if (globalThis.customElements && !customElements.get(name)) {
    customElements.define(name, element);
  }
}
