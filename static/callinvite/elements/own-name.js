/** `<own-name>`: who is signed in here, and whether this page is connected and can be heard. */

import { h, setText } from "./dom.js";
import { avatarOf } from "./person-avatar.js";
import { ServiceElement } from "./service-element.js";

export class OwnName extends ServiceElement {
  #name = h("span", { class: "own-name__name" });
  #line = h("span", { class: "own-name__line" });
  #avatar = avatarOf({ id: "", name: "" });
  #renamed = "";
  /** @type {import("../sounds/ringer.js").Ringer | null} */
  #ringer = null;

  build() {
    this.replaceChildren(this.#avatar, h("span", { class: "own-name__words" }, this.#name, this.#line));
  }

  attached() {
    document.addEventListener("renamed", (event) => {
      this.#renamed = /** @type {CustomEvent} */ (event).detail.name;
      this.update(this.service.state);
    });
  }

  /** @param {import("../sounds/ringer.js").Ringer} ringer */
  set ringer(ringer) {
    this.#ringer = ringer;
    ringer.addEventListener("change", () => {
      this.update(this.service.state);
    });
  }

  /** @param {any} state */
  update({ user, connection }) {
    this.dataset.connection = connection;
    const id = user?.id ?? this.getAttribute("user-id") ?? "";
    const name = this.#renamed || user?.name || id;
    this.#avatar.setAttribute("user-id", id);
    this.#avatar.setAttribute("name", name);
    this.title = name;
    setText(this.#name, name);
    const open = this.#ringer?.unlocked ? "Online" : "Online, silent";
    setText(
      this.#line,
      { open, signed_out: "Signed out", closed: "Not connected" }[/** @type {string} */ (connection)] ?? "Connecting",
    );
  }
}

customElements.define("own-name", OwnName);
