/** A question about something that cannot be undone, right below what asks it. */

import { h, onEscape } from "./dom.js";
import { say } from "../words/say.js";

/** Shows the question, with the way out in focus.
 *  @param {HTMLElement} below what it is shown in; empty otherwise
 *  @param {object} question
 *  @param {string} question.title
 *  @param {string} question.text what would come of it
 *  @param {string} question.yes
 *  @param {string} [question.no]
 *  @param {(button: HTMLElement) => void} question.act after `yes`; puts the question away itself
 *  @param {() => void} question.closed after `no`, with the question put away */
export function askBelow(below, { title, text, yes, no = say("button.cancel"), act, closed }) {
  const close = () => {
    below.replaceChildren();
    closed();
  };
  const doIt = h(
    "button",
    {
      class: "button button--bad button--small",
      type: "button",
      onClick: () => {
        act(doIt);
      },
    },
    yes,
  );
  const keep = h("button", { class: "button button--small", type: "button", onClick: close }, no);
  const question = h(
    "div",
    { class: "device__question", role: "group", "aria-label": title },
    h("p", {}, h("strong", {}, title), " ", text),
    h("div", { class: "device__form-actions" }, doIt, keep),
  );
  onEscape(question, close);
  below.replaceChildren(question);
  keep.focus();
}
