/** How calls, people, moments and failures are said: which sentence tells what happened. */

import { isOver } from "../client/index.js";
import { isolated, locale, say, sayKnown } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Invitation} Invitation
 *  @typedef {import("../client/types.js").Person} Person */

const NAMED = 3;
/** Ends of calls that say what became of the invitations. */
const OF_INVITATIONS = new Set(["cancelled", "rejected", "busy", "timed_out"]);

/** What a person is called, so that it moves nothing beside it.
 *  @param {Person} person
 *  @returns {string} */
export function nameOf({ id, name }) {
  return isolated(name || id);
}

/** What a stranger is called: names may be alike, ids never are.
 *  @param {Person} person one without an id is nobody any more
 *  @returns {string} "Alice (@alice)" */
export function toldApart({ id, name }) {
  return id
    ? say(id.includes("@") ? "person.with_address" : "person.with_id", { name: name || id, id })
    : nameOf({ id, name });
}

/** Who rang somebody with a call: the last one who invited them, else who sent it.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {Person} */
export function rangBy(call, userId) {
  return call.invitations.findLast((each) => each.invitee.id === userId)?.inviter ?? call.caller;
}

/** What somebody is called who is in a call, by a person whom a stranger may have rung with it.
 *  @param {Call} call
 *  @param {string | undefined} userId who reads it
 *  @returns {(person: Person) => string} */
export function calledIn(call, userId) {
  const stranger = isFromStranger(call) ? rangBy(call, userId).id : null;
  return (person) => (person.id === stranger ? toldApart(person) : nameOf(person));
}

/** Whether a call came from somebody who was none of the viewer's contacts.
 *  @param {Call} call
 *  @returns {boolean} */
export function isFromStranger({ you }) {
  return you?.from_contact === false;
}

/** Whether a call did not ring for the viewer, as their own settings say.
 *  @param {Call} call
 *  @returns {boolean} */
export function isWithheld({ you }) {
  return you?.verdict === "silenced" || you?.verdict === "not_from_you";
}

/** The line below the name of a stranger who rang: "@alice · Not in your contacts"; empty for a contact.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {string} */
export function strangerWords(call, userId) {
  if (!isFromStranger(call)) {
    return "";
  }
  const { id } = rangBy(call, userId);
  return sideBySide(id.includes("@") || !id ? id : `@${id}`, say("person.no_contact"));
}

/** "Bob", "Bob and Carol", "Bob, Carol and 2 others".
 *  @param {Person[]} people
 *  @param {(person: Person) => string} [called] what each is called
 *  @returns {string} */
