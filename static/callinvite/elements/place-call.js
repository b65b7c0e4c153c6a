/** Placing a call from anywhere in the page, so that the call screen is there at once and failures are said in words. */

import { makeCallID } from "../client/index.js";
import { toast } from "./toast-list.js";
import { errorWords, inviteeErrorWords, names } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/index.js").CallInvitationService} CallInvitationService
 *  @typedef {import("./page-element.js").Page} Page
 *  @typedef {import("./page-element.js").Person} Person
 *  @typedef {import("./page-element.js").Placed} Placed */

/** Call people: `send`, with the call screen and the own picture there at once, and every refusal explained.
 *  @param {Page} page
 *  @param {Placed} options
 *  @returns {Promise<boolean>} what `send` resolved to */
export async function placeCall({ service, talk, screen }, { intent, ...options }) {
  screen.placing(options);
  const isFree = !service.state.active && !service.state.outgoing;
  // By its id it can be left if the page goes before the server has answered.
  const send = () => service.send({ ...options, callID: options.callID ?? makeCallID() });
  // Somebody who is in a call already is refused: their devices are that call's.
  const placed = isFree
    ? await talk.during(intent ?? { microphone: true, camera: options.isVideoCall }, send)
    : await send();
  const error = service.lastError;
  // A call that was over at once, because everybody was busy, has its end screen.
  const result = placed || error?.code === "call_ended" ? service.lastResult : null;
  screen.placed(result?.call ?? null);
  if (result === null) {
    explain(error, options.invitees);
    return false;
  }
  for (const each of result.errors ?? []) {
    toast(inviteeErrorWords(each, nameOf(each.invitee, options.invitees)), { kind: "wrong" });
  }
  if (result.merged) {
    toast(say("call.merged", { name: names(options.invitees) }), { kind: "good" });
  }
  return placed;
}

/** Add people to a call one is in.
 *  @param {CallInvitationService} service
 *  @param {string} callID
 *  @param {Person[]} invitees
 *  @returns {Promise<boolean>} */
export async function addPeople(service, callID, invitees) {
  const added = await service.invite({ callID, invitees });
  if (!added) {
    explain(service.lastError, invitees);
    return false;
  }
  for (const each of service.lastResult?.errors ?? []) {
    toast(inviteeErrorWords(each, nameOf(each.invitee, invitees)), { kind: "wrong" });
  }
  return true;
}

/** Come into a call that goes on, or bring it to this device.
 *  @param {Page} page
 *  @param {import("../client/types.js").Call} call
 *  @returns {Promise<boolean>} */
export function joinCall({ service, talk }, call) {
  const intent = { microphone: true, camera: call.is_video_call };
  return talk.during(intent, () => orExplain(service, service.join(call.call_id)));
}

/** Do a verb and say why if it failed.
 *  @param {CallInvitationService} service
 *  @param {Promise<boolean>} verb
 *  @returns {Promise<boolean>} */
export async function orExplain(service, verb) {
  const done = await verb;
  if (!done) {
    toast(errorWords(service.lastError), { kind: "wrong" });
  }
  return done;
}

/** @param {CallInvitationService["lastError"]} error @param {Person[]} invitees */
function explain(error, invitees) {
  const left = error?.code === "no_valid_invitee" ? error.invitees : [];
  const words = left.map((each) => inviteeErrorWords(each, nameOf(each.invitee, invitees)));
  toast(words.join(" ") || errorWords(error), { kind: "wrong" });
}

/** @param {string} id @param {Person[]} people */
function nameOf(id, people) {
  return people.find((person) => person.id === id)?.name || id;
}
