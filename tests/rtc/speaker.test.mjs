/**
 * Who speaks: one name that follows a conversation, and does not flicker with every syllable.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { heard, SILENT } from "../../static/callinvite/rtc/speaker.js";

const STEP_MS = 200;

/** Plays loudnesses, one object a step; gives the speaker after each step. */
function follow(steps, hearing = SILENT, startMs = 0) {
  let nowMs = startMs;
  const speakers = steps.map((levels) => {
    hearing = heard(hearing, new Map(Object.entries(levels)), nowMs);
    nowMs += STEP_MS;
    return hearing.speaker;
  });
  return { speakers, hearing, nowMs };
}

const times = (count, levels) => Array.from({ length: count }, () => levels);

test("nobody speaks in silence, nor in the noise of a room", () => {
  assert.deepEqual(new Set(follow(times(20, { alice: 0, bob: 0.015 })).speakers), new Set([null]));
  assert.equal(SILENT.speaker, null);
});

test("who is heard first speaks at once", () => {
  assert.deepEqual(follow([{ alice: 0, bob: 0.2 }]).speakers, ["bob"]);
});

test("the pauses between somebody's words change nothing", () => {
  const words = Array.from({ length: 40 }, (_, index) => ({ alice: index % 3 === 2 ? 0 : 0.2, bob: 0.03 }));
  assert.deepEqual(new Set(follow(words).speakers), new Set(["alice"]));
});

test("two who speak at once do not take turns with every syllable", () => {
  const both = Array.from({ length: 40 }, (_, index) =>
    index % 2 ? { alice: 0.2, bob: 0.25 } : { alice: 0.25, bob: 0.2 },
  );
  assert.equal(new Set(follow(both).speakers).size, 1);
});

test("who is much louder takes over at once", () => {
  const { speakers } = follow([...times(5, { alice: 0.1, bob: 0 }), { alice: 0.1, bob: 0.3 }]);
  assert.deepEqual(speakers.slice(-2), ["alice", "bob"]);
});

test("who speaks softly takes over a little after the other has finished", () => {
  const { hearing, nowMs } = follow(times(5, { alice: 0.5, bob: 0 }));
  const { speakers } = follow(times(25, { alice: 0, bob: 0.04 }), hearing, nowMs);
  const at = speakers.indexOf("bob");
  assert.ok(at >= 0 && at * STEP_MS <= 3_000, `after ${at} steps`);
  assert.deepEqual(new Set(speakers.slice(at)), new Set(["bob"]));
});

test("who spoke last keeps the place while everybody is silent", () => {
  const { hearing, nowMs } = follow(times(3, { alice: 0.3, bob: 0 }));
  assert.deepEqual(new Set(follow(times(50, { alice: 0, bob: 0 }), hearing, nowMs).speakers), new Set(["alice"]));
});

test("who left is forgotten, and the next one needs not be louder", () => {
  const { hearing, nowMs } = follow(times(3, { alice: 0.9, bob: 0.03 }));
  assert.equal(hearing.speaker, "alice");
  const left = follow([{ bob: 0 }, { bob: 0.03 }], hearing, nowMs);
  assert.equal(left.speakers.at(-1), "bob");
  assert.deepEqual([...left.hearing.levels.keys()], ["bob"]);
});

test("levels rise at once and fall slowly", () => {
  const loud = heard(SILENT, new Map([["alice", 0.5]]), 0);
  assert.equal(loud.levels.get("alice"), 0.5);
  const after = heard(loud, new Map([["alice", 0]]), STEP_MS);
  const level = Number(after.levels.get("alice"));
  assert.ok(level > 0.1 && level < 0.5);
});

test("a step changes nothing of what was before it, and everybody may be gone", () => {
  const before = heard(SILENT, new Map([["alice", 0.5]]), 0);
  const copy = structuredClone(before);
  const empty = heard(before, new Map(), STEP_MS);
  assert.deepEqual(before, copy);
  assert.deepEqual([empty.speaker, empty.levels.size], [null, 0]);
  assert.deepEqual([SILENT.speaker, SILENT.levels.size], [null, 0]);
});
