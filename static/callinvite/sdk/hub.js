/** What this page's elements share: the connection that they follow, and the one of them that shows calls. */

/** @typedef {import("./calls.js").Calls} Calls
 *
 *  @typedef {object} AnswerOptions
 *  @property {string} [callID] the ring that is shown by default
 *  @property {string} [customData] handed to the caller
 *  @property {boolean} [camera] on from the beginning; as the call's kind says by default
 *  @property {boolean} [microphone] on by default
 *  @property {boolean} [hold] whether a call that one is in is put on hold, not left
 *
 *  @typedef {object} CallScreen what shows rings and calls
 *  @property {(call: import("../client/types.js").Call) => boolean} shows whether it shows this one
 *  @property {boolean} silent
 *  @property {(options?: AnswerOptions) => Promise<boolean>} accept */

/** @type {Calls | null} */
let calls = null;
/** In the order in which they came: the first one counts. @type {Set<CallScreen>} */
const screens = new Set();
const changes = new EventTarget();

/** @returns {Calls | null} the connection, if there is one */
export function current() {
  return calls;
}

/** Have the elements follow this connection from now on.
 *  @param {Calls | null} next */
export function provide(next) {
  calls = next;
  tell();
}

/** Be told when there is another connection, or another element that shows calls.
 *  @param {() => void} listener
 *  @returns {() => void} ends it */
export function follow(listener) {
  changes.addEventListener("change", listener);
  return () => changes.removeEventListener("change", listener);
}

/** An element that shows calls is in the page.
 *  @param {CallScreen} element
 *  @returns {() => void} it is no more */
export function enter(element) {
  screens.add(element);
  tell();
  return () => {
    screens.delete(element);
    tell();
  };
}

/** @returns {CallScreen | null} the element that shows calls: two that ring would be one too many */
export function screen() {
  const [first] = screens;
  return first ?? null;
}

function tell() {
  changes.dispatchEvent(new Event("change"));
}
