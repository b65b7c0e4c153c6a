/** A number beside what it is about, which readers hear in words. The base of such elements. */

import { h, setText } from "./dom.js";
import { PageElement } from "./page-element.js";

export class CountBadge extends PageElement {
  #number = h("span", { class: "badge", "aria-hidden": "true" });
  #words = h("span", { class: "for-readers" });

  build() {
    this.replaceChildren(this.#number, this.#words);
  }

  /** @param {number} count nothing is shown of 0
   *  @param {string} words */
  show(count, words) {
    this.hidden = count === 0;
    setText(this.#number, count > 99 ? "99+" : String(count));
    setText(this.#words, `, ${words}`);
  }
}
