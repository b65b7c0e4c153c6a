/** `<timeline-view>`: what happened in one call, in order and in words: did it ring, where, and if not, why not. */

import { isOver, isUp } from "../client/index.js";
import { h, icon, keep, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { answers, callWords, codeWords, exactTime, howOf } from "./timeline-words.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

const OPEN_RELOAD_MS = 1500;
/** After the end the last messages are still on their way for a moment. */
const LAST_LOOKS = 3;
const ICONS = { good: "check", bad: "close", plain: "" };

export class TimelineView extends PageElement {
  #parts = this.#made();
  #callID = "";
  #turn = 0;
  #looksLeft = 0;
  /** Whether each entry shows its code too, for developers and admins. */
  #hasCodes = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  build() {
    const parts = this.#parts;
    const back = h(
      "a",
      {
        class: "button button--quiet button--round",
        href: "#recents",
        title: say("shell.recents"),
        "aria-label": say("shell.recents"),
      },
      icon("back"),
    );
    parts.card.append(h("div", {}, parts.call, parts.line), parts.answers);
    parts.sheet.append(parts.entries, parts.codes);
    this.#showCodes(false);
    this.replaceChildren(
      h("div", { class: "view__head" }, back, parts.title),
      parts.card,
      parts.skeletons,
      parts.sheet,
      parts.wrong,
    );
    this.#reset();
  }

  /** Its pieces that change. */
  #made() {
    return {
      title: h("h1", { class: "view__title", tabindex: "-1" }, say("timeline.heading")),
      call: h("p", { class: "timeline__call" }),
      line: h("p", { class: "timeline__line" }),
      answers: h("ul", { class: "timeline__answers" }),
      skeletons: h(
        "div",
        { class: "list", "aria-hidden": "true" },
        ...Array.from({ length: 3 }, () => h("div", { class: "skeleton" })),
      ),
      entries: h("ol", { class: "timeline" }),
      codes: h("button", {
        class: "button button--small button--quiet",
        type: "button",
        onClick: () => {
          this.#showCodes(!this.#hasCodes);
        },
      }),
      card: h("section", { class: "timeline__card" }),
      sheet: h("section", { class: "timeline__card", "aria-label": say("timeline.order") }),
      wrong: h("div", { class: "blank", role: "status" }),
    };
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.left();
  }

  attached() {
    this.follow("connectionChanged", ({ connection }) => {
      if (isUp(connection) && this.#callID) {
        this.#load();
      }
    });
  }

  /** Somebody looks at a call.
   *  @param {string} callID */
  entered(callID) {
    if (callID !== this.#callID) {
      this.#reset();
    }
    this.#callID = callID;
    this.#looksLeft = LAST_LOOKS;
    this.#load();
  }

  /** Nobody looks any more. */
  left() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.#callID = "";
  }

  #reset() {
    const { card, sheet, skeletons, wrong } = this.#parts;
    card.hidden = sheet.hidden = wrong.hidden = true;
    skeletons.hidden = false;
  }

  async #load() {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    const timeline = await this.service.timeline(this.#callID);
    const call = timeline && (await this.service.call(this.#callID));
    if (turn !== this.#turn) {
      return;
    }
    if (!timeline || !call) {
      this.#fail();
      return;
    }
    this.#show(call, timeline.entries);
    if (!isOver(call) || this.#looksLeft-- > 0) {
      this.#timer = setTimeout(() => {
        this.#load();
      }, OPEN_RELOAD_MS);
    }
  }

  /** @param {import("../client/types.js").Call} call @param {import("../client/types.js").TimelineEntry[]} entries */
  #show(call, entries) {
    const parts = this.#parts;
    const { userId } = this;
    const { title, line } = callWords(call, userId, new Date());
    parts.skeletons.hidden = parts.wrong.hidden = true;
    parts.card.hidden = parts.sheet.hidden = false;
    setText(parts.call, title);
    setText(parts.line, line);
    keep(
      parts.answers,
      answers(call, entries, userId),
      ({ key }) => key,
      () => answerRow(),
    );
    keep(
      parts.entries,
      entries,
      (entry) => `${entry.at} ${entry.code} ${entry.user} ${entry.device} ${entry.data.kind} ${entry.data.number}`,
      (entry) => entryRow(entry),
    );
  }

  /** @param {boolean} wanted */
  #showCodes(wanted) {
    const { entries, codes } = this.#parts;
    this.#hasCodes = wanted;
    entries.classList.toggle("timeline--codes", wanted);
    setText(codes, say(wanted ? "timeline.codes.hide" : "timeline.codes.show"));
  }

  #fail() {
    const { skeletons, wrong, sheet } = this.#parts;
    const error = this.service.lastError;
    skeletons.hidden = true;
    wrong.hidden = false;
    if (!sheet.hidden) {
      wrong.replaceChildren(h("p", {}, `${say("page.stale")} ${errorWords(error)}`));
      return;
    }
    const known = error?.code !== "not_found";
    wrong.replaceChildren(
      icon("recents"),
      h("p", { class: "blank__title" }, say(known ? "timeline.load_failed" : "timeline.no_such_call")),
      ...(known ? [h("p", {}, errorWords(error))] : []),
      known
        ? h(
            "button",
            {
              class: "button",
              type: "button",
              onClick: () => {
                this.#load();
              },
            },
            say("button.try_again"),
          )
        : h("a", { class: "button", href: "#recents" }, say("timeline.your_calls")),
    );
  }
}

function answerRow() {
  const mark = h("span", { class: "timeline__mark", "aria-hidden": "true" });
  const words = h("span", {});
  const more = h("span", { class: "timeline__more" });
  const node = h("li", { class: "timeline__answer" }, mark, h("div", { class: "timeline__words" }, words, more));
  return {
    node,
    update: (/** @type {ReturnType<typeof answers>[number]} */ answer) => {
      marked(node, mark, answer.how);
      setText(words, answer.text);
      setText(more, answer.more);
      more.hidden = !answer.more;
    },
  };
}

/** @param {import("../client/types.js").TimelineEntry} first */
function entryRow(first) {
  const mark = h("span", { class: "timeline__mark", "aria-hidden": "true" });
  const words = h("p", {});
  const code = h("p", { class: "timeline__code" });
  const time = h("time", { class: "timeline__time", datetime: first.at }, exactTime(first.at));
  const node = h(
    "li",
    { class: "timeline__entry", "data-code": first.code },
    mark,
    h("div", { class: "timeline__words" }, words, code),
    time,
  );
  return {
    node,
    update: (/** @type {import("../client/types.js").TimelineEntry} */ entry) => {
      marked(node, mark, howOf(entry));
      setText(words, entry.text);
      setText(code, codeWords(entry));
    },
  };
}

/** @param {HTMLElement} node @param {HTMLElement} mark @param {"good" | "bad" | "plain"} how */
function marked(node, mark, how) {
  if (node.dataset.how !== how) {
    node.dataset.how = how;
    mark.replaceChildren(...(ICONS[how] ? [icon(ICONS[how])] : []));
  }
}

customElements.define("timeline-view", TimelineView);
