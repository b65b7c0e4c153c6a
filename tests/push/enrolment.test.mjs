/**
 * Enrolment: asks only in a click, heals silently, and leaves nobody's calls with somebody else.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CallInvitationError } from "../../static/callinvite/client/index.js";
import { FakeBrowser, FakeServer, KEY, OTHER_KEY, page } from "./support/browser.mjs";

async function enrolled(more = {}) {
  const browser = new FakeBrowser();
  const server = new FakeServer();
  const first = page(browser, server, more);
  await first.start();
  assert.equal(await first.enable(), true);
  browser.log.splice(0);
  server.asked.splice(0);
  return { browser, server };
}

test("without a wish nothing is asked for, registered or sent", async () => {
  for (const permission of ["default", "granted"]) {
    const browser = new FakeBrowser({ permission });
    const server = new FakeServer();
    const first = page(browser, server);
    await first.start();
    assert.deepEqual([first.state, browser.log, server.asked], ["off", [], []]);
  }
});

test("enabling asks at once, before anything is awaited, and hands the address over", async () => {
  const browser = new FakeBrowser();
  const server = new FakeServer();
  const first = page(browser, server);
  await first.start();
  const done = first.enable();
  assert.deepEqual([browser.log, first.state], [["asked"], "working"]);
  assert.equal(await done, true);
  assert.deepEqual(browser.log, [
    "asked",
    "registered https://calls.example/service-worker.js none",
    "subscribed true",
  ]);
  const push = {
    transport: "webpush",
    endpoint: "https://push.example/1",
    keys: { p256dh: "P", auth: "A" },
    public_key: KEY,
  };
  assert.deepEqual(server.puts, [{ label: "Firefox on Linux", kind: "browser", push }]);
  assert.deepEqual([first.state, first.wanted], ["on", true]);
  assert.deepEqual(await first.notes.read("enrolment"), {
    user: "bob",
    device_id: "phone",
    endpoint: push.endpoint,
    public_key: KEY,
    language: "",
    renewal_token: "token 1",
  });
});

test("a page in another language has its notifications written in that one", async () => {
  const { browser, server } = await enrolled();
  server.asked.splice(0);
  await page(browser, server, { language: "de" }).start();
  assert.deepEqual(
    server.puts.map(({ push }) => push.endpoint),
    ["https://push.example/1"],
  );
  server.asked.splice(0);
  await page(browser, server, { language: "de" }).start();
  assert.deepEqual(server.puts, []);
});

test("a refused question is said as what it is", async () => {
  for (const [answer, state] of [
    ["denied", "denied"],
    ["default", "off"],
  ]) {
    const browser = new FakeBrowser();
    browser.answer = answer;
    const first = page(browser, new FakeServer());
    assert.equal(await first.enable(), false);
    assert.deepEqual([first.state, browser.log], [state, ["asked"]]);
  }
});

test("a page that loads where all is well changes nothing, and shows no work", async () => {
  const { browser, server } = await enrolled();
  const next = page(browser, server);
  await next.start();
  assert.deepEqual([next.state, next.states, server.puts], ["on", ["on"], []]);
  assert.deepEqual(browser.log, ["registered https://calls.example/service-worker.js none"]);
});

test("another user at the same browser takes the address over", async () => {
  const { browser, server } = await enrolled();
  const carol = page(browser, server, { userId: "carol" });
  await carol.start();
  assert.equal(server.puts.length, 1);
  assert.equal((await carol.notes.read("enrolment"))?.user, "carol");
});

test("an address that changed, or that the server lost or never knew, is handed over again", async () => {
  for (const change of [
    ({ browser }) => {
      browser.subscription.endpoint = "https://push.example/moved";
    },
    ({ server }) => {
      server.device.health = "no_address";
    },
    ({ server }) => {
      server.device = null;
    },
    ({ browser }) =>
      browser.caches.open().then((cache) => cache.delete("https://calls.example/service-worker/notes/enrolment")),
  ]) {
    const there = await enrolled();
    await change(there);
    const next = page(there.browser, there.server);
    await next.start();
    assert.deepEqual([next.state, there.server.puts.length], ["on", 1]);
    assert.equal(there.browser.log.includes("unsubscribed"), false);
  }
});

test("an address that the push service declared dead is made anew", async () => {
  const { browser, server } = await enrolled();
  Object.assign(server.device ?? {}, { health: "disabled" });
  const next = page(browser, server);
  await next.start();
  assert.deepEqual(browser.log.slice(1), ["unsubscribed", "subscribed true"]);
  assert.equal(server.puts[0].push.endpoint, "https://push.example/2");
});

test("a new key of the server makes a new address", async () => {
  const { browser, server } = await enrolled();
  server.key = OTHER_KEY;
  const next = page(browser, server);
  await next.start();
  assert.deepEqual(browser.log.slice(1), ["unsubscribed", "subscribed true"]);
  assert.equal(server.puts[0].push.public_key, OTHER_KEY);
});

test("a subscription that the browser lost is made anew", async () => {
  const { browser, server } = await enrolled();
  browser.subscription = null;
  const next = page(browser, server);
  await next.start();
  assert.deepEqual([next.state, server.puts.length], ["on", 1]);
});

test("a permission that is taken away and given again is followed while the page is open", async () => {
  const { browser, server } = await enrolled();
  const next = page(browser, server);
  await next.start();
  browser.setPermission("denied");
  await next.check();
  assert.equal(next.state, "denied");
  browser.subscription = null;
  browser.setPermission("granted");
  await next.check();
  assert.equal(next.state, "on");
});

test("disabling takes the address away on both sides, and stays", async () => {
  const { browser, server } = await enrolled();
  const next = page(browser, server);
  await next.start();
  await next.disable();
  assert.deepEqual([next.state, next.refused, browser.subscription], ["off", true, null]);
  assert.deepEqual(server.puts, [{ kind: "browser", push: null }]);
  assert.equal(await next.notes.read("enrolment"), null);
  const later = page(browser, server);
  await later.start();
  assert.equal(later.state, "off");
});

test("disabling works without the server", async () => {
  const { browser, server } = await enrolled();
  server.errors.set("PUT", CallInvitationError.unreachable());
  const next = page(browser, server);
  await next.disable();
  assert.deepEqual([next.state, browser.subscription], ["off", null]);
});

test("signing out takes the address away, and signing in again brings it back without a click", async () => {
  const { browser, server } = await enrolled();
  await page(browser, server).signOut();
  assert.deepEqual([browser.subscription, server.puts[0].push], [null, null]);
  const next = page(browser, server, { userId: "carol" });
  await next.start();
  assert.deepEqual([next.state, browser.log.includes("asked")], ["on", false]);
});

test("signing out does not wait for a server that does not answer", async () => {
  const { browser, server } = await enrolled();
  server.request = () => new Promise(() => {});
  const started = performance.now();
  await page(browser, server).signOut();
  assert.ok(performance.now() - started < 3000);
});

test("a server that cannot be asked now changes nothing of what was in order", async () => {
  const { browser, server } = await enrolled();
  server.errors.set("GET", CallInvitationError.unreachable());
  const next = page(browser, server);
  await next.start();
  assert.equal(next.state, "on");
});

test("what fails is said with its reason", async () => {
  const invalid = new CallInvitationError("invalid", "No.", {
    status: 400,
    errors: { push: ["This host is not allowed."] },
  });
  for (const [prepare, state, reason] of [
    [
      ({ server }) => {
        server.errors.set("GET push/key", new CallInvitationError("unavailable", "No keys.", { status: 503 }));
      },
      "unsupported",
      "no_keys",
    ],
    [
      ({ server }) => {
        server.errors.set("GET push/key", CallInvitationError.unreachable());
      },
      "failed",
      "server",
    ],
    [
      ({ server }) => {
        server.errors.set("PUT", invalid);
      },
      "failed",
      "server",
    ],
    [
      ({ browser }) => {
        browser.subscribeError = new DOMException("no service", "AbortError");
      },
      "failed",
      "push_service",
    ],
    [
      // As Chromium has it in a private window; it says so nowhere else.
      ({ browser }) => {
        browser.subscribeError = new DOMException("Registration failed - permission denied", "AbortError");
      },
      "unsupported",
      "private",
    ],
    [
      ({ browser }) => {
        browser.registerError = new TypeError("no script");
      },
      "failed",
      "worker",
    ],
  ]) {
    const there = { browser: new FakeBrowser({ permission: "granted" }).want(), server: new FakeServer() };
    /** @type {(there: any) => void} */ (prepare)(there);
    const first = page(there.browser, there.server);
    await first.start();
    assert.deepEqual([first.state, first.reason], [state, reason]);
    assert.equal(first.error === invalid, there.server.errors.has("PUT"));
  }
});

