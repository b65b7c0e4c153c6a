/** Devices and their test rings in words: whether each can be rung, since when not, and what to do about it. */

import { dayName, timeOfDay } from "./words.js";

/** @typedef {import("../client/types.js").Device} Device
 *  @typedef {import("../client/types.js").TestRing} TestRing
 *  @typedef {{how: "good" | "fair" | "bad", words: string}} HealthWords
 *  @typedef {{code: string, how: "done" | "under way" | "failed", words: string, afterMs: number | null}} HopWords
 *    `afterMs`: how long after the hop before it */

const DISABLED = {
  gone: "the push service no longer knows it",
  vapid_key_changed: "the server’s push key is another one now",
};

/** "today at 14:02", "yesterday at 14:02", "on Monday at 14:02", "on 3 November at 14:02".
 *  @param {string} moment ISO 8601
 *  @param {Date} now
 *  @returns {string} */
export function momentWords(moment, now) {
  return `${dayWords(moment, now)} at ${timeOfDay(moment)}`;
}

/** "today", "yesterday", "on Monday", "on 3 November".
 *  @param {string} moment @param {Date} now */
function dayWords(moment, now) {
  const day = dayName(moment, now);
  return day === "Today" || day === "Yesterday" ? day.toLowerCase() : `on ${day}`;
}

/** What a device is called.
 *  @param {Pick<Device, "label">} device
 *  @returns {string} */
export function deviceName(device) {
  return device.label || "Unnamed device";
}

/** Whether a device can be rung.
 *  @param {Device} device
 *  @param {boolean} isHere whether it is this very browser
 *  @param {Date} now
 *  @returns {HealthWords} */
export function healthWords(device, isHere, now) {
  switch (device.health) {
    case "ok": {
      const last = device.last_ringing_at
        ? `last rang ${momentWords(device.last_ringing_at, now)}`
        : "has not rung yet";
      return { how: "good", words: `Rings by push, ${last}` };
    }
    case "disabled": {
      const why =
        DISABLED[/** @type {keyof typeof DISABLED} */ (device.disabled_reason)] ?? "its push address no longer works";
      const since = device.disabled_since ? `, since ${dayWords(device.disabled_since, now).replace(/^on /, "")}` : "";
      const heal = isHere ? "Load this page again to heal it." : "Open Callinvite on it to heal it.";
      return { how: "bad", words: `Cannot be rung: ${why}${since}. ${heal}` };
    }
    default:
      return {
        how: "fair",
        words: `Rings only while Callinvite is open ${isHere ? "here" : "there"}: no push address`,
      };
  }
}

/** When a device gave its last sign of life, and who wakes it.
 *  @param {Device} device
 *  @param {boolean} isHere
 *  @param {Date} now
 *  @returns {string} */
export function lifeWords(device, isHere, now) {
  const seen = device.last_seen_at ? `Last seen ${momentWords(device.last_seen_at, now)}` : "Not seen yet";
  const parts = [isHere ? "In use now" : seen];
  if (device.push?.host) {
    parts.push(`by ${device.push.host}`);
  }
  return parts.join(" · ");
}

/** "0 ms", "412 ms", "3.4 s", "1:05 min".
 *  @param {number} milliseconds
 *  @returns {string} */
export function spanWords(milliseconds) {
  const whole = Math.max(0, Math.round(milliseconds));
  if (whole < 1000) {
    return `${whole} ms`;
  }
  if (whole < 59_950) {
    return `${(whole / 1000).toFixed(1)} s`;
  }
  const seconds = Math.round(whole / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}

/** The way of a test ring so far, and the hop that is waited for.
 *  @param {TestRing} test
 *  @param {boolean} isLate whether nothing more can come of it
 *  @returns {HopWords[]} */
export function hopWords(test, isLate) {
  /** @type {HopWords[]} */
  const hops = test.hops.map(({ code, at, text }, index) => ({
    code,
    how: code === "failed" ? "failed" : code === "retrying" ? "under way" : "done",
    words: code === "planned" ? "Asked for" : text.replace(/\.$/, ""),
    afterMs: index === 0 || code === "retrying" ? null : Date.parse(at) - Date.parse(test.hops[index - 1].at),
  }));
  if (test.state === "arrived" || test.state === "failed") {
    return hops;
  }
  const isTaken = test.hops.some(({ code }) => code === "sent");
  if (isLate) {
    const words = isTaken ? "The device did not show it" : "No push service took it";
    return [...hops.filter(({ how }) => how !== "under way"), { code: "late", how: "failed", words, afterMs: null }];
  }
  if (isTaken) {
    hops.push({ code: "arrived", how: "under way", words: "Waiting for the device to show it", afterMs: null });
  } else if (!hops.some(({ how }) => how === "under way")) {
    hops.push({ code: "sent", how: "under way", words: "Handing it to the push service", afterMs: null });
  }
  return hops;
}

/** What came of a test ring and, where it did not ring, what to do. Empty while it is under way.
 *  @param {TestRing} test
 *  @param {boolean} isLate
 *  @param {boolean} isHere whether it was this very browser that was rung
 *  @returns {string} */
export function verdictWords(test, isLate, isHere) {
  if (test.state === "arrived") {
    const [first, last] = [test.hops[0], test.hops[test.hops.length - 1]];
    return `It rings: ${spanWords(Date.parse(last.at) - Date.parse(first.at))} from asking to showing.`;
  }
  if (test.state === "failed") {
    return isHere
      ? "Try again. If it stays so, press “Stop ringing here” above and enable ringing again."
      : "Try again. If it stays so, open Callinvite on it, stop ringing there and enable ringing again.";
  }
  if (!isLate) {
    return "";
  }
  if (!test.hops.some(({ code }) => code === "sent")) {
    return "The server did not get it to the push service in time. Whoever runs this server finds the reason in its log.";
  }
  return isHere
    ? "The push service took it, and this browser did not show it. Look whether the system lets this browser show notifications, and whether “do not disturb” hides them."
    : "The push service took it, and the device did not show it. Look whether it is switched on and online, whether it may show notifications of Callinvite, and whether “do not disturb” hides them.";
}
