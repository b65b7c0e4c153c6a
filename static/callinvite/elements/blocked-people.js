/** `<blocked-people>`: whom one has blocked, each with the way to take it back. */

import { h } from "./dom.js";
import { PagedRows } from "./paged-rows.js";
import { avatarOf } from "./person-avatar.js";
import { unblock } from "./refusals.js";
import { nameOf, sideBySide } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Block} Block */

const PAGE_SIZE = 25;

/** @extends {PagedRows<Block>} */
export class BlockedPeople extends PagedRows {
  build() {
    this.list.className = "blocked";
    this.list.setAttribute("aria-label", say("block.list"));
    this.replaceChildren(h("p", { class: "settings__help" }, say("block.meaning")), this.list, this.none, this.more);
  }

  attached() {
    this.follow("blockChanged", () => {
      this.#reload();
    });
  }

  connected() {
    this.#reload();
  }

  /** The settings are shown. */
  entered() {
    this.load(null);
  }

  #reload() {
    if (this.checkVisibility?.() ?? true) {
      this.load(null);
    }
  }

  /** @override @param {string | null} cursor */
  readPage(cursor) {
    return this.service.blocks({ cursor, pageSize: PAGE_SIZE });
  }

  /** @override @param {Block} block */
  keyOf({ user }) {
    return user.id;
  }

  /** @override @param {Block} block */
  rowOf({ user }) {
    const name = h("strong", { class: "device__name" }, nameOf(user));
    const line = h("span", { class: "settings__help" }, sideBySide(user.id));
    const undo = h(
      "button",
      {
        class: "button button--small",
        type: "button",
        "aria-label": say("block.undo.named", { name: nameOf(user) }),
        onClick: () => {
          this.#unblock(user);
        },
      },
      say("block.undo"),
    );
    const words = h("div", { class: "device__words" }, name, line);
    return h("li", { class: "blocked__person", "data-person": user.id }, avatarOf(user), words, undo);
  }

  /** @override */
  get noneWords() {
    return say("block.none");
  }

  /** @param {import("../client/types.js").Person} user */
  async #unblock(user) {
    if (await unblock(this.page, user)) {
      await this.load(null);
      // The button that was pressed is gone.
      /** @type {HTMLElement | null} */ (this.closest("section")?.querySelector("h2"))?.focus();
    }
  }
}

customElements.define("blocked-people", BlockedPeople);
