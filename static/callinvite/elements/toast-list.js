/** `<toast-list>`: short messages, read out, gone after a while unless they are pointed at or hold the focus. */

import { h, iconButton } from "./dom.js";
import { say } from "../words/say.js";

const STAYS_MS = 7000;
const MOST = 4;
const TICK_MS = 250;

/** @typedef {object} ToastOptions
 *  @property {"plain" | "good" | "wrong"} [kind]
 *  @property {{label: string, act: () => void}} [action]
 *  @property {boolean} [stays] until it is put away: there is something to decide
 *  @property {() => string} [left] how long one has to wait until `action` can be done; empty: it can */

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
  show(words, { kind = "plain", action, stays = false, left } = {}) {
    const same = [...this.children].find((toast) => toast.querySelector(".toast__words")?.textContent === words);
    same?.remove();
    const gone = () => {
      toast.remove();
    };
    const act =
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
      );
    // It changes every second: whoever listens hears it when they come to it.
    const time = left && h("p", { class: "toast__left", role: "timer", "aria-live": "off" });
    const toast = h(
      "div",
      { class: `toast toast--${kind}`, role: kind === "wrong" ? "alert" : "status" },
      h("div", { class: "toast__body" }, h("p", { class: "toast__words" }, words), time),
      h(
        "div",
        { class: "toast__actions" },
        act,
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
    if (time && act) {
      count(time, act, left);
    }
    if (!stays) {
      wait();
    }
  }
}

/** Count down, and then offer what had to wait.
 *  @param {HTMLElement} time
 *  @param {HTMLElement} act
 *  @param {() => string} left */
function count(time, act, left) {
  const words = left();
  time.textContent = words;
  time.hidden = words === "";
  act.hidden = words !== "";
  if (words && time.isConnected) {
    setTimeout(() => {
      count(time, act, left);
    }, TICK_MS);
  }
}

customElements.define("toast-list", ToastList);

/** Show a message to the person.
 *  @param {string} words
 *  @param {ToastOptions} [options] */
export function toast(words, options) {
  shown?.show(words, options);
}
