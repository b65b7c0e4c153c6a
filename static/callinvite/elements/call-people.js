/** The list of people of a call that have no tile: those who are rung, and what became of the others. */

import { isOver, may } from "../client/index.js";
import { h, iconButton, keep, relabel, setText } from "./dom.js";
import { avatarOf } from "./person-avatar.js";
import { invitationWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Invitation} Invitation
 *  @typedef {import("../client/types.js").Person} Person */

/** The caller may stop every ring, others those that they started.
 *  @param {Call} call @param {Invitation} invitation @param {string | undefined} userId */
export function mayCancel(call, invitation, userId) {
  return may(call, "cancel") && (userId === call.caller.id || userId === invitation.inviter.id);
}

/** Fill the list.
 *  @param {Element} list
 *  @param {import("./call-scenes.js").Row[]} rows
 *  @param {{userId: string | undefined, cancel: (person: Person) => void}} how */
export function showPeople(list, rows, { userId, cancel }) {
  keep(
    list,
    rows,
    ({ invitation }) => invitation.invitee.id,
    (first) => {
      const person = first.invitation.invitee;
      const line = h("span", { class: "call__person-line" });
      const stop = iconButton({
        icon: "close",
        label: say("call.stop_calling", { name: person.name || person.id }),
        className: "button--night",
        onClick: () => {
          cancel(person);
        },
      });
      const name = h("span", { class: "call__person-name" }, person.name || person.id);
      const node = h(
        "li",
        { class: "call__person" },
        avatarOf(person),
        h("span", { class: "call__person-words" }, name, line),
        stop,
      );
      return {
        node,
        update: ({ invitation, call: now }) => {
          const pending = invitation.state === "pending" && !isOver(now);
          setText(line, outsideWords(now, invitation));
          stop.hidden = !pending || !mayCancel(now, invitation, userId);
          relabel(stop, say("call.stop_calling", { name: person.name || person.id }));
          node.classList.toggle("call__person--gone", !pending);
        },
      };
    },
  );
}

/** @param {Call} call @param {Invitation} invitation */
function outsideWords(call, invitation) {
  if (invitation.state === "accepted") {
    return say(isOver(call) ? "call.was_inside" : "call.left");
  }
  return invitationWords(invitation);
}
