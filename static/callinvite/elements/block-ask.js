/** The question before somebody is blocked, which says what that means: a native modal dialog. */

import { h } from "./dom.js";
import { unblock } from "./refusals.js";
import { toast } from "./toast-list.js";
import { errorWords, toldApart } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("./page-element.js").Page} Page
 *  @typedef {import("../client/types.js").Person} Person */

/** @param {Page} page
 *  @param {Person} person
 *  @param {() => void} [done] they are blocked */
export function askToBlock(page, person, done = () => {}) {
  const dialog = h("dialog", { class: "paper", "aria-labelledby": "block-ask-title" });
  const answer = (/** @type {string} */ kind, /** @type {string} */ label, /** @type {() => void} */ act) =>
    h(
      "button",
      {
        class: `button ${kind}`,
        type: "button",
        onClick: () => {
          dialog.close();
          act();
        },
      },
      label,
    );
  const keep = answer("", say("button.cancel"), () => {});
  dialog.append(
    h("h2", { class: "paper__title", id: "block-ask-title" }, say("block.ask", { name: toldApart(person) })),
    h("p", {}, say("block.ask.meaning")),
    h(
      "div",
      { class: "paper__answers" },
      answer("button--bad", say("block.do"), () => {
        block(page, person, done);
      }),
      keep,
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  keep.focus();
}

/** @param {Page} page
 *  @param {Person} person
 *  @param {() => void} done */
async function block(page, person, done) {
  if (await page.contacts.block(person.id)) {
    tellBlocked(page, person);
    done();
    return;
  }
  toast(errorWords(page.service.lastError), { kind: "wrong" });
}

/** Say that somebody is blocked, with the way back.
 *  @param {Page} page
 *  @param {Person} person */
export function tellBlocked(page, person) {
  const act = () => {
    unblock(page, person);
  };
  toast(say("block.done", { name: toldApart(person) }), { kind: "good", action: { label: say("block.undo"), act } });
}