test("what failed succeeds when it is tried again", async () => {
  const browser = new FakeBrowser({ permission: "granted" }).want();
  const server = new FakeServer();
  browser.subscribeError = new DOMException("no service", "AbortError");
  const first = page(browser, server);
  await first.start();
  browser.subscribeError = null;
  assert.equal(await first.enable(), true);
  assert.deepEqual([first.state, first.reason], ["on", null]);
});

test("a browser that lacks something is told apart by what it lacks", async () => {
  for (const [change, reason] of [
    [
      (scope) => {
        scope.isSecureContext = false;
      },
      "insecure",
    ],
    [
      (scope) => {
        delete scope.navigator.serviceWorker;
      },
      "no_worker",
    ],
    [
      (scope) => {
        delete scope.PushManager;
      },
      "no_push",
    ],
    [
      (scope) => {
        delete scope.Notification;
      },
      "no_push",
    ],
    [
      (scope) => {
        delete scope.PushManager;
        scope.navigator.standalone = false;
      },
      "home_screen",
    ],
  ]) {
    const browser = new FakeBrowser().want();
    /** @type {(scope: any) => void} */ (change)(browser.scope);
    const first = page(browser, new FakeServer());
    await first.start();
    assert.deepEqual([first.state, first.reason], ["unsupported", reason]);
    assert.equal(await first.enable(), false);
    await first.disable();
    await first.signOut();
  }
});

