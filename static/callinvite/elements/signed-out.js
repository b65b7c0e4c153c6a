/** `<signed-out>`: the session ended, here or from somewhere else; the page can do nothing until somebody signs in. */

import { h } from "./dom.js";
import { openLayer } from "./layers.js";
import { PageElement } from "./page-element.js";

/** @typedef {import("../client/types.js").State} State */

export class SignedOut extends PageElement {
  /** @type {HTMLElement | null} */
  #link = null;

  build() {
    this.setAttribute("role", "alertdialog");
    this.setAttribute("aria-modal", "true");
    this.setAttribute("aria-labelledby", "signed-out-title");
    this.#link = h(
      "a",
      { class: "button button--primary button--wide", href: this.getAttribute("sign-in") ?? "" },
      "Sign in",
    );
    this.replaceChildren(
      h(
        "section",
        { class: "card" },
        h("h2", { class: "card__title", id: "signed-out-title" }, "You are signed out"),
        h(
          "p",
          { class: "card__lead" },
          "This happened in another window, or your time was up. Nobody can ring you here until you sign in again.",
        ),
        this.#link,
      ),
    );
  }

  /** @param {State} state */
  update({ connection }) {
    if (connection === "signed_out") {
      openLayer(this, this.#link);
    }
  }
}

customElements.define("signed-out", SignedOut);
