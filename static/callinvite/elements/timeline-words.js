/** The explanation of a call for the page that shows it: what it comes down to, and how much each entry matters. */

import {
  dayName,
  invitationWords,
  kindOf,
  latestInvitations,
  names,
  others,
  recentWords,
  sideBySide,
  timeOfDay,
} from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").TimelineEntry} Entry
 *  @typedef {import("../client/types.js").Invitation} Invitation
 *  @typedef {"good" | "bad" | "plain"} How */

const GOOD = new Set(["invitation.ringing", "invitation.accepted", "participant.connected", "delivery.acknowledged"]);
const BAD = new Set([
  "ring.unheard",
  "device.disabled",
  "delivery.gone",
  "delivery.failed",
  "delivery.expired",
  "invitation.busy",
  "invitation.timed_out",
]);

/** How an entry is marked.
 *  @param {Entry} entry
 *  @returns {How} */
export function howOf({ code, data }) {
  if (
    BAD.has(code) ||
    (code === "call.ended" && !["completed", "cancelled", "rejected"].includes(String(data.reason)))
  ) {
    return "bad";
  }
  return GOOD.has(code) ? "good" : "plain";
}

/** "14:02:07", with seconds, for rings are about seconds.
 *  @param {string} moment ISO 8601
 *  @returns {string} */
export function exactTime(moment) {
  return timeOfDay(moment, { second: "2-digit" });
}

/** What a developer or an admin looks for beside the sentence: the code, then what the server knows of it. The sentence
 *  names the device.
 *  @param {Entry} entry
 *  @returns {string} */
export function codeWords({ code, data }) {
  const told = {
    status: data.status,
    reason: data.reason,
    attempts: Number(data.attempts) > 1 ? data.attempts : null,
    host: data.host,
  };
  const parts = Object.entries(told).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return [code, ...parts.map(([name, value]) => `${name} ${value}`)].join(" · ");
}

/** Did it ring? For each person who was invited, once: where it stands, in the sentence that the caller's other screens
 *  have for it, and where it rang first, or why it is not known to have rung.
 *  @param {import("../client/types.js").Call} call
 *  @param {Entry[]} entries
 *  @param {string | undefined} userId
 *  @returns {{key: string, how: How, text: string, more: string}[]} */
export function answers(call, entries, userId) {
  return latestInvitations(call).map((invitation) => {
    const { id } = invitation.invitee;
    const about = entries.filter(({ user }) => user === id);
    const rang = about.find(({ code }) => code === "invitation.ringing");
    const unheard = about.findLast(({ code }) => code === "ring.unheard");
    const more = (rang ?? unheard)?.text ?? "";
    const how = howItStands(invitation, Boolean(rang), Boolean(unheard));
    if (id === userId) {
      const answer = about.find(({ code }) => code === "invitation.accepted" || code === "invitation.rejected");
      return { key: id, how, text: more || answer?.text || ownWords(invitation), more: "" };
    }
    return { key: id, how, text: namedWords(invitation), more };
  });
}

/** @param {Invitation} invitation @param {boolean} rang @param {boolean} unheard
 *  @returns {How} */
function howItStands({ state, standing }, rang, unheard) {
  if (!rang && (unheard || state === "busy" || standing === "unreachable" || standing === "never_reached")) {
    return "bad";
  }
  return rang || state === "accepted" || state === "rejected" ? "good" : "plain";
}

/** @param {Invitation} invitation */
function namedWords(invitation) {
  const { invitee, standing } = invitation;
  const words = invitationWords(invitation);
  const isNamed = standing === "unreachable" || standing === "never_reached";
  return isNamed ? words : say("timeline.answer", { name: invitee.name || invitee.id, words });
}

/** @param {Invitation} invitation one's own, which rang nowhere */
function ownWords({ state }) {
  return say(state === "busy" ? "timeline.answer.busy_you" : "timeline.answer.waiting_you");
}

/** "Video call to Bob", and when it was and what became of it.
 *  @param {import("../client/types.js").Call} call
 *  @param {string | undefined} userId
 *  @param {Date} now
 *  @returns {{title: string, line: string}} */
export function callWords(call, userId, now) {
  const people = others(call, userId);
  const isMine = call.caller.id === userId;
  const kind = kindOf(call, people.length > 1);
  const title = isMine
    ? say(`call.outgoing.${kind}`, { names: names(people) })
    : say(`call.from.${kind}`, { names: names([call.caller]) });
  const when = say("moment.alone", { day: dayName(call.created_at, now), time: timeOfDay(call.created_at) });
  return { title, line: sideBySide(when, recentWords(call, userId).words) };
}
