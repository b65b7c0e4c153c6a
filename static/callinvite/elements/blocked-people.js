/** `<blocked-people>`: whom one has blocked, each with the way to take it back. */

import { h, keep, setText } from "./dom.js";
import { avatarOf } from "./person-avatar.js";
import { PageElement } from "./page-element.js";
import { unblock } from "./refusals.js";
import { errorWords, nameOf, sideBySide } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Block} Block */

const PAGE_SIZE = 25;

export class BlockedPeople extends PageElement {
  #list = h("ul", { class: "blocked", "aria-label": say("block.list") });
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
  /** @type {Block[]} */
  #blocks = [];
  /** @type {string | null} */
  #next = null;
  #turn = 0;

  build() {
    this.replaceChildren(h("p", { class: "settings__help" }, say("block.meaning")), this.#list, this.#none, this.#more);
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
    this.#load(null);
  }

  #reload() {
    if (this.checkVisibility?.() ?? true) {
      this.#load(null);
    }
  }

  /** @param {string | null} cursor */
  async #load(cursor) {
    const turn = ++this.#turn;
    const page = await this.service.blocks({ cursor, pageSize: PAGE_SIZE });
    if (turn !== this.#turn) {
      return;
    }
    if (page) {
      this.#blocks = cursor ? [...this.#blocks, ...page.results] : page.results;
      this.#next = page.next;
    }
    const isEmpty = this.#blocks.length === 0;
    setText(this.#none, !isEmpty ? "" : page ? say("block.none") : errorWords(this.service.lastError));
    this.#more.hidden = !this.#next;
    keep(
      this.#list,
      this.#blocks,
      ({ user }) => user.id,
      (block) => this.#row(block),
    );
  }

  /** @param {Block} first */
  #row({ user }) {
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
    return {
      node: h("li", { class: "blocked__person", "data-person": user.id }, avatarOf(user), words, undo),
      update: () => {},
    };
  }

  /** @param {import("../client/types.js").Person} user */
  async #unblock(user) {
    if (await unblock(this.page, user)) {
      this.#blocks = this.#blocks.filter((each) => each.user.id !== user.id);
      await this.#load(null);
      // The button that was pressed is gone.
      /** @type {HTMLElement | null} */ (this.closest("section")?.querySelector("h2"))?.focus();
    }
  }
}

customElements.define("blocked-people", BlockedPeople);
