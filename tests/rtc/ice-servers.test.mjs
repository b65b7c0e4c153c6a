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

function setup() {
  const now = { isCall: false };
  const from = source();
  return { now, from, ice: new IceServers(from, new HandClock(), () => now.isCall) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("with a call the relays are asked for, although an answer without them is still on its way", async () => {
  const { now, from, ice } = setup();
  ice.refresh();
  now.isCall = true;
  ice.refresh();
  ice.refresh();
  assert.equal(from.asked.length, 1);
  const ready = ice.arrive();
  from.asked[0](["stun:s"]);
  await settled();
  assert.equal(from.asked.length, 2);
  from.asked[1](["stun:s", "turn:t"]);
  await ready;
  assert.deepEqual(ice.configuration(false).iceServers, [{ urls: ["stun:s", "turn:t"] }]);
  ice.refresh();
  assert.equal(from.asked.length, 2);
});

test("what was asked before a call is asked again with one, and a failure too", async () => {
  const { now, from, ice } = setup();
  ice.refresh();
  from.asked[0](["stun:s"]);
  await ice.arrive();
  now.isCall = true;
  ice.refresh();
  from.asked[1](null);
  await ice.arrive();
  assert.deepEqual(ice.configuration(true).iceServers, [{ urls: ["stun:s"] }]);
  ice.refresh();
  assert.equal(from.asked.length, 3);
});

test("an answer that comes when the call is over already does for no other one", async () => {
  const { now, from, ice } = setup();
  ice.refresh();
  now.isCall = true;
  ice.refresh();
  now.isCall = false;
  from.asked[0](["stun:s"]);
  await settled();
  assert.equal(from.asked.length, 1);
  now.isCall = true;
  ice.refresh();
  now.isCall = false;
  from.asked[1](["stun:s"]);
  await ice.arrive();
  now.isCall = true;
  ice.refresh();
  assert.equal(from.asked.length, 3);
});
