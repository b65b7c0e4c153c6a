/** `<call-bar>`: calls that go on while one looks at something else: here but minimised, on another device, or to be joined. */

import { isRingingFor } from "../client/index.js";
import { h, icon, keep, setText } from "./dom.js";
import { orExplain } from "./place-call.js";
import { ServiceElement } from "./service-element.js";
import { clockTime, names, others } from "./words.js";

export class CallBar extends ServiceElement {
  attached() {
    document.addEventListener("call-minimised", () => { this.update(this.service.state); });
    this.every(1000, () => { this.update(this.service.state); });
  }

  /** @param {any} state */
  update(state) {
    keep(this, this.#rows(state), ({ call, kind }) => `${kind} ${call.call_id}`, (row) => this.#row(row));
  }

  /** @param {any} state
   *  @returns {{call: any, kind: "here" | "elsewhere" | "live"}[]} */
  #rows(state) {
    const screen = /** @type {import("./call-screen.js").CallScreen | null} */ (document.querySelector("call-screen"));
    const here = state.active ?? state.outgoing;
    /** @type {{call: any, kind: "here" | "elsewhere" | "live"}[]} */
    const rows = [];
    if (here && screen?.minimised) {
      rows.push({ call: here, kind: "here" });
    }
    for (const call of state.calls) {
      if (call === state.elsewhere) {
        rows.push({ call, kind: "elsewhere" });
      } else if (call !== here && !isRingingFor(call, state.user?.id) && call.you.can.includes("join")) {
        rows.push({ call, kind: "live" });
      }
    }
    return rows;
  }

  /** @param {{call: any, kind: string}} first */
  #row({ call, kind }) {
    const screen = /** @type {import("./call-screen.js").CallScreen} */ (document.querySelector("call-screen"));
    const words = h("p", { class: "banner__words" });
    const join = (/** @type {string} */ label) => h("button", { class: "button button--small button--primary", type: "button", onClick: () => { orExplain(this.service, this.service.join(call.call_id)); } }, label);
    const actions = {
      here: () => [
        h("button", { class: "button button--small button--primary", type: "button", onClick: () => { screen.restore(); } }, "Show"),
        h("button", { class: "button button--small button--bad", type: "button", onClick: () => { screen.hangUp(); } }, icon("hang-up"), "Hang up"),
      ],
      elsewhere: () => [join("Move it here")],
      live: () => [join("Join")],
    }[kind]?.() ?? [];
    return {
      node: h("div", { class: "banner banner--call", role: "group", "aria-label": "A call that goes on" }, icon(call.is_video_call ? "video" : "phone"), words, h("div", { class: "banner__actions" }, ...actions)),
      update: (/** @type {{call: any, kind: string}} */ row) => { setText(words, this.#words(row)); },
    };
  }

  /** @param {{call: any, kind: string}} row */
  #words({ call, kind }) {
    const userId = this.service.state.user?.id;
    const who = names(others(call, userId));
    if (kind === "elsewhere") {
      return `You are in a call with ${who} on another device.`;
    }
    if (kind === "live") {
      const inside = call.participants.filter((/** @type {any} */ each) => each.left_at === null).map((/** @type {any} */ each) => each.user);
      return `${names(inside)} ${inside.length === 1 ? "is" : "are"} in a call that you were invited to.`;
    }
    return call.state === "active" ? `In a call with ${who} · ${clockTime(this.service.elapsedMs(call) / 1000)}` : `Calling ${who}…`;
  }
}

customElements.define("call-bar", CallBar);
