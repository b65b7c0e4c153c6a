/** `<privacy-settings>`: who may call, who sees what of oneself, and what notifications show, each with what it means. */

import { choiceGroup } from "./choice-group.js";
import { MySettings } from "./my-settings.js";
import { SettingSwitch } from "./setting-switch.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Me} Me */

const RINGS_FROM = /** @type {const} */ (["everyone", "known", "contacts", "nobody"]);
const AUDIENCES = /** @type {const} */ (["everyone", "contacts", "nobody"]);
const PUSH_SHOWS = /** @type {const} */ (["everything", "name", "nothing"]);

export class PrivacySettings extends MySettings {
  #ringsFrom = choiceGroup({
    name: "rings-from",
    legend: say("rings_from.question"),
    choices: RINGS_FROM.map((value) => ({
      value,
      label: say(`rings_from.${value}`),
      help: say(`rings_from.${value}.help`),
    })),
    chosen: (value) => {
      this.save({ rings_from: value });
    },
  });
  #presence = choiceGroup({
    name: "show-presence",
    legend: say("privacy.presence"),
    help: say("privacy.presence.help"),
    choices: AUDIENCES.map((value) => ({
      value,
      label: say(`privacy.presence.${value}`),
      help: say(`privacy.presence.${value}.help`),
    })),
    chosen: (value) => {
      this.save({ show_presence: value });
    },
  });
  #push = choiceGroup({
    name: "push-shows",
    legend: say("privacy.push"),
    help: say("privacy.push.help"),
    choices: PUSH_SHOWS.map((value) => ({
      value,
      label: say(`privacy.push.${value}`),
      help: say(`privacy.push.${value}.help`),
    })),
    chosen: (value) => {
      this.save({ push_shows: value });
    },
  });
  /** Whether one is in the list of people: a setting of its own among the others. */
  listed = new SettingSwitch({
    setting: "show_in_people",
    title: say("privacy.listed"),
    help: say("privacy.listed.help"),
  });

  build() {
    this.replaceChildren(this.#ringsFrom.node, this.#presence.node, this.listed, this.#push.node);
  }

  /** @param {Me} me */
  show(me) {
    for (const group of [this.#ringsFrom, this.#presence, this.#push]) {
      group.disable(false);
    }
    this.#ringsFrom.show(me.rings_from);
    this.#presence.show(me.show_presence);
    this.#push.show(me.push_shows);
  }
}

customElements.define("privacy-settings", PrivacySettings);
