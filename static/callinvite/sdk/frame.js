/** The frame of `<incoming-call>`: above everything else on the page, or where the element was put. It takes the focus when
 *  there is something to answer, and gives it back. */

import { h, setAttribute } from "../elements/dom.js";

const TYPED_IN = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";

/** What stands around the ring and the call. */
export class Frame {
  #host;
  /** Where the focus was before. @type {Element | null} */
  #cameFrom = null;

  /** @param {HTMLElement} host the element in whose shadow it is
   *  @param {Node[]} parts */
  constructor(host, parts) {
    this.#host = host;
    this.node = h("div", { class: "frame", part: "frame" }, ...parts);
  }

  /** @param {boolean} isShown
   *  @param {{isInline: boolean, isLarge: boolean}} how in the page's layout; filling the window */
  show(isShown, { isInline, isLarge }) {
    const { node } = this;
    const wasShown = !node.hidden;
    node.classList.toggle("frame--inline", isInline);
    node.classList.toggle("frame--large", isLarge);
    // Above everything, whatever the page has on top of each other.
    const isPopover = !isInline && typeof node.showPopover === "function";
    if (isPopover !== node.hasAttribute("popover")) {
      setAttribute(node, "popover", isPopover ? "manual" : null);
    }
    node.hidden = !isShown;
    if (isPopover && node.isConnected && node.matches(":popover-open") !== isShown) {
      node.togglePopover(isShown);
    }
    if (!isShown && wasShown) {
      this.#giveBack();
    }
  }

  /** Move the focus here, unless somebody is typing: they must not answer by the key they were about to press.
   *  @param {HTMLElement} heading */
  take(heading) {
    const focused = document.activeElement;
    if (focused !== this.#host && focused !== document.body) {
      this.#cameFrom = focused;
    }
    if (!focused?.matches(TYPED_IN)) {
      heading.focus({ preventScroll: true });
    }
  }

  #giveBack() {
    const origin = this.#cameFrom;
    this.#cameFrom = null;
    const isHere = document.activeElement === this.#host || document.activeElement === document.body;
    if (origin instanceof HTMLElement && origin.isConnected && isHere) {
      origin.focus({ preventScroll: true });
    }
  }
}
