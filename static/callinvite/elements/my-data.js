/** `<my-data>`: a copy of all that is stored about oneself, and the end of one's account. */

import { h, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

const MEANINGS = /** @type {const} */ ([
  "my_data.delete.signed_out",
  "my_data.delete.gone",
  "my_data.delete.others",
  "my_data.delete.name",
]);

/** Say that the account is about to go with its sessions, or that it stays after all.
 *  @param {boolean} isGoing */
function announce(isGoing) {
  document.dispatchEvent(new CustomEvent("account-going", { detail: isGoing }));
}

export class MyData extends PageElement {
  #copy = h("a", { class: "button button--small", download: "" }, say("my_data.export.action"));

  build() {
    const remove = h(
      "button",
      {
        class: "button button--bad button--small",
        type: "button",
        onClick: () => {
          this.#ask();
        },
      },
      say("my_data.delete.action"),
    );
    const row = (/** @type {string} */ help, /** @type {HTMLElement} */ act) =>
      h("div", { class: "my-data__row" }, h("p", { class: "settings__help" }, help), act);
    this.replaceChildren(row(say("my_data.export.help"), this.#copy), row(say("my_data.delete.help"), remove));
  }

  attached() {
    this.#copy.href = this.page.myData.copy;
  }

  /** A modal dialog: what deleting means, and the user id as the proof that it was read. */
  #ask() {
    const id = this.page.userId ?? "";
    const input = h("input", {
      class: "input",
      id: "my-data-name",
      type: "text",
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
    });
    const problem = h("p", { class: "my-data__problem", role: "alert", hidden: true });
    const again = h("a", { class: "button button--wide", hidden: true }, say("my_data.delete.prove"));
    const confirm = h(
      "button",
      { class: "button button--bad button--wide", type: "submit", disabled: true },
      say("my_data.delete.confirm"),
    );
    const keep = h(
      "button",
      {
        class: "button button--wide",
        type: "button",
        onClick: () => {
          dialog.close();
        },
      },
      say("my_data.delete.keep"),
    );
    const form = h(
      "form",
      {
        class: "my-data__form",
        onSubmit: (event) => {
          event.preventDefault();
          remove();
        },
      },
      h("label", { class: "field__label", for: "my-data-name" }, say("my_data.delete.type", { username: id })),
      input,
      problem,
      h("div", { class: "my-data__answers" }, again, confirm, keep),
    );
    const dialog = h(
      "dialog",
      { class: "my-data__dialog", "aria-labelledby": "my-data-title", "aria-describedby": "my-data-meaning" },
      h("h2", { class: "settings__title", id: "my-data-title" }, say("my_data.delete.title")),
      h(
        "ul",
        { class: "my-data__meaning", id: "my-data-meaning" },
        ...MEANINGS.map((each) => h("li", {}, say(each, { username: id }))),
      ),
      form,
    );
    input.addEventListener("input", () => {
      confirm.disabled = input.value.trim() !== id;
    });
    // Keys of the page below, such as those that answer a call, are not meant here.
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
    });
    dialog.addEventListener("cancel", (event) => {
      if (keep.disabled) {
        // It is too late: what comes of it is said here.
        event.preventDefault();
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
    });
    const remove = async () => {
      if (confirm.disabled) {
        return;
      }
      confirm.disabled = keep.disabled = true;
      problem.hidden = true;
      announce(true);
      if (await this.service.deleteMe()) {
        this.#tell(dialog);
        return;
      }
      announce(false);
      const error = this.service.lastError;
      const { prove } = this.page.myData;
      setText(problem, errorWords(error));
      problem.hidden = false;
      again.hidden = !error?.reauthenticate || prove === null;
      again.href = prove ?? "";
      confirm.disabled = keep.disabled = false;
      if (!again.hidden) {
        again.focus();
      }
    };
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  }

  /** Say that it is done; from here there is only the way out.
   *  @param {HTMLDialogElement} dialog */
  #tell(dialog) {
    const out = h(
      "a",
      { class: "button button--primary button--wide", href: this.page.myData.out },
      say("my_data.out"),
    );
    // There is nothing behind it any more.
    dialog.addEventListener("close", () => {
      location.assign(this.page.myData.out);
    });
    dialog.removeAttribute("aria-describedby");
    if (!dialog.open) {
      // Browsers let nobody be kept in a dialog for ever.
      document.body.append(dialog);
      dialog.showModal();
    }
    dialog.replaceChildren(
      h("h2", { class: "settings__title", id: "my-data-title" }, say("my_data.delete.done")),
      h("div", { class: "my-data__answers" }, out),
    );
    out.focus();
    // The browser's own part of the push address; the server's is gone with the account.
    this.page.enrolment.signOut().catch(() => {});
  }
}

customElements.define("my-data", MyData);
