/** `<send-call-invitation-button invitees="bob,carol" is-video-call>`: a button that does exactly what `send` does.
 *
 *  Attributes are send's arguments (`send-parameters.js`). `label` is its accessible name, `text` shows it too. Fires
 *  `sent` with what `send` resolved to and `lastError`. The button of the same name for other sites is in `sdk/`. */

import { h, icon, relabel, setAttribute } from "./dom.js";
import { placeCall } from "./place-call.js";
import { PageElement } from "./page-element.js";
import { isOn, peopleIn, sendOptionsOf } from "./send-parameters.js";
import { names } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Person} Person */

export class SendCallInvitationButton extends PageElement {
  static observedAttributes = ["invitees", "is-video-call", "label", "text", "disabled"];

  #button = h("button", { class: "button button--call", type: "button" });
  /** @type {Person[] | null} */
  #people = null;
  /** What to send from the beginning of the call, if not what its kind says.
   *  @type {(() => import("../rtc/intent.js").Intent) | null} */
  intentOf = null;

  build() {
    this.#button.addEventListener("click", () => {
      this.send();
    });
    this.replaceChildren(this.#button);
    this.#show();
  }

  attributeChangedCallback() {
    this.#show();
  }

  /** Whom it calls: the property if it was set, else the attribute. @returns {Person[]} */
  get invitees() {
    return this.#people ?? peopleIn(this.getAttribute("invitees"));
  }

  set invitees(people) {
    this.#people = people;
    this.#show();
  }

  /** @returns {boolean} a video call; the attribute's value "false" means audio as well as its absence */
  get isVideoCall() {
    return isOn(this, "is-video-call");
  }

  /** Call; the same as a click.
   *  @returns {Promise<boolean>} what `send` resolved to */
  async send() {
    if (this.#button.getAttribute("aria-busy") === "true") {
      return false;
    }
    this.#button.setAttribute("aria-busy", "true");
    try {
      const sent = await placeCall(this.page, this.#options());
      const { lastError, lastResult } = this.service;
      this.dispatchEvent(new CustomEvent("sent", { bubbles: true, detail: { sent, lastError, lastResult } }));
      return sent;
    } finally {
      this.#button.removeAttribute("aria-busy");
    }
  }

  #options() {
    return { ...sendOptionsOf(this), invitees: this.invitees, intent: this.intentOf?.() };
  }

  #show() {
    const label =
      this.getAttribute("label") ||
      say(this.isVideoCall ? "call.outgoing.video" : "call.outgoing.audio", { names: names(this.invitees) });
    const text = this.getAttribute("text");
    this.#button.replaceChildren(icon(this.isVideoCall ? "video" : "phone"), ...(text ? [text] : []));
    this.#button.classList.toggle("button--round", !text);
    setAttribute(this.#button, "disabled", isOn(this, "disabled"));
    relabel(this.#button, label);
  }
}

customElements.define("send-call-invitation-button", SendCallInvitationButton);
