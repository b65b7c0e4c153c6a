/** `<call-bar>`: calls that go on somewhere else: in another page of this browser, on another device, or without me. */

import { isRingingFor, may, othersInside } from "../client/index.js";
import { h, icon, keep, setText } from "./dom.js";
import { joinCall, orExplain } from "./place-call.js";
import { PageElement } from "./page-element.js";
import { clockTime, joinWords, names, others, sideBySide } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State
 *  @typedef {{call: import("../client/types.js").Call, kind: "other_page" | "nowhere" | "elsewhere" | "live"}} Row */

export class CallBar extends PageElement {
  attached() {
    this.followTalk(() => {
      this.update(this.service.state);
    });
    this.every(1000, () => {
      this.update(this.service.state);
    });
  }

  /** @param {State} state */
  update(state) {
    keep(
      this,
      this.#rows(state),
      ({ call, kind }) => `${kind} ${call.call_id}`,
      (row) => this.#row(row),
    );
  }

  /** @param {State} state
   *  @returns {Row[]} */
  #rows(state) {
    const here = state.active ?? state.outgoing;
    const { place } = this.talk.state;
    /** @type {Row[]} */
    const rows = [];
    if (here && (place === "other_page" || place === "nowhere")) {
      rows.push({ call: here, kind: place });
    }
    for (const call of state.calls) {
      if (call === state.elsewhere) {
        rows.push({ call, kind: "elsewhere" });
      } else if (
        call !== here &&
        !state.onHold.includes(call) &&
        !isRingingFor(call, state.user?.id) &&
        may(call, "join")
      ) {
        rows.push({ call, kind: "live" });
      }
    }
    return rows;
  }

  /** @param {Row} first */
  #row({ call, kind }) {
    const words = h("p", { class: "banner__words" });
    const join = (/** @type {string} */ label) =>
      h(
        "button",
        {
          class: "button button--small button--primary",
          type: "button",
          onClick: () => {
            joinCall(this.page, call);
          },
        },
        label,
      );
    const hangUp = () =>
      h(
        "button",
        {
          class: "button button--small button--bad",
          type: "button",
          onClick: () => {
            orExplain(this.service, this.service.leave(call.call_id));
          },
        },
        icon("hang-up"),
        say("call.hang_up"),
      );
    const bring = (/** @type {string} */ label) =>
      h(
        "button",
        {
          class: "button button--small button--primary",
          type: "button",
          onClick: () => {
            this.talk.bringHere();
          },
        },
        label,
      );
    const actions = {
      other_page: () => [bring(say("call.bring_here")), hangUp()],
      nowhere: () => [bring(say("call.continue_here")), hangUp()],
      elsewhere: () => [join(say("call.move_here"))],
      live: () => [join(joinWords(call, this.userId))],
    }[kind]();
    return {
      node: h(
        "div",
        { class: "banner banner--call", role: "group", "aria-label": say("call.ongoing") },
        icon(call.is_video_call ? "video" : "phone"),
        words,
        h("div", { class: "banner__actions" }, ...actions),
      ),
      update: (/** @type {Row} */ row) => {
        setText(words, this.#words(row));
      },
    };
  }

  /** @param {Row} row */
  #words({ call, kind }) {
    const { userId } = this;
    const who = { names: names(others(call, userId)) };
    if (kind === "elsewhere") {
      return say("call.on_another_device", who);
    }
    if (kind === "live") {
      const inside = othersInside(call, userId).map(({ user }) => user);
      return say(inside.length === 1 ? "call.invited.one" : "call.invited.several", { names: names(inside) });
    }
    if (kind === "nowhere") {
      return say("call.page_closed", who);
    }
    const time = call.state === "active" ? clockTime(this.service.elapsedMs(call) / 1000) : "";
    return sideBySide(say("call.in_another_tab", who), time);
  }
}

customElements.define("call-bar", CallBar);
