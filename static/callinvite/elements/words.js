/** Everything the pages say: outcomes, reasons and errors in words. Codes stay inside. */

import { isOver } from "../client/index.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Invitation} Invitation
 *  @typedef {import("../client/types.js").Person} Person */

const REACHED_WITHIN_MS = 3000;

/** "Bob", "Bob and Carol", "Bob, Carol and 2 others".
 *  @param {Person[]} people
 *  @returns {string} */
export function names(people) {
  const all = people.map((person) => person.name || person.id);
  if (all.length <= 1) {
    return all[0] ?? "Nobody";
  }
  if (all.length === 2) {
    return `${all[0]} and ${all[1]}`;
  }
  if (all.length === 3) {
    return `${all[0]}, ${all[1]} and ${all[2]}`;
  }
  return `${all[0]}, ${all[1]} and ${all.length - 2} others`;
}

/** Everybody in a call but one user, each once, the caller first.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {Person[]} */
export function others(call, userId) {
  const found = new Map([[call.caller.id, call.caller]]);
  for (const invitation of call.invitations) {
    found.set(invitation.invitee.id, invitation.invitee);
  }
  for (const participant of call.participants) {
    found.set(participant.user.id, participant.user);
  }
  found.delete(userId ?? "");
  return [...found.values()];
}

/** Each invitee's newest invitation; a person may have been invited more than once.
 *  @param {Call} call
 *  @returns {Invitation[]} */
export function latestInvitations(call) {
  /** @type {Map<string, Invitation>} */
  const latest = new Map();
  for (const invitation of call.invitations) {
    latest.set(invitation.invitee.id, invitation);
  }
  return [...latest.values()];
}

/** Custom data as a person may read it: short plain text as it is; JSON, long or binary data as nothing.
 *  @param {string | null | undefined} data
 *  @returns {string} */
