/** `<blocked-calls>`: the calls of people whom one has blocked. Nothing rang, and they do not know why. */

import { h, keep, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { dayName, errorWords, kindOfCall, sideBySide, timeOfDay, toldApart } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").BlockedCall} BlockedCall */

const PAGE_SIZE = 10;

export class BlockedCalls extends PageElement {
  #list = h("ul", { class: "blocked" });
  #none = h("p", { class: "settings__help", role: "status" });
  #more = h(
    "button",
    {
      class: "button",
      type: "button",
      hidden: true,
      onClick: () => {
        this.#load(this.#next);
      },
    },
    say("button.show_more"),
  );
  /** @type {BlockedCall[]} */
  #calls = [];
  /** @type {string | null} */
  #next = null;
  #turn = 0;

  build() {
    const details = /** @type {HTMLDetailsElement} */ (
      h("details", {}, h("summary", {}, say("block.calls")), this.#list, this.#none, this.#more)
    );
    // Read anew each time that somebody wants to know.
    details.addEventListener("toggle", () => {
      if (details.open) {
        this.#load(null);
      }
    });
    this.replaceChildren(details);
  }

  /** @param {string | null} cursor */
  async #load(cursor) {
    const turn = ++this.#turn;
    const page = await this.service.blockedCalls({ cursor, pageSize: PAGE_SIZE });
    if (turn !== this.#turn) {
      return;
    }
    if (page) {
      this.#calls = cursor ? [...this.#calls, ...page.results] : page.results;
      this.#next = page.next;
    }
    const isEmpty = this.#calls.length === 0;
    setText(this.#none, !isEmpty ? "" : page ? say("block.calls.none") : errorWords(this.service.lastError));
    this.#more.hidden = !this.#next;
    keep(
      this.#list,
      this.#calls,
      ({ user, created_at: at }) => `${user.id} ${at}`,
      (call) => ({ node: row(call), update: () => {} }),
    );
  }
}

/** @param {BlockedCall} call */
function row(call) {
  const { user, created_at: at } = call;
  const words = sideBySide(kindOfCall(call, false), dayName(at, new Date()), timeOfDay(at));
  const line = h("time", { class: "settings__help", datetime: at }, words);
  const name = h("strong", { class: "device__name" }, toldApart(user));
  return h("li", { class: "blocked__person" }, h("div", { class: "device__words" }, name, line));
}

customElements.define("blocked-calls", BlockedCalls);
