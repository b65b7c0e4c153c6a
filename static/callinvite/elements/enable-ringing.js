/** `<enable-ringing>`: says that this page will be silent, and the click that changes it. */

import { h, icon, setText } from "./dom.js";
import { toast } from "./toast-list.js";

const LATER = "callinvite.ringing-later";

export class EnableRinging extends HTMLElement {
  /** @type {import("../sounds/ringer.js").Ringer | null} */
  #ringer = null;
  /** @type {Record<string, HTMLElement>} */
  #parts = {};

  /** @param {import("../sounds/ringer.js").Ringer} ringer */
  set ringer(ringer) {
    this.#ringer = ringer;
    const parts = this.#parts = {
      words: h("p", { class: "banner__words" }),
      later: h("button", { class: "button button--small button--quiet", type: "button", onClick: () => { this.#later(); } }, "Not now"),
    };
    this.replaceChildren(h(
      "div",
      { class: "banner banner--sound", role: "group", "aria-label": "Sound" },
      icon("bell-off"), parts.words,
      h("div", { class: "banner__actions" }, h("button", { class: "button button--small button--primary", type: "button", onClick: () => { this.#enable(); } }, "Enable ringing"), parts.later),
    ));
    ringer.addEventListener("change", () => { this.#show(); });
    this.#show();
  }

  async #enable() {
    if (await this.#ringer?.enable()) {
      toast("This browser rings now when somebody calls you.", { kind: "good", action: { label: "Listen", act: () => { this.#ringer?.try(); } } });
    } else {
      toast("The browser does not let this page sound. Look at its settings for this site.", { kind: "wrong" });
    }
  }

  #later() {
    sessionStorage.setItem(LATER, "yes");
    this.#show();
  }

  #show() {
    const ringer = this.#ringer;
    if (!ringer) {
      return;
    }
    const later = sessionStorage.getItem(LATER) === "yes";
    this.hidden = ringer.unlocked && ringer.wanted || !ringer.wanted && later;
    this.#parts.later.hidden = ringer.wanted;
    setText(this.#parts.words, ringer.wanted
      ? "Click anywhere to let this page ring: until then it will not make a sound."
      : "This page will not make a sound when somebody calls you.");
  }
}

customElements.define("enable-ringing", EnableRinging);
