/**
 * Until when it is quiet: the choices one has, how their ends are said, and what counts now.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceWords, endOf, quietNow, untilWords } from "../../static/callinvite/elements/quiet-times.js";

const DAY_MS = 86_400_000;
/** @param {number} day @param {number} hour @param {number} [minute] */
const november = (day, hour, minute = 0) => new Date(2026, 10, day, hour, minute);

test("an hour is an hour, and the longest choice is one that the server takes", () => {
  const now = november(23, 12);
  assert.equal(endOf("hour", now).getTime() - now.getTime(), 3_600_000);
  const days = (endOf("long", now).getTime() - now.getTime()) / DAY_MS;
  assert.ok(days > 360 && days < 366, `${days}`);
});

test("the morning is the next one that is not nearly there", () => {
  assert.deepEqual(endOf("morning", november(23, 22)), november(24, 8));
  assert.deepEqual(endOf("morning", november(24, 1)), november(24, 8));
  assert.deepEqual(endOf("morning", november(24, 6)), november(25, 8));
  assert.deepEqual(endOf("morning", november(24, 9)), november(25, 8));
  assert.match(choiceWords("morning", november(23, 22)), /^Until tomorrow morning, 0?8/);
  assert.match(choiceWords("morning", november(24, 1)), /^Until this morning, 0?8/);
  assert.equal(choiceWords("hour", november(24, 1)), "For 1 hour");
});

test("the morning is at eight of the clock, on the nights in which it is turned too", () => {
  for (let day = 0; day < 366; day += 1) {
    const end = endOf("morning", new Date(2026, 0, 1 + day, 23, 30));
    assert.deepEqual([end.getHours(), end.getMinutes(), end.getDate()], [8, 0, new Date(2026, 0, 2 + day).getDate()]);
  }
});

test("an end names its day where that is another one, and none that is a year away", () => {
  const now = november(23, 12);
  const said = (/** @type {Date} */ end) => untilWords(end.toISOString(), now);
  assert.match(said(november(23, 22, 30)), /^Until (22:30|10:30\sPM)$/);
  assert.match(said(november(24, 8)), /^Until Tuesday, 0?8:00/);
  assert.match(said(new Date(2026, 11, 24, 8)), /^Until (24 December|December 24), 0?8:00/);
  assert.equal(said(endOf("long", now)), "Until you turn it off");
});

test("what was said by hand counts before hours of the week, and nothing that is over", () => {
  const [now, before, after, later] = [november(23, 12), november(23, 11), november(23, 13), november(23, 14)].map(
    (each) => each.toISOString(),
  );
  const at = Date.parse(now);
  assert.equal(quietNow({ doNotDisturbUntil: null, quietUntil: null }, at), null);
  assert.equal(quietNow({ doNotDisturbUntil: before, quietUntil: before }, at), null);
  assert.deepEqual(quietNow({ doNotDisturbUntil: after, quietUntil: later }, at), { kind: "by_hand", until: after });
  assert.deepEqual(quietNow({ doNotDisturbUntil: before, quietUntil: later }, at), { kind: "hours", until: later });
});
