/** `<contact-list>`: one's favourites, and then the other contacts, each with one tap for a call. */

import { h, keep } from "./dom.js";
import { PageElement } from "./page-element.js";
import { personRow } from "./person-row.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Contact} Contact
 *  @typedef {import("../client/types.js").State} State */

export class ContactList extends PageElement {
  #favourites = section("contact-favourites", say("contact.favourites"));
  #others = section("contact-others", say("contact.contacts"));
  #more = h(
    "button",
    {
      class: "button",
      type: "button",
      onClick: () => {
        this.page.contacts.loadMore();
      },
    },
    say("button.show_more"),
  );
  #rest = h("div", { class: "more", hidden: true }, this.#more);

  build() {
    this.replaceChildren(this.#favourites.node, this.#others.node, this.#rest);
  }

  attached() {
    this.hear(this.page.contacts, "change", () => {
      this.#show();
    });
    this.#show();
  }

  /** @param {State} _state */
  update(_state) {
    this.#show();
  }

  #show() {
    const { favourites, others, more } = this.page.contacts;
    this.#fill(this.#favourites, favourites);
    this.#fill(this.#others, others);
    this.#rest.hidden = !more;
  }

  /** @param {ReturnType<typeof section>} where
   *  @param {Contact[]} contacts */
  #fill({ node, list }, contacts) {
    node.hidden = contacts.length === 0;
    keep(
      list,
      contacts.map(({ user, online = false, in_call = false }) => ({ ...user, online, in_call })),
      ({ id }) => id,
      (person) => personRow(this.page, person),
    );
  }
}

/** @param {string} id
 *  @param {string} title */
function section(id, title) {
  const list = h("ul", { class: "list", "aria-labelledby": id });
  return { node: h("section", { hidden: true }, h("h2", { class: "list-title", id }, title), list), list };
}

customElements.define("contact-list", ContactList);
