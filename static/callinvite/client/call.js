/**
 * Reading a call object: whose invitation, who is in it, is it over. Pure questions, no state of its own.
 */

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").Invitation} Invitation
 * @typedef {import("./types.js").Participant} Participant
 */

/**
 * Whether the call has ended.
 *
 * @param {Call} call
 * @returns {boolean}
 */
export function isOver(call) {
  return call.state === "ended";
}

/**
 * The latest invitation of one person into this call.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {Invitation | null}
 */
export function myInvitation(call, userId) {
  return call.invitations.findLast((invitation) => invitation.invitee.id === userId) ?? null;
}

/**
 * One person's place in the call while they are in it.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @param {string | null} [deviceId] only on this device
 * @returns {Participant | null} null if they are not in the call (now, there)
 */
export function myParticipant(call, userId, deviceId = null) {
  if (isOver(call)) {
    return null;
  }
  return (
    call.participants.findLast(
      (participant) =>
        participant.user.id === userId && participant.left_at === null && isOnDevice(participant, deviceId),
    ) ?? null
  );
}

/**
 * Who is in the call now, but for one person.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {Participant[]} in the order of their joining
 */
export function othersInside(call, userId) {
  return call.participants.filter((participant) => participant.left_at === null && participant.user.id !== userId);
}

/**
 * Whether a place in a call is the one of this device.
 *
 * @param {Participant} participant
 * @param {string | null} deviceId null: any device
 * @returns {boolean}
 */
export function isOnDevice(participant, deviceId) {
  return deviceId === null || participant.device_id === deviceId;
}

/**
 * The invitations that still ring.
 *
 * @param {Call} call
 * @returns {Invitation[]}
 */
export function pendingInvitations(call) {
  return isOver(call) ? [] : call.invitations.filter((invitation) => invitation.state === "pending");
}

/**
 * Whether this call rings for one person now.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {boolean}
 */
export function isRingingFor(call, userId) {
  return !isOver(call) && myInvitation(call, userId)?.state === "pending";
}

/**
 * Whether a verb is open to the one who looks at this call.
 *
 * @param {Call} call
 * @param {import("./types.js").OpenVerb} verb
 * @returns {boolean}
 */
export function may(call, verb) {
  return call.you?.can.includes(verb) ?? false;
}

/**
 * Until when this call can be answered, by the one who looks at it.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {number | null} unix milliseconds; null if nothing rings
 */
export function ringDeadline(call, userId) {
  const invitation = myInvitation(call, userId);
  const moment = invitation?.state === "pending" ? invitation.expires_at : call.ring_expires_at;
  return isOver(call) ? null : Date.parse(moment);
}
