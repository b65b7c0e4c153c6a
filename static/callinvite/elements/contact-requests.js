/** `<contact-requests>`: who asks to be let in, each with two answers. */

import { h, keep, setText } from "./dom.js";
import { avatarOf } from "./person-avatar.js";
import { PageElement } from "./page-element.js";
import { toast } from "./toast-list.js";
import { errorWords, nameOf } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Contact} Contact */

export class ContactRequests extends PageElement {
  #list = h("ul", { class: "list" });

  build() {
    const title = h("h2", { class: "list-title", id: "requests-title", tabindex: "-1" }, say("contact.requests"));
    this.#list.setAttribute("aria-labelledby", "requests-title");
    this.replaceChildren(title, this.#list);
    this.hidden = true;
  }

  attached() {
    this.hear(this.page.contacts, "change", () => {
      this.#show();
    });
    this.#show();
  }

  #show() {
    const { asking } = this.page.contacts;
    // What is pressed goes, and the focus with it: it stays near.
    const hadFocus = this.#list.contains(document.activeElement);
    keep(
      this.#list,
      asking,
      ({ user }) => user.id,
      (contact) => this.#row(contact),
    );
    this.hidden = asking.length === 0;
    if (hadFocus && !this.#list.contains(document.activeElement)) {
      const near = this.hidden ? document.getElementById("main") : this.querySelector("h2");
      /** @type {HTMLElement | null} */ (near)?.focus();
    }
  }

  /** @param {Contact} first */
  #row(first) {
    const { id } = first.user;
    const avatar = avatarOf(first.user);
    const words = h("a", { class: "request__words", href: `#person/${encodeURIComponent(id)}` });
    const message = h("p", { class: "request__message" });
    const accept = h(
      "button",
      {
        class: "button button--primary button--small",
        type: "button",
        onClick: () => {
          this.#accept(id);
        },
      },
      say("contact.accept"),
    );
    const notNow = h(
      "button",
      {
        class: "button button--small",
        type: "button",
        onClick: () => {
          this.#turnDown(id);
        },
      },
      say("button.not_now"),
    );
    return {
      node: h(
        "li",
        { class: "request", "data-person": id },
        avatar,
        h("div", { class: "request__body" }, words, message),
        h("div", { class: "request__answers" }, accept, notNow),
      ),
      update: (/** @type {Contact} */ { user, message: text }) => {
        // Names may be alike; ids never are.
        const name = say("person.with_id", { name: nameOf(user), id });
        avatar.setAttribute("name", user.name || id);
        setText(words, say("contact.asks", { name }));
        setText(message, text && say("page.quote", { text }));
        message.hidden = !text;
        accept.setAttribute("aria-label", say("contact.accept.named", { name }));
        notNow.setAttribute("aria-label", say("contact.not_now.named", { name }));
      },
    };
  }

  /** @param {string} id */
  async #accept(id) {
    const contact = await this.page.contacts.accept(id);
    if (contact) {
      toast(say("contact.accepted", { name: nameOf(contact.user) }), { kind: "good" });
      return;
    }
    toast(errorWords(this.service.lastError), { kind: "wrong" });
    this.page.contacts.load();
  }

  /** @param {string} id */
  async #turnDown(id) {
    if (!(await this.page.contacts.remove(id))) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
    }
  }
}

customElements.define("contact-requests", ContactRequests);