export function names(people, called = nameOf) {
  const all = people.map(called);
  if (all.length === 0) {
    return say("people.nobody");
  }
  if (all.length > NAMED) {
    const count = all.length - NAMED + 1;
    all.splice(NAMED - 1, count, say("people.others", { count }));
  }
  return new Intl.ListFormat(locale()).format(all);
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

/** What came with a call as a person may read it: short plain text as it is; JSON, long or binary data as nothing.
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

/** What the caller says with a ring; the server has taken out what cannot be seen. It tells nothing of who calls.
 *  @param {Call} call
 *  @returns {string[]} title and message, as far as there are any */
export function textOf({ sender_title: title, sender_message: message }) {
  return [title, message].filter(Boolean);
}

/** What somebody said as they declined. Whatever else goes along with an answer is between programs.
 *  @param {Invitation} invitation
 *  @returns {string} */
export function replyOf({ state, custom_data: data }) {
  return state === "rejected" ? readableText(data) : "";
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

/** What kind of call it is, as the codes of sentences about calls end.
 *  @param {Pick<Call, "is_video_call">} call
 *  @param {boolean} group
 *  @returns {"audio" | "video" | "group_audio" | "group_video"} */
export function kindOf({ is_video_call: isVideo }, group) {
  return group ? (isVideo ? "group_video" : "group_audio") : isVideo ? "video" : "audio";
}

/** "Audio call", "Group video call".
 *  @param {Pick<Call, "is_video_call">} call
 *  @param {boolean} group
 *  @returns {string} */
export function kindOfCall(call, group) {
  return say(`call.title.${kindOf(call, group)}`);
}

/** Where one invitation stands, for the person who waits for it: the same sentence wherever it is told.
 *  @param {Invitation} invitation
 *  @returns {string} */
export function invitationWords(invitation) {
  const { invitee, standing, reject_reason: reason, ringing_devices: count, ringing_on: device } = invitation;
  if (standing === "declined") {
    const text = replyOf(invitation);
    return text
      ? say("invitation.rejected.saying", { text })
      : sayKnown(`invitation.rejected.${reason}`, "invitation.rejected");
  }
  if (standing === "ringing" && count > 1) {
    return say("invitation.ringing.devices", { count });
  }
  if (standing === "ringing" && device) {
    return say("invitation.ringing.on", { device });
  }
  return say(`invitation.${standing}`, { name: invitee.name || invitee.id });
}

/** Whether a device alerts now: one that did may have gone.
 *  @param {Invitation} invitation
 *  @returns {boolean} */
export function isAlerting({ standing }) {
  return standing === "ringing" || standing === "ringing_silently";
}

/** Whether nothing is known yet of a ring.
 *  @param {Invitation} invitation
 *  @returns {boolean} */
export function isBeingReached({ standing }) {
  return standing === "calling";
}

/** Where the rings of a call stand that nobody has answered yet, in one line.
 *  @param {Invitation[]} invitations each person's latest
 *  @returns {string} */
export function waitingWords(invitations) {
  if (invitations.length === 1) {
    return invitationWords(invitations[0]);
  }
  const pending = invitations.filter(({ state }) => state === "pending");
  const ringing = pending.filter(isAlerting).length;
  if (ringing) {
    return say("call.ringing_of", { ringing, total: invitations.length });
  }
  if (pending.length === 0) {
    return say("invitation.calling");
  }
  const isUnreachable = pending.every(({ standing }) => standing === "unreachable");
  return isUnreachable ? say("call.unreachable_people") : say("call.calling_people", { count: pending.length });
}

/** Why a call is over, for somebody who was in it or waited for it.
 *  @param {Call} call
 *  @param {{leftReason?: string | null, mine?: boolean}} [view] why I left, if the call itself goes on; whether I called
 *  @returns {string} */
export function endWords(call, { leftReason = null, mine = true } = {}) {
  if (leftReason === "moved") {
    return say("end.moved");
  }
  if (!isOver(call)) {
    return say(leftReason === "connection_lost" || leftReason === "removed" ? `end.${leftReason}` : "end.left");
  }
  const rings = latestInvitations(call);
  if (mine && rings.length > 0 && rings.every(isCancelledByAdmin)) {
    return say("invitation.cancelled_by_admin");
  }
  if (mine && OF_INVITATIONS.has(String(call.end_reason))) {
    return unansweredEnd(call, rings);
  }
  if (!mine && call.end_reason === "timed_out") {
    return say("end.timed_out.incoming");
  }
  if (!mine && call.end_reason === "caller_lost") {
    return say("end.caller_lost.incoming");
  }
  return sayKnown(`end.${call.end_reason}`, "end.completed");
}

/** Whether an administrator stopped a ring, and not whoever called.
 *  @param {Invitation} invitation
 *  @returns {boolean} */
function isCancelledByAdmin({ standing }) {
  return standing === "cancelled_by_admin";
}

/** What is said to somebody at the moment when their ring stops unanswered.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {string} */
export function takenBackWords(call, userId) {
  const mine = latestInvitations(call).find((each) => each.invitee.id === userId);
  const name = calledIn(call, userId)(call.caller);
  return say(mine && isCancelledByAdmin(mine) ? "news.cancelled_by_admin" : "news.hung_up", { name });
}

/** How a call ended that nobody answered, for its caller: where all its invitations stand.
 *  @param {Call} call @param {Invitation[]} invitations */
function unansweredEnd(call, invitations) {
  const all = (/** @type {string[]} */ ...standings) => invitations.every((each) => standings.includes(each.standing));
  if (call.end_reason === "cancelled" && all("cancelled_before_ring", "never_reached") && !all("never_reached")) {
    return say("end.cancelled_before_ring");
  }
  if (invitations.length === 1) {
    return invitationWords(invitations[0]);
  }
  return all("never_reached") ? say("end.nobody_reached") : sayKnown(`end.${call.end_reason}`, "end.completed");
}

/** What came of a call, or how it stands: one line of recents, and of what explains the call.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {{direction: "incoming" | "outgoing", missed: boolean, live: boolean, words: string}} `missed`: by this user */
export function recentWords(call, userId) {
  /** @type {"incoming" | "outgoing"} */
  const direction = call.caller.id === userId ? "outgoing" : "incoming";
  const missed = Boolean(call.you?.missed);
  const line = { direction, missed, live: !isOver(call) };
  if (line.live) {
    return { ...line, words: liveWords(call, userId, direction) };
  }
  if (call.answered_at && !missed && answeredByMe(call, userId, direction)) {
    const seconds = call.you?.duration_seconds ?? null;
    const length = seconds === null ? "" : clockTime(seconds);
    const ending = call.end_reason === "completed" ? "" : endWords(call);
    return { ...line, words: sideBySide(say(`recent.${direction}`), length, ending) };
  }
  return { ...line, words: direction === "outgoing" ? endWords(call) : unansweredWords(call, userId, missed) };
}

/** Facts in one line, each a sentence of its own; what is empty is left out.
 *  @param {...string} facts
 *  @returns {string} */
export function sideBySide(...facts) {
  return facts
    .filter(Boolean)
    .map((fact) => isolated(fact))
    .join(" · ");
}

/** @param {Call} call @param {string | undefined} userId @param {string} direction */
function liveWords(call, userId, direction) {
  if (call.state === "active") {
    return say("call.ongoing");
  }
  if (direction === "outgoing") {
    return waitingWords(latestInvitations(call));
  }
  return call.you?.state === "pending"
    ? say("call.ringing_now")
    : unansweredWords(call, userId, Boolean(call.you?.missed));
}

/** @param {Call} call @param {string | undefined} userId @param {string} direction */
function answeredByMe(call, userId, direction) {
  return direction === "outgoing" || call.participants.some((each) => each.user.id === userId);
}

/** @param {Call} call @param {string | undefined} userId @param {boolean} missed */
function unansweredWords(call, userId, missed) {
  const mine = latestInvitations(call).find((each) => each.invitee.id === userId);
  const reply = mine ? replyOf(mine) : "";
  if (reply) {
    return say("recent.declined.saying", { text: reply });
  }
  if (mine?.state === "rejected") {
    return sayKnown(`recent.declined.${mine.reject_reason}`, "recent.declined");
  }
  if (missed && isWithheld(call)) {
    return say("recent.missed.silenced");
  }
  if (mine?.state === "busy") {
    return say("recent.missed.busy");
  }
  if (mine && isCancelledByAdmin(mine)) {
    return say(missed ? "recent.missed.cancelled_by_admin" : "recent.cancelled_by_admin");
  }
  if (mine?.state === "cancelled") {
    return say(missed ? "recent.missed.cancelled" : "recent.cancelled");
  }
  return missed ? say("recent.missed") : endWords(call, { mine: false });
}

/** "14:02", on a clock of 12 or 24 hours as the reader's system has it.
 *  @param {string} moment ISO 8601
 *  @param {Intl.DateTimeFormatOptions} [more]
 *  @returns {string} */
export function timeOfDay(moment, more = {}) {
  const { hourCycle } = new Intl.DateTimeFormat([], { hour: "numeric" }).resolvedOptions();
  return new Date(moment).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hourCycle, ...more });
}

