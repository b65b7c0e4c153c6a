/** `<recents-view>`: one's own calls, newest first; what was missed is red, and one tap calls back. */

import { may } from "../client/index.js";
import { h, icon, iconButton, keep, relabel, setText } from "./dom.js";
import { avatarStack } from "./person-avatar.js";
import { joinCall, placeCall } from "./place-call.js";
import { PageElement } from "./page-element.js";
import {
  calledIn,
  dayName,
  errorWords,
  joinWords,
  latestInvitations,
  nameOf,
  names,
  others,
  rangBy,
  recentWords,
  replyOf,
  sideBySide,
  strangerWords,
  textOf,
  timeOfDay,
} from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").State} State */

const RELOAD_WAIT_MS = 150;
/** What may make a line here, or change one. */
const NEWS = /** @type {const} */ ([
  "callEnded",
  "callStarted",
  "incomingMissed",
  "incomingCallCanceled",
  "incomingCallTimeout",
  "incomingCallAnsweredElsewhere",
  "incomingCallRejectedElsewhere",
]);

export class RecentsView extends PageElement {
  #parts = this.#made();
  /** @type {Call[]} */
  #calls = [];
  /** @type {string | null} */
  #next = null;
  /** @type {"loading" | "ready" | "failed"} */
  #status = "loading";
  #missedOnly = false;
  #stale = true;
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #seenRevisions = "";