export function readableText(data) {
  const text = (data ?? "").trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  if (!text || text.length > 280 || /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) {
    return "";
  }
  if (/^[[{"]/.test(text) || /^[A-Za-z0-9+/_=-]{40,}$/.test(text)) {
    return "";
  }
  return text;
}

/** "3:05" or "1:02:09".
 *  @param {number} seconds
 *  @returns {string} */
export function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** "Audio call", "Group video call".
 *  @param {Pick<Call, "is_video_call">} call
 *  @param {boolean} group
 *  @returns {string} */
export function kindOfCall(call, group) {
  const medium = call.is_video_call ? "video" : "audio";
  return group ? `Group ${medium} call` : `${medium[0].toUpperCase()}${medium.slice(1)} call`;
}

/** What became of one invitation so far, for the person who waits for it.
 *  @param {Invitation} invitation
 *  @param {number} [waitedMs] how long it is pending
 *  @returns {string} */
export function invitationWords(invitation, waitedMs = 0) {
  switch (invitation.state) {
    case "pending":
      if (invitation.progress === "ringing") {
        return invitation.ringing_on ? `Ringing on ${invitation.ringing_on}` : "Ringing";
      }
      if (invitation.progress === "notified") {
        return "Notified, not ringing yet";
      }
      return isBeingReached(invitation, waitedMs) ? "Calling" : "Not reached yet";
    case "accepted":
      return "Accepted";
    case "rejected":
      return invitation.reject_reason && invitation.reject_reason !== "declined"
        ? `Rejected: ${invitation.reject_reason}`
        : "Rejected";
    case "busy":
      return "Busy";
    case "cancelled":
      return "Cancelled";
    case "timed_out":
      return "Nobody answered";
    default:
      return "";
  }
}

/** Whether it is too early to say that an invitee cannot be reached.
 *  @param {Invitation} invitation
 *  @param {number} waitedMs how long it is pending
 *  @returns {boolean} */
export function isBeingReached({ state, progress }, waitedMs) {
  return state === "pending" && progress !== "ringing" && progress !== "notified" && waitedMs < REACHED_WITHIN_MS;
}

/** Why a call is over, for somebody who was in it or waited for it.
 *  @param {Call} call
 *  @param {{leftReason?: string | null, mine?: boolean}} [view] why I left, if the call itself goes on; whether I called
 *  @returns {string} */
export function endWords(call, { leftReason = null, mine = true } = {}) {
  if (leftReason === "moved") {
    return "Moved to another device";
  }
  if (!isOver(call)) {
    return leftReason === "connection_lost" ? "Connection lost" : "You left the call";
  }
  if (call.end_reason === "rejected") {
    const rejections = call.invitations.filter((each) => each.state === "rejected");
    return rejections.length === 1 ? invitationWords(rejections[0]) : "Rejected";
  }
  return (
    {
      completed: "Call ended",
      cancelled: "Cancelled",
      busy: "Busy",
      timed_out: mine ? "Nobody answered" : "Not answered in time",
      caller_lost: mine ? "Your connection was lost" : "The caller's connection was lost",
      connection_lost: "Connection lost",
      media_failed: "Sound and picture could not get through",
      max_duration: "The longest time for a call is over",
      ended_by_admin: "Ended by an administrator",
    }[/** @type {string} */ (call.end_reason)] ?? "Call ended"
  );
}

/** One line of recents: which way, what came of it, whether it was missed.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {{direction: "incoming" | "outgoing", missed: boolean, live: boolean, words: string}} */
export function recentWords(call, userId) {
  const direction = call.caller.id === userId ? "outgoing" : "incoming";
  const missed = Boolean(call.you?.missed);
  if (!isOver(call)) {
    return { direction, missed, live: true, words: call.state === "active" ? "Going on now" : "Ringing now" };
  }
  if (call.answered_at && !missed && answeredByMe(call, userId, direction)) {
    const length = call.duration_seconds === null ? "" : `, ${clockTime(call.duration_seconds)}`;
    const ending = call.end_reason === "completed" ? "" : ` · ${endWords(call)}`;
    return {
      direction,
      missed,
      live: false,
      words: `${direction === "outgoing" ? "Outgoing" : "Incoming"}${length}${ending}`,
    };
  }
  return {
    direction,
    missed,
    live: false,
    words: direction === "outgoing" ? endWords(call) : unansweredWords(call, userId, missed),
  };
}

/** @param {Call} call @param {string | undefined} userId @param {string} direction */
function answeredByMe(call, userId, direction) {
  return direction === "outgoing" || call.participants.some((each) => each.user.id === userId);
}

/** @param {Call} call @param {string | undefined} userId @param {boolean} missed */
function unansweredWords(call, userId, missed) {
  const mine = latestInvitations(call).find((each) => each.invitee.id === userId);
  if (mine?.state === "rejected") {
    return mine.reject_reason && mine.reject_reason !== "declined"
      ? `You rejected: ${mine.reject_reason}`
      : "You rejected";
  }
  if (mine?.state === "busy") {
    return "Missed, you were busy";
  }
  if (mine?.state === "cancelled") {
    return missed ? "Missed, cancelled by the caller" : "Cancelled by the caller";
  }
  return missed ? "Missed" : endWords(call, { mine: false });
}

/** "14:02" today, "Mon 14:02" this week, else a date.
 *  @param {string} moment ISO 8601
 *  @returns {string} */
export function timeOfDay(moment) {
  return new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** "Today", "Yesterday", "Monday" or "12 October 2026", in the reader's own calendar.
 *  @param {string} moment ISO 8601
 *  @param {Date} today
 *  @returns {string} */
export function dayName(moment, today) {
  const day = new Date(moment);
  const midnight = (/** @type {Date} */ date) =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(today) - midnight(day)) / 86_400_000);
  if (days <= 0) {
    return "Today";
  }
  if (days === 1) {
    return "Yesterday";
  }
  if (days < 7) {
    return day.toLocaleDateString([], { weekday: "long" });
  }
  const year = day.getFullYear() === today.getFullYear() ? undefined : "numeric";
  return day.toLocaleDateString([], { day: "numeric", month: "long", year });
}

const ERRORS = {
  no_valid_invitee: "None of these people could be called.",
  unknown_user: "There is no such person.",
  self: "You cannot call yourself.",
  not_allowed: "You may not do that.",
  duplicate: "This person was chosen twice.",
  already_in_call: "You are already in a call. Hang up first, or add people to it.",
  already_ringing: "It is already ringing there.",
  call_full: "The call is full.",
  not_invited: "This person is not invited.",
  already_answered: "Too late: the call was already answered.",
  not_authenticated: "You are signed out.",
  csrf_failed: "This page is out of date. Load it again.",
  not_found: "This call does not exist any more.",
  no_current_call: "Nobody is calling right now.",
  answered_elsewhere: "You answered on another device.",
  rejected_elsewhere: "You rejected this call on another device.",
  call_id_in_use: "This call was already placed.",
  invitation_cancelled: "The caller hung up.",
  invitation_timed_out: "It rang too long: the call is over.",
  call_ended: "The call is over.",
  too_large: "That text is too long.",
  throttled: "That was too much at once. Wait a little.",
  unavailable: "The server cannot do that right now. Try again.",
  unreachable: "The server does not answer. Check your connection.",
  closed: "The connection was closed.",
};

/** A failure in words.
 *  @param {{code?: string, detail?: string, retryAfterSeconds?: number | null} | null | undefined} error
 *  @returns {string} */
export function errorWords(error) {
  if (!error) {
    return "That did not work.";
  }
  if (error.code === "throttled" && error.retryAfterSeconds) {
    return `That was too much at once. Try again in ${Math.ceil(error.retryAfterSeconds)} seconds.`;
  }
  return ERRORS[/** @type {keyof typeof ERRORS} */ (error.code)] ?? error.detail ?? "That did not work.";
}

const INVITEE_ERRORS = {
  unknown_user: "is not known here",
  self: "is you",
  not_allowed: "cannot be called by you",
  duplicate: "was chosen twice",
  already_in_call: "is already in this call",
  already_ringing: "is already being called",
  call_full: "did not fit in, the call is full",
};

/** Why one person of several could not be invited.
 *  @param {{invitee: string, code: string}} error
 *  @param {string} name
 *  @returns {string} */
export function inviteeErrorWords(error, name) {
  const reason = INVITEE_ERRORS[/** @type {keyof typeof INVITEE_ERRORS} */ (error.code)] ?? "could not be invited";
  return `${name} ${reason}.`;
}
