/** `<signed-out>`: the session ended, here or from somewhere else; the page can do nothing until somebody signs in. Where it
 *  ends with the account, which `<my-data>` announces, there is nothing to sign in to, and this stays away. */

import { h } from "./dom.js";
import { openLayer } from "./layers.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State */

export class SignedOut extends PageElement {
  /** @type {HTMLElement | null} */
  #link = null;
  #isGoing = false;

  attached() {
    this.hear(document, "account-going", (event) => {
      this.#isGoing = /** @type {CustomEvent<boolean>} */ (event).detail;
      this.update(this.service.state);
    });
  }

  build() {
    this.setAttribute("role", "alertdialog");
    this.setAttribute("aria-modal", "true");
    this.setAttribute("aria-labelledby", "signed-out-title");
    this.#link = h(
      "a",
      { class: "button button--primary button--wide", href: this.getAttribute("sign-in") ?? "" },
      say("sign_in.submit"),
    );
    this.replaceChildren(
      h(
        "section",
        { class: "card" },
        h("h2", { class: "card__title", id: "signed-out-title" }, say("signed_out.heading")),
        h("p", { class: "card__lead" }, say("signed_out.why")),
        this.#link,
      ),
    );
  }

  /** @param {State} state */
  update({ connection }) {
    if (connection === "signed_out" && !this.#isGoing) {
      openLayer(this, this.#link);
    }
  }
}

customElements.define("signed-out", SignedOut);
