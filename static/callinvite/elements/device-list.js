/** `<device-list>`: one's own devices, whether each can be rung and how that was found out; named, tried and removed here. */

import { deviceName, healthWords, lifeWords } from "./device-words.js";
import { h, icon, iconButton, keep, relabel, setAttribute, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { TestRing } from "./test-ring.js";
import { toast } from "./toast-list.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Device} Device
 *  @typedef {Device & {called: string}} Listed a device as it is told apart from the others */

export class DeviceList extends PageElement {
  #parts = this.#made();
  #entered = false;
  #loaded = false;
  #turn = 0;

  build() {
    const parts = this.#parts;
    this.replaceChildren(parts.list, parts.skeletons, h("div", { class: "settings__row" }, parts.note, parts.again));
    parts.note.hidden = parts.again.hidden = true;
  }

  /** Its pieces that change. */
  #made() {
    return {
      list: h("ul", { class: "devices" }),
      skeletons: h("div", { "aria-hidden": "true" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton" })),
      note: h("p", { class: "settings__help", role: "status" }),
      again: h(
        "button",
        {
          class: "button button--small",
          type: "button",
          onClick: () => {
            this.#load();
          },
        },
        say("button.try_again"),
      ),
    };
  }

  attached() {
    this.hear(this, "over", () => {
      this.#load();
    });
    const { enrolment } = this.page;
    this.hear(enrolment, "change", () => {
      if (enrolment.state !== "working") {
        this.#load();
      }
    });
  }

  connected() {
    this.#load();
  }

  /** Somebody looks at the view that this is in. */
  entered() {
    this.#entered = true;
    this.#load();
  }

  /** Nobody does any more: forms and tests are put away. */
  left() {
    this.#entered = false;
    for (const row of this.#parts.list.children) {
      row.dispatchEvent(new Event("left"));
    }
  }

  async #load() {
    if (!this.#entered) {
      return;
    }
    const turn = ++this.#turn;
    const page = await this.service.devices({ pageSize: 100 });
    if (turn !== this.#turn) {
      return;
    }
    const { list, skeletons, note, again } = this.#parts;
    skeletons.hidden = true;
    note.hidden = page !== null && page.results.length > 0;
    again.hidden = page !== null;
    setText(note, page ? say("device.none") : `${say("device.load_failed")} ${errorWords(this.service.lastError)}`);
    if (page) {
      this.#loaded = true;
      keep(
        list,
        toldApart(this.#ordered(page.results)),
        (device) => device.device_id,
        (device) => this.#row(device),
      );
    } else if (this.#loaded) {
      setText(note, `${say("page.stale")} ${errorWords(this.service.lastError)}`);
    }
  }

  /** This browser first, then what was in use last.
   *  @param {Device[]} devices */
  #ordered(devices) {
    const here = (/** @type {Device} */ device) => Number(this.#isHere(device));
    const seen = (/** @type {Device} */ device) => Date.parse(device.last_seen_at ?? "") || 0;
    return [...devices].sort((a, b) => here(b) - here(a) || seen(b) - seen(a));
  }

  /** @param {Device} device */
  #isHere(device) {
    return device.device_id === this.service.deviceId;
  }

  /** @param {Listed} first */
  #row(first) {
    let device = first;
    const isHere = this.#isHere(first);
    const name = h("span", { class: "device__name" });
    const naming = h("div", { class: "device__naming" });
    const title = h(
      "div",
      { class: "device__title" },
      name,
      isHere && h("span", { class: "mark" }, say("device.this_browser")),
    );
    const health = h("p", { class: "device__health" });
    const line = h("p", { class: "device__line" });
    const below = h("div", { class: "device__below" });
    const test = new TestRing();
    test.hidden = true;
    const ring = h(
      "button",
      {
        class: "button button--small",
        type: "button",
        onClick: () => {
          test.start(device.device_id);
        },
      },
      icon("bell"),
      say("push.test.title"),
    );
    const rename = iconButton({
      icon: "edit",
      label: "",
      className: "button--quiet",
      onClick: () => {
        this.#rename(device, { title, naming, rename });
      },
    });
    const remove = iconButton({
      icon: "trash",
      label: "",
      className: "button--quiet",
      onClick: () => {
        isHere ? this.#ask(device, below, remove) : this.#remove(device, remove);
      },
    });
    const node = h(
      "li",
      { class: "device", "data-device": first.device_id },
      icon(first.kind === "android" || first.kind === "ios" ? "mobile" : "device"),
      h("div", { class: "device__words" }, title, naming, health, line),
      h("div", { class: "device__actions" }, ring, rename, remove),
      below,
      test,
    );
    node.addEventListener("closed", () => {
      ring.focus();
    });
    node.addEventListener("left", () => {
      test.stop();
      test.hidden = true;
      below.replaceChildren();
      this.#unname({ title, naming });
    });
    return {
      node,
      update: (/** @type {Listed} */ now) => {
        device = now;
        const { called } = now;
        const { how, words } = healthWords(now, isHere, new Date());
        setText(name, called);
        health.dataset.how = how;
        setText(health, words);
        setText(line, lifeWords(now, isHere, new Date()));
        ring.hidden = now.health !== "ok";
        setAttribute(ring, "aria-label", say("device.test.named", { device: called }));
        relabel(rename, say("device.rename", { device: called }));
        relabel(remove, say("device.remove", { device: called }));
      },
    };
  }

  /** @param {Listed} device @param {{title: HTMLElement, naming: HTMLElement, rename: HTMLElement}} parts */
  #rename(device, { title, naming, rename }) {
    const input = h("input", {
      class: "input",
      type: "text",
      maxlength: "64",
      required: true,
      autocomplete: "off",
      "aria-label": say("device.new_name", { device: device.called }),
    });
    input.value = device.label;
    const done = () => {
      this.#unname({ title, naming });
      rename.focus();
    };
    const save = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const label = input.value.trim();
      if (!label || label === device.label || (await this.#saveName(device, label))) {
        done();
      }
    };
    const form = h(
      "form",
      { class: "device__form", onSubmit: save },
      input,
      h(
        "div",
        { class: "device__form-actions" },
        h("button", { class: "button button--primary button--small", type: "submit" }, say("button.save")),
        h(
          "button",
          { class: "button button--quiet button--small", type: "button", onClick: done },
          say("button.cancel"),
        ),
      ),
    );
    onEscape(form, done);
    title.hidden = true;
    naming.replaceChildren(form);
    input.focus();
    input.select();
  }

  /** @param {{title: HTMLElement, naming: HTMLElement}} parts */
  #unname({ title, naming }) {
    title.hidden = false;
    naming.replaceChildren();
  }

  /** @param {Device} device @param {string} label @returns {Promise<boolean>} */
  async #saveName(device, label) {
    if (!(await this.service.saveDevice(device.device_id, { label, kind: device.kind }))) {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return false;
    }
    toast(say("settings.saved"), { kind: "good" });
    await this.#load();
    return true;
  }

  /** Removing this very browser is asked about first: it would ring no more.
   *  @param {Listed} device @param {HTMLElement} below @param {HTMLElement} origin */
  #ask(device, below, origin) {
    const no = () => {
      below.replaceChildren();
      origin.focus();
    };
    const keepIt = h(
      "button",
      { class: "button button--small", type: "button", onClick: no },
      say("device.remove.keep"),
    );
    const question = h(
      "div",
      { class: "device__question", role: "group", "aria-label": say("device.remove.question") },
      h("p", {}, h("strong", {}, say("device.remove.question")), " ", say("device.remove.meaning")),
      h(
        "div",
        { class: "device__form-actions" },
        h(
          "button",
          {
            class: "button button--bad button--small",
            type: "button",
            onClick: () => {
              below.replaceChildren();
              this.#remove(device, origin);
            },
          },
          say("device.remove.confirm"),
        ),
        keepIt,
      ),
    );
    onEscape(question, no);
    below.replaceChildren(question);
    keepIt.focus();
  }

  /** @param {Listed} device @param {HTMLElement} origin */
  async #remove(device, origin) {
    setAttribute(origin, "aria-busy", "true");
    if (this.#isHere(device)) {
      // Its push address is given back first.
      await this.page.enrolment.disable();
    }
    const removed = await this.service.removeDevice(device.device_id);
    setAttribute(origin, "aria-busy", null);
    // Gone already, from another page.
    if (!removed && this.service.lastError?.code !== "not_found") {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    const code = this.#isHere(device) ? "device.removed.here" : "device.removed.there";
    toast(say(code, { device: device.called }), { kind: "good" });
    const next = /** @type {HTMLElement | null} */ (
      origin.closest("li")?.nextElementSibling ?? origin.closest("li")?.previousElementSibling ?? null
    );
    await this.#load();
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector("button:not([hidden])"))?.focus();
  }
}

/** Each device with a name that no other has: those that are called alike are numbered, the oldest first.
 *  @param {Device[]} devices
 *  @returns {Listed[]} */
function toldApart(devices) {
  const oldestFirst = [...devices].sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
  return devices.map((device) => {
    const alike = oldestFirst.filter(({ label }) => label === device.label);
    return { ...device, called: deviceName(device, alike.length > 1 ? alike.indexOf(device) + 1 : 0) };
  });
}

/** @param {HTMLElement} element @param {() => void} act */
function onEscape(element, act) {
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      act();
    }
  });
}

customElements.define("device-list", DeviceList);
