/** `<send-call-invitation-button invitees="bob" is-video-call>`: a button that does what `send` does, for any page.
 *
 *  Attributes are the parameters of `send`, and properties of the same names as there. */

import { CallInvitationError, makeCallID } from "../client/index.js";
import { h, setAttribute } from "../elements/dom.js";
import { drawing } from "../elements/drawings.js";
import { isOn, peopleIn, SEND_ATTRIBUTES, sendOptionsOf } from "../elements/send-parameters.js";
import { kindOf, names } from "../elements/words.js";
import { say } from "../words/say.js";
import { CallElement, define, isConnected } from "./element.js";

/** @typedef {import("./calls.js").Calls} Calls
 *  @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../client/types.js").SendOptions} SendOptions
 *  @typedef {import("../client/types.js").VerbResult} VerbResult
 *
 *  @typedef {object} SendRefused what `refused` tells
 *  @property {CallInvitationError} error
 *  @property {string} code
 *  @property {string} detail a sentence for people
 *  @property {number | null} retryAfterSeconds
 *  @property {import("../client/types.js").Call | null} call if everybody was busy
 *  @property {import("../client/types.js").InviteeError[]} errors why each of several people was left out */

export class SendCallInvitationButton extends CallElement {
  static observedAttributes = [...SEND_ATTRIBUTES, "label", "disabled"];

