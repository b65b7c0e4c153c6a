/** `<blocked-calls>`: the calls of people whom one has blocked. Nothing rang, and they do not know why. */

import { h } from "./dom.js";
import { PagedRows } from "./paged-rows.js";
import { dayName, kindOfCall, sideBySide, timeOfDay, toldApart } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").BlockedCall} BlockedCall */

const PAGE_SIZE = 10;

/** @extends {PagedRows<BlockedCall>} */
export class BlockedCalls extends PagedRows {
  build() {
    this.list.className = "blocked";
    const details = /** @type {HTMLDetailsElement} */ (
      h("details", {}, h("summary", {}, say("block.calls")), this.list, this.none, this.more)
    );
    // Read anew each time that somebody wants to know.
    details.addEventListener("toggle", () => {
      if (details.open) {
        this.load(null);
      }
    });
    this.replaceChildren(details);
  }

  /** @override @param {string | null} cursor */
  readPage(cursor) {
    return this.service.blockedCalls({ cursor, pageSize: PAGE_SIZE });
  }

  /** @override @param {BlockedCall} call */
  keyOf({ user, created_at: at }) {
    return `${user.id} ${at}`;
  }

  /** @override @param {BlockedCall} call */
  rowOf(call) {
    const { user, created_at: at } = call;
    const words = sideBySide(kindOfCall(call, false), dayName(at, new Date()), timeOfDay(at));
    const line = h("time", { class: "settings__help", datetime: at }, words);
    const name = h("strong", { class: "device__name" }, toldApart(user));
    return h("li", { class: "blocked__person" }, h("div", { class: "device__words" }, name, line));
  }

  /** @override */
  get noneWords() {
    return say("block.calls.none");
  }
}

customElements.define("blocked-calls", BlockedCalls);
