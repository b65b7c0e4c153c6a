/** `<device-list>`: where one is signed in and can be rung, and how that was found out; devices are named and tried here,
 *  and all are signed out and removed. */

import { askBelow } from "./ask-below.js";
import { browserWords, healthWords, lifeWords } from "./device-words.js";
import { h, icon, iconButton, keep, onEscape, relabel, setAttribute, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { placesOf } from "./places.js";
import { SignOutOthers } from "./sign-out-others.js";
import { TestRing } from "./test-ring.js";
import { toast } from "./toast-list.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Device} Device
 *  @typedef {import("./places.js").Place} Place */

export class DeviceList extends PageElement {
  #parts = this.#made();
  #entered = false;
  #loaded = false;
  #turn = 0;

  build() {
    const parts = this.#parts;
    this.replaceChildren(
      parts.list,
      parts.skeletons,
      h("div", { class: "settings__row" }, parts.note, parts.again),
      parts.others,
    );
    parts.note.hidden = parts.again.hidden = parts.others.hidden = true;
  }

  /** Its pieces that change. */
  #made() {
    return {
      list: h("ul", { class: "devices" }),
      skeletons: h("div", { "aria-hidden": "true" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton" })),
      note: h("p", { class: "settings__help", role: "status" }),
      others: new SignOutOthers(),
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
    // `proved` too: of a lost permission the server knows only after this browser does.
    for (const news of ["change", "proved"]) {
      this.hear(enrolment, news, () => {
        if (enrolment.state !== "working") {
          this.#load();
        }
      });
    }
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
    this.#parts.others.left();
    for (const row of this.#parts.list.children) {
      row.dispatchEvent(new Event("left"));
    }
  }

  async #load() {
    if (!this.#entered) {
      return;
    }
    const turn = ++this.#turn;
    const [page, browsers, apps] = await Promise.all([
      this.service.devices({ pageSize: 100 }),
      this.service.signedInBrowsers(),
      this.service.signedInApps({ pageSize: 100 }),
    ]);
    if (turn !== this.#turn) {
      return;
    }
    const { list, skeletons, note, again, others } = this.#parts;
    skeletons.hidden = true;
    note.hidden = page !== null && page.results.length > 0;
    again.hidden = page !== null;
    setText(note, page ? say("device.none") : `${say("device.load_failed")} ${errorWords(this.service.lastError)}`);
    if (page) {
      this.#loaded = true;
      const places = placesOf(page.results, browsers?.results ?? null, apps?.results ?? null, this.service.deviceId);
      others.hidden = !places.some(({ isHere, isSignedIn }) => isSignedIn && !isHere);
      keep(
        list,
        places,
        (place) => place.id,
        (place) => this.#row(place),
      );
    } else if (this.#loaded) {
      setText(note, `${say("page.stale")} ${errorWords(this.service.lastError)}`);
    }
  }

  /** @param {Place} first */
  #row(first) {
    let place = first;
    const name = h("span", { class: "device__name" });
    const naming = h("div", { class: "device__naming" });
    const mark = first.isHere && h("span", { class: "mark" }, say("device.this_browser"));
    const title = h("div", { class: "device__title" }, name, mark);
    const health = h("p", { class: "device__health" });
    const line = h("p", { class: "device__line" });
    const below = h("div", { class: "device__below" });
    const test = new TestRing();
    test.hidden = true;
    const button = (/** @type {() => void} */ onClick, /** @type {Node[]} */ ...words) =>
      h("button", { class: "button button--small", type: "button", onClick }, ...words);
    const ring = button(
      () => {
        test.start(place.id);
      },
      icon("bell"),
      new Text(say("push.test.title")),
    );
    const rename = iconButton({
      icon: "edit",
      label: "",
      className: "button--quiet",
      onClick: () => {
        this.#rename(place, { title, naming, rename });
      },
    });
    const out = button(
      () => {
        this.#signOut(place, out);
      },
      new Text(say("device.sign_out")),
    );
    const remove = iconButton({
      icon: "trash",
      label: "",
      className: "button--quiet",
      onClick: () => {
        place.isHere ? this.#ask(place, below, remove) : this.#remove(place, remove);
      },
    });
    const { device } = first;
    const node = h(
      "li",
      { class: "device", "data-device": first.id },
      icon(device?.kind === "android" || device?.kind === "ios" ? "mobile" : "device"),
      h("div", { class: "device__words" }, title, naming, health, line),
      h("div", { class: "device__actions" }, ring, rename, out, remove),
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
      update: (/** @type {Place} */ now) => {
        place = now;
        const { called, device, browser, isHere, isSignedIn } = now;
        const moment = new Date();
        setText(name, called);
        health.hidden = rename.hidden = device === null;
        if (device) {
          const signedOut = /** @type {const} */ ({ how: "fair", words: say("device.signed_out") });
          const { how, words } = isSignedIn === false ? signedOut : healthWords(device, isHere, moment);
          health.dataset.how = how;
          setText(health, words);
          setText(line, lifeWords(device, isHere, moment, browser?.address));
        } else if (browser) {
          setText(line, browserWords(browser, moment));
        }
        ring.hidden = device?.health !== "ok";
        out.hidden = !isSignedIn;
        remove.hidden = device === null || (isSignedIn === true && !isHere);
        setAttribute(ring, "aria-label", say("device.test.named", { device: called }));
        setAttribute(out, "aria-label", say("device.sign_out.named", { device: called }));
        relabel(rename, say("device.rename", { device: called }));
        relabel(remove, say("device.remove", { device: called }));
      },
    };
  }

  /** @param {Place} place @param {{title: HTMLElement, naming: HTMLElement, rename: HTMLElement}} parts */
  #rename({ device, called }, { title, naming, rename }) {
    if (!device) {
      return;
    }
    const input = h("input", {
      class: "input",
      type: "text",
      maxlength: "64",
      required: true,
      autocomplete: "off",
      "aria-label": say("device.new_name", { device: called }),
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
        if (form.isConnected) {
          done();
        }
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
   *  @param {Place} place @param {HTMLElement} below @param {HTMLElement} origin */
  #ask(place, below, origin) {
    askBelow(below, {
      title: say("device.remove.question"),
      text: say("device.remove.meaning"),
      yes: say("device.remove.confirm"),
      no: say("device.remove.keep"),
      act: () => {
        below.replaceChildren();
        this.#remove(place, origin);
      },
      closed: () => {
        origin.focus();
      },
    });
  }

  /** @param {Place} place @param {HTMLElement} origin */
  #signOut(place, origin) {
    if (place.isHere) {
      // As everywhere in this page: its push address is given back, and a call is asked about.
      /** @type {HTMLFormElement | null} */ (document.querySelector(".shell__out"))?.requestSubmit();
      return;
    }
    this.#remove(place, origin);
  }

  /** Sign a place out and forget it.
   *  @param {Place} place @param {HTMLElement} origin */
  async #remove({ id, called, device, isHere, isSignedIn }, origin) {
    setAttribute(origin, "aria-busy", "true");
    if (isHere) {
      // Its push address is given back first.
      await this.page.enrolment.disable();
    }
    const removed = await (device ? this.service.removeDevice(id) : this.service.signOutBrowser(id));
    setAttribute(origin, "aria-busy", null);
    // Gone already, from another page.
    if (!removed && this.service.lastError?.code !== "not_found") {
      toast(errorWords(this.service.lastError), { kind: "wrong" });
      return;
    }
    const there = isSignedIn === false ? "device.removed.there" : "device.signed_out.there";
    const code = isHere ? "device.removed.here" : there;
    toast(say(code, { device: called }), { kind: "good" });
    const next = /** @type {HTMLElement | null} */ (
      origin.closest("li")?.nextElementSibling ?? origin.closest("li")?.previousElementSibling ?? null
    );
    await this.#load();
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector("button:not([hidden])"))?.focus();
  }
}

customElements.define("device-list", DeviceList);
