/** `<call-bar>`: calls that go on somewhere else: in another page of this browser, on another device, or without me. */

import { isRingingFor, may, othersInside } from "../client/index.js";
import { h, icon, keep, setText } from "./dom.js";
import { joinCall, orExplain } from "./place-call.js";
import { PageElement } from "./page-element.js";
import { clockTime, names, others } from "./words.js";

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
      } else if (call !== here && !isRingingFor(call, state.user?.id) && may(call, "join")) {
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
        "Hang up",
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
      other_page: () => [bring("Bring it here"), hangUp()],
      nowhere: () => [bring("Go on here"), hangUp()],
      elsewhere: () => [join("Move it here")],
      live: () => [join("Join")],
    }[kind]();
    return {
      node: h(
        "div",
        { class: "banner banner--call", role: "group", "aria-label": "A call that goes on" },
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
    const userId = this.service.state.user?.id;
    const who = names(others(call, userId));
    if (kind === "elsewhere") {
      return `You are in a call with ${who} on another device.`;
    }
    if (kind === "live") {
      const inside = othersInside(call, userId).map(({ user }) => user);
      return `${names(inside)} ${inside.length === 1 ? "is" : "are"} in a call that you were invited to.`;
    }
    if (kind === "nowhere") {
      return `The page with your call to ${who} was closed. The call ends unless you go on here.`;
    }
    const time = call.state === "active" ? ` · ${clockTime(this.service.elapsedMs(call) / 1000)}` : "";
    return `You are in a call with ${who} in another tab${time}`;
  }
}

customElements.define("call-bar", CallBar);
