/** Devices and their test rings in words: whether each can be rung, since when not, and what to do about it. */

import { clockTime, dayOf, sideBySide, timeOfDay } from "./words.js";
import { isolated, locale, say, sayKnown } from "../words/say.js";

/** @typedef {import("../client/types.js").Device} Device
 *  @typedef {import("../client/types.js").SignedInBrowser} SignedInBrowser
 *  @typedef {import("../client/types.js").TestRing} TestRing
 *  @typedef {{how: "good" | "fair" | "bad", words: string}} HealthWords
 *  @typedef {{code: string, how: "done" | "under way" | "failed", words: string, afterMs: number | null}} HopWords
 *    `afterMs`: how long after the hop before it */

/** "today at 14:02", "yesterday at 14:02", "on Monday at 14:02", "on 3 November at 14:02".
 *  @param {string} moment ISO 8601
 *  @param {Date} now
 *  @returns {string} */
export function momentWords(moment, now) {
  const { days, day } = dayOf(moment, now);
  const code = days === 0 ? "moment.today" : days === 1 ? "moment.yesterday" : "moment.on";
  return say(code, { day, time: timeOfDay(moment) });
}

/** What a device is called.
 *  @param {Pick<Device, "label">} device
 *  @param {number} [number] which of several that are called alike
 *  @returns {string} */
export function deviceName(device, number = 0) {
  const name = isolated(device.label || say("device.unnamed"));
  return number ? say("device.numbered", { name, number }) : name;
}

/** Whether a device can be rung.
 *  @param {Device} device
 *  @param {boolean} isHere whether it is this very browser
 *  @param {Date} now
 *  @returns {HealthWords} */
export function healthWords(device, isHere, now) {
  const where = isHere ? "here" : "there";
  switch (device.health) {
    case "ok": {
      const last = device.last_ringing_at;
      const words = last
        ? say("device.health.rang", { moment: momentWords(last, now) })
        : say("device.health.silent_so_far");
      return { how: "good", words };
    }
    case "disabled": {
      const why = sayKnown(`device.health.disabled.${device.disabled_reason}`, "device.health.disabled");
      const since = device.disabled_since ? [sinceWords(device.disabled_since, now)] : [];
      return { how: "bad", words: [why, ...since, say(`device.heal.${where}`)].join(" ") };
    }
    default:
      return { how: "fair", words: say(`device.health.no_address.${where}`) };
  }
}

/** @param {string} moment @param {Date} now */
function sinceWords(moment, now) {
  const { days, day } = dayOf(moment, now);
  const code =
    days === 0 ? "device.health.since_today" : days === 1 ? "device.health.since_yesterday" : "device.health.since";
  return say(code, { day });
}

/** When a device came, when it gave its last sign of life, from where, and who wakes it.
 *  @param {Device} device
 *  @param {boolean} isHere
 *  @param {Date} now
 *  @param {string | null} [address] the IP address that it was used from, if known
 *  @returns {string} */
export function lifeWords(device, isHere, now, address) {
  const seen = device.last_seen_at
    ? say("device.last_seen", { moment: momentWords(device.last_seen_at, now) })
    : say("device.never_seen");
  const host = device.push?.host;
  const added = say("device.added", { moment: momentWords(device.created_at, now) });
  return sideBySide(
    isHere ? say("device.in_use") : seen,
    added,
    address ? say("device.address", { address }) : "",
    host ? say("device.push_host", { host }) : "",
  );
}

/** When a browser was used last and signed in, and from where.
 *  @param {Pick<SignedInBrowser, "current" | "last_used_at" | "created_at" | "address">} browser
 *  @param {Date} now
 *  @returns {string} */
export function browserWords({ current, last_used_at, created_at, address }, now) {
  const used = last_used_at ? say("device.last_seen", { moment: momentWords(last_used_at, now) }) : "";
  return sideBySide(
    current ? say("device.in_use") : used,
    created_at ? say("device.signed_in", { moment: momentWords(created_at, now) }) : "",
    address ? say("device.address", { address }) : "",
  );
}

/** "0 ms", "412 ms", "3.4 sec", "1:05".
 *  @param {number} milliseconds
 *  @returns {string} */
export function spanWords(milliseconds) {
  const whole = Math.max(0, Math.round(milliseconds));
  if (whole < 1000) {
    return measured(whole, "millisecond");
  }
  return whole < 59_950 ? secondsWords(whole / 1000, 1) : clockTime(Math.round(whole / 1000));
}

/** "12 sec", "3.4 sec".
 *  @param {number} seconds
 *  @param {number} [digits] after the point
 *  @returns {string} */
export function secondsWords(seconds, digits = 0) {
  return measured(seconds, "second", digits);
}

/** @param {number} value @param {"millisecond" | "second"} unit @param {number} [digits] after the point */
function measured(value, unit, digits = 0) {
  const exactly = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), { style: "unit", unit, ...exactly }).format(value);
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
    words: code === "planned" ? say("test_ring.asked") : text,
    afterMs: index === 0 || code === "retrying" ? null : Date.parse(at) - Date.parse(test.hops[index - 1].at),
  }));
  if (test.state === "arrived" || test.state === "failed") {
    return hops;
  }
  const isTaken = test.hops.some(({ code }) => code === "sent");
  if (isLate) {
    const words = say(isTaken ? "test_ring.not_shown" : "test_ring.not_accepted");
    return [...hops.filter(({ how }) => how !== "under way"), { code: "late", how: "failed", words, afterMs: null }];
  }
  if (isTaken) {
    hops.push({ code: "arrived", how: "under way", words: say("test_ring.waiting"), afterMs: null });
  } else if (!hops.some(({ how }) => how === "under way")) {
    hops.push({ code: "sent", how: "under way", words: say("test_ring.handing_over"), afterMs: null });
  }
  return hops;
}

/** What came of a test ring and, where it did not ring, what to do. Empty while it is under way.
 *  @param {TestRing} test
 *  @param {boolean} isLate
 *  @param {boolean} isHere whether it was this very browser that was rung
 *  @returns {string} */
export function verdictWords(test, isLate, isHere) {
  const where = isHere ? "here" : "there";
  if (test.state === "arrived") {
    const [first, last] = [test.hops[0], test.hops[test.hops.length - 1]];
    return say("test_ring.arrived", { duration: spanWords(Date.parse(last.at) - Date.parse(first.at)) });
  }
  if (test.state === "failed") {
    return say(`test_ring.failed.${where}`);
  }
  if (!isLate) {
    return "";
  }
  const isTaken = test.hops.some(({ code }) => code === "sent");
  return say(isTaken ? `test_ring.late.${where}` : "test_ring.late.server");
}
