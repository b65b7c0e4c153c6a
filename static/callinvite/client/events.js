/**
 * What happened between two states of one call, in the seed's words.
 *
 * Looks only at states, never at frames, so that a change learnt late or twice gives the same event, once.
 */

import { isOnDevice, isOver, myInvitation, myParticipant } from "./call.js";

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").Invitation} Invitation
 * @typedef {import("./types.js").NamedEvent} NamedEvent
 * @typedef {import("./types.js").Participant} Participant
 *
 * @typedef {object} Viewpoint whose events are asked for
 * @property {string} userId
 * @property {string} deviceId
 * @property {boolean} rejectsHere this very client rejected, or is rejecting, the call
 * @property {boolean} [firstLook] the page has just been loaded: what was over before is no news
 *
 * @typedef {{was: Invitation | null, is: Invitation}} Change
 * @typedef {Exclude<keyof import("./types.js").ServiceEvents,
 *   "change" | "connectionChanged" | "signal" | "performed" | "error">} CallEventName
 */

/**
 * The events that lead from one state of a call to the next.
 *
 * @param {Call | null} previous null if the call was not known
 * @param {Call} next
 * @param {Viewpoint} viewpoint
 * @returns {NamedEvent[]} in the order in which they are to be told
 */
export function eventsBetween(previous, next, viewpoint) {
  const changes = changedInvitations(previous, next);
  const own = changes.filter(({ is }) => is.invitee.id === viewpoint.userId);
  const others = changes.filter(({ is }) => is.inviter.id === viewpoint.userId);
  if (viewpoint.firstLook) {
    return [
      ...own.filter(({ is }) => is.state === "pending").map(({ is }) => received(next, is)),
      ...presenceEvents(null, next, viewpoint).filter(({ name }) => name === "callStarted"),
    ];
  }
  return [
    ...invitationNews(next, changes),
    ...own.flatMap((change) => incomingEvent(next, change, viewpoint)),
    ...others.flatMap((change) => outgoingEvent(next, change)),
    ...peopleEvents(previous, next, viewpoint),
    ...presenceEvents(previous, next, viewpoint),
  ];
}

/**
 * That somebody rejected on another device, told late: this client had tried to do so itself and came second.
 *
 * @param {Call} call
 * @param {string} userId
 * @returns {NamedEvent[]} empty if the call was not rejected
 */
export function lostRejection(call, userId) {
  const invitation = myInvitation(call, userId);
  return invitation?.state === "rejected" ? [rejectedElsewhere(call, invitation)] : [];
}

/**
 * Invitations that are new or changed. An invitee's attempts are told apart by their order.
 *
 * @param {Call | null} previous
 * @param {Call} next
 * @returns {Change[]}
 */
function changedInvitations(previous, next) {
  /** @type {Map<string, number>} */
  const attempts = new Map();
  return next.invitations
    .map((is) => {
      const id = is.invitee.id;
      const nth = attempts.get(id) ?? 0;
      attempts.set(id, nth + 1);
      const was = previous?.invitations.filter((invitation) => invitation.invitee.id === id)[nth] ?? null;
      return { was, is };
    })
    .filter(({ was, is }) => was?.state !== is.state || (is.state === "pending" && was.progress !== is.progress));
}

/**
 * @param {Call} call
 * @param {Change[]} changes
 * @returns {NamedEvent[]}
 */
function invitationNews(call, changes) {
  if (changes.length === 0) {
    return [];
  }
  const users = changes.map(({ was, is }) => ({
    user: is.invitee,
    state: is.state,
    progress: is.progress,
    previousState: was?.state ?? null,
    reason: is.reject_reason,
    customData: is.custom_data,
  }));
  return [about(call, "invitationUserStateChanged", { users })];
}

/**
 * @param {Call} call
 * @param {Change} change
 * @param {Viewpoint} viewpoint
 * @returns {NamedEvent[]}
 */
function incomingEvent(call, { was, is }, viewpoint) {
  if (was?.state === is.state) {
    return [];
  }
  if (is.state === "pending") {
    return [received(call, is)];
  }
  if (is.state === "busy") {
    return [about(call, "incomingMissed", { inviter: is.inviter })];
  }
  if (was?.state !== "pending") {
    return [];
  }
  switch (is.state) {
    case "cancelled":
      return [about(call, "incomingCallCanceled", { customData: is.custom_data })];
    case "timed_out":
      return [about(call, "incomingCallTimeout", {})];
    case "accepted":
      return answeredHere(call, viewpoint)
        ? []
        : [about(call, "incomingCallAnsweredElsewhere", { answeredOn: is.answered_on })];
    case "rejected":
      return viewpoint.rejectsHere ? [] : [rejectedElsewhere(call, is)];
    default:
      return [];
  }
}

/**
 * @param {Call} call
 * @param {Invitation} invitation
 * @returns {NamedEvent}
 */
function received(call, invitation) {
  return about(call, "incomingCallReceived", {
    inviter: invitation.inviter,
    callees: call.invitations.map(({ invitee }) => invitee),
    customData: call.custom_data,
  });
}

/**
 * @param {Call} call
 * @param {Invitation} invitation
 * @returns {NamedEvent}
 */
