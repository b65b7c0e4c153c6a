/** `<people-view>`: who asks to be let in, one's contacts, and everybody else one may call, searched on the server; one tap
 *  for audio or video, several for a group. */

import { askToBeLetIn } from "./contact-ask.js";
import { ContactList } from "./contact-list.js";
import { ContactRequests } from "./contact-requests.js";
import { h, icon, keep, setAttribute, setText } from "./dom.js";
import { markPresence, PeopleList } from "./people-list.js";
import { avatarOf } from "./person-avatar.js";
import { addPeople, placeCall } from "./place-call.js";
import { isConnected, PageElement } from "./page-element.js";
import { personRow } from "./person-row.js";
import { ReachLine } from "./reach-line.js";
import { errorWords, nameOf, names } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Presence} Presence
 *  @typedef {import("../client/types.js").State} State */

const REFRESH_MS = 10_000;
/** A page that nobody touches for a while looks less often: many such pages are open at once. */
const IDLE_AFTER_MS = 120_000;
const IDLE_TURNS = 6;
const GROUP_MOST = 9;

export class PeopleView extends PageElement {
  #parts = this.#made();
  /** @type {PeopleList | null} */
  #list = null;
  /** @type {Map<string, Presence>} */
  #chosen = new Map();
  #choosing = false;
  #touchedAt = 0;
  #turns = 0;
  /** @type {Pick<State, "active" | "outgoing">} */
  #calls = { active: null, outgoing: null };
  #connected = false;

  build() {
    const parts = this.#parts;
    parts.bar.append(parts.barWords, h("div", { class: "group-bar__actions" }, parts.audio, parts.video));
    parts.search.addEventListener("input", () => {
      this.#list?.type(parts.search.value);
    });
    this.replaceChildren(
      h(
        "div",
        { class: "view__head" },
        h("h1", { class: "view__title", tabindex: "-1" }, say("shell.people")),
        parts.group,
      ),
      new ReachLine({ warns: true }),
      h("div", { class: "search" }, icon("search"), parts.search),
      parts.asks,
      parts.contacts,
      parts.skeletons,
      parts.everybody,
      parts.list,
      parts.blank,
      parts.more,
      parts.bar,
    );
    this.#watchEnd();
  }

