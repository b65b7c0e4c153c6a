/** `<own-name>`: who is signed in here, and whether this page is connected and can be heard. */

import { h, setText } from "./dom.js";
import { avatarOf } from "./person-avatar.js";
import { isUp } from "../client/index.js";
import { isConnected, PageElement } from "./page-element.js";
import { isolated, say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State */

export class OwnName extends PageElement {
  #name = h("span", { class: "own-name__name" });
  #line = h("span", { class: "own-name__line" });
  #avatar = avatarOf({ id: "", name: "" });

  build() {
    this.replaceChildren(this.#avatar, h("span", { class: "own-name__words" }, this.#name, this.#line));
  }

  attached() {
    this.hear(this.page.ringer, "change", () => {
      this.update(this.service.state);
    });
  }

  /** @param {State} state */
  update(state) {
    const { user, connection } = state;
    const isCutOff = isUp(connection) && !isConnected(state);
    this.dataset.connection = isCutOff ? "offline" : connection;
    const id = user?.id ?? this.getAttribute("user-id") ?? "";
    const name = user?.name || id;
    this.#avatar.setAttribute("user-id", id);
    this.#avatar.setAttribute("name", name);
    this.title = name;
    setText(this.#name, isolated(name));
    setText(this.#line, isCutOff ? say("own.not_connected") : this.#connectionWords(connection));
  }

  /** @param {State["connection"]} connection */
  #connectionWords(connection) {
    switch (connection) {
      case "open":
        return say(this.page.ringer.unlocked ? "people.online" : "own.silent");
      case "polling":
        return say("own.polling");
      case "signed_out":
        return say("own.signed_out");
      case "closed":
        return say("own.not_connected");
      default:
        return say("own.connecting");
    }
  }
}

customElements.define("own-name", OwnName);
