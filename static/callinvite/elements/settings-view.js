/** `<settings-view>`: the own name, call waiting, sound, and the devices that ring. */

import { h, icon, keep, setText } from "./dom.js";
import "./ringing-here.js";
import { ServiceElement } from "./service-element.js";
import { toast } from "./toast-list.js";
import { dayName, errorWords, timeOfDay } from "./words.js";

export class SettingsView extends ServiceElement {
  /** @type {Record<string, any>} */
  #parts = {};
  /** How a device is removed; resolves to why it was not. @type {(deviceId: string) => Promise<any>} */
  removeDevice = async () => null;

  build() {
    const parts = this.#parts = {
      name: h("input", { class: "input", id: "settings-name", type: "text", maxlength: "64", autocomplete: "name" }),
      account: h("p", { class: "settings__help" }),
      waiting: h("input", { class: "switch__input", type: "checkbox", role: "switch" }),
      devices: h("ul"),
      devicesNote: h("p", { class: "settings__help", hidden: true }),
    };
    const form = h(
      "form",
      { class: "settings__row settings__row--end", onSubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#saveName(); } },
      h("div", { class: "field" }, h("label", { class: "field__label", for: "settings-name" }, "Your name, as others see it"), parts.name),
      h("button", { class: "button", type: "submit" }, "Save"),
    );
    const group = (/** @type {string} */ id, /** @type {string} */ title, ...children) => (
      h("section", { class: "settings__group", "aria-labelledby": id }, h("h2", { class: "settings__title", id }, title), ...children)
    );
    this.replaceChildren(
      h("div", { class: "view__head" }, h("h1", { class: "view__title", tabindex: "-1" }, "Settings")),
      h(
        "div",
        { class: "settings" },
        group("settings-you", "You", form, parts.account),
        group("settings-calls", "While you are in a call", h("label", { class: "switch" }, h("span", { class: "switch__words" }, h("span", { class: "switch__title" }, "Call waiting"), h("span", { class: "switch__help" }, "A second call rings softly instead of hearing that you are busy.")), parts.waiting)),
        group("settings-sound", "Ringing in this browser", document.createElement("ringing-here")),
        group("settings-devices", "Your devices", h("p", { class: "settings__help" }, "Every one of them rings when somebody calls you."), parts.devices, parts.devicesNote),
      ),
    );
    parts.waiting.addEventListener("change", () => { this.#saveWaiting(); });
  }

  /** The router shows this view. */
  async entered() {
    this.#loadDevices();
    const me = await this.service.me();
    if (!me) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    if (document.activeElement !== this.#parts.name) {
      this.#parts.name.value = me.name;
    }
    this.#parts.waiting.checked = me.call_waiting;
    setText(this.#parts.account, `Your user name is ${me.id}.`);
  }

  async #saveName() {
    const name = this.#parts.name.value.trim();
    const me = await this.service.updateMe({ name });
    if (!me) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    this.#parts.name.value = me.name;
    this.dispatchEvent(new CustomEvent("renamed", { bubbles: true, detail: { name: me.name } }));
    toast("Saved.", { kind: "good" });
  }

  async #saveWaiting() {
    const { waiting } = this.#parts;
    const me = await this.service.updateMe({ call_waiting: waiting.checked });
    if (me) {
      waiting.checked = me.call_waiting;
      toast(me.call_waiting ? "A second call will ring." : "Others hear that you are busy.", { kind: "good" });
      return;
    }
    waiting.checked = !waiting.checked;
    toast(errorWords(this.service.lastError), { kind: "wrong" });
  }

  async #loadDevices() {
    const page = await this.service.devices({ pageSize: 100 });
    const { devices, devicesNote } = this.#parts;
    devicesNote.hidden = Boolean(page?.results.length);
    setText(devicesNote, page ? "None yet." : errorWords(this.service.lastError));
    if (page) {
      const here = (/** @type {any} */ device) => Number(device.device_id === this.service.deviceId);
      const seen = (/** @type {any} */ device) => Date.parse(device.last_seen_at ?? 0);
      page.results.sort((a, b) => here(b) - here(a) || seen(b) - seen(a));
      keep(devices, page.results, (device) => device.device_id, (device) => this.#device(device));
    }
  }

  /** @param {any} first */
  #device(first) {
    const here = first.device_id === this.service.deviceId;
    const name = h("span", {}, first.label || "Unnamed device");
    const line = h("span", { class: "device__line" });
    const remove = h("button", { class: "button button--quiet button--small", type: "button", "aria-label": `Remove ${first.label || "this device"}`, onClick: () => { this.#remove(first); } }, "Remove");
    remove.hidden = here;
    return {
      node: h("li", { class: "device", "data-device": first.device_id }, icon(first.kind === "android" || first.kind === "ios" ? "mobile" : "device"), h("span", { class: "device__words" }, h("span", { class: "device__name" }, name, here && h("span", { class: "mark" }, "this browser")), line), remove),
      update: (/** @type {any} */ device) => {
        setText(name, device.label || "Unnamed device");
        setText(line, device.last_seen_at ? `Last seen ${dayName(device.last_seen_at, new Date()).toLowerCase()} at ${timeOfDay(device.last_seen_at)}` : "Not seen yet");
      },
    };
  }

  /** @param {any} device */
  async #remove(device) {
    const error = await this.removeDevice(device.device_id);
    if (error) {
      toast(errorWords(error), { kind: "wrong" });
      return;
    }
    toast(`${device.label || "The device"} is removed.`, { kind: "good" });
    this.#loadDevices();
  }
}

customElements.define("settings-view", SettingsView);