test("a wish is taken once, by one page, and only while it is fresh", async () => {
  const browser = new FakeBrowser();
  const { notes } = page(browser, new FakeServer());
  const now = Date.now();
  await notes.keep("wish", { type: "answer", call_id: "c", at: now - 119_000 });
  const taken = await Promise.all([notes.takeWish(now), notes.takeWish(now)]);
  assert.deepEqual(taken.map((wish) => wish?.type).filter(Boolean), ["answer"]);
  for (const at of [now - 121_000, now + 5000, Number.NaN]) {
    await notes.keep("wish", { type: "answer", call_id: "c", at });
    assert.equal(await notes.takeWish(now), null);
    assert.equal(await notes.read("wish"), null);
  }
});

test("an address that is in order is said to be so once a day, and just made it needs no word", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const { browser, server } = await enrolled();
  await page(browser, server).start();
  assert.deepEqual(server.proofs, []);
  context.mock.timers.setTime(1_700_000_000_000 + 25 * 3_600_000);
  await page(browser, server).start();
  await page(browser, server).start();
  assert.deepEqual(server.proofs, [{ token: "token 1", permission: "granted", subscribed: true }]);
});

test("a permission that was taken away is said at once, and once", async () => {
  for (const permission of ["denied", "default"]) {
    const { browser, server } = await enrolled();
    browser.scope.Notification.permission = permission;
    await page(browser, server).start();
    await page(browser, server).start();
    assert.deepEqual(server.proofs, [{ token: "token 1", permission, subscribed: false }]);
  }
});

test("nothing is said of an address that nobody wishes, or that another user has", async () => {
  const { browser, server } = await enrolled();
  browser.scope.Notification.permission = "denied";
  await page(browser, server, { userId: "carol" }).start();
  assert.deepEqual(server.proofs, []);
  browser.scope.Notification.permission = "granted";
  await page(browser, server).disable();
  server.asked.splice(0);
  browser.scope.Notification.permission = "denied";
  await page(browser, server).start();
  assert.deepEqual(server.proofs, []);
});

test("what could not be said is said by the next page", async () => {
  const { browser, server } = await enrolled();
  browser.scope.Notification.permission = "denied";
  server.errors.set("POST push/proof", new CallInvitationError("unavailable", "Away.", { status: 503 }));
  await page(browser, server).start();
  server.errors.clear();
  server.asked.splice(0);
  await page(browser, server).start();
  assert.equal(server.proofs.length, 1);
});

test("the worker of another site is registered from where it lies, and waited for by itself", async () => {
  const browser = new FakeBrowser();
  // As where another worker of the site serves the page, or none.
  browser.scope.navigator.serviceWorker.ready = new Promise(() => {});
  const first = page(browser, new FakeServer(), { worker: "/calls/worker.js" });
  await first.start();

  assert.equal(await first.enable(), true);
  assert.ok(browser.log.includes("registered /calls/worker.js none"), String(browser.log));
});
