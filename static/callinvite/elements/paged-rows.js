/** A list that is read a page at a time: its rows, what stands there instead of none, and the way to more. */

import { h, keep, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** @template T
 *  @typedef {import("../client/types.js").Page<T>} Page */

/** @template T */
export class PagedRows extends PageElement {
  /** @protected */
  list = h("ul");
  /** @protected */
  none = h("p", { class: "settings__help", role: "status" });
  /** @protected */
  more = h(
    "button",
    {
      class: "button",
      type: "button",
      hidden: true,
      onClick: () => {
        this.load(this.#next);
      },
    },
    say("button.show_more"),
  );
  /** @type {T[]} */
  #items = [];
  /** @type {string | null} */
  #next = null;
  #turn = 0;

  /** Read one page.
   *  @protected
   *  @abstract
   *  @param {string | null} _cursor where it begins; null for the first one
   *  @returns {Promise<Page<T> | null>} null if it could not be read
   */
  readPage(_cursor) {
    return Promise.resolve(null);
  }

  /** What tells an item from the others.
   *  @protected
   *  @abstract
   *  @param {T} _item
   *  @returns {string} */
  keyOf(_item) {
    return "";
  }

  /** @protected
   *  @abstract
   *  @param {T} _item
   *  @returns {HTMLElement} */
  rowOf(_item) {
    return h("li");
  }

  /** What is said where there are none.
   *  @protected
   *  @abstract */
  get noneWords() {
    return "";
  }

  /** Read a page and show it, after what is shown if it is not the first one.
   *  @protected
   *  @param {string | null} cursor */
  async load(cursor) {
    const turn = ++this.#turn;
    const page = await this.readPage(cursor);
    if (turn !== this.#turn) {
      return;
    }
    if (page) {
      this.#items = cursor ? [...this.#items, ...page.results] : page.results;
      this.#next = page.next;
    }
    const isEmpty = this.#items.length === 0;
    setText(this.none, !isEmpty ? "" : page ? this.noneWords : errorWords(this.service.lastError));
    this.more.hidden = !this.#next;
    keep(
      this.list,
      this.#items,
      (item) => this.keyOf(item),
      (item) => ({ node: this.rowOf(item), update: () => {} }),
    );
  }
}