function rejectedElsewhere(call, invitation) {
  return about(call, "incomingCallRejectedElsewhere", {
    answeredOn: invitation.answered_on,
    reason: invitation.reject_reason,
  });
}

/**
 * @param {Call} call
 * @param {Viewpoint} viewpoint
 * @returns {boolean} whether the latest place of this user in the call is this device
 */
function answeredHere(call, { userId, deviceId }) {
  const place = call.participants.findLast((participant) => participant.user.id === userId);
  return place !== undefined && isOnDevice(place, deviceId);
}

/**
 * @param {Call} call
 * @param {Change} change
 * @returns {NamedEvent[]}
 */
function outgoingEvent(call, { was, is }) {
  const detail = { callee: is.invitee, customData: is.custom_data, invitation: is };
  if (was?.state === is.state && is.state !== "pending") {
    return [];
  }
  switch (is.state) {
    case "pending":
      // What changed, if anything did, is where it stands.
      return is.standing === "ringing" || is.standing === "ringing_silently"
        ? [about(call, "outgoingCallRinging", { callee: is.invitee, ringingOn: is.ringing_on ?? null, invitation: is })]
        : [];
    case "accepted":
      return [about(call, "outgoingCallAccepted", detail)];
    case "busy":
      return [about(call, "outgoingCallRejectedCauseBusy", detail)];
    case "rejected":
      return is.reject_reason === "busy"
        ? [about(call, "outgoingCallRejectedCauseBusy", detail)]
        : [about(call, "outgoingCallDeclined", { ...detail, reason: is.reject_reason })];
    case "timed_out":
      return [about(call, "outgoingCallTimeout", { callee: is.invitee, invitation: is })];
    default:
      return [];
  }
}

/**
 * Who else came into the call, left it, or took it to another device. Its end is told by `callEnded` alone.
 *
 * @param {Call | null} previous
 * @param {Call} next
 * @param {Viewpoint} viewpoint
 * @returns {NamedEvent[]}
 */
function peopleEvents(previous, next, { userId }) {
  if (previous === null) {
    return [];
  }
  const before = new Map(previous.participants.map((place) => [placeKey(place), place]));
  const isMoved = (/** @type {Participant} */ place) => place.left_reason === "moved";
  const left = next.participants.filter(
    (place) => place.left_at !== null && (before.get(placeKey(place))?.left_at ?? null) === null,
  );
  return next.participants
    .filter((place) => place.user.id !== userId)
    .flatMap((place) => {
      const detail = { user: place.user, participant: place };
      const isNew = !before.has(placeKey(place));
      const hasMoved = isNew && left.some((each) => each.user.id === place.user.id && isMoved(each));
      return [
        ...(isNew ? [about(next, hasMoved ? "userMoved" : "userEntered", detail)] : []),
        ...(left.includes(place) && !isMoved(place) && place.left_reason !== "call_ended"
          ? [about(next, "userLeft", { ...detail, leftReason: place.left_reason })]
          : []),
      ];
    });
}

/**
 * @param {Participant} place
 * @returns {string} what tells it from every other place in the call, whatever its owner is called
 */
function placeKey({ device_id, joined_at }) {
  return `${joined_at} ${device_id}`;
}

/**
 * Whether this device came into an answered call, or is out of the call.
 *
 * @param {Call | null} previous
 * @param {Call} next
 * @param {Viewpoint} viewpoint
 * @returns {NamedEvent[]}
 */
function presenceEvents(previous, next, viewpoint) {
  const { userId, deviceId } = viewpoint;
  /** @param {Call | null} call */
  const isInAnswered = (call) => call?.state === "active" && myParticipant(call, userId, deviceId) !== null;
  const events = [];
  if (closedPlaces(next, viewpoint).length > closedPlaces(previous, viewpoint).length) {
    events.push(
      about(next, "callEnded", {
        endReason: next.end_reason,
        leftReason: closedPlaces(next, viewpoint).at(-1)?.left_reason ?? null,
        durationSeconds: next.duration_seconds,
      }),
    );
  }
  if (isInAnswered(next) && !isInAnswered(previous)) {
    events.push(about(next, "callStarted", {}));
  }
  return events;
}

/**
 * @param {Call | null} call
 * @param {Viewpoint} viewpoint
 * @returns {import("./types.js").Participant[]} this device's places in the call that are over
 */
function closedPlaces(call, { userId, deviceId }) {
  if (call === null) {
    return [];
  }
  return call.participants.filter(
    (place) => place.user.id === userId && isOnDevice(place, deviceId) && (place.left_at !== null || isOver(call)),
  );
}

/**
 * An event of one call.
 *
 * @template {CallEventName} Name
 * @param {Call} call
 * @param {Name} name
 * @param {Omit<import("./types.js").ServiceEvents[Name], keyof import("./types.js").AboutCall>} more
 * @returns {NamedEvent}
 */
export function about(call, name, more) {
  const detail = { callID: call.call_id, call, caller: call.caller, isVideoCall: call.is_video_call, ...more };
  // The compiler does not join a name and its detail again.
  return /** @type {NamedEvent} */ (/** @type {unknown} */ ({ name, detail }));
}
