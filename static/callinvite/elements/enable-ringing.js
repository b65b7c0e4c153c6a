/** `<enable-ringing>`: says whether this device will ring, and the one click that makes it so. */

import { lenient, pageStorage } from "../client/storage.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { enableRinging } from "./ringing-here.js";
import { ringingWords } from "./ringing-words.js";
import { say } from "../words/say.js";

const LATER = "callinvite.ringing-later";
const EXPLAINED = "callinvite.ringing-explained";

export class EnableRinging extends PageElement {
  #parts = this.#made();
  #busy = false;
  #session = lenient(pageStorage("sessionStorage"));
  #storage = lenient(pageStorage("localStorage"));

  build() {
    const parts = this.#parts;
    this.replaceChildren(
      h(
        "div",
        { class: "banner banner--sound", role: "group", "aria-label": say("ringing.region") },
        parts.icon,
        h("p", { class: "banner__words", role: "status" }, parts.title, " ", parts.help),
        h("div", { class: "banner__actions" }, parts.enable, parts.later),
      ),
    );
  }

  /** Its pieces that change. */
  #made() {
    return {
      icon: icon("bell-off"),
      title: h("strong"),
      help: h("span"),
      enable: h("button", {
        class: "button button--small button--primary",
        type: "button",
        onClick: () => {
          this.#enable();
        },
      }),
      later: h(
        "button",
        {
          class: "button button--small button--quiet",
          type: "button",
          onClick: () => {
            this.#later();
          },
        },
        say("button.not_now"),
      ),
    };
  }

  attached() {
    for (const source of [this.page.ringer, this.page.enrolment]) {
      this.hear(source, "change", () => {
        this.#show();
      });
    }
    this.#show();
  }

  async #enable() {
    const { enable } = this.#parts;
    const hadFocus = document.activeElement === enable;
    this.#busy = true;
    const done = enableRinging(this.page.ringer, this.page.enrolment);
    this.#show();
    await done;
    this.#busy = false;
    this.#show();
    if (hadFocus && !this.hidden && enable.hidden) {
      this.#parts.later.focus();
    }
  }

  #later() {
    this.#session.setItem(LATER, "yes");
    const why = this.#explanation();
    if (why) {
      this.#storage.setItem(EXPLAINED, why);
    }
    this.#show();
  }

  /** What no click in this page can change: said until it was read once. */
  #explanation() {
    const { state, reason } = this.page.enrolment;
    return state === "denied" || state === "unsupported" ? `${state} ${reason}` : "";
  }

  #show() {
    const { ringer, enrolment } = this.page;
    const { rings, title, help, button } = ringingWords(ringer, enrolment);
    this.hidden = !this.#busy && (this.#isSettled(rings) || enrolment.state === "working");
    this.#parts.icon.setAttribute("name", rings === "never" ? "bell-off" : "bell");
    setText(this.#parts.title, title);
    setText(this.#parts.help, help);
    const { enable, later } = this.#parts;
    setAttribute(enable, "aria-busy", this.#busy && "true");
    // A button that goes while it is being pressed takes the focus with it.
    if (!this.#busy) {
      enable.hidden = button === null;
      setText(enable, button ?? "");
    }
    setText(later, say(button === null ? "button.ok" : "button.not_now"));
    // A person who asked for sound and has not clicked yet only needs to click anywhere.
    later.hidden = ringer.wanted && !ringer.unlocked;
  }

  /** Whether there is nothing to say, or nothing that is to be said again.
   *  @param {string} rings */
  #isSettled(rings) {
    const { ringer, enrolment } = this.page;
    if (rings === "always") {
      return true;
    }
    if (ringer.wanted && !ringer.unlocked) {
      return false;
    }
    const why = rings === "open" ? this.#explanation() : "";
    const later = this.#session.getItem(LATER) === "yes";
    return later || (rings === "open" && enrolment.refused) || (why !== "" && this.#storage.getItem(EXPLAINED) === why);
  }
}

customElements.define("enable-ringing", EnableRinging);
