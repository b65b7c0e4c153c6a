/** `<setting-switch>`: one of one's settings that is on or off, with what it means. */

import { h } from "./dom.js";
import { MySettings } from "./my-settings.js";

/** @typedef {import("../client/types.js").Me} Me
 *
 *  @typedef {object} Switched
 *  @property {"call_waiting" | "mail_if_unreachable" | "show_in_people"} setting
 *  @property {string} title
 *  @property {string} help
 *  @property {(isOn: boolean) => string} [words] what is said once it is done */

export class SettingSwitch extends MySettings {
  #switched;
  // A switch that stands where nobody has put it is worse than none.
  #input = h("input", {
    class: "switch__input",
    type: "checkbox",
    role: "switch",
    disabled: true,
    onChange: () => {
      this.#turn();
    },
  });

  /** @param {Switched} switched */
  constructor(switched) {
    super();
    this.#switched = switched;
  }

  build() {
    const { title, help } = this.#switched;
    const words = h(
      "span",
      { class: "switch__words" },
      h("span", { class: "switch__title" }, title),
      h("span", { class: "switch__help" }, help),
    );
    this.replaceChildren(h("label", { class: "switch" }, words, this.#input));
  }

  /** @override
   *  @param {Me} me */
  show(me) {
    this.#input.disabled = false;
    this.#input.checked = me[this.#switched.setting];
  }

  #turn() {
    const { setting, words } = this.#switched;
    this.save({ [setting]: this.#input.checked }, words && ((me) => words(me[setting])));
  }
}

customElements.define("setting-switch", SettingSwitch);
