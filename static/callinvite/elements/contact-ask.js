/** The dialog in which somebody is asked to let one in, with some words: native and modal, so that keys and readers stay
 *  in it. */

import { h, setAttribute } from "./dom.js";
import { toast } from "./toast-list.js";
import { errorWords, nameOf } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("./page-element.js").Page} Page
 *  @typedef {import("../client/types.js").Person} Person */

const WORDS_MOST = 200;

/** Ask, and say what came of it.
 *  @param {Page} page
 *  @param {Person} person */
export function askToBeLetIn({ contacts, service }, person) {
  const name = nameOf(person);
  const words = h("input", {
    class: "input",
    id: "contact-ask-words",
    type: "text",
    maxlength: String(WORDS_MOST),
    autocomplete: "off",
    placeholder: say("contact.ask.hint"),
  });
  const send = h("button", { class: "button button--primary", type: "submit" }, say("contact.ask.send"));
  const wrong = h("p", { class: "field__error", role: "alert" });
  const dialog = h("dialog", { class: "paper", "aria-labelledby": "contact-ask-title" });
  const submit = async () => {
    setAttribute(send, "aria-busy", "true");
    const contact = await contacts.ask(person.id, words.value.trim());
    setAttribute(send, "aria-busy", null);
    if (!contact) {
      wrong.textContent = errorWords(service.lastError);
      return;
    }
    dialog.close();
    toast(say(contact.state === "contact" ? "contact.both" : "contact.asked", { name: nameOf(contact.user) }), {
      kind: "good",
    });
  };
  dialog.append(
    h("h2", { class: "paper__title", id: "contact-ask-title" }, say("contact.ask.title", { name })),
    h("p", {}, say("contact.ask.meaning")),
    h(
      "form",
      {
        class: "form",
        onSubmit: (event) => {
          event.preventDefault();
          submit();
        },
      },
      h(
        "div",
        { class: "field" },
        h("label", { class: "field__label", for: words.id }, say("contact.ask.words")),
        words,
        wrong,
      ),
      h(
        "div",
        { class: "paper__answers" },
        send,
        h(
          "button",
          {
            class: "button",
            type: "button",
            onClick: () => {
              dialog.close();
            },
          },
          say("button.cancel"),
        ),
      ),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  words.focus();
}
