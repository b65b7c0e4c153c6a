/** Placing a call from anywhere in the page, so that the call screen is there at once and failures are said in words. */

import { makeCallID } from "../client/index.js";
import { explainEach } from "./refusals.js";
import { toast } from "./toast-list.js";
import { errorWords, names } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/index.js").CallInvitationService} CallInvitationService
 *  @typedef {import("./page-element.js").Page} Page
 *  @typedef {import("./page-element.js").Person} Person
 *  @typedef {import("./page-element.js").Placed} Placed */

/** The call that is placed last. The next one waits for it: it may have been given up, and is to be undone first.
 *  @type {Promise<unknown>} */
let last = Promise.resolve();

/** Call people: `send`, with the call screen and the own picture there at once, and every refusal explained.
 *  @param {Page} page
 *  @param {Placed} options
 *  @returns {Promise<boolean>} what `send` resolved to */
export function placeCall(page, { intent, ...options }) {
  // By its id it can be left if the page goes before the server has answered.
  const placing = page.screen.placing({ ...options, callID: options.callID ?? makeCallID() });
  const sent = last.then(() => place(page, placing, intent));
  last = sent.catch(() => {});
  return sent;
}

/** @param {Page} page
 *  @param {import("./page-element.js").Placing} placing
 *  @param {Placed["intent"]} intent
 *  @returns {Promise<boolean>} */
async function place(page, placing, intent) {
  const { service, talk, screen } = page;
  const { options } = placing;
  if (placing.isCancelled) {
    await screen.placed(placing, null);
    return false;
  }
  const isFree = !service.state.active && !service.state.outgoing;
  const send = () => service.send(options);
  // Somebody who is in a call already is refused: their devices are that call's.
  const placed = isFree
    ? await talk.during(intent ?? { microphone: true, camera: options.isVideoCall }, send)
    : await send();
  const error = service.lastError;
  // A call that was over at once, because everybody was busy, has its end screen.
  const result = placed || error?.code === "call_ended" ? service.lastResult : null;
  await screen.placed(placing, result?.call ?? null, result === null && Boolean(error?.isTemporary));
  const again = (/** @type {Person} */ person) => {
    placeCall(page, { intent, ...options, callID: undefined, invitees: [person] });
  };
  if (result === null) {
    explain(page, error, options.invitees, again);
    return false;
  }
  // Those who ring do so in this call: whoever was left out comes into it, not into one of their own.
  explainEach(page, result.errors ?? [], options.invitees, (person) => {
    addPeople(page, result.call.call_id, [person]);
  });
  if (result.merged) {
    toast(say("call.merged", { name: names(options.invitees) }), { kind: "good" });
  }
  return placed;
}

/** Add people to a call one is in.
 *  @param {Page} page
 *  @param {string} callID
 *  @param {Person[]} invitees
 *  @returns {Promise<boolean>} */
export async function addPeople(page, callID, invitees) {
  const { service } = page;
  const again = (/** @type {Person} */ person) => {
    addPeople(page, callID, [person]);
  };
  const added = await service.invite({ callID, invitees });
  if (!added) {
    explain(page, service.lastError, invitees, again);
    return false;
  }
  explainEach(page, service.lastResult?.errors ?? [], invitees, again);
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

/** @param {Page} page
 *  @param {CallInvitationService["lastError"]} error
 *  @param {Person[]} invitees
 *  @param {(person: Person) => void} again */
function explain(page, error, invitees, again) {
  const left = error?.code === "no_valid_invitee" ? error.invitees : [];
  if (left.length === 0) {
    toast(errorWords(error), { kind: "wrong" });
  }
  explainEach(page, left, invitees, again);
}
