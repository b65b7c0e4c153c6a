/** The element that shows one of the pictures of the pages. */

import { drawing } from "./drawings.js";

/** `<ui-icon name="phone">` */
export class UiIcon extends HTMLElement {
  static observedAttributes = ["name"];

  /** @param {string} _name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(_name, before, now) {
    // Firefox sends no click if what the button was pressed on is exchanged before it is let go.
    if (before !== now) {
      this.replaceChildren(drawing(now ?? ""));
    }
  }
}

customElements.define("ui-icon", UiIcon);
