/** `<ringing-here>`: the settings' group about sound and notifications of this very browser. */

import { h, icon, setAttribute, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { ringingWords } from "./ringing-words.js";
import { toast } from "./toast-list.js";
import { say } from "../words/say.js";

const RINGTONE_MS = 4200;

/** @typedef {import("../sounds/ringer.js").Ringer} Ringer
 *  @typedef {import("../push/enrolment.js").Enrolment} Enrolment */

/** The one click: unlocks the sound and asks for notifications, which browsers allow at once only in the click itself.
 *  Sound alone is worth having, and is said at once; the question about notifications may stand for long.
 *  @param {Ringer} ringer
 *  @param {Enrolment} enrolment
 *  @returns {Promise<void>} */
export async function enableRinging(ringer, enrolment) {
  const heard = ringer.unlocked && ringer.wanted;
  const sound = ringer.enable();
  const push = enrolment.enable();
  if (!(await sound)) {
    toast(say("ringing.sound_refused"), { kind: "wrong" });
  } else if (!heard) {
    toast(say("ringing.turned_on"), {
      kind: "good",
      action: {
        label: say("ringing.listen"),
        act: () => {
          ringer.try();
        },
      },
    });
  }
  if (await push) {
    toast(say("ringing.closed_too"), { kind: "good" });
  }
}

export class RingingHere extends PageElement {
  #parts = this.#made();

  build() {
    const parts = this.#parts;
    this.replaceChildren(
      h(
        "div",
        { class: "settings__row settings__row--calm" },
        parts.icon,
        h("span", { class: "settings__words", role: "status" }, parts.title, parts.help),
      ),
      h("div", { class: "settings__row" }, parts.enable, parts.listen, parts.disable),
    );
  }

  /** Its pieces that change. */
  #made() {
    return {
      icon: icon("bell"),
      title: h("strong"),
      help: h("span", { class: "settings__help" }),
      enable: h("button", {
        class: "button button--primary",
        type: "button",
        onClick: () => {
          this.#enable();
        },
      }),
      listen: h(
        "button",
        {
          class: "button",
          type: "button",
          onClick: () => {
            this.#listen();
          },
        },
        say("ringing.play"),
      ),
      disable: h(
        "button",
        {
          class: "button",
          type: "button",
          onClick: () => {
            this.#disable();
          },
        },
        say("ringing.turn_off"),
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
    const { enable, listen } = this.#parts;
    setAttribute(enable, "aria-busy", "true");
    await enableRinging(this.page.ringer, this.page.enrolment);
    setAttribute(enable, "aria-busy", null);
    if (enable.hidden && !listen.hidden) {
      listen.focus();
    }
  }

  async #disable() {
    await Promise.all([this.page.ringer.disable(), this.page.enrolment.disable()]);
    toast(say(this.page.ringer.elsewhere ? "ringing.turned_off.elsewhere" : "ringing.turned_off"));
    this.#parts.enable.focus();
  }

  #listen() {
    const { listen } = this.#parts;
    setAttribute(listen, "disabled", true);
    this.page.ringer.try();
    setTimeout(() => {
      setAttribute(listen, "disabled", false);
    }, RINGTONE_MS);
  }

  #show() {
    const { ringer, enrolment } = this.page;
    const { icon: bell, title, help, enable, listen, disable } = this.#parts;
    const words = ringingWords(ringer, enrolment);
    bell.setAttribute("name", words.rings === "never" ? "bell-off" : "bell");
    setText(title, words.title);
    setText(help, words.help);
    setText(enable, words.button ?? "");
    enable.hidden = words.button === null;
    listen.hidden = !(ringer.wanted && ringer.unlocked);
    disable.hidden = !ringer.wanted && enrolment.state !== "on";
  }
}

customElements.define("ringing-here", RingingHere);
