/** `<recents-view>`: one's own calls, newest first; what was missed is red, and one tap calls back. */

import { h, icon, keep } from "./dom.js";
import { PageElement } from "./page-element.js";
import { recentRow } from "./recents-row.js";
import { dayName, errorWords } from "./words.js";
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
    // Something may have changed since, while nobody looked.
    this.#stale ||= !page;
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
              (call) => recentRow(this.page, this.userId, call),
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
}

customElements.define("recents-view", RecentsView);
