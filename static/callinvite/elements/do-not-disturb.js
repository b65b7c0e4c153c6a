/** `<do-not-disturb>`: quiet for a while by one tap, its end, and one tap to end it. Whatever device says so, all show it. */

import { h, icon, onEscape, setAttribute, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { choiceWords, endOf, QUIET_CHOICES, quietNow, untilWords } from "./quiet-times.js";
import { toast } from "./toast-list.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("./quiet-times.js").QuietChoice} QuietChoice */

const LOOK_MS = 10_000;

export class DoNotDisturb extends PageElement {
  #words = h("span", { class: "quiet__words" });
  #until = h("span", { class: "quiet__until" });
  #button = h(
    "button",
    {
      class: "button button--quiet quiet__button",
      type: "button",
      "aria-controls": "quiet-choices",
      onClick: () => {
        this.#press();
      },
    },
    icon("moon"),
    h("span", { class: "quiet__both" }, this.#words, this.#until),
  );
  #choices = h("div", { class: "quiet__choices", id: "quiet-choices", role: "group", hidden: true });

  build() {
    this.#choices.setAttribute("aria-label", say("quiet.title"));
    this.replaceChildren(this.#button, this.#choices);
    onEscape(this, () => {
      if (!this.#choices.hidden) {
        this.#open(false);
        this.#button.focus();
      }
    });
    this.addEventListener("focusout", (event) => {
      const to = /** @type {FocusEvent} */ (event).relatedTarget;
      if (to instanceof Node && !this.contains(to)) {
        this.#open(false);
      }
    });
  }

  attached() {
    this.every(LOOK_MS, () => {
      this.update();
    });
    this.hear(document, "click", (event) => {
      if (!this.contains(/** @type {Node} */ (event.target))) {
        this.#open(false);
      }
    });
  }

  update() {
    const now = this.service.serverNow();
    const quiet = quietNow(this.service.state, now);
    const until = quiet ? untilWords(quiet.until, new Date(now)) : "";
    setAttribute(this, "data-quiet", quiet?.kind ?? null);
    setText(this.#words, say(quiet?.kind === "hours" ? "quiet.hours" : "quiet.title"));
    setText(this.#until, until);
    this.#button.title = quiet?.kind === "by_hand" ? say("quiet.turn_off") : "";
    // A switch that is on, or what opens the choices.
    setAttribute(this.#button, "aria-pressed", quiet?.kind === "by_hand" ? "true" : null);
    setAttribute(this.#button, "aria-expanded", quiet?.kind === "by_hand" ? null : String(!this.#choices.hidden));
    if (quiet?.kind === "by_hand") {
      this.#open(false);
    }
  }

  #isByHand() {
    return quietNow(this.service.state, this.service.serverNow())?.kind === "by_hand";
  }

  #press() {
    if (this.#isByHand()) {
      this.#save(null);
      return;
    }
    this.#open(this.#choices.hidden);
  }

  /** @param {boolean} isOpen */
  #open(isOpen) {
    if (isOpen === !this.#choices.hidden) {
      return;
    }
    this.#choices.hidden = !isOpen;
    if (isOpen) {
      const now = new Date(this.service.serverNow());
      this.#choices.replaceChildren(
        h("p", { class: "settings__help" }, say("quiet.meaning")),
        ...QUIET_CHOICES.map((choice) => this.#choice(choice, now)),
        h(
          "a",
          {
            class: "button button--quiet button--wraps",
            href: "#settings/quiet",
            onClick: () => {
              this.#open(false);
            },
          },
          say("quiet.to_settings"),
        ),
      );
      this.#choices.querySelector("button")?.focus();
    }
    if (!this.#isByHand()) {
      this.#button.setAttribute("aria-expanded", String(isOpen));
    }
  }

  /** @param {QuietChoice} choice
   *  @param {Date} now */
  #choice(choice, now) {
    return h(
      "button",
      {
        class: "button button--wraps",
        type: "button",
        onClick: () => {
          this.#save(endOf(choice, new Date(this.service.serverNow())).toISOString());
          this.#button.focus();
        },
      },
      choiceWords(choice, now),
    );
  }

  /** @param {string | null} until */
  async #save(until) {
    setAttribute(this.#button, "aria-busy", "true");
    const me = await this.service.updateMe({ do_not_disturb_until: until });
    setAttribute(this.#button, "aria-busy", null);
    if (!me) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    const quiet = quietNow(this.service.state, this.service.serverNow());
    const still = quiet && untilWords(quiet.until, new Date(this.service.serverNow()));
    toast(until === null ? say(still ? "quiet.off.hours" : "quiet.off") : say("quiet.on", { until: still ?? "" }), {
      kind: "good",
    });
  }
}

customElements.define("do-not-disturb", DoNotDisturb);
