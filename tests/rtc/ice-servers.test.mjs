/**
 * The STUN and TURN servers for calls: what was asked before there was a call does not stand for one.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { IceServers } from "../../static/callinvite/rtc/ice-servers.js";
import { HandClock } from "../client/support/clock.mjs";

const END = "2026-11-23T11:00:00.000Z";

function source() {
  /** @type {((servers: string[] | null) => void)[]} */
  const asked = [];
  return {
    asked,
    serverNow: () => Date.parse(END) - 600_000,
    iceServers: () =>
      new Promise((resolve) => {
        asked.push((urls) => resolve(urls && { ice_servers: [{ urls }], expires_at: END }));
      }),
  };
}

test("with a call the relays are asked for, although an answer without them is still on its way", async () => {
  const from = source();
  const ice = new IceServers(from, new HandClock());
  ice.refresh(false);
  ice.refresh(true);
  ice.refresh(true);
  assert.equal(from.asked.length, 1);
  const ready = ice.arrive();
  from.asked[0](["stun:s"]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(from.asked.length, 2);
  from.asked[1](["stun:s", "turn:t"]);
  await ready;
  assert.deepEqual(ice.configuration(false).iceServers, [{ urls: ["stun:s", "turn:t"] }]);
  ice.refresh(true);
  assert.equal(from.asked.length, 2);
});

test("what was asked before a call is asked again with one, and a failure too", async () => {
  const from = source();
  const ice = new IceServers(from, new HandClock());
  ice.refresh(false);
  from.asked[0](["stun:s"]);
  await ice.arrive();
  ice.refresh(true);
  from.asked[1](null);
  await ice.arrive();
  assert.deepEqual(ice.configuration(true).iceServers, [{ urls: ["stun:s"] }]);
  ice.refresh(true);
  assert.equal(from.asked.length, 3);
});
