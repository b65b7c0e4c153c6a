/** The explanation of a call for the page that shows it: what it comes down to, and how much each entry matters. */

import { dayName, endWords, kindOf, latestInvitations, names, others, sideBySide, timeOfDay } from "./words.js";
import { isOver } from "../client/index.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").TimelineEntry} Entry
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

/** Did it ring? For each person who was invited, once: where it rang first, or why it is not known to have rung.
 *  @param {import("../client/types.js").Call} call
 *  @param {Entry[]} entries
 *  @param {string | undefined} userId
 *  @returns {{key: string, how: How, text: string}[]} */
export function answers(call, entries, userId) {
  return latestInvitations(call).map(({ invitee, state }) => {
    const about = entries.filter(({ user }) => user === invitee.id);
    const name = invitee.name || invitee.id;
    const rang = about.find(({ code }) => code === "invitation.ringing");
    const unheard = about.findLast(({ code }) => code === "ring.unheard");
    const answer = about.find(({ code }) => code === "invitation.accepted" || code === "invitation.rejected");
    if (rang || unheard || answer) {
      const { text, code } = /** @type {Entry} */ (rang ?? unheard ?? answer);
      return { key: invitee.id, how: code === "ring.unheard" ? "bad" : "good", text };
    }
    const isYou = invitee.id === userId;
    if (state === "busy") {
      const text = isYou ? say("timeline.answer.busy_you") : say("timeline.invitation.busy", { name });
      return { key: invitee.id, how: "bad", text };
    }
    const text = isYou ? say("timeline.answer.waiting_you") : say("timeline.answer.waiting", { name });
    return { key: invitee.id, how: "plain", text };
  });
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
  const live = call.state === "active" ? "call.ongoing" : "call.ringing_now";
  return { title, line: sideBySide(when, isOver(call) ? endWords(call, { mine: isMine }) : say(live)) };
}
