/** `<missed-badge>`: how many missed calls were not looked at yet. */

import { h, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State */

export class MissedBadge extends PageElement {
  #number = h("span", { class: "badge", "aria-hidden": "true" });
  #words = h("span", { class: "for-readers" });

  build() {
    this.replaceChildren(this.#number, this.#words);
  }

  /** @param {State} state */
  update({ missedUnseen }) {
    this.hidden = missedUnseen === 0;
    setText(this.#number, missedUnseen > 99 ? "99+" : String(missedUnseen));
    setText(this.#words, `, ${say("recent.missed_unseen", { count: missedUnseen })}`);
  }
}

customElements.define("missed-badge", MissedBadge);
