/**
 * How good a connection is, from what browsers really report.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { qualityOf, sampleOf } from "../../static/callinvite/rtc/quality.js";
import { chromium, firefox, olderFirefox } from "./support/stats.mjs";

const BROWSERS = { Chromium: chromium, Firefox: firefox, "older Firefox": olderFirefox };

/** The step between two reports. */
function step(before, now) {
  return qualityOf(before && sampleOf(before), sampleOf(now));
}

for (const [browser, report] of Object.entries(BROWSERS)) {
  test(`${browser}: a quiet line is good`, () => {
    assert.equal(step(report({ received: 500, lost: 1 }), report({ atMs: 2_000, received: 1_000, lost: 2 })), "good");
  });

  test(`${browser}: one packet in twenty lost is fair, one in five poor`, () => {
    assert.equal(step(report({ received: 500 }), report({ atMs: 2_000, received: 975, lost: 25 })), "fair");
    assert.equal(step(report({ received: 500 }), report({ atMs: 2_000, received: 900, lost: 100 })), "poor");
  });

  test(`${browser}: what was lost long ago does not count any more`, () => {
    const before = report({ received: 500, lost: 400 });
    assert.equal(step(before, report({ atMs: 2_000, received: 1_000, lost: 400 })), "good");
  });

  test(`${browser}: what they miss of ours counts as well`, () => {
    assert.equal(step(report(), report({ atMs: 2_000, farLossShare: 0.05 })), "fair");
    assert.equal(step(report(), report({ atMs: 2_000, farLossShare: 0.2 })), "poor");
  });

  test(`${browser}: what they missed before this device fell silent does not count for ever`, () => {
    // Muting ends the reports of the other side; the browser goes on giving the last one.
    const silent = report({ atMs: 30_000, farLossShare: 0.2, farAtMs: 1_000 });
    assert.equal(step(report({ atMs: 28_000, farLossShare: 0.2, farAtMs: 1_000 }), silent), "good");
  });

  test(`${browser}: a long way is fair, a very long one poor`, () => {
    assert.equal(step(report(), report({ roundTripMs: 299 })), "good");
    assert.equal(step(report(), report({ roundTripMs: 400 })), "fair");
    assert.equal(step(report(), report({ roundTripMs: 900 })), "poor");
    assert.equal(sampleOf(report({ roundTripMs: 400 })).roundTripMs, 400);
  });

  test(`${browser}: packets that come unevenly are fair, then poor`, () => {
    assert.equal(step(report(), report({ atMs: 2_000, jitterMs: 80 })), "fair");
    assert.equal(step(report(), report({ atMs: 2_000, jitterMs: 200 })), "poor");
  });

  test(`${browser}: a picture that stood still is fair, then poor, once`, () => {
    const before = report({ freezeMs: 5_000 });
    assert.equal(step(before, report({ freezeMs: 5_500 })), "fair");
    assert.equal(step(before, report({ freezeMs: 6_500 })), "poor");
    assert.equal(step(before, before), "good");
    assert.equal(step(null, before), "good", "how long ago it stood still is not known");
  });

  test(`${browser}: a shared page and a camera that is off may stand still`, () => {
    const [before, now] = [report({ freezeMs: 0 }), report({ atMs: 2_000, received: 502, freezeMs: 2_000 })].map(
      sampleOf,
    );
    assert.equal(qualityOf(before, now), "poor");
    assert.equal(qualityOf(before, now, { moves: false }), "good");
  });

  test(`${browser}: counters that begin anew are counted from their new beginning`, () => {
    const before = report({ received: 90_000, lost: 50, freezeMs: 9_000 });
    assert.equal(step(before, report({ received: 400, lost: 0, freezeMs: 0 })), "good");
    assert.equal(step(before, report({ received: 400, lost: 60 })), "poor");
    // More lost than before, fewer received: the two must not cancel out to a share above 1, or below 0.
    assert.equal(step(report({ received: 1_000, lost: 10 }), report({ received: 940, lost: 11 })), "good");
    assert.equal(step(report({ received: 1_000, lost: 10 }), report({ received: 900, lost: 11 })), "good");
  });

  test(`${browser}: no packets at all is nothing bad: they are muted`, () => {
    assert.equal(step(report({ received: 500, lost: 3 }), report({ atMs: 2_000, received: 500, lost: 3 })), "good");
    assert.equal(step(report({ received: 0 }), report({ atMs: 2_000, received: 0 })), "good");
  });

  test(`${browser}: the unevenness of what came before they fell silent does not count for ever`, () => {
    const silent = { received: 500, jitterMs: 200, heardAtMs: 1_000 };
    assert.equal(step(report({ ...silent, atMs: 28_000 }), report({ ...silent, atMs: 30_000 })), "good");
  });

  test(`${browser}: packets that came twice are not counted as a gain`, () => {
    assert.equal(sampleOf(report({ lost: -4 })).lost, 0);
  });
}

test("without anything to go by a connection is good, and its figures are none", () => {
  assert.deepEqual(sampleOf([]), {
    received: 0,
    lost: 0,
    bytes: 0,
    roundTripMs: null,
    jitterMs: 0,
    freezeMs: 0,
    farLossShare: null,
  });
  assert.equal(step(null, []), "good");
});

test("audio and video are counted together, and the worse unevenness counts", () => {
  const sample = sampleOf([
    {
      id: "A",
      timestamp: 0,
      type: "inbound-rtp",
      kind: "audio",
      packetsReceived: 10,
      packetsLost: 1,
      bytesReceived: 100,
      jitter: 0.01,
    },
    {
      id: "V",
      timestamp: 0,
      type: "inbound-rtp",
      kind: "video",
      packetsReceived: 20,
      packetsLost: 2,
      bytesReceived: 900,
      jitter: 0.03,
    },
  ]);
  assert.deepEqual([sample.received, sample.lost, sample.bytes, sample.jitterMs], [30, 3, 1000, 30]);
});

test("of several pairs that worked the one in use gives the way", () => {
  /** @returns {any} */
  const pair = (id, roundTripSeconds, more = {}) => ({
    ...{ id, type: "candidate-pair", state: "succeeded", nominated: true },
    ...{ currentRoundTripTime: roundTripSeconds, ...more },
  });
  /** @type {any} */
  const transport = { id: "T", type: "transport", selectedCandidatePairId: "new" };
  // After an ICE restart the former pair stays in the report for a while, before the new one or after it.
  assert.equal(sampleOf([pair("old", 0.9), transport, pair("new", 0.04)]).roundTripMs, 40);
  assert.equal(sampleOf([pair("new", 0.04), transport, pair("old", 0.9)]).roundTripMs, 40);
  assert.equal(sampleOf([pair("tried", 0.9, { nominated: false }), pair("used", 0.04)]).roundTripMs, 40);
  assert.equal(sampleOf([pair("failed", 0.9, { state: "failed" })]).roundTripMs, null);
});
