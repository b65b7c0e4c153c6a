/** `<people-picker>`: a dialog that asks for some people and gives them back. */

import { h, icon, iconButton, keep, setAttribute, setText } from "./dom.js";
import { closeLayer, isOnTop, openLayer } from "./layers.js";
import { PeopleList, presenceWords } from "./people-list.js";
import { avatarOf } from "./person-avatar.js";
import { PageElement } from "./page-element.js";
import { nameOf } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../client/types.js").Presence} Presence
 *  @typedef {import("../client/types.js").State} State */

export class PeoplePicker extends PageElement {
  #parts = this.#made();
  /** @type {PeopleList | null} */
  #list = null;
  /** @type {Map<string, Presence>} */
  #chosen = new Map();
  /** @type {Set<string>} */
  #without = new Set();
  /** @type {((people: Person[]) => void) | null} */
  #resolve = null;

  build() {
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-modal", "true");
    this.setAttribute("aria-labelledby", "picker-title");
    const parts = this.#parts;
    parts.search.addEventListener("input", () => {
      this.#list?.type(parts.search.value);
    });
    this.replaceChildren(
      h(
        "div",
        { class: "picker" },
        h(
          "div",
          { class: "picker__head" },
          parts.title,
          iconButton({
            icon: "close",
            label: say("button.close"),
            onClick: () => {
              this.#finish([]);
            },
          }),
        ),
        h("div", { class: "search" }, icon("search"), parts.search),
        h("div", { class: "picker__list" }, parts.list, parts.blank),
        h(
          "div",
          { class: "picker__foot" },
          h(
            "button",
            {
              class: "button",
              type: "button",
              onClick: () => {
                this.#finish([]);
              },
            },
            say("button.cancel"),
          ),
          parts.done,
        ),
      ),
    );
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && isOnTop(this)) {
        event.preventDefault();
        this.#finish([]);
      }
    });
    this.addEventListener("click", (event) => {
      if (event.target === this) {
        this.#finish([]);
      }
    });
  }

  /** Its pieces that change. */
  #made() {
    return {
      title: h("h2", { class: "picker__title", id: "picker-title" }),
      search: h("input", {
        class: "input",
        type: "search",
        placeholder: say("picker.search"),
        "aria-label": say("picker.search.label"),
        autocomplete: "off",
        spellcheck: "false",
        "data-first-focus": true,
      }),
      list: h("ul", { "aria-label": say("shell.people") }),
      blank: h("p", { class: "blank", role: "status", hidden: true }),
      done: h("button", {
        class: "button button--primary",
        type: "button",
        onClick: () => {
          this.#finish([...this.#chosen.values()]);
        },
      }),
    };
  }

  attached() {
    this.#list = new PeopleList(this.service, this.page.firstPeople);
    this.#list.addEventListener("change", () => {
      this.#show();
    });
  }

  /** Ask for people.
   *  @param {{title: string, without: string[]}} options `without` are ids that cannot be chosen
   *  @returns {Promise<Person[]>} nobody if the dialog was closed */
  choose({ title, without }) {
    this.#finish([]);
    this.#without = new Set(without);
    this.#chosen.clear();
    this.#parts.search.value = "";
    this.#list?.type("");
    setText(this.#parts.title, title);
    openLayer(this, this.#parts.search);
    this.#list?.load();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** @param {State} state */
  update(state) {
    if (!this.hidden && !state.active && !state.outgoing) {
      this.#finish([]);
    }
  }

  /** @param {Person[]} people */
  #finish(people) {
    closeLayer(this);
    const resolve = this.#resolve;
    this.#resolve = null;
    resolve?.(people.map(({ id, name }) => ({ id, name })));
  }

  #show() {
    const parts = this.#parts;
    const people = (this.#list?.people ?? []).filter((person) => !this.#without.has(person.id));
    keep(
      parts.list,
      people,
      (person) => person.id,
      (person) => this.#choice(person),
    );
    const ready = this.#list?.status !== "loading";
    parts.blank.hidden = people.length > 0 || !ready;
    setText(parts.blank, say(this.#list?.status === "failed" ? "picker.load_failed" : "picker.none"));
    setText(parts.done, say("picker.call", { count: Math.max(1, this.#chosen.size) }));
    setAttribute(parts.done, "disabled", this.#chosen.size === 0);
  }

  /** @param {Presence} person */
  #choice(person) {
    const check = h("input", { class: "person__check", type: "checkbox" });
    const line = h("span", { class: "person__line" });
    const avatar = avatarOf(person);
    const label = h(
      "label",
      { class: "person" },
      check,
      avatar,
      h("span", { class: "person__words" }, h("span", { class: "person__name" }, nameOf(person)), line),
    );
    check.addEventListener("change", () => {
      if (check.checked) {
        this.#chosen.set(person.id, person);
      } else {
        this.#chosen.delete(person.id);
      }
      this.#show();
    });
    return {
      node: h("li", {}, label),
      update: (/** @type {Presence} */ now) => {
        setText(line, presenceWords(now));
        setAttribute(avatar, "data-online", now.in_call ? "in-call" : now.online ? "online" : null);
        check.checked = this.#chosen.has(now.id);
        label.classList.toggle("person--chosen", check.checked);
      },
    };
  }
}

customElements.define("people-picker", PeoplePicker);
