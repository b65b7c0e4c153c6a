/** `<ringtone-choice>`: what rings in this browser: what the caller's ring says, a tone of the page's own, or one that the
 *  admins offer. Choosing one plays it. */

import { BUILT_IN } from "../sounds/ringtones.js";
import { h, icon, keep, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

/** @typedef {import("../sounds/ringtones.js").Choice} Choice
 *  @typedef {{key: string, name: string, help: string, choice: Choice}} Option */

export class RingtoneChoice extends PageElement {
  #parts = this.#made();
  /** What the admins offer. @type {import("../client/types.js").Resource[]} */
  #resources = [];
  #turn = 0;

  build() {
    const parts = this.#parts;
    this.replaceChildren(
      h(
        "fieldset",
        { class: "ringtones" },
        h("legend", { class: "ringtones__legend" }, say("ringtone.heading")),
        parts.options,
        parts.note,
      ),
    );
    parts.note.hidden = true;
  }

  /** Its pieces that change. */
  #made() {
    return {
      options: h("div", { class: "ringtones__options" }),
      note: h("p", { class: "settings__help", role: "status" }),
    };
  }

  attached() {
    this.hear(this.#ringtones, "change", () => {
      this.#show();
    });
    this.#show();
  }

  get #ringtones() {
    return this.page.ringer.ringtones;
  }

  /** Somebody looks at the view that this is in. */
  async entered() {
    const page = await this.service.resources({ pageSize: 100 });
    if (page) {
      this.#resources = page.results.filter((each) => each.ringtone_url);
      this.#ringtones.learn(page.results);
    }
    this.#show();
  }

  /** Nobody does any more. */
  left() {
    this.page.ringer.stopPreview();
  }

  /** @returns {Option[]} */
  #all() {
    return [
      {
        key: "caller",
        name: say("ringtone.caller"),
        help: say("ringtone.caller.help"),
        choice: /** @type {Choice} */ ({ kind: "caller" }),
      },
      ...BUILT_IN.map((id) => ({
        key: `tone ${id}`,
        name: say(`ringtone.tone.${id}`),
        help: "",
        choice: /** @type {Choice} */ ({ kind: "tone", id }),
      })),
      ...this.#resources.map(({ resource_id: id, name, ringtone_url: url }) => ({
        key: `resource ${id}`,
        name: name || id,
        help: "",
        choice: /** @type {Choice} */ ({ kind: "resource", id, url }),
      })),
    ];
  }

  #show() {
    const chosen = keyOf(this.#ringtones.choice);
    const options = this.#all();
    if (!options.some(({ key }) => key === chosen)) {
      // One that the admins took away, or whose list has not come: it rings all the same.
      options.push({ key: chosen, name: say("ringtone.former"), help: "", choice: this.#ringtones.choice });
    }
    keep(
      this.#parts.options,
      options,
      ({ key }) => key,
      (option) => this.#option(option),
    );
  }

  /** @param {Option} first */
  #option(first) {
    let option = first;
    const input = /** @type {HTMLInputElement} */ (
      h("input", {
        class: "ringtone__input",
        type: "radio",
        name: "ringtone",
        value: first.key,
        onChange: () => {
          this.#choose(option);
        },
      })
    );
    const name = h("span");
    const node = h(
      "div",
      { class: "ringtone" },
      h(
        "label",
        { class: "ringtone__label" },
        input,
        h("span", { class: "ringtone__words" }, name, first.help && h("span", { class: "settings__help" }, first.help)),
      ),
      h(
        "button",
        {
          class: "button button--quiet button--round",
          type: "button",
          title: say("ringtone.play"),
          "aria-label": say("ringtone.play.named", { name: first.name }),
          onClick: () => {
            this.#play(option);
          },
        },
        icon("speaker"),
      ),
    );
    return {
      node,
      update: (/** @type {Option} */ now) => {
        option = now;
        setText(name, now.name);
        input.checked = now.key === keyOf(this.#ringtones.choice);
      },
    };
  }

  /** @param {Option} option */
  #choose(option) {
    this.#ringtones.choose(option.choice);
    this.#play(option);
  }

  /** @param {Option} option */
  async #play({ name, choice }) {
    const { note } = this.#parts;
    const turn = ++this.#turn;
    note.hidden = true;
    const played = await this.page.ringer.preview(choice);
    if (turn === this.#turn) {
      note.hidden = played !== false;
      setText(note, played === false ? say("ringtone.unplayable", { name }) : "");
    }
  }
}

/** @param {Choice} choice */
function keyOf(choice) {
  return choice.kind === "caller" ? "caller" : `${choice.kind} ${choice.id}`;
}

customElements.define("ringtone-choice", RingtoneChoice);
