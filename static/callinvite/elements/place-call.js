/** Placing a call from anywhere in the page, so that the call screen is there at once and failures are said in words. */

import { toast } from "./toast-list.js";
import { errorWords, inviteeErrorWords, names } from "./words.js";

/** @typedef {import("../client/index.js").CallInvitationService} CallInvitationService
 *  @typedef {import("../rtc/index.js").Talk} Talk
 *  @typedef {{id: string, name: string}} Person
 *  @typedef {{invitees: Person[], isVideoCall: boolean, customData?: string, callID?: string, resourceID?: string,
 *    notificationTitle?: string, notificationMessage?: string, timeoutSeconds?: number}} SendOptions */

/** Call people: `send`, with the call screen and the own picture there at once, and every refusal explained.
 *  @param {CallInvitationService} service
 *  @param {Talk} talk
 *  @param {SendOptions} options
 *  @returns {Promise<boolean>} what `send` resolved to */
export async function placeCall(service, talk, options) {
  // No import of its type: the screen imports this module, and hashed names cannot be made for a circle.
  const screen = /** @type {any} */ (document.querySelector("call-screen"));
  screen?.placing(options);
  const isFree = !service.state.active && !service.state.outgoing;
  // Somebody who is in a call already is refused: their devices are that call's.
  const placed = isFree
    ? await talk.during({ microphone: true, camera: options.isVideoCall }, () => service.send(options))
    : await service.send(options);
  const error = service.lastError;
  const result = service.lastResult;
  screen?.placed(placed ? result.call : null);
  if (!placed) {
    explain(error, options.invitees);
    return false;
  }
  for (const each of result.errors ?? []) {
    toast(inviteeErrorWords(each, nameOf(each.invitee, options.invitees)), { kind: "wrong" });
  }
  if (result.merged) {
    toast(`${names(options.invitees)} was calling you too: you are connected.`, { kind: "good" });
  }
  return true;
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
  for (const each of service.lastResult.errors ?? []) {
    toast(inviteeErrorWords(each, nameOf(each.invitee, invitees)), { kind: "wrong" });
  }
  return true;
}

/** Come into a call that goes on, or bring it to this device.
 *  @param {CallInvitationService} service
 *  @param {Talk} talk
 *  @param {any} call
 *  @returns {Promise<boolean>} */
export function joinCall(service, talk, call) {
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

/** @param {any} error @param {Person[]} invitees */
function explain(error, invitees) {
  const each = error?.errors;
  if (error?.code === "no_valid_invitee" && Array.isArray(each) && each.length) {
    toast(each.map((one) => inviteeErrorWords(one, nameOf(one.invitee, invitees))).join(" "), { kind: "wrong" });
    return;
  }
  toast(errorWords(error), { kind: "wrong" });
}

/** @param {string} id @param {Person[]} people */
function nameOf(id, people) {
  return people.find((person) => person.id === id)?.name || id;
}
