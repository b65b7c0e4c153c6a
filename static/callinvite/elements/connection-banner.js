/** `<connection-banner>`: says when the page is cut off from the server, and what that means. Silent while all is well. */

import { h, setText } from "./dom.js";
import { isConnected, PageElement } from "./page-element.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State */

/** Most reconnects are done before anybody needs to know of them. */
const PATIENCE_MS = 1500;

export class ConnectionBanner extends PageElement {
  #parts = this.#made();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #wasOpen = false;

  build() {
    const parts = this.#parts;
    parts.banner.append(parts.spinner, parts.words, parts.again);
    this.setAttribute("role", "status");
    this.replaceChildren(parts.banner);
  }

  /** Its pieces that change. */
  #made() {
    return {
      banner: h("div", { class: "banner banner--warn", hidden: true }),
      spinner: h("span", { class: "spinner", "aria-hidden": "true" }),
      words: h("p", { class: "banner__words" }),
      again: h(
        "button",
        {
          class: "button button--small",
          type: "button",
          onClick: () => {
            location.reload();
          },
        },
        say("button.reload"),
      ),
    };
  }

  /** @param {State} state */
  update(state) {
    const { connection } = state;
    const isPolling = connection === "polling";
    if ((isConnected(state) && !isPolling) || connection === "signed_out") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#wasOpen = true;
      this.#parts.banner.hidden = true;
      return;
    }
    if (!this.#parts.banner.hidden || isPolling) {
      this.#show(connection);
      return;
    }
    // Counted from the loss on: each new try changes the state again.
    this.#timer ??= setTimeout(() => {
      this.#show(this.service.state.connection);
    }, PATIENCE_MS);
  }

  /** @param {string} connection */
  #show(connection) {
    const { banner, words, spinner, again } = this.#parts;
    const closed = connection === "closed";
    banner.hidden = false;
    spinner.hidden = closed || connection === "polling";
    again.hidden = !closed;
    if (closed) {
      setText(words, say("connection.closed"));
    } else if (!navigator.onLine) {
      setText(words, say("connection.offline"));
    } else if (connection === "polling") {
      setText(words, say("connection.polling"));
    } else {
      setText(words, say(this.#wasOpen ? "connection.lost" : "connection.connecting"));
    }
  }
}

customElements.define("connection-banner", ConnectionBanner);
