/** Until when somebody does not want to be disturbed, and how that is said. Knows no page and no server. */

import { timeOfDay } from "./words.js";
import { locale, say } from "../words/say.js";

/** @typedef {"hour" | "morning" | "long"} QuietChoice
 *  @typedef {Pick<import("../client/types.js").State, "doNotDisturbUntil" | "quietUntil">} Standing */

export const QUIET_CHOICES = /** @type {const} */ (["hour", "morning", "long"]);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The server takes a year at the most. */
const LONGEST_DAYS = 364;
/** What is as far away as this was not meant as a moment. */
const LONG_DAYS = 300;
const MORNING = 8;
/** Whoever wants quiet until the morning means no morning that is nearly there. */
const NIGHT_HOURS = 3;

/** When a choice ends that is made now.
 *  @param {QuietChoice} choice
 *  @param {Date} now
 *  @returns {Date} */
export function endOf(choice, now) {
  if (choice === "hour") {
    return new Date(now.getTime() + HOUR_MS);
  }
  if (choice === "long") {
    return new Date(now.getTime() + LONGEST_DAYS * DAY_MS);
  }
  const morning = new Date(now.getFullYear(), now.getMonth(), now.getDate(), MORNING);
  if (morning.getTime() - now.getTime() < NIGHT_HOURS * HOUR_MS) {
    morning.setDate(morning.getDate() + 1);
  }
  return morning;
}

/** What a choice is called.
 *  @param {QuietChoice} choice
 *  @param {Date} now
 *  @returns {string} */
export function choiceWords(choice, now) {
  if (choice !== "morning") {
    return say(`quiet.for.${choice}`);
  }
  const end = endOf(choice, now);
  const time = timeOfDay(end.toISOString());
  return say(end.getDate() === now.getDate() ? "quiet.for.this_morning" : "quiet.for.morning", { time });
}

/** How somebody stands now.
 *  @param {Standing} standing
 *  @param {number} now unix milliseconds
 *  @returns {{kind: "by_hand" | "hours", until: string} | null} null: calls ring */
export function quietNow({ doNotDisturbUntil, quietUntil }, now) {
  if (doNotDisturbUntil !== null && Date.parse(doNotDisturbUntil) > now) {
    return { kind: "by_hand", until: doNotDisturbUntil };
  }
  return quietUntil !== null && Date.parse(quietUntil) > now ? { kind: "hours", until: quietUntil } : null;
}

/** The end of it, shortly: "Until 22:30", "Until Tuesday, 08:00", "Until you turn it off".
 *  @param {string} until
 *  @param {Date} now
 *  @returns {string} */
export function untilWords(until, now) {
  const end = new Date(until);
  const days = (end.getTime() - now.getTime()) / DAY_MS;
  if (days > LONG_DAYS) {
    return say("quiet.until_off");
  }
  const time = timeOfDay(until);
  if (end.toDateString() === now.toDateString()) {
    return say("quiet.until", { moment: time });
  }
  /** @type {Intl.DateTimeFormatOptions} */
  const named = days < 6 ? { weekday: "long" } : { day: "numeric", month: "long" };
  const day = end.toLocaleDateString(locale(), named);
  return say("quiet.until", { moment: say("quiet.day_and_time", { day, time }) });
}
