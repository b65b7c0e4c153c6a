/**
 * What is said of devices: the truth about whether each can be rung, and what to do where it cannot.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  browserWords,
  deviceName,
  healthWords,
  hopWords,
  lifeWords,
  momentWords,
  spanWords,
  verdictWords,
} from "../../static/callinvite/elements/device-words.js";

const NOW = new Date(2026, 10, 23, 12);
/** @param {[number, number, number, ...number[]]} parts */
const at = (...parts) => new Date(...parts).toISOString();
const device = (more) => ({
  device_id: "d",
  label: "Phone",
  kind: "android",
  push: null,
  health: "no_address",
  disabled_reason: null,
  disabled_since: null,
  created_at: at(2026, 10, 22, 9, 5),
  last_seen_at: null,
  last_ringing_at: null,
  ...more,
});
const ring = (state, ...codes) => ({
  test_id: "1",
  device_id: "d",
  state,
  hops: codes.map((code, index) => ({
    code,
    at: new Date(Date.UTC(2026, 10, 23, 11, 0, 0, index * 250)).toISOString(),
    text: `It is ${code}.`,
  })),
  created_at: "2026-11-23T11:00:00.000Z",
  expires_at: "2026-11-23T11:01:00.000Z",
});

test("of devices that are called alike each has a name of its own", () => {
  assert.equal(deviceName({ label: "Chrome on Linux" }), "Chrome on Linux");
  assert.equal(deviceName({ label: "Chrome on Linux" }, 2), "Chrome on Linux (2)");
  assert.equal(deviceName({ label: "" }, 1), "An unnamed device (1)");
});

test("a device that is pushed to says when it rang last", () => {
  const rang = healthWords(device({ health: "ok", last_ringing_at: at(2026, 10, 22, 14, 2) }), false, NOW);
  assert.equal(rang.how, "good");
  assert.match(rang.words, /^Rings by push notification\. Last rang yesterday at (?:0?2:02.PM|14:02)\.$/);
  assert.equal(healthWords(device({ health: "ok" }), false, NOW).words, "Rings by push notification. Hasn't rung yet.");
});

test("a device without an address says where it rings all the same", () => {
  assert.equal(
    healthWords(device(), true, NOW).words,
    "No push address, so it rings only while Callinvite is open here.",
  );
  assert.equal(
    healthWords(device(), false, NOW).words,
    "No push address, so it rings only while Callinvite is open there.",
  );
});

test("a dead address says why, since when, and what fixes it", () => {
  const dead = { health: "disabled", disabled_reason: "gone", disabled_since: at(2026, 10, 3, 9) };
  const gone = healthWords(device(dead), false, NOW);
  assert.equal(gone.how, "bad");
  assert.match(
    gone.words,
    /^Can't ring: the push service no longer knows this device\. Not working since (?:3 November|November 3)\. Open Callinvite on it to fix it\.$/,
  );
  assert.match(healthWords(device(dead), true, NOW).words, /Reload this page to fix it\.$/);
  assert.match(
    healthWords(
      device({ ...dead, disabled_reason: "vapid_key_changed", disabled_since: at(2026, 10, 23, 9) }),
      false,
      NOW,
    ).words,
    /a new push key\. Not working since today\./,
  );
  assert.match(
    healthWords(device({ ...dead, disabled_reason: "a_new_one" }), false, NOW).words,
    /its push address no longer works/,
  );
});

test("no health shows a code", () => {
  for (const health of ["ok", "no_address", "disabled"]) {
    assert.doesNotMatch(healthWords(device({ health, disabled_reason: "vapid_key_changed" }), false, NOW).words, /_/);
  }
});

test("the last sign of life and the push service's host are said", () => {
  assert.match(lifeWords(device(), false, NOW), /^Not seen yet · Added yesterday at 0?9:05/);
  assert.match(
    lifeWords(device({ push: { transport: "webpush", host: "push.example" } }), true, NOW),
    /^In use now · Added yesterday at 0?9:05.* · Push through push\.example$/,
  );
  assert.match(lifeWords(device({ last_seen_at: at(2026, 10, 23, 9, 5) }), false, NOW), /^Last seen today at 0?9:05/);
  assert.match(momentWords(at(2026, 10, 20, 9), NOW), /^on Friday at/);
  const rung = device({ push: { transport: "webpush", host: "push.example" } });
  assert.match(lifeWords(rung, true, NOW, "192.0.2.7"), / · IP address 192\.0\.2\.7 · Push through push\.example$/);
});

test("of a browser without a device it is said when it was used last, when it signed in, and from where", () => {
  const [used, begun] = [at(2026, 10, 22, 9, 5), at(2026, 10, 20, 9)];
  const browser = { current: false, last_used_at: used, created_at: begun, address: "::1" };
  assert.match(browserWords(browser, NOW), /^Last seen yesterday at .* · Signed in on Friday at .* · IP address ::1$/);
  assert.equal(browserWords({ ...browser, current: true, created_at: null, address: null }, NOW), "In use now");
  assert.equal(browserWords({ ...browser, last_used_at: null, created_at: null, address: null }, NOW), "");
});

test("spans are short, and exact where it counts", () => {
  assert.equal(spanWords(-3), "0 ms");
  assert.equal(spanWords(412.4), "412 ms");
  assert.equal(spanWords(3_449), "3.4 sec");
  assert.equal(spanWords(59_970), "1:00");
  assert.equal(spanWords(65_000), "1:05");
});

test("each hop of a test ring is told with its time, and so is what is waited for", () => {
  const words = (test, isLate) => hopWords(test, isLate).map((hop) => [hop.how, hop.words, hop.afterMs]);
  assert.deepEqual(words(ring("waiting", "planned"), false), [
    ["done", "You asked for it.", null],
    ["under way", "Handing it to the push service …", null],
  ]);
  assert.deepEqual(words(ring("waiting", "planned", "retrying"), false), [
    ["done", "You asked for it.", null],
    ["under way", "It is retrying.", null],
  ]);
  assert.deepEqual(words(ring("sent", "planned", "sent"), false).slice(1), [
    ["done", "It is sent.", 250],
    ["under way", "Waiting for the device to show it …", null],
  ]);
  assert.deepEqual(words(ring("arrived", "planned", "sent", "arrived"), false).slice(1), [
    ["done", "It is sent.", 250],
    ["done", "It is arrived.", 250],
  ]);
  assert.deepEqual(words(ring("failed", "planned", "failed"), false).slice(1), [["failed", "It is failed.", 250]]);
});

test("a test ring that came to nothing says at which hop, and what to do", () => {
  assert.deepEqual(hopWords(ring("sent", "planned", "sent"), true).at(-1)?.words, "The device didn't show it.");
  assert.deepEqual(
    hopWords(ring("waiting", "planned", "retrying"), true).map(({ code }) => code),
    ["planned", "late"],
  );
  assert.equal(verdictWords(ring("sent", "planned", "sent"), false, false), "");
  assert.equal(
    verdictWords(ring("arrived", "planned", "sent", "arrived"), false, false),
    "It rings. It took 500 ms from asking to showing.",
  );
  assert.match(verdictWords(ring("sent", "planned", "sent"), true, false), /switched on and online/);
  assert.match(verdictWords(ring("sent", "planned", "sent"), true, true), /your system lets this browser/);
  assert.match(verdictWords(ring("waiting", "planned"), true, false), /Its log/);
  assert.match(verdictWords(ring("failed", "planned", "failed"), false, false), /turn ringing off there and on again/);
});
