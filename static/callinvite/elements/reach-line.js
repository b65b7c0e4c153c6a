/** `<reach-line>`: whether calls reach this user, in the server's one sentence; as a warning, only once they do not. */

import { h, setAttribute, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Reachability} Reachability */

const HOW = { reached: "good", doubtful: "bad", open: "fair", unreached: "bad" };

export class ReachLine extends PageElement {
  #warns;
  #turn = 0;
  #words = h("span");
  #link = h("a", { href: "#settings" }, say("reach.see_devices"));
  #line = h("p", { class: "device__health reach", role: "status", hidden: true }, this.#words);

  /** @param {{warns?: boolean}} [options] `warns`: shown only where something was lost, with the way to the devices */
  constructor({ warns = false } = {}) {
    super();
    this.#warns = warns;
  }

  build() {
    if (this.#warns) {
      this.#line.append(" ", this.#link);
    }
    this.replaceChildren(this.#line);
  }

  attached() {
    for (const news of ["change", "proved"]) {
      this.hear(this.page.enrolment, news, () => {
        this.look();
      });
    }
    this.look();
  }

  connected() {
    this.look();
  }

  /** Asks the server anew, once this browser has looked at its own push address. */
  async look() {
    if (this.page.enrolment.state === "working") {
      return;
    }
    this.#turn += 1;
    const turn = this.#turn;
    const found = await this.service.reachability();
    // What could not be asked for leaves the last answer; a later one is newer.
    if (found && turn === this.#turn) {
      this.#show(found);
    }
  }

  /** @param {Reachability} found */
  #show({ state, text, devices }) {
    const isLost = state !== "reached" && (state === "doubtful" || devices.some(({ reach }) => reach === "lost"));
    const how = isLost ? "bad" : HOW[state];
    this.#line.hidden = this.#warns && !isLost;
    setAttribute(this.#line, "data-how", how);
    setText(this.#words, text);
  }
}

customElements.define("reach-line", ReachLine);
