/**
 * The one list of where somebody is signed in: devices, and browsers in which none has said hello.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { placesOf } from "../../static/callinvite/elements/places.js";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
const at = (day) => `2026-11-${String(day).padStart(2, "0")}T12:00:00Z`;
/** @returns {import("../../static/callinvite/client/types.js").Device} */
const device = (device_id, more = {}) => ({
  device_id,
  label: device_id,
  kind: "browser",
  push: null,
  health: "no_address",
  disabled_reason: null,
  disabled_since: null,
  last_ringing_at: null,
  created_at: at(1),
  last_seen_at: at(2),
  ...more,
});
const browser = (id, ...device_ids) => ({
  id,
  device_ids,
  user_agent: FIREFOX,
  current: false,
  created_at: at(1),
  last_used_at: at(3),
  address: null,
  expires_at: at(30),
});
const listed = (devices, browsers, apps, hereId) =>
  placesOf(devices, browsers, apps, hereId).map(({ called, isSignedIn }) => [called, isSignedIn]);

test("this browser comes first, then where one is signed in, then what was in use last", () => {
  const devices = [
    device("gone", { last_seen_at: at(9) }),
    device("old"),
    device("here"),
    device("app", { last_seen_at: at(5) }),
  ];
  const browsers = [browser("session-1", "old"), browser("session-2", "here")];
  assert.deepEqual(listed(devices, browsers, [{ device_id: "app" }], "here"), [
    ["here", true],
    ["app", true],
    ["old", true],
    ["gone", false],
  ]);
});

test("a browser without a device is listed by the name that it gives itself", () => {
  const places = placesOf([device("here")], [browser("session-1"), browser("session-2", "here")], [], "here");
  assert.deepEqual(
    places.map(({ id, called, device }) => [id, called, device === null]),
    [
      ["here", "here", false],
      ["session-1", "Firefox on Linux", true],
    ],
  );
  const nameless = { ...browser("session-1"), user_agent: "" };
  assert.deepEqual(listed([], [nameless], [], "here"), [["Browser", true]]);
});

test("those that are called alike are told apart, whatever they are", () => {
  const devices = [device("here", { label: "Firefox on Linux", created_at: at(2) })];
  assert.deepEqual(listed(devices, [browser("session-1")], [], "here"), [
    ["Firefox on Linux (2)", false],
    ["Firefox on Linux (1)", true],
  ]);
});

test("this browser's session belongs to this device, even before it has said so", () => {
  const current = { ...browser("session-1"), current: true };
  assert.deepEqual(listed([device("here")], [current], [], "here"), [["here", true]]);
  const former = { ...current, device_ids: ["here", "former"] };
  assert.deepEqual(listed([device("former"), device("here")], [former], [], "here"), [
    ["here", true],
    ["former", null],
  ]);
});

test("who is signed in is not made up where it could not be read", () => {
  assert.deepEqual(listed([device("here"), device("other")], null, [], "here"), [
    ["here", null],
    ["other", null],
  ]);
  assert.deepEqual(listed([device("app")], null, [{ device_id: "app" }], "here"), [["app", true]]);
});
