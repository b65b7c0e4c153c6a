/**
 * What this very client has done to a call, in the seed's words. What others do shows in the call itself: `events.js`.
 */

import { myInvitation } from "./call.js";
import { about } from "./events.js";

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").NamedEvent} NamedEvent
 */

const PRESSED = /** @type {const} */ ({
  accept: "incomingCallAcceptButtonPressed",
  reject: "incomingCallDeclineButtonPressed",
  cancel: "outgoingCallCancelButtonPressed",
});

/**
 * The event of a verb that the server has done.
 *
 * @param {string} verb
 * @param {import("./types.js").VerbResult | null} result
 * @param {string | undefined} userId
 * @returns {NamedEvent[]} empty if the verb has none
 */
export function doneEvent(verb, result, userId) {
  if (!result?.call) {
    return [];
  }
  if (verb === "send") {
    // Nobody was invited where two called each other, or are in a call already.
    return result.merged || result.rejoin ? [] : [sent(result.call)];
  }
  return pressed(verb, result.call, userId, true);
}

/**
 * The event of a verb that came to nothing, whatever the reason.
 *
 * @param {string} verb
 * @param {Call | null | undefined} call which it was about, as far as that is known
 * @param {string | undefined} userId
 * @returns {NamedEvent[]} empty if the verb has none
 */
export function failedEvent(verb, call, userId) {
  return call ? pressed(verb, call, userId, false) : [];
}

/**
 * @param {string} verb
 * @param {Call} call
 * @param {string | undefined} userId
 * @param {boolean} isDone
 * @returns {NamedEvent[]}
 */
function pressed(verb, call, userId, isDone) {
  switch (verb) {
    case "accept":
    case "reject":
      return myInvitation(call, userId) === null ? [] : [about(call, PRESSED[verb], { isDone })];
    case "cancel":
      return call.invitations.some(({ inviter }) => inviter.id === userId)
        ? [about(call, PRESSED[verb], { isDone })]
        : [];
    default:
      return [];
  }
}

/**
 * @param {Call} call
 * @returns {NamedEvent}
 */
function sent(call) {
  return about(call, "outgoingCallSent", {
    callees: call.invitations.map(({ invitee }) => invitee),
    customData: call.custom_data,
  });
}