  /** Its pieces that change. */
  #made() {
    const groupWords = h("span", {}, say("people.group_call"));
    return {
      groupWords,
      group: h(
        "button",
        {
          class: "button button--small",
          type: "button",
          "aria-pressed": "false",
          onClick: () => {
            this.#choose(!this.#choosing);
          },
        },
        icon("people"),
        groupWords,
      ),
      search: h("input", {
        class: "input",
        type: "search",
        placeholder: say("people.search"),
        "aria-label": say("people.search"),
        autocomplete: "off",
        spellcheck: "false",
      }),
      asks: h("div", {}, new ContactRequests()),
      contacts: new ContactList(),
      everybody: h("h2", { class: "list-title", hidden: true }),
      list: h("ul", { class: "list", "aria-label": say("shell.people") }),
      blank: h("div", { class: "blank", hidden: true }),
      more: h(
        "div",
        { class: "more", hidden: true },
        h(
          "button",
          {
            class: "button",
            type: "button",
            onClick: () => {
              this.#list?.loadMore();
            },
          },
          say("button.show_more"),
        ),
      ),
      bar: h("div", { class: "group-bar", role: "group", "aria-label": say("people.group_call"), hidden: true }),
      audio: h(
        "button",
        {
          class: "button button--primary",
          type: "button",
          onClick: () => {
            this.#callGroup(false);
          },
        },
        icon("phone"),
        say("people.audio"),
      ),
      video: h(
        "button",
        {
          class: "button button--primary",
          type: "button",
          onClick: () => {
            this.#callGroup(true);
          },
        },
        icon("video"),
        say("people.video"),
      ),
      barWords: h("p", { class: "group-bar__words", role: "status" }),
      skeletons: h(
        "div",
        { class: "list", "aria-hidden": "true" },
        ...Array.from({ length: 4 }, () => h("div", { class: "skeleton" })),
      ),
    };
  }

  attached() {
    this.#list = new PeopleList(this.service, this.page.firstPeople);
    this.#list.addEventListener("change", () => {
      this.#show();
    });
    this.hear(this.page.contacts, "change", () => {
      this.#show();
    });
    for (const sign of ["pointerdown", "pointermove", "keydown"]) {
      this.hear(
        window,
        sign,
        () => {
          this.#touchedAt = performance.now();
        },
        { passive: true },
      );
    }
    this.every(REFRESH_MS, () => {
      this.#turn();
    });
    // Who is in a call changes with calls: look at once, not at the next turn.
    this.follow("callStarted", () => {
      this.#refresh();
    });
    this.follow("callEnded", () => {
      this.#refresh();
    });
    this.hear(document, "visibilitychange", () => {
      this.#refresh();
    });
    this.#list.load();
  }

  connected() {
    this.#list?.status === "failed" ? this.#list.load() : this.#refresh();
  }

  /** @param {State} state */
  update(state) {
    const connected = isConnected(state);
    const { active, outgoing } = state;
    if (active !== this.#calls.active || outgoing !== this.#calls.outgoing || connected !== this.#connected) {
      this.#calls = { active, outgoing };
      this.#connected = connected;
      this.#show();
    }
  }

  /** The router shows this view. */
  entered() {
    this.#refresh();
  }

  #turn() {
    const idle = performance.now() - this.#touchedAt > IDLE_AFTER_MS;
    this.#turns += 1;
    if (!idle || this.#turns % IDLE_TURNS === 0) {
      this.#refresh();
    }
  }

  #refresh() {
    if (!this.hidden && document.visibilityState === "visible" && this.service.state.connection !== "signed_out") {
      // Rows must not move under a finger.
      this.#list?.refresh({ inOrder: this.#parts.list.matches(":hover, :focus-within") });
      this.page.contacts.look();
    }
  }

  #show() {
    const list = this.#list;
    if (!list) {
      return;
    }
    const parts = this.#parts;
    const waiting = list.status === "loading" && list.people.length === 0;
    parts.skeletons.hidden = !waiting;
    setAttribute(parts.list, "aria-busy", list.status === "loading" ? "true" : null);
    // One list of all of them to search in, or to choose from.
    const isWhole = this.#choosing || list.search !== "";
    const { contacts } = this.page;
    parts.contacts.hidden = parts.asks.hidden = isWhole;
    const people = isWhole ? list.people : list.people.filter(({ id }) => contacts.of(id)?.state !== "contact");
    keep(
      parts.list,
      people,
      (person) => `${person.id} ${this.#choosing}`,
      (person) =>
        this.#choosing ? this.#choice(person) : personRow(this.page, person, { asks: () => this.#list?.search !== "" }),
    );
    const hasContacts = contacts.favourites.length + contacts.others.length > 0;
    parts.everybody.hidden = isWhole || people.length === 0 || (!hasContacts && contacts.asking.length === 0);
    setText(parts.everybody, say(hasContacts ? "people.everybody.else" : "people.everybody"));
    parts.more.hidden = !list.more || waiting;
    this.#showBlank(list);
    this.#showBar();
  }

  /** @param {PeopleList} list */
  #showBlank(list) {
    const parts = this.#parts;
    const failed = list.status === "failed";
    const empty = list.status === "ready" && list.people.length === 0;
    const why = failed ? "failed" : empty ? `empty ${list.search}` : "";
    parts.blank.hidden = !why;
    parts.list.hidden = failed;
    if (parts.blank.dataset.why === why) {
      return;
    }
    // Made anew only for a new reason: a button must not be exchanged under somebody's finger.
    parts.blank.dataset.why = why;
    if (failed) {
      parts.blank.replaceChildren(
        icon("people"),
        h("p", { class: "blank__title" }, say("people.load_failed")),
        h("p", {}, errorWords(this.service.lastError)),
        h(
          "button",
          {
            class: "button",
            type: "button",
            onClick: () => {
              list.load();
            },
          },
          say("button.try_again"),
        ),
      );
      return;
    }
    if (empty && list.search) {
      parts.blank.replaceChildren(...this.#noneFound(list.search));
    } else if (empty) {
      const { directory } = this.page;
      parts.blank.replaceChildren(
        icon("people"),
        h("p", { class: "blank__title" }, say(directory === "all" ? "people.first" : "people.no_contacts")),
        h("p", {}, say(`people.first.hint.${directory}`)),
      );
    }
  }

  /** @param {string} search */
  #noneFound(search) {
    const { directory } = this.page;
    const title = h("p", { class: "blank__title", role: "status" }, say("people.none_found", { search }));
    const hint = h("p", {}, say(`people.none_found.hint.${directory}`));
    // Only contacts are found there, and anybody can be asked whose id one knows.
    const asks = directory === "contacts" && !search.includes(" ");
    const ask = h(
      "button",
      {
        class: "button button--primary button--wraps",
        type: "button",
        onClick: () => {
          askToBeLetIn(this.page, { id: search, name: "" });
        },
      },
      say("contact.ask.named", { name: search }),
    );
    return [icon("search"), title, hint, ...(asks ? [ask] : [])];
  }

  /** @param {Presence} person */
  #choice(person) {
    const avatar = avatarOf(person);
    const name = h("span", { class: "person__name" }, nameOf(person));
    const line = h("span", { class: "person__line" });
    const check = h("input", { class: "person__check", type: "checkbox" });
    const label = h("label", { class: "person" }, check, avatar, h("span", { class: "person__words" }, name, line));
    check.addEventListener("change", () => {
      if (check.checked) {
        this.#chosen.set(person.id, person);
      } else {
        this.#chosen.delete(person.id);
      }
      this.#show();
    });
    return {
      node: h("li", { "data-person": person.id }, label),
      update: (/** @type {Presence} */ now) => {
        this.#mark(avatar, line, now);
        setText(name, nameOf(now));
        check.checked = this.#chosen.has(now.id);
        check.disabled = !check.checked && this.#chosen.size >= GROUP_MOST;
        label.classList.toggle("person--chosen", check.checked);
      },
    };
  }

  /** @param {HTMLElement} avatar @param {HTMLElement} line @param {Presence} person */
  #mark(avatar, line, person) {
    markPresence(avatar, line, person, isConnected(this.service.state));
  }

  #showBar() {
    const parts = this.#parts;
    parts.bar.hidden = !this.#choosing;
    const count = this.#chosen.size;
    const chosen = names([...this.#chosen.values()]);
    const words = count >= GROUP_MOST ? say("people.chosen_most", { names: chosen, most: GROUP_MOST }) : chosen;
    setText(parts.barWords, count ? words : say("people.choose"));
    setAttribute(parts.audio, "disabled", count === 0);
    setAttribute(parts.video, "disabled", count === 0);
  }

  /** @param {boolean} choosing */
  #choose(choosing) {
    this.#choosing = choosing;
    this.#chosen.clear();
    this.#parts.group.setAttribute("aria-pressed", String(choosing));
    setText(this.#parts.groupWords, say(choosing ? "people.done" : "people.group_call"));
    this.#show();
  }

  /** @param {boolean} isVideoCall */
  async #callGroup(isVideoCall) {
    const invitees = [...this.#chosen.values()].map(({ id, name }) => ({ id, name }));
    const call = this.#calls.active ?? this.#calls.outgoing;
    const done = call
      ? await addPeople(this.page, call.call_id, invitees)
      : await placeCall(this.page, { invitees, isVideoCall });
    if (done) {
      this.#choose(false);
    }
  }

  #watchEnd() {
    new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) {
          this.#list?.loadMore();
        }
      },
      { rootMargin: "200px" },
    ).observe(this.#parts.more);
  }
}

customElements.define("people-view", PeopleView);