  /** @type {Person[] | null} */
  #people = null;
  #isBusy = false;
  #hasFocus = false;
  #parts = {
    button: h("button", { type: "button", part: "button", class: "send" }),
    icon: h("span", { part: "icon", class: "icon" }),
    text: h("span", { part: "label" }),
    slot: h("slot"),
  };

  /** @param {ShadowRoot} root */
  build(root) {
    const { button, icon, text, slot } = this.#parts;
    text.append(slot);
    button.append(icon, text);
    button.addEventListener("click", () => this.send());
    slot.addEventListener("slotchange", () => this.draw());
    root.append(button);
  }

  /** Whom it calls: what the property or the attribute was set to last. @returns {Person[]} */
  get invitees() {
    return this.#people ?? peopleIn(this.getAttribute("invitees"));
  }

  /** @param {(Person | string)[] | null} people */
  set invitees(people) {
    this.#people = people?.map((each) => (typeof each === "string" ? { id: each, name: each } : each)) ?? null;
    this.draw();
  }

  /** Whichever of attribute and property was set last counts.
   *  @param {string} name */
  attributeChangedCallback(name) {
    if (name === "invitees") {
      this.#people = null;
    }
    super.attributeChangedCallback(name);
  }

  /** @returns {boolean} */
  get isVideoCall() {
    return isOn(this, "is-video-call");
  }

  set isVideoCall(on) {
    setAttribute(this, "is-video-call", on);
  }

  /** @returns {string} */
  get customData() {
    return this.getAttribute("custom-data") ?? "";
  }

  set customData(data) {
    setAttribute(this, "custom-data", data);
  }

  /** @returns {string | null} */
  get callID() {
    return this.getAttribute("call-id");
  }

  set callID(id) {
    setAttribute(this, "call-id", id);
  }

  /** @returns {string | null} */
  get resourceID() {
    return this.getAttribute("resource-id");
  }

  set resourceID(id) {
    setAttribute(this, "resource-id", id);
  }

  /** @returns {string | null} */
  get notificationTitle() {
    return this.getAttribute("notification-title");
  }

  set notificationTitle(title) {
    setAttribute(this, "notification-title", title);
  }

  /** @returns {string | null} */
  get notificationMessage() {
    return this.getAttribute("notification-message");
  }

  set notificationMessage(message) {
    setAttribute(this, "notification-message", message);
  }

  /** @returns {number | null} 1 to 600; null where it was not set, which `send` takes for 60 */
  get timeoutSeconds() {
    const seconds = this.getAttribute("timeout-seconds");
    return seconds === null ? null : Number(seconds);
  }

  set timeoutSeconds(seconds) {
    setAttribute(this, "timeout-seconds", seconds === null ? null : String(seconds));
  }

  /** @returns {boolean} */
  get urgent() {
    return isOn(this, "urgent");
  }

  set urgent(on) {
    setAttribute(this, "urgent", on);
  }

  /** @returns {boolean} */
  get endWhenCallerLeaves() {
    return isOn(this, "end-when-caller-leaves");
  }

  set endWhenCallerLeaves(on) {
    setAttribute(this, "end-when-caller-leaves", on);
  }

  /** What it is called, if not "Video call to Bob". @returns {string | null} */
  get label() {
    return this.getAttribute("label");
  }

  set label(label) {
    setAttribute(this, "label", label);
  }

  /** Whether the page has disabled it. It is also while a request runs, and without a connection. @returns {boolean} */
  get disabled() {
    return isOn(this, "disabled");
  }

  set disabled(on) {
    setAttribute(this, "disabled", on);
  }

  /** Whether a request runs. @returns {boolean} */
  get busy() {
    return this.#isBusy;
  }

  /** @param {FocusOptions} [options] */
  focus(options) {
    this.#parts.button.focus(options);
  }

  /** Call; the same as a click.
   *  @returns {Promise<boolean>} what `send` resolved to; false too if a listener of `will-send` said no */
  async send() {
    const calls = this.client;
    const options = { ...sendOptionsOf(this), invitees: this.invitees };
    if (this.#isBusy || this.disabled || !this.tell("will-send", { options }, { cancelable: true })) {
      return false;
    }
    this.#setBusy(true);
    try {
      const isSent = calls !== null && (await placed(calls, options));
      const error = isSent ? null : (calls?.lastError ?? CallInvitationError.unreachable());
      // A call that was over at once, because everybody was busy, is a refusal that has a call.
      const result = /** @type {Partial<VerbResult>} */ (calls?.lastResult ?? {});
      const { call = null, errors = [], warnings = [], merged = false, rejoin = false } = result;
      if (error) {
        const { code, detail, retryAfterSeconds, invitees } = error;
        const whole = code === "call_ended" ? { call: error.call, errors } : { call: null, errors: invitees };
        /** @type {SendRefused} */
        const refused = { error, code, detail, retryAfterSeconds, ...whole };
        this.tell("refused", refused);
      } else {
        this.tell("sent", { call, callID: call?.call_id, errors, warnings, merged, rejoin });
      }
      return isSent;
    } finally {
      this.#setBusy(false);
    }
  }

  /** @param {Calls | null} calls */
  update(calls) {
    const { button, icon, slot } = this.#parts;
    const group = this.invitees.length > 1;
    const name = this.isVideoCall ? "video" : "phone";
    if (icon.dataset.name !== name) {
      icon.dataset.name = name;
      icon.replaceChildren(drawing(name));
    }
    const kind = kindOf({ is_video_call: this.isVideoCall }, group);
    if (slot.textContent !== say(`call.title.${kind}`)) {
      slot.textContent = say(`call.title.${kind}`);
    }
    // What the page has put inside is its name, if it says anything.
    const says = slot.assignedNodes().some((each) => each.textContent?.trim());
    const label = this.label ?? (says ? null : say(`call.outgoing.${kind}`, { names: names(this.invitees) }));
    setAttribute(button, "aria-label", label);
    setAttribute(button, "aria-busy", this.#isBusy ? "true" : null);
    button.disabled = this.#isBusy || this.disabled || !isConnected(calls);
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    const { button } = this.#parts;
    if (isBusy) {
      this.#hasFocus = this.shadowRoot?.activeElement === button;
    }
    this.#isBusy = isBusy;
    this.draw();
    // A button that is disabled lets go of the focus: give it back, unless it has gone elsewhere.
    if (!isBusy && this.#hasFocus && document.activeElement === document.body) {
      button.focus({ preventScroll: true });
    }
  }
}

/** @param {Calls} calls
 *  @param {SendOptions} options
 *  @returns {Promise<boolean>} */
function placed(calls, options) {
  // By its id it can be left if the page goes before the server has answered.
  const send = () => calls.send({ ...options, callID: options.callID ?? makeCallID() });
  const isFree = !calls.state.active && !calls.state.outgoing;
  // Somebody who is in a call already is refused: their devices are that call's.
  return isFree ? calls.media.during({ microphone: true, camera: options.isVideoCall }, send) : send();
}

define("send-call-invitation-button", SendCallInvitationButton);
