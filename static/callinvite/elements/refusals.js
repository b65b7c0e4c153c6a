/** Why somebody could not be called, in words, and what one can do about it there and then. */

import { askToBeLetIn } from "./contact-ask.js";
import { toast } from "./toast-list.js";
import { clockTime, errorWords, inviteeErrorWords, nameOf } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("./page-element.js").Page} Page
 *  @typedef {import("../client/types.js").InviteeError} InviteeError
 *  @typedef {import("../client/types.js").Person} Person */

/** Say why each of several people was left out.
 *  @param {Page} page
 *  @param {InviteeError[]} errors
 *  @param {Person[]} invitees as they are known by name
 *  @param {(person: Person) => void} again tries it again with one of them */
export function explainEach(page, errors, invitees, again) {
  for (const error of errors) {
    const person = invitees.find(({ id }) => id === error.invitee) ?? { id: error.invitee, name: "" };
    explainOne(page, error, person, () => {
      again(person);
    });
  }
}

/** @param {Page} page
 *  @param {InviteeError} error
 *  @param {Person} person
 *  @param {() => void} again */
function explainOne(page, error, person, again) {
  const name = nameOf(person);
  const words = inviteeErrorWords(error, name);
  if (error.code === "cooling_down" && error.retry_after_seconds !== undefined) {
    const endsAt = performance.now() + error.retry_after_seconds * 1000;
    const action = { label: say("refused.again"), act: again };
    const left = () => {
      const seconds = Math.ceil((endsAt - performance.now()) / 1000);
      return seconds > 0 ? say("refused.wait", { time: clockTime(seconds) }) : "";
    };
    toast(words, { kind: "wrong", action, stays: true, left });
    return;
  }
  if (error.code === "not_allowed" && error.can_ask) {
    const act = () => {
      askToBeLetIn(page, person);
    };
    toast(say("refused.takes_no_calls", { name }), {
      kind: "wrong",
      stays: true,
      action: { label: say("contact.ask"), act },
    });
    return;
  }
  if (error.code === "you_blocked") {
    const act = () => {
      unblock(page, person, { label: say("refused.again"), act: again });
    };
    toast(words, { kind: "wrong", stays: true, action: { label: say("block.undo"), act } });
    return;
  }
  toast(words, { kind: "wrong" });
}

/** Take a block back, and say so.
 *  @param {Page} page
 *  @param {Person} person
 *  @param {{label: string, act: () => void}} [next] what one may want to do then
 *  @returns {Promise<boolean>} */
export async function unblock({ service }, person, next) {
  const done = await service.unblock(person.id);
  if (done) {
    toast(say("block.undone", { name: nameOf(person) }), { kind: "good", action: next });
  } else {
    toast(errorWords(service.lastError), { kind: "wrong" });
  }
  return done;
}
