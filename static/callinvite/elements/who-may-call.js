/** `<who-may-call>`: the question that comes once, when it rings at all: who may call? One tap, or not now. */

import { lenient, pageStorage } from "../client/storage.js";
import { h, icon } from "./dom.js";
import { PageElement } from "./page-element.js";
import { toast } from "./toast-list.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").RingsFrom} RingsFrom */

const LATER = "callinvite.who-may-call-later";
const CHOICES = /** @type {const} */ (["everyone", "known", "contacts"]);

export class WhoMayCall extends PageElement {
  #storage = lenient(pageStorage("localStorage"));
  /** Whether it is known that nothing was chosen yet. */
  #isOpen = false;

  build() {
    this.hidden = true;
    const answers = CHOICES.map((choice) =>
      h(
        "button",
        {
          class: "button button--small",
          type: "button",
          title: say(`rings_from.${choice}.help`),
          onClick: () => {
            this.#choose(choice);
          },
        },
        say(`rings_from.${choice}`),
      ),
    );
    const later = h(
      "button",
      {
        class: "button button--small button--quiet",
        type: "button",
        onClick: () => {
          this.#storage.setItem(LATER, this.userId ?? "");
          this.#show();
          document.getElementById("main")?.focus();
        },
      },
      say("button.not_now"),
    );
    this.replaceChildren(
      h(
        "div",
        { class: "banner banner--sound", role: "group", "aria-labelledby": "who-may-call" },
        icon("person"),
        h(
          "p",
          { class: "banner__words" },
          h("strong", { id: "who-may-call" }, say("rings_from.question")),
          " ",
          h("span", {}, say("rings_from.question.help")),
        ),
        h("div", { class: "banner__actions banner__actions--wrap" }, ...answers, later),
      ),
    );
  }

  attached() {
    this.#isOpen = this.page.asksWhoMayCall;
    this.follow("meChanged", ({ me }) => {
      this.#isOpen = !me.rings_from_chosen;
      this.#show();
    });
    // One thing after the other: first that it rings here at all.
    const before = document.querySelector("enable-ringing");
    if (before) {
      const watch = new MutationObserver(() => {
        this.#show();
      });
      watch.observe(before, { attributes: true, attributeFilter: ["hidden"] });
    }
    this.#show();
  }

  #show() {
    const isPutOff = this.#storage.getItem(LATER) === (this.userId ?? "");
    const before = /** @type {HTMLElement | null} */ (document.querySelector("enable-ringing"));
    this.hidden = !this.#isOpen || isPutOff || before?.hidden === false;
  }

  update() {
    this.#show();
  }

  /** @param {RingsFrom} choice */
  async #choose(choice) {
    if (!(await this.service.updateMe({ rings_from: choice }))) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    this.#isOpen = false;
    this.#show();
    document.getElementById("main")?.focus();
    toast(say("rings_from.chosen", { choice: say(`rings_from.${choice}`) }), { kind: "good" });
  }
}

customElements.define("who-may-call", WhoMayCall);
