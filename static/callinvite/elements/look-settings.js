/** `<look-settings>`: the theme and the language of these pages in this browser. */

import { h, setAttribute } from "./dom.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

/** @typedef {{tag: string, name: string}} Language
 *  @typedef {{cookie: string, path: string, domain: string | null, languages: Language[]}} LanguageChoice
 *  @typedef {{base: string, language: LanguageChoice | null}} LookConfig
 *  @typedef {typeof THEMES[number]} Theme */

const YEAR_SECONDS = 365 * 24 * 60 * 60;
const THEMES = /** @type {const} */ (["system", "light", "dark"]);

export class LookSettings extends PageElement {
  #theme = h("select", { class: "input", id: "settings-theme" });
  #language = h("select", { class: "input", id: "settings-language" });
  /** @type {LookConfig} */
  #config = JSON.parse(document.getElementById("page-config")?.textContent ?? "null");

  build() {
    const choice = this.#config.language;
    this.#theme.append(...THEMES.map((theme) => h("option", { value: theme }, say(`settings.theme.${theme}`))));
    this.#theme.value = document.documentElement.dataset.theme ?? "system";
    this.#theme.addEventListener("change", () => {
      this.#take(/** @type {Theme} */ (this.#theme.value));
    });
    this.#language.append(
      h("option", { value: "" }, say("settings.language.browser")),
      ...(choice?.languages ?? []).map(({ tag, name }) => h("option", { value: tag, lang: tag }, name)),
    );
    this.#language.value = choice ? (cookie(choice.cookie) ?? "") : "";
    this.#language.addEventListener("change", () => {
      this.#speak(this.#language.value);
    });
    this.replaceChildren(
      field(this.#theme, say("settings.theme")),
      choice ? field(this.#language, say("settings.language")) : "",
    );
  }

  attached() {
    this.followTalk(({ current }) => {
      // The page is loaded again in the other language, which would end the call.
      setAttribute(this.#language, "disabled", current !== null);
    });
  }

  /** @param {Theme} theme */
  #take(theme) {
    const chosen = theme === "system" ? null : theme;
    setAttribute(document.documentElement, "data-theme", chosen);
    const colours = /** @type {NodeListOf<HTMLMetaElement>} */ (document.querySelectorAll("meta[name=theme-color]"));
    for (const [at, own] of /** @type {const} */ (["light", "dark"]).entries()) {
      colours[at].media = chosen === null ? `(prefers-color-scheme: ${own})` : chosen === own ? "all" : "not all";
    }
    const name = /** @type {HTMLElement | null} */ (this.closest("[data-theme-cookie]"))?.dataset.themeCookie ?? "";
    remember({ name, value: chosen, path: this.#config.base });
  }

  /** @param {string} tag empty: as the browser asks for */
  #speak(tag) {
    const { cookie: name, path, domain } = /** @type {LanguageChoice} */ (this.#config.language);
    remember({ name, value: tag || null, path, domain });
    location.reload();
  }
}

/** @param {HTMLSelectElement} select @param {string} label */
function field(select, label) {
  return h("div", { class: "field" }, h("label", { class: "field__label", for: select.id }, label), select);
}

/** @param {string} name
 *  @returns {string | null} */
function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

/** @param {{name: string, value: string | null, path: string, domain?: string | null}} kept null takes it away */
function remember({ name, value, path, domain = null }) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const where = `; Path=${path}${domain ? `; Domain=${domain}` : ""}; SameSite=Lax${secure}`;
  // biome-ignore lint/suspicious/noDocumentCookie: the other interface is not in every browser, and not on plain http
  document.cookie = `${name}=${value ?? ""}; Max-Age=${value === null ? 0 : YEAR_SECONDS}${where}`;
}

customElements.define("look-settings", LookSettings);
