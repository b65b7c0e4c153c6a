/** `<connect-phone>`: a code that signs a phone in, as a picture for its camera and to be typed; and which phone used it.
 *  Asks the server for news only while the code is good and somebody is looking. */

import { h, icon, setAttribute, setText, speak } from "./dom.js";
import { PageElement } from "./page-element.js";
import { toast } from "./toast-list.js";
import { clockTime, errorWords } from "./words.js";
import { say } from "../words/say.js";

const POLL_MS = 1500;
const TICK_MS = 500;
const GROUP = 4;

/** @typedef {import("../client/types.js").PairingCode} PairingCode */

/** Fires `over` when a phone was connected. */
export class ConnectPhone extends PageElement {
  #parts = this.#made();
  /** When the code ends, by this page's own clock; 0 while none is shown. */
  #endsAt = 0;
  /** Counts codes: what answers for an earlier one is not heard. */
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  build() {
    const parts = this.#parts;
    parts.panel.append(
      h("h3", { class: "pairing__title", tabindex: "-1" }, say("pairing.title")),
      h(
        "div",
        { class: "pairing__ways" },
        parts.picture,
        h("div", { class: "pairing__words" }, h("p", {}, say("pairing.how")), parts.code, parts.left),
      ),
      h("p", { class: "settings__help" }, say("pairing.warning")),
      h("div", { class: "pairing__actions" }, parts.again, parts.close),
    );
    parts.panel.hidden = parts.again.hidden = true;
    this.replaceChildren(parts.open, parts.panel, parts.said);
  }

  attached() {
    this.every(TICK_MS, () => {
      this.#tick();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.left();
  }

  /** Nobody looks at the view that this is in any more: the code is worth nothing to anybody. */
  left() {
    if (this.#endsAt > 0) {
      this.service.withdrawPairingCode();
    }
    this.#show(null);
    setText(this.#parts.said, "");
  }

  /** Its pieces that change. */
  #made() {
    const button = (
      /** @type {{class: string}} */ look,
      /** @type {() => void} */ onClick,
      /** @type {Node[]} */ ...words
    ) => h("button", { ...look, type: "button", onClick }, ...words);
    return {
      open: button(
        { class: "button" },
        () => {
          this.#start();
        },
        icon("mobile"),
        new Text(say("pairing.open")),
      ),
      panel: h("section", { class: "pairing", "aria-label": say("pairing.title") }),
      picture: h("img", { class: "pairing__picture", alt: say("pairing.picture"), width: "208", height: "208" }),
      code: h("p", { class: "pairing__code" }),
      left: h("p", { class: "pairing__left" }),
      again: button(
        { class: "button button--small" },
        () => {
          this.#start();
        },
        new Text(say("pairing.again")),
      ),
      close: button(
        { class: "button button--small button--quiet" },
        () => {
          this.left();
          this.#parts.open.focus();
        },
        new Text(say("button.cancel")),
      ),
      said: h("p", { class: "pairing__said", role: "status" }),
    };
  }

  async #start() {
    const turn = this.#stop();
    const { open, again, said } = this.#parts;
    setText(said, "");
    for (const button of [open, again]) {
      setAttribute(button, "aria-busy", "true");
    }
    const code = await this.service.makePairingCode();
    for (const button of [open, again]) {
      setAttribute(button, "aria-busy", null);
    }
    if (turn !== this.#turn) {
      return;
    }
    if (!code) {
      this.#show(null);
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    this.#endsAt = performance.now() + code.expires_in_seconds * 1000;
    this.#show(code);
    this.#look(turn);
  }

  /** @param {PairingCode | null} code */
  #show(code) {
    const { open, panel, picture, code: typed, again } = this.#parts;
    open.hidden = code !== null;
    panel.hidden = code === null;
    again.hidden = true;
    if (!code) {
      this.#stop();
      picture.removeAttribute("src");
      typed.replaceChildren();
      return;
    }
    picture.src = `data:image/svg+xml,${encodeURIComponent(code.qr)}`;
    setAttribute(panel, "data-over", null);
    const letters = code.pairing_code;
    const groups = [letters.slice(0, GROUP), letters.slice(GROUP)];
    // One after the other for those who hear it, two groups for those who see it.
    typed.replaceChildren(
      h(
        "span",
        { role: "img", "aria-label": say("pairing.code", { code: [...letters].join(" ") }) },
        ...groups.map((group) => h("span", { class: "pairing__group" }, group)),
      ),
    );
    this.#tick();
    /** @type {HTMLElement | null} */ (panel.querySelector("h3"))?.focus();
  }

  /** Count down. */
  #tick() {
    if (this.#endsAt === 0) {
      return;
    }
    const seconds = Math.ceil((this.#endsAt - performance.now()) / 1000);
    if (seconds <= 0) {
      this.#over();
      return;
    }
    setText(this.#parts.left, say("pairing.left", { time: clockTime(seconds) }));
  }

  #over() {
    this.#stop();
    const { panel, left, again, picture, code } = this.#parts;
    setAttribute(panel, "data-over", true);
    setText(left, say("pairing.over"));
    speak(say("pairing.over"));
    picture.removeAttribute("src");
    code.replaceChildren();
    again.hidden = false;
    again.focus();
  }

  /** @param {number} turn */
  async #look(turn) {
    const found = document.hidden ? null : await this.service.pairing();
    if (turn !== this.#turn) {
      return;
    }
    if (found?.state === "used") {
      this.#connected(found.device_name || say("pairing.a_phone"));
      return;
    }
    // Ended meanwhile, with all that this person had, or by another page that made one.
    if (found?.state === "expired" || (!document.hidden && this.service.lastError?.code === "not_found")) {
      this.#over();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#look(turn);
    }, POLL_MS);
  }

  /** @param {string} device */
  #connected(device) {
    this.#show(null);
    const { open, said } = this.#parts;
    setText(said, say("pairing.connected", { device }));
    open.focus();
    this.dispatchEvent(new CustomEvent("over", { bubbles: true }));
  }

  /** Ask for no more news. @returns {number} the turn that begins */
  #stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#endsAt = 0;
    return ++this.#turn;
  }
}

customElements.define("connect-phone", ConnectPhone);
