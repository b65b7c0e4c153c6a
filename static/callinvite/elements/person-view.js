/** `<person-view>`: one person: where they are, a call with a note, a look at oneself before it, and the calls one had. */

import { may, myParticipant } from "../client/index.js";
import { h, icon, keep, setAttribute, setText } from "./dom.js";
import { OwnPreview } from "./own-preview.js";
import { markPresence } from "./people-list.js";
import { PersonAvatar } from "./person-avatar.js";
import { isConnected, PageElement } from "./page-element.js";
import { addToCall } from "./person-row.js";
import { PersonStanding } from "./person-standing.js";
import { SendCallInvitationButton } from "./send-call-invitation-button.js";
import { dayName, errorWords, nameOf, recentWords, sideBySide, timeOfDay } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Presence} Presence
 *  @typedef {import("../client/types.js").State} State */

const REFRESH_MS = 10_000;
const CALLS = 10;
const NOTE_MAX = 200;

export class PersonView extends PageElement {
  #parts = this.#made();
  /** Whose page it is; empty while nobody looks. */
  #id = "";
  /** @type {Presence | null} */
  #person = null;
  #turn = 0;

  build() {
    const parts = this.#parts;
    const back = h(
      "a",
      {
        class: "button button--quiet button--round",
        href: "#people",
        title: say("shell.people"),
        "aria-label": say("shell.people"),
      },
      icon("back"),
    );
    parts.video.setAttribute("is-video-call", "");
    parts.audio.setAttribute("text", say("people.audio"));
    parts.video.setAttribute("text", say("people.video"));
    parts.preview.hidden = true;
    parts.note.addEventListener("input", () => {
      this.#takeNote();
    });
    this.addEventListener("sent", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.sent) {
        parts.note.value = "";
        this.#takeNote();
        this.#look(false);
      }
    });
    parts.card.append(
      h("div", { class: "person-page__who" }, parts.avatar, h("div", {}, parts.name, parts.line)),
      h(
        "div",
        { class: "field" },
        h("label", { class: "field__label", for: "person-note" }, say("person.note")),
        parts.note,
      ),
      parts.preview,
      h("div", { class: "person-page__calls" }, parts.add, parts.audio, parts.video, parts.look),
      parts.standing,
    );
    parts.past.append(
      h("h2", { class: "settings__title", id: "person-past" }, say("person.past")),
      parts.calls,
      parts.none,
    );
    this.replaceChildren(
      h("div", { class: "view__head" }, back, h("p", { class: "view__crumb" }, say("shell.people"))),
      parts.card,
      parts.past,
      parts.wrong,
    );
    this.#takeNote();
  }

  /** Its pieces that change. */
  #made() {
    return {
      avatar: new PersonAvatar(),
      name: h("h1", { class: "view__title person-page__name", tabindex: "-1" }),
      line: h("p", { class: "person__line", role: "status" }),
      note: h("textarea", {
        class: "input person-page__note",
        id: "person-note",
        rows: "2",
        maxlength: String(NOTE_MAX),
        placeholder: say("person.note.hint"),
      }),
      standing: new PersonStanding(),
      audio: new SendCallInvitationButton(),
      video: new SendCallInvitationButton(),
      preview: new OwnPreview(),
      look: h(
        "button",
        {
          class: "button button--quiet",
          type: "button",
          "aria-expanded": "false",
          onClick: () => {
            this.#look(this.#parts.preview.hidden);
          },
        },
        icon("video"),
        say("person.look"),
      ),
      add: h(
        "button",
        {
          class: "button button--primary",
          type: "button",
          onClick: () => {
            if (this.#person) {
              addToCall(this.page, this.#person);
            }
          },
        },
        icon("add-person"),
        say("people.add"),
      ),
      card: h("section", { class: "person-page", "aria-label": say("person.region"), hidden: true }),
      past: h("section", { class: "person-page", "aria-labelledby": "person-past", hidden: true }),
      calls: h("ul", { class: "person-page__past" }),
      none: h("p", { class: "settings__help" }, say("person.past.none")),
      wrong: h("div", { class: "blank", role: "status", hidden: true }),
    };
  }

  attached() {
    const { audio, video, preview } = this.#parts;
    for (const button of [audio, video]) {
      button.intentOf = () => {
        const { microphone, camera } = preview.hidden ? { microphone: true, camera: true } : preview.intent;
        return { microphone, camera: camera && button.isVideoCall };
      };
    }
    this.every(REFRESH_MS, () => {
      if (document.visibilityState === "visible") {
        this.#load();
      }
    });
    for (const news of /** @type {const} */ (["callStarted", "callEnded"])) {
      this.follow(news, () => {
        this.#load();
      });
    }
  }

  connected() {
    this.#load();
  }

  /** @param {State} state */
  update(state) {
    const parts = this.#parts;
    const person = this.#person;
    if (!person) {
      return;
    }
    const call = state.active ?? state.outgoing;
    markPresence(parts.avatar, parts.line, person, isConnected(state));
    parts.add.hidden = !call || !may(call, "invite") || myParticipant(call, person.id) !== null;
    parts.audio.hidden = parts.video.hidden = Boolean(call);
    parts.look.hidden = Boolean(call);
    if (call) {
      this.#look(false);
    }
  }

  /** Somebody looks at a person.
   *  @param {string} id */
  entered(id) {
    if (id !== this.#id) {
      this.#person = null;
      this.#parts.card.hidden = this.#parts.past.hidden = this.#parts.wrong.hidden = true;
      this.#parts.note.value = "";
      this.#takeNote();
    }
    this.#id = id;
    this.#load();
  }

  /** Nobody looks any more. */
  left() {
    this.#id = "";
    this.#turn += 1;
    this.#look(false);
  }

  async #load() {
    if (!this.#id) {
      return;
    }
    const turn = ++this.#turn;
    const [people, past] = await Promise.all([
      this.service.users({ id: this.#id }),
      this.service.history({ with: this.#id, pageSize: CALLS }),
    ]);
    if (turn !== this.#turn) {
      return;
    }
    const person = people?.results[0] ?? null;
    if (!person) {
      if (people || !this.#person) {
        this.#fail(people ? say("person.none") : errorWords(this.service.lastError));
      }
      return;
    }
    this.#person = person;
    this.#show(person, past?.results ?? null);
    this.update(this.service.state);
  }

  /** @param {Presence} person @param {Call[] | null} past null: they could not be read */
  #show(person, past) {
    const parts = this.#parts;
    parts.wrong.hidden = true;
    parts.card.hidden = false;
    parts.avatar.setAttribute("user-id", person.id);
    parts.avatar.setAttribute("name", person.name || person.id);
    setText(parts.name, nameOf(person));
    parts.standing.of({ id: person.id, name: person.name });
    // A very long one is cut off after three lines.
    parts.name.title = person.name || person.id;
    for (const button of [parts.audio, parts.video]) {
      button.invitees = [{ id: person.id, name: person.name }];
    }
    if (past) {
      parts.past.hidden = false;
      parts.none.hidden = past.length > 0;
      keep(
        parts.calls,
        past,
        ({ call_id: id, attempt }) => `${id} ${attempt}`,
        (call) => this.#line(call),
      );
    }
  }

  /** @param {Call} first */
  #line(first) {
    const arrow = icon("incoming");
    const what = h("span", { class: "person-page__what" });
    const link = h(
      "a",
      { class: "person-page__call", href: `#timeline/${encodeURIComponent(first.call_id)}` },
      arrow,
      icon(first.is_video_call ? "video" : "phone"),
      what,
      h("time", { class: "person-page__when", datetime: first.created_at }, momentOf(first)),
    );
    const node = h("li", {}, link);
    return {
      node,
      update: (/** @type {Call} */ call) => {
        const { direction, missed, live, words } = recentWords(call, this.userId);
        setAttribute(arrow, "name", missed ? "missed" : direction);
        setText(what, words);
        link.classList.toggle("person-page__call--missed", missed && !live);
      },
    };
  }

  /** @param {string} words */
  #fail(words) {
    const { card, past, wrong } = this.#parts;
    card.hidden = past.hidden = true;
    wrong.hidden = false;
    wrong.replaceChildren(icon("people"), h("p", { class: "blank__title" }, words));
  }

  #takeNote() {
    const { note, audio, video } = this.#parts;
    for (const button of [audio, video]) {
      setAttribute(button, "notification-message", note.value.trim() || null);
    }
  }

  /** Show oneself, or no more.
   *  @param {boolean} isOn */
  #look(isOn) {
    const { preview, look } = this.#parts;
    if (isOn === !preview.hidden) {
      return;
    }
    preview.hidden = !isOn;
    look.setAttribute("aria-expanded", String(isOn));
    if (isOn) {
      preview.look();
    } else {
      preview.close();
    }
  }
}

/** @param {Call} call */
function momentOf({ created_at: moment }) {
  return sideBySide(dayName(moment, new Date()), timeOfDay(moment));
}

customElements.define("person-view", PersonView);
