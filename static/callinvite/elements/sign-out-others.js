/** `<sign-out-others>`: signs out every other browser and app, after a question. */

import { askBelow } from "./ask-below.js";
import { h, setAttribute } from "./dom.js";
import { PageElement } from "./page-element.js";
import { toast } from "./toast-list.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** Fires `over` when they are signed out. */
export class SignOutOthers extends PageElement {
  #open = h(
    "button",
    {
      class: "button button--small",
      type: "button",
      onClick: () => {
        this.#ask();
      },
    },
    say("sign_out_others.act"),
  );
  #below = h("div", { class: "device__below" });

  build() {
    this.replaceChildren(this.#open, this.#below);
  }

  /** Nobody looks at the view that this is in any more. */
  left() {
    this.#below.replaceChildren();
    this.#open.hidden = false;
  }

  #ask() {
    this.#open.hidden = true;
    askBelow(this.#below, {
      title: say("sign_out_others.question"),
      text: say("sign_out_others.meaning"),
      yes: say("sign_out_others.act"),
      act: (button) => {
        this.#act(button);
      },
      closed: () => {
        this.left();
        this.#open.focus();
      },
    });
  }

  /** @param {HTMLElement} button */
  async #act(button) {
    setAttribute(button, "aria-busy", "true");
    const isDone = await this.service.signOutEverywhere();
    setAttribute(button, "aria-busy", null);
    if (!isDone) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    toast(say("sign_out_others.done"), { kind: "good" });
    this.left();
    this.dispatchEvent(new CustomEvent("over", { bubbles: true }));
  }
}

customElements.define("sign-out-others", SignOutOthers);
