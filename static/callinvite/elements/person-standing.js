/** `<person-standing>`: how one stands to the person whose page this is, and what one can change of it. */

import { askToBlock } from "./block-ask.js";
import { askToBeLetIn } from "./contact-ask.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { unblock } from "./refusals.js";
import { toast } from "./toast-list.js";
import { errorWords, nameOf } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Contact} Contact
 *  @typedef {import("../client/types.js").Person} Person */

export class PersonStanding extends PageElement {
  /** @type {Person | null} */
  #person = null;
  /** @type {Contact | null} */
  #contact = null;
  #isBlocked = false;
  #turn = 0;
  #words = h("p", { class: "settings__help", role: "status" });
  #starIcon = icon("star");
  #starWords = h("span");
  #buttons = {
    ask: this.#button("add-person", say("contact.add"), (person) => askToBeLetIn(this.page, person)),
    accept: this.#button("check", say("contact.accept"), (person) => this.#does(this.page.contacts.accept(person.id))),
    turnDown: this.#button("close", say("button.not_now"), (person) => this.#remove(person)),
    takeBack: this.#button("close", say("contact.take_back"), (person) => this.#remove(person)),
    star: h(
      "button",
      {
        class: "button",
        type: "button",
        onClick: () => {
          if (this.#contact) {
            this.#does(this.page.contacts.setFavourite(this.#contact.user.id, !this.#contact.favourite));
          }
        },
      },
      this.#starIcon,
      this.#starWords,
    ),
    remove: this.#button("trash", say("contact.remove"), (person) => this.#remove(person)),
    block: this.#button("block", say("block.do"), (person) => {
      askToBlock(this.page, person, () => this.#load());
    }),
    unblock: this.#button("block", say("block.undo"), async (person) => {
      await unblock(this.page, person);
      this.#load();
    }),
  };

  build() {
    this.replaceChildren(this.#words, h("div", { class: "person-page__calls" }, ...Object.values(this.#buttons)));
    setText(this.#starWords, say("contact.favourite"));
  }

  attached() {
    this.hear(this.page.contacts, "change", () => {
      const known = this.#person && this.page.contacts.of(this.#person.id);
      if (known) {
        this.#contact = known;
        this.#show();
      }
    });
    for (const news of /** @type {const} */ (["contactChanged", "blockChanged"])) {
      this.follow(news, ({ user }) => {
        if (user.id === this.#person?.id) {
          this.#load();
        }
      });
    }
  }

  /** It is this person's page now.
   *  @param {Person} person */
  of(person) {
    const isOther = person.id !== this.#person?.id;
    this.#person = person;
    if (isOther) {
      this.#contact = this.page.contacts.of(person.id);
      this.#isBlocked = false;
      this.#load();
    }
    this.#show();
  }

  /** There again, the server may say something else. */
  connected() {
    this.#load();
  }

  async #load() {
    const person = this.#person;
    if (!person) {
      return;
    }
    const turn = ++this.#turn;
    const [contact, block] = await Promise.all([
      this.#orUnknown(this.service.contact(person.id)),
      this.#orUnknown(this.service.blockOf(person.id)),
    ]);
    if (turn === this.#turn) {
      // What cannot be read is as it was.
      this.#contact = contact === undefined ? this.#contact : contact;
      this.#isBlocked = block === undefined ? this.#isBlocked : block !== null;
      this.#show();
    }
  }

  /** @template Found
   *  @param {Promise<Found | null>} read
   *  @returns {Promise<Found | null | undefined>} null: there is none; undefined: nobody knows */
  async #orUnknown(read) {
    const found = await read;
    const isThere = found !== null || this.service.lastError?.code === "not_found";
    return isThere ? found : undefined;
  }

  #show() {
    if (!this.#person) {
      return;
    }
    const { ask, accept, turnDown, takeBack, star, remove, block, unblock: undo } = this.#buttons;
    const name = nameOf(this.#person);
    const state = this.#isBlocked ? "blocked" : (this.#contact?.state ?? "none");
    const focused = this.contains(document.activeElement);
    setText(this.#words, say(`contact.state.${state}`, { name }));
    ask.hidden = state !== "none";
    accept.hidden = turnDown.hidden = state !== "asks_you";
    takeBack.hidden = state !== "asked";
    star.hidden = remove.hidden = state !== "contact";
    block.hidden = this.#isBlocked;
    undo.hidden = !this.#isBlocked;
    const isFavourite = this.#contact?.favourite ?? false;
    setAttribute(star, "aria-pressed", String(isFavourite));
    this.#starIcon.setAttribute("name", isFavourite ? "star-solid" : "star");
    // What was pressed may be gone; the focus stays near.
    const here = document.activeElement;
    if (focused && here instanceof HTMLElement && here.hidden) {
      Object.values(this.#buttons)
        .find((each) => !each.hidden)
        ?.focus();
    }
  }

  /** @param {Person} person */
  async #remove(person) {
    await this.#does(this.page.contacts.remove(person.id));
    this.#load();
  }

  /** @param {Promise<unknown>} change */
  async #does(change) {
    if (!(await change)) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      this.#load();
    }
  }

  /** @param {string} picture
   *  @param {string} label
   *  @param {(person: Person) => void} act */
  #button(picture, label, act) {
    return h(
      "button",
      {
        class: "button",
        type: "button",
        onClick: () => {
          if (this.#person) {
            act(this.#person);
          }
        },
      },
      icon(picture),
      label,
    );
  }
}

customElements.define("person-standing", PersonStanding);
