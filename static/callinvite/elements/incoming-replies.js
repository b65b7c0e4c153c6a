/** Declining with more than a no: busy, later, some words, or never again. Folded away until it is asked for. */

import { h, icon } from "./dom.js";
import { say } from "../words/say.js";

/** @typedef {{reason?: import("../client/types.js").RejectReason, customData?: string, block?: boolean}} How
 *
 *  @typedef {object} Replies
 *  @property {HTMLElement} node
 *  @property {() => void} fold put it away, with what was typed
 *  @property {(isOffered: boolean) => void} offerBlock whether to offer to block whoever rings */

const QUICK_REPLIES = /** @type {const} */ ([
  "incoming.reply.soon",
  "incoming.reply.meeting",
  "incoming.reply.minutes",
]);

/** @param {(how: How) => void} reject
 *  @returns {Replies} */
export function declineReplies(reject) {
  const own = h("input", {
    class: "input",
    type: "text",
    maxlength: "200",
    placeholder: say("incoming.own"),
    "aria-label": say("incoming.own.label"),
    autocomplete: "off",
  });
  const later = (/** @type {string} */ text) => reject({ reason: "later", customData: text });
  const choice = (/** @type {string} */ text, /** @type {() => void} */ act) =>
    h("button", { class: "replies__choice", type: "button", onClick: act }, text);
  const block = h(
    "button",
    {
      class: "replies__choice",
      type: "button",
      hidden: true,
      onClick: () => {
        reject({ block: true });
      },
    },
    say("incoming.block"),
  );
  const panel = h(
    "div",
    { class: "replies__panel", id: "incoming-replies", hidden: true },
    h(
      "div",
      { class: "replies__reasons" },
      choice(say("incoming.busy"), () => {
        reject({ reason: "busy" });
      }),
      choice(say("incoming.later"), () => {
        later("");
      }),
    ),
    ...QUICK_REPLIES.map((code) => say(code)).map((text) =>
      choice(text, () => {
        later(text);
      }),
    ),
    h(
      "form",
      {
        class: "replies__own",
        onSubmit: (event) => {
          event.preventDefault();
          if (own.value.trim()) {
            later(own.value.trim());
          }
        },
      },
      own,
      h("button", { class: "button", type: "submit" }, say("incoming.send")),
    ),
    block,
  );
  const toggle = h(
    "button",
    {
      class: "replies__toggle",
      type: "button",
      "aria-expanded": "false",
      "aria-controls": "incoming-replies",
      onClick: () => {
        panel.hidden = !panel.hidden;
        toggle.setAttribute("aria-expanded", String(!panel.hidden));
      },
    },
    say("incoming.decline_with"),
    icon("down"),
  );
  const fold = () => {
    panel.hidden = true;
    toggle.setAttribute("aria-expanded", "false");
    own.value = "";
  };
  const offerBlock = (/** @type {boolean} */ isOffered) => {
    block.hidden = !isOffered;
  };
  return { node: h("div", { class: "replies" }, toggle, panel), fold, offerBlock };
}
