/**
 * Which device this is, and when a page looks at its connection again.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { delayMs } from "../../static/callinvite/client/backoff.js";
import { CallInvitationService, deviceLabel, rememberedDeviceId } from "../../static/callinvite/client/index.js";
import { pageWakeups } from "../../static/callinvite/client/wakeups.js";

const AGENTS = {
  "Chrome on Linux":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Chrome on Android":
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
  "Edge on Windows":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
  "Firefox on Linux": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Safari on Mac":
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
  "Safari on iPhone":
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1",
  Browser: "SomethingElse/1.0",
  Node: "Node.js/22",
};

test("a device is named as its owner would name it", () => {
  for (const [label, agent] of Object.entries(AGENTS)) {
    assert.equal(deviceLabel(agent), label);
  }
});

test("a device id is made once and kept, unless what was kept is no id", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const id = rememberedDeviceId(storage);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(rememberedDeviceId(storage), id);
  kept.set([...kept.keys()][0], "not an id!");
  assert.notEqual(rememberedDeviceId(storage), id);
});

test("a forbidden or full storage does not keep anybody from calling", () => {
  const storage = {
    getItem: () => null,
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
  };
  assert.match(rememberedDeviceId(storage), /^[0-9a-f]{32}$/);
  assert.match(rememberedDeviceId(null), /^[0-9a-f]{32}$/);
});

test("a wait is never longer than its cap, however many attempts failed", () => {
  assert.equal(
    delayMs(0, () => 1, 15_000),
    500,
  );
  assert.equal(
    delayMs(3, () => 0.5, 15_000),
    2_000,
  );
  assert.equal(
    delayMs(5_000, () => 1, 15_000),
    15_000,
  );
});

test("the page's own moments wake the connection until it stops listening", () => {
  const document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
  /** @type {any} */
  const scope = Object.assign(new EventTarget(), { document });
  let wakes = 0;
  const stop = pageWakeups(scope)(() => {
    wakes += 1;
  });
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(wakes, 0);
  document.visibilityState = "visible";
  document.dispatchEvent(new Event("visibilitychange"));
  scope.dispatchEvent(new Event("online"));
  assert.equal(wakes, 2);
  stop();
  scope.dispatchEvent(new Event("online"));
  assert.equal(wakes, 2);
  pageWakeups(/** @type {any} */ ({}))(() => {})();
});

test("without a page one is told what is missing", () => {
  /** @type {any} */
  const WebSocket = EventTarget;
  assert.throws(() => new CallInvitationService({ WebSocket }), /baseUrl/);
  assert.throws(() => new CallInvitationService({ WebSocket, baseUrl: "example.org" }), /baseUrl/);
  assert.throws(
    () => new CallInvitationService({ WebSocket, baseUrl: "http://a.example", deviceId: "my phone" }),
    /deviceId/,
  );
});