  build() {
    const parts = this.#parts;
    this.replaceChildren(
      h(
        "div",
        { class: "view__head" },
        h("h1", { class: "view__title", tabindex: "-1" }, say("shell.recents")),
        h("div", { class: "filter", role: "group", "aria-label": say("recent.filter") }, parts.all, parts.missed),
      ),
      parts.skeletons,
      parts.days,
      parts.blank,
      parts.more,
    );
    new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) {
          this.#loadMore();
        }
      },
      { rootMargin: "200px" },
    ).observe(parts.more);
  }

  /** Its pieces that change. */
  #made() {
    const filter = (/** @type {string} */ words, /** @type {boolean} */ missed) =>
      h(
        "button",
        {
          class: "filter__choice",
          type: "button",
          "aria-pressed": String(!missed),
          onClick: () => {
            this.#filter(missed);
          },
        },
        words,
      );
    return {
      all: filter(say("recent.filter.all"), false),
      missed: filter(say("recent.missed"), true),
      days: h("div"),
      skeletons: h(
        "div",
        { class: "list", "aria-hidden": "true" },
        ...Array.from({ length: 4 }, () => h("div", { class: "skeleton" })),
      ),
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
              this.#loadMore();
            },
          },
          say("button.show_more"),
        ),
      ),
    };
  }

  attached() {
    for (const name of NEWS) {
      this.follow(name, () => {
        this.#changed();
      });
    }
    this.hear(document, "visibilitychange", () => {
      this.#seen();
    });
  }

  connected() {
    this.#changed();
  }

  /** @param {State} state */
  update(state) {
    // A call that came, went or changed may change a line here.
    const revisions = state.calls.map((call) => `${call.call_id} ${call.state} ${call.you?.can}`).join();
    if (revisions !== this.#seenRevisions) {
      this.#seenRevisions = revisions;
      this.#changed();
    }
    if (state.missedUnseen > 0) {
      this.#seen();
    }
  }

  /** The router shows this view. */
  entered() {
    if (this.#stale) {
      this.#load();
    }
    this.#seen();
  }

  #changed() {
    this.#stale = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.hidden && this.service.state.connection !== "signed_out") {
        this.#load();
      }
    }, RELOAD_WAIT_MS);
  }

  #seen() {
    if (!this.hidden && document.visibilityState === "visible" && this.service.state.missedUnseen > 0) {
      this.service.markHistorySeen();
    }
  }

  /** @param {boolean} missedOnly */
  #filter(missedOnly) {
    if (missedOnly === this.#missedOnly) {
      return;
    }
    this.#missedOnly = missedOnly;
    this.#parts.all.setAttribute("aria-pressed", String(!missedOnly));
    this.#parts.missed.setAttribute("aria-pressed", String(missedOnly));
    this.#calls = [];
    this.#load();
  }

  async #load() {
    const turn = ++this.#turn;
    this.#stale = false;
    this.#status = "loading";
    this.#show();
    const pageSize = Math.min(100, Math.max(25, this.#calls.length));
    const page = await this.service.history({ missed: this.#missedOnly || undefined, pageSize });
    if (turn !== this.#turn) {
      return;
    }
    this.#status = page ? "ready" : "failed";
    this.#stale = !page;
    if (page) {
      this.#calls = page.results;
      this.#next = page.next;
    }
    this.#show();
  }

  async #loadMore() {
    if (!this.#next || this.#status !== "ready") {
      return;
    }
    const turn = this.#turn;
    const page = await this.service.history({ missed: this.#missedOnly || undefined, cursor: this.#next });
    if (page && turn === this.#turn) {
      const known = new Set(this.#calls.map((call) => call.call_id));
      this.#calls = [...this.#calls, ...page.results.filter((call) => !known.has(call.call_id))];
      this.#next = page.next;
      this.#show();
    }
  }

  #show() {
    const parts = this.#parts;
    parts.skeletons.hidden = this.#status !== "loading" || this.#calls.length > 0;
    parts.more.hidden = !this.#next || this.#calls.length === 0;
    const today = new Date();
    /** @type {Map<string, Call[]>} */
    const days = new Map();
    for (const call of this.#calls) {
      const day = dayName(call.created_at, today);
      days.set(day, [...(days.get(day) ?? []), call]);
    }
    keep(
      parts.days,
      [...days],
      ([day]) => day,
      ([day]) => {
        const list = h("ul", { class: "list", "aria-label": day });
        return {
          node: h("section", {}, h("h2", { class: "recents__day" }, day), list),
          update: ([, calls]) => {
            keep(
              list,
              calls,
              (call) => call.call_id,
              (call) => this.#row(call),
            );
          },
        };
      },
    );
    this.#showBlank();
  }

  #showBlank() {
    const { blank } = this.#parts;
    blank.hidden = this.#calls.length > 0 || this.#status === "loading";
    const why = blank.hidden ? "" : `${this.#status} ${this.#missedOnly}`;
    if (blank.hidden || blank.dataset.why === why) {
      blank.dataset.why = why;
      return;
    }
    blank.dataset.why = why;
    if (this.#status === "failed") {
      blank.replaceChildren(
        icon("recents"),
        h("p", { class: "blank__title" }, say("recent.load_failed")),
        h("p", {}, errorWords(this.service.lastError)),
        h(
          "button",
          {
            class: "button",
            type: "button",
            onClick: () => {
              this.#load();
            },
          },
          say("button.try_again"),
        ),
      );
    } else if (this.#missedOnly) {
      blank.replaceChildren(icon("check"), h("p", { class: "blank__title" }, say("recent.none_missed")));
    } else {
      blank.replaceChildren(
        icon("recents"),
        h("p", { class: "blank__title" }, say("recent.none")),
        h("p", {}, say("recent.none.hint")),
        h("a", { class: "button button--primary", href: "#people" }, say("recent.call_someone")),
      );
    }
  }

  /** @param {Call} first */
  #row(first) {
    let call = first;
    const people = others(first, this.userId);
    const arrow = icon("incoming");
    const what = h("span", { class: "recent__what" });
    const note = h("span", { class: "recent__note" });
    const stranger = h("span", { class: "recent__stranger" });
    const name = h("span", { class: "recent__name" });
    const back = iconButton({
      icon: "phone",
      label: "",
      className: "button--call",
      onClick: () => {
        this.#callBack(call);
      },
    });
    const join = h("button", {
      class: "button button--primary button--small",
      type: "button",
      onClick: () => {
        joinCall(this.page, call);
      },
    });
    const when = h("time", { class: "recent__when", datetime: first.created_at }, timeOfDay(first.created_at));
    const medium = h("span", { class: "for-readers" });
    const why = h(
      "a",
      {
        class: "button button--quiet button--round recent__why",
        href: `#timeline/${encodeURIComponent(first.call_id)}`,
      },
      icon("info"),
    );
    const node = h(
      "li",
      { class: "recent", "data-call": first.call_id },
      avatarStack(people, 2),
      h(
        "span",
        { class: "recent__words" },
        name,
        stranger,
        h("span", { class: "recent__line" }, arrow, icon(first.is_video_call ? "video" : "phone"), medium, what, when),
        note,
      ),
      h("span", { class: "recent__actions" }, join, why, back),
    );
    return {
      node,
      update: (/** @type {Call} */ now) => {
        call = now;
        const { userId } = this;
        const { direction, missed, live, words } = recentWords(now, userId);
        const everybody = others(now, userId);
        const called = calledIn(now, userId);
        setText(name, names(everybody, everybody.length > 1 ? called : undefined));
        setText(stranger, everybody.length > 0 ? strangerWords(now, userId) : "");
        stranger.hidden = stranger.textContent === "";
        arrow.setAttribute("name", missed ? "missed" : direction);
        // Read aloud only, before what came of it.
        setText(medium, `${kindWords(now, direction)} · `);
        setText(what, words);
        const reply = this.#reply(now, userId);
        setText(note, reply);
        note.hidden = !reply;
        node.classList.toggle("recent--missed", missed && !live);
        node.classList.toggle("recent--live", live);
        relabel(why, say("recent.why", { names: names(everybody), time: timeOfDay(now.created_at) }));
        setText(join, joinWords(now, userId));
        join.hidden = !live || !may(now, "join");
        back.hidden = live || everybody.length === 0;
        back.firstElementChild?.setAttribute("name", now.is_video_call ? "video" : "phone");
        relabel(back, againWords(direction, now, names(everybody)));
      },
    };
  }

  /** What was said with the call, besides what the line says: one of several people's reply to it, else its own text.
   *  @param {Call} call @param {string | undefined} userId */
  #reply(call, userId) {
    const invitations = latestInvitations(call);
    const declined = invitations.find((each) => each.invitee.id !== userId && replyOf(each));
    if (declined && invitations.length > 1) {
      const { id, name } = declined.invitee;
      return say("recent.reply", { name: name || id, text: replyOf(declined) });
    }
    const text = sideBySide(...textOf(call));
    if (!text) {
      return "";
    }
    const mine = call.caller.id === userId;
    return mine ? say("page.quote", { text }) : say("ring.quote", { who: nameOf(rangBy(call, userId)), words: text });
  }

  /** @param {Call} call */
  #callBack(call) {
    placeCall(this.page, {
      invitees: others(call, this.userId),
      isVideoCall: call.is_video_call,
    });
  }
}

/** @param {"incoming" | "outgoing"} direction @param {Call} call @param {string} all */
function againWords(direction, { is_video_call: isVideo }, all) {
  if (direction === "incoming") {
    return say(isVideo ? "recent.back.video" : "recent.back.audio", { names: all });
  }
  return say(isVideo ? "recent.again.video" : "recent.again.audio", { names: all });
}

/** @param {Call} call @param {"incoming" | "outgoing"} direction */
function kindWords({ is_video_call: isVideo }, direction) {
  if (direction === "incoming") {
    return say(isVideo ? "call.incoming.video" : "call.incoming.audio");
  }
  return say(isVideo ? "recent.kind.outgoing_video" : "recent.kind.outgoing_audio");
}

customElements.define("recents-view", RecentsView);
