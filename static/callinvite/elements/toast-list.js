/** `<toast-list>`: short messages, read out, gone after a while unless they are pointed at or hold the focus. */

import { h, iconButton } from "./dom.js";
import { say } from "../words/say.js";

const STAYS_MS = 7000;
const MOST = 4;

/** @typedef {{kind?: "plain" | "good" | "wrong", action?: {label: string, act: () => void}}} ToastOptions */

/** The page's one list. @type {ToastList | null} */
let shown = null;

export class ToastList extends HTMLElement {
  connectedCallback() {
    shown = this;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", say("toast.region"));
  }

  /** @param {string} words
   *  @param {ToastOptions} [options] */
  show(words, { kind = "plain", action } = {}) {
    const same = [...this.children].find((toast) => toast.querySelector(".toast__words")?.textContent === words);
    same?.remove();
    const gone = () => {
      toast.remove();
    };
    const toast = h(
      "div",
      { class: `toast toast--${kind}`, role: kind === "wrong" ? "alert" : "status" },
      h("p", { class: "toast__words" }, words),
      h(
        "div",
        { class: "toast__actions" },
        action &&
          h(
            "button",
            {
              class: "button button--quiet button--small",
              type: "button",
              onClick: () => {
                gone();
                action.act();
              },
            },
            action.label,
          ),
        iconButton({ icon: "close", label: say("button.dismiss"), onClick: gone }),
      ),
    );
    this.append(toast);
    while (this.children.length > MOST) {
      this.firstElementChild?.remove();
    }
    const wait = () =>
      setTimeout(() => {
        if (toast.matches(":hover, :focus-within")) {
          wait();
        } else {
          gone();
        }
      }, STAYS_MS);
    wait();
  }
}

customElements.define("toast-list", ToastList);

/** Show a message to the person.
 *  @param {string} words
 *  @param {ToastOptions} [options] */
export function toast(words, options) {
  shown?.show(words, options);
}
