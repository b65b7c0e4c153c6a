/** `<quiet-settings>`: the hours of each week in which no call rings, and what rings nevertheless. */

import { h, setAttribute } from "./dom.js";
import { MySettings } from "./my-settings.js";
import { locale, say } from "../words/say.js";

/** @typedef {import("../client/types.js").Me} Me
 *  @typedef {import("../client/types.js").Weekday} Weekday */

const DAYS = /** @type {const} */ (["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
/** A Monday. */
const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;
const LET_THROUGH = /** @type {const} */ (["favourites", "repeat", "urgent"]);
const USUAL = { days: DAYS, from: "22:00", to: "07:00" };

export class QuietSettings extends MySettings {
  #on = h("input", {
    class: "switch__input",
    type: "checkbox",
    role: "switch",
    disabled: true,
    "aria-controls": "quiet-hours",
    onChange: () => {
      this.#turn();
    },
  });
  #days = new Map(DAYS.map((day, at) => [day, box(`quiet-day-${day}`, dayName(at))]));
  #from = h("input", { class: "input", id: "quiet-from", type: "time", required: true });
  #to = h("input", { class: "input", id: "quiet-to", type: "time", required: true });
  #zone = h("select", { class: "input", id: "quiet-zone" });
  #wrong = h("p", { class: "field__error", role: "alert" });
  #form = h("form", {
    class: "form",
    id: "quiet-hours",
    hidden: true,
    onSubmit: (event) => {
      event.preventDefault();
      this.#saveHours();
    },
  });
  #letThrough = new Map(
    LET_THROUGH.map((each) => [
      each,
      box(`let-through-${each}`, say(`quiet.through.${each}`), () => this.#saveThrough()),
    ]),
  );
  #through = h("fieldset", { class: "choices", disabled: true });
  /** How often the hours were written to, and how often when they were as the server has them: what is being written
   *  must not be written over. */
  #edits = 0;
  #savedEdits = 0;

  build() {
    const field = (/** @type {HTMLElement} */ input, /** @type {string} */ label) =>
      h("div", { class: "field" }, h("label", { class: "field__label", for: input.id }, label), input);
    this.#form.append(
      h(
        "fieldset",
        { class: "choices" },
        h("legend", { class: "choices__legend" }, say("quiet.days")),
        h("div", { class: "days" }, ...[...this.#days.values()].map(({ node }) => node)),
      ),
      h("div", { class: "settings__row" }, field(this.#from, say("quiet.from")), field(this.#to, say("quiet.to"))),
      field(this.#zone, say("quiet.zone")),
      this.#wrong,
      h("div", { class: "settings__row" }, h("button", { class: "button", type: "submit" }, say("button.save"))),
    );
    this.#form.addEventListener("input", () => {
      this.#edits += 1;
    });
    this.#through.append(
      h("legend", { class: "choices__legend" }, say("quiet.through")),
      h("p", { class: "settings__help" }, say("quiet.through.help")),
      ...[...this.#letThrough.values()].map(({ node }) => node),
    );
    this.replaceChildren(
      h("p", { class: "settings__help" }, say("quiet.settings.help")),
      h(
        "label",
        { class: "switch" },
        h(
          "span",
          { class: "switch__words" },
          h("span", { class: "switch__title" }, say("quiet.hours")),
          h("span", { class: "switch__help" }, say("quiet.hours.help")),
        ),
        this.#on,
      ),
      this.#form,
      this.#through,
    );
  }

  /** @param {Me} me */
  show(me) {
    this.#on.disabled = false;
    this.#through.disabled = false;
    this.#letThrough.forEach(({ input }, each) => {
      input.checked = me.let_through.includes(each);
    });
    if (this.#edits !== this.#savedEdits) {
      return;
    }
    const hours = me.quiet_hours;
    this.#on.checked = hours !== null;
    this.#form.hidden = hours === null;
    this.#fill(hours ?? { ...USUAL, days: [...USUAL.days] }, hours ? me.time_zone : ownZone(me.time_zone));
  }

  /** @param {import("../client/types.js").QuietHours} hours
   *  @param {string} zone */
  #fill(hours, zone) {
    this.#days.forEach(({ input }, day) => {
      input.checked = hours.days.includes(day);
    });
    this.#from.value = hours.from;
    this.#to.value = hours.to;
    const zones = new Set([zone, ...zonesHere()]);
    if (this.#zone.options.length !== zones.size) {
      this.#zone.replaceChildren(
        ...[...zones].sort().map((each) => h("option", { value: each }, each.replaceAll("_", " "))),
      );
    }
    this.#zone.value = zone;
  }

  #turn() {
    if (this.#on.checked) {
      // Nothing is quiet before it was said when.
      this.#form.hidden = false;
      this.#edits += 1;
      return;
    }
    this.#savedEdits = this.#edits;
    this.#form.hidden = true;
    if (this.me?.quiet_hours || this.isSaving) {
      this.save({ quiet_hours: null });
    }
  }

  async #saveHours() {
    const days = DAYS.filter((day) => this.#days.get(day)?.input.checked);
    this.#wrong.textContent = days.length ? "" : say("quiet.days.none");
    setAttribute(this.#form, "aria-invalid", days.length === 0 ? "true" : null);
    if (days.length === 0) {
      return;
    }
    const hours = { days, from: this.#from.value, to: this.#to.value };
    const edits = this.#edits;
    const isSaved = await this.save({ quiet_hours: hours, time_zone: this.#zone.value });
    // What was refused, or written meanwhile, is still there to be put right, and saved again.
    if (isSaved) {
      this.#savedEdits = Math.max(this.#savedEdits, edits);
    }
  }

  #saveThrough() {
    const through = LET_THROUGH.filter((each) => this.#letThrough.get(each)?.input.checked);
    this.save({ let_through: through });
  }
}

/** @param {string} id
 *  @param {string} label
 *  @param {() => void} [changed] */
function box(id, label, changed) {
  const input = h("input", { class: "choice__input", type: "checkbox", id, onChange: changed });
  const node = h("div", { class: "choice" }, input, h("label", { class: "choice__label", for: id }, label));
  return { node, input };
}

/** @param {number} at 0 for Monday */
function dayName(at) {
  return new Date(FIRST_DAY + at * DAY_MS).toLocaleDateString(locale(), { weekday: "long", timeZone: "UTC" });
}

/** @param {string} otherwise */
function ownZone(otherwise) {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || otherwise;
}

/** @returns {string[]} the zones that this browser can name */
function zonesHere() {
  return Intl.supportedValuesOf?.("timeZone") ?? [ownZone("UTC")];
}

customElements.define("quiet-settings", QuietSettings);