/** "today", "yesterday", "Monday" or "12 October 2026", in the reader's own calendar.
 *  @param {string} moment ISO 8601
 *  @param {Date} today
 *  @returns {{days: number, day: string}} how many days ago it was, and the day as it stands within a sentence */
export function dayOf(moment, today) {
  const date = new Date(moment);
  const midnight = (/** @type {Date} */ each) =>
    new Date(each.getFullYear(), each.getMonth(), each.getDate()).getTime();
  const days = Math.max(0, Math.round((midnight(today) - midnight(date)) / 86_400_000));
  if (days < 2) {
    return { days, day: new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(-days, "day") };
  }
  if (days < 7) {
    return { days, day: date.toLocaleDateString(locale(), { weekday: "long" }) };
  }
  const year = date.getFullYear() === today.getFullYear() ? undefined : "numeric";
  return { days, day: date.toLocaleDateString(locale(), { day: "numeric", month: "long", year }) };
}

/** "Today", "Yesterday", "Monday" or "12 October 2026", by itself.
 *  @param {string} moment ISO 8601
 *  @param {Date} today
 *  @returns {string} */
export function dayName(moment, today) {
  const [first, ...rest] = dayOf(moment, today).day;
  return `${first.toLocaleUpperCase(locale())}${rest.join("")}`;
}

/** What the button is called that goes into a call.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {string} */
export function joinWords(call, userId) {
  return say(call.participants.some(({ user }) => user.id === userId) ? "call.rejoin" : "call.join");
}

/** Short facts about one thing as a list without "and", for readers: "In the call, muted".
 *  @param {...string} facts what is empty is left out
 *  @returns {string} */
export function listOf(...facts) {
  return new Intl.ListFormat(locale(), { type: "unit", style: "short" }).format(facts.filter(Boolean));
}

/** A failure in words: those of the server, which knows most of it, in the language of this page.
 *  @param {{code?: string, detail?: string, retryAfterSeconds?: number | null} | null | undefined} error
 *  @returns {string} */
export function errorWords(error) {
  if (error?.code === "throttled" && error.retryAfterSeconds) {
    return say("error.throttled.wait", { count: Math.ceil(error.retryAfterSeconds) });
  }
  return error?.detail || say("error.unknown");
}

/** Why one person of several could not be invited.
 *  @param {{invitee: string, code: string}} error
 *  @param {string} name
 *  @returns {string} */
export function inviteeErrorWords({ code }, name) {
  return sayKnown(`invite.${code}`, "invite.other", { name });
}
