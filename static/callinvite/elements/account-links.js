/** `<account-links>`: the pages on which one's account is changed, of those that this server has. */

import { h } from "./dom.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

/** What each page is called, in the order in which they stand. */
const PAGES = /** @type {const} */ ([
  ["security", "settings.account.security"],
  ["password", "settings.account.password"],
  ["email", "settings.account.email"],
  ["signIns", "settings.account.sign_ins"],
]);

export class AccountLinks extends PageElement {
  attached() {
    const { accountPages } = this.page;
    const links = PAGES.filter(([page]) => accountPages[page]).map(([page, code]) =>
      h("li", {}, h("a", { class: "button", href: accountPages[page] }, say(code))),
    );
    this.replaceChildren(h("ul", { class: "settings__row" }, ...links));
    // With a sign-in of its own, a project has pages of its own.
    this.closest("section")?.toggleAttribute("hidden", links.length === 0);
  }
}

customElements.define("account-links", AccountLinks);
