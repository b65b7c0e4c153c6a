/** `<settings-view>`: the own name, who may call and when it is quiet, call waiting, sound, what one calls with, how it looks,
 *  the devices that ring, whom one has blocked, and one's own data. */

import { AccountLinks } from "./account-links.js";
import { BlockedCalls } from "./blocked-calls.js";
import { BlockedPeople } from "./blocked-people.js";
import { ConnectPhone } from "./connect-phone.js";
import { DeviceList } from "./device-list.js";
import { h, setText } from "./dom.js";
import { LookSettings } from "./look-settings.js";
import { MediaSettings } from "./media-settings.js";
import { MyData } from "./my-data.js";
import { PrivacySettings } from "./privacy-settings.js";
import { QuietSettings } from "./quiet-settings.js";
import { RingingHere } from "./ringing-here.js";
import { RingVolume } from "./ring-volume.js";
import { RingtoneChoice } from "./ringtone-choice.js";
import { PageElement } from "./page-element.js";
import { ReachLine } from "./reach-line.js";
import { SettingSwitch } from "./setting-switch.js";
import { toast } from "./toast-list.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State */

export class SettingsView extends PageElement {
  #parts = this.#made();
  /** The own name as this page put it into its field: anything else there was typed. */
  #putName = "";
  /** Whether the server has said how things are. */
  #known = false;

  build() {
    const parts = this.#parts;
    const form = h(
      "form",
      {
        class: "settings__row settings__row--end",
        onSubmit: (event) => {
          event.preventDefault();
          this.#saveName();
        },
      },
      h(
        "div",
        { class: "field" },
        h("label", { class: "field__label", for: "settings-name" }, say("settings.name")),
        parts.name,
      ),
      h("button", { class: "button", type: "submit" }, say("button.save")),
    );
    const group = (/** @type {string} */ id, /** @type {string} */ title, /** @type {HTMLElement[]} */ ...children) =>
      h(
        "section",
        { class: "settings__group", "aria-labelledby": id },
        h("h2", { class: "settings__title", id, tabindex: "-1" }, title),
        ...children,
      );
    this.replaceChildren(
      h("div", { class: "view__head" }, h("h1", { class: "view__title", tabindex: "-1" }, say("shell.settings"))),
      h(
        "div",
        { class: "settings" },
        group("settings-you", say("settings.you"), form, parts.account),
        group("settings-account", say("settings.account_title"), new AccountLinks()),
        group("settings-privacy", say("settings.privacy"), parts.privacy),
        group("settings-quiet", say("quiet.title"), parts.quiet),
        group("settings-calls", say("settings.calls"), parts.waiting, parts.unknown),
        group("settings-sound", say("settings.sound"), new RingingHere(), new RingVolume(), parts.ringtone),
        group("settings-media", say("settings.media"), parts.media),
        group("settings-look", say("settings.look"), new LookSettings()),
        group(
          "settings-devices",
          say("settings.devices"),
          parts.reach,
          h("p", { class: "settings__help" }, say("settings.devices.help")),
          parts.devices,
          parts.phone,
          parts.mail,
        ),
        group("settings-blocked", say("block.list"), parts.blocked, new BlockedCalls()),
        group("settings-data", say("settings.data"), new MyData()),
      ),
    );
    parts.phone.addEventListener("over", () => {
      parts.devices.entered();
    });
  }

  /** Its pieces that change. */
  #made() {
    return {
      name: h("input", { class: "input", id: "settings-name", type: "text", maxlength: "64", autocomplete: "name" }),
      account: h("p", { class: "settings__help" }),
      waiting: new SettingSwitch({
        setting: "call_waiting",
        title: say("settings.waiting"),
        help: say("settings.waiting.help"),
        words: (isOn) => say(isOn ? "settings.waiting.on" : "settings.waiting.off"),
      }),
      unknown: h("p", { class: "settings__help", role: "status", hidden: true }),
      privacy: new PrivacySettings(),
      quiet: new QuietSettings(),
      blocked: new BlockedPeople(),
      ringtone: new RingtoneChoice(),
      media: new MediaSettings(),
      reach: new ReachLine(),
      mail: new SettingSwitch({
        setting: "mail_if_unreachable",
        title: say("reach.mail"),
        help: say("reach.mail.help"),
        words: (isOn) => say(isOn ? "reach.mail.on" : "reach.mail.off"),
      }),
      devices: new DeviceList(),
      phone: new ConnectPhone(),
    };
  }

  connected() {
    if (!this.hidden) {
      this.#load();
    }
  }

  /** @param {State} state */
  update({ user }) {
    // The page knows it before the server is asked, and without asking while it is away.
    if (user) {
      this.#putOwnName(user.name);
      setText(this.#parts.account, say("settings.account", { username: user.id }));
    }
  }

  /** The router shows this view.
   *  @param {string} group what of it is to be seen first: `quiet`, say */
  entered(group) {
    this.#parts.devices.entered();
    this.#parts.reach.look();
    this.#parts.blocked.entered();
    this.#parts.ringtone.entered();
    this.#parts.media.entered();
    this.#load();
    const title = group ? document.getElementById(`settings-${group}`) : null;
    title?.scrollIntoView();
    title?.focus();
  }

  async #load() {
    const { waiting, mail, unknown, account, privacy, quiet } = this.#parts;
    const me = await this.service.me();
    this.#known ||= me !== null;
    unknown.hidden = this.#known;
    if (!me) {
      setText(unknown, `${say("settings.unknown")} ${errorWords(this.service.lastError)}`);
      return;
    }
    for (const part of [privacy, privacy.listed, quiet, waiting, mail]) {
      part.take(me);
    }
    this.#putOwnName(me.name);
    setText(account, say("settings.account", { username: me.id }));
  }

  /** The router shows another view. */
  left() {
    this.#parts.devices.left();
    this.#parts.phone.left();
    this.#parts.ringtone.left();
    this.#parts.media.left();
  }

  /** What somebody is typing stays.
   *  @param {string} name */
  #putOwnName(name) {
    const field = this.#parts.name;
    if (field.value === this.#putName) {
      field.value = name;
      // As the field gives it back: it drops line breaks.
      this.#putName = field.value;
    }
  }

  async #saveName() {
    const typed = this.#parts.name.value;
    const me = await this.service.updateMe({ name: typed.trim() });
    if (!me) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    this.#putName = typed;
    this.#putOwnName(me.name);
    toast(say("settings.saved"), { kind: "good" });
  }
}

customElements.define("settings-view", SettingsView);
