/**
 * The service worker: it shows something for every push, tells the server, believes the server rather than its clock, and
 * answers nothing by itself.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { appWindow, FakeWorker, NOTHING, ringMessage, stopMessage } from "./support/worker.mjs";

const over = (code, you) => ({ status: 410, body: { code, ...(you && { call: { you } }) } });
const rung = (answer = { status: 200 }) => {
  const worker = new FakeWorker();
  worker.answers.set("/ringing", answer);
  return worker;
};
const only = (worker) => {
  assert.equal(worker.shown.length, 1, JSON.stringify(worker.shown));
  return worker.shown[0];
};

for (const [name, message] of [
  ["no data", undefined],
  ["an empty text", ""],
  ["broken JSON", '{"kind": "ri'],
  ["a list", "[1]"],
  ["null", "null"],
  ["an unknown kind", { kind: "sale" }],
  ["a kind that every object has", { kind: "constructor" }],
]) {
  test(`a push with ${name} shows that somebody may be calling`, async () => {
    const worker = new FakeWorker();
    await worker.push(message);
    assert.equal(only(worker).title, "Callinvite");
    assert.equal(only(worker).body, "Someone may be calling. Open the app to see.");
    assert.deepEqual(worker.asked, []);
  });
}

test("a ring of a strange shape still rings", async () => {
  for (const strange of [
    { notification: null },
    { notification: "x" },
    { look: 7 },
    { caller: null },
    { caller: [] },
    { tag: 5 },
    { expires_at: 5 },
  ]) {
    const worker = rung();
    await worker.push(ringMessage(strange));
    assert.deepEqual(
      only(worker).actions.map(({ action }) => action),
      ["accept", "reject"],
      JSON.stringify(strange),
    );
  }
});

test("a ring is shown as the server says, before the server is told", async () => {
  const worker = new FakeWorker();
  let shownWhenTold = 0;
  worker.answers.set("/ringing", () => {
    shownWhenTold = worker.shown.length;
    return { status: 200 };
  });
  await worker.push(ringMessage({ renotify: true }));
  const { title, body, tag, renotify, requireInteraction, silent, vibrate, icon, badge, lang, timestamp, actions } =
    only(worker);
  assert.deepEqual(
    [title, body, tag, renotify, requireInteraction, silent],
    ["Alice", "Incoming video call", "ring-1", true, true, false],
  );
  assert.deepEqual([vibrate, lang, timestamp], [[300, 100, 300], "en", Date.parse("2026-11-26T12:00:00Z")]);
  assert.match(icon, /app-192\.png$/);
  assert.match(badge, /badge-96\.png$/);
  assert.deepEqual(
    actions.map((each) => ({ ...each })),
    [
      { action: "accept", title: "Accept" },
      { action: "reject", title: "Decline" },
    ],
  );
  assert.equal(shownWhenTold, 1);
  const [{ method, path, body: told, headers, credentials }] = worker.asked;
  assert.deepEqual(
    [method, path, told, credentials],
    ["POST", "calls/call_alice_1/ringing", { audible: true }, "omit"],
  );
  assert.equal(headers.Authorization, "Invitation ring:1:phone:signature");
});

test("a silent ring is not called audible, and does not vibrate: browsers refuse the two together", async () => {
  const worker = rung();
  await worker.push(
    ringMessage({ notification: { title: "Alice", body: "Incoming call", silent: true }, renotify: true }),
  );
  assert.equal(only(worker).silent, true);
  assert.equal("vibrate" in only(worker), false);
  assert.deepEqual(worker.asked[0].body, { audible: false });
});

test("where there is room for one button, it is the one that accepts", async () => {
  const worker = new FakeWorker({ maxActions: 1 });
  await worker.push(ringMessage());
  assert.deepEqual(
    only(worker).actions.map(({ action }) => action),
    ["accept"],
  );
});

test("a browser that refuses an option rings without it", async () => {
  const worker = rung();
  worker.refusesOptions = ["vibrate"];
  await worker.push(ringMessage());
  assert.deepEqual([only(worker).title, only(worker).tag], ["Alice", "ring-1"]);
  assert.equal(worker.asked.length, 1);
});

test("a server that does not answer takes nothing away from a ring", async () => {
  const worker = new FakeWorker();
  await worker.push(ringMessage());
  assert.equal(only(worker).title, "Alice");
});

test("a ring that is over as it comes becomes what happened", async () => {
  for (const [answer, title, actions] of [
    [over("invitation_cancelled"), "Missed call", ["call_back"]],
    [over("invitation_timed_out"), "Missed call", ["call_back"]],
    [over("call_ended", { missed: true }), "Missed call", ["call_back"]],
    [over("answered_elsewhere", { missed: false }), "Answered on another device", []],
    [over("rejected_elsewhere", { missed: false }), "Declined on another device", []],
  ]) {
    const worker = rung(/** @type {any} */ (answer));
    await worker.push(ringMessage());
    assert.deepEqual(worker.titles, ["Alice", title]);
    assert.deepEqual([only(worker).tag, only(worker).silent, only(worker).body], ["ring-1", true, "Alice, video call"]);
    assert.deepEqual(
      only(worker).actions.map(({ action }) => action),
      actions,
    );
  }
});

test("a ring that was answered on this very device goes without a word", async () => {
  for (const code of ["already_answered", "call_ended"]) {
    const worker = rung(over(code, { missed: false }));
    await worker.push(ringMessage());
    assert.deepEqual(worker.shown, []);
  }
});

test("what was dismissed or replaced while the server was asked stays so", async () => {
  const dismissed = new FakeWorker();
  dismissed.answers.set("/ringing", () => {
    only(dismissed).close();
    return over("invitation_cancelled");
  });
  await dismissed.push(ringMessage());
  assert.deepEqual(dismissed.shown, []);

  const replaced = new FakeWorker();
  replaced.answers.set("/ringing", async () => {
    await replaced.push(
      stopMessage({ notification: { title: "Answered on Phone", body: "Alice, video call" }, missed: false }),
    );
    return over("answered_elsewhere");
  });
  await replaced.push(ringMessage());
  assert.equal(only(replaced).title, "Answered on Phone");
});

test("a ring that seems late is a missed call, unless the server says that it still rings", async () => {
  const late = { expires_at: "2026-11-26T11:59:59Z" };
  const wrongClock = rung();
  await wrongClock.push(ringMessage(late));
  assert.deepEqual(wrongClock.titles, ["Alice"]);

  for (const worker of [rung(over("invitation_timed_out")), new FakeWorker()]) {
    await worker.push(ringMessage(late));
    assert.deepEqual(worker.titles, ["Missed call"]);
    assert.equal(only(worker).silent, true);
  }
});

test("a ring that comes after its own end asks before it makes a noise", async () => {
  const worker = rung(over("invitation_cancelled"));
  await worker.push(stopMessage());
  await worker.push(ringMessage());
  assert.deepEqual(worker.titles, ["Missed call", "Missed call"]);
});

test("the end takes the ring's place, silently, and sets the badge", async () => {
  const worker = rung();
  await worker.push(ringMessage());
  await worker.push(stopMessage());
  const { title, body, tag, silent, renotify, actions } = only(worker);
  assert.deepEqual([title, body, tag, silent, renotify], ["Missed call", "Alice, video call", "ring-1", true, false]);
  assert.deepEqual(
    actions.map(({ action }) => action),
    ["call_back"],
  );
  assert.deepEqual(worker.badges, [3]);
});

test("an end that is no missed call offers nothing, and a badge of none is taken away", async () => {
  const worker = rung();
  await worker.push(stopMessage({ missed: false, missed_unseen: 0, notification: { title: "Answered on Phone" } }));
  assert.deepEqual(only(worker).actions, []);
  assert.deepEqual(worker.badges, [0]);
});

test("a test ring is shown and told to the server", async () => {
  const worker = new FakeWorker();
  worker.answers.set("/test-ring/ringing", { status: 200 });
  await worker.push(
    ringMessage({
      kind: "test",
      call_id: null,
      caller: null,
      tag: "test-1",
      notification: { title: "Test ring", body: "This device rings." },
    }),
  );
  assert.deepEqual([only(worker).title, only(worker).tag, only(worker).actions.length], ["Test ring", "test-1", 0]);
  assert.equal(worker.asked[0].path, "devices/phone/test-ring/ringing");
});

test("rejecting needs no page: the token says whose ring it is", async () => {
  const worker = rung();
  worker.answers.set("/reject", { status: 200 });
  worker.windows = [appWindow({ focused: true })];
  await worker.push(ringMessage());
  await worker.click(only(worker), "reject");
  const { path, headers, credentials } = worker.asked.at(-1);
  assert.deepEqual([path, credentials], ["calls/call_alice_1/reject", "omit"]);
  assert.equal(headers.Authorization, "Invitation ring:1:phone:signature");
  assert.deepEqual([worker.shown, worker.opened, worker.windows[0].wasFocused], [[], [], false]);
});

test("a rejection that the server did not hear is said, and can be tried again", async () => {
  const worker = rung();
  await worker.push(ringMessage());
  await worker.click(only(worker), "reject");
  assert.equal(only(worker).title, "The call wasn't declined");
  assert.match(only(worker).body, /Alice still hears it ringing/);
  worker.answers.set("/reject", { status: 200 });
  await worker.click(only(worker), "reject");
  assert.equal(worker.asked.at(-1).headers.Authorization, "Invitation ring:1:phone:signature");
  assert.deepEqual(worker.shown, []);
});

test("rejecting what is over already says nothing", async () => {
  const worker = rung();
  worker.answers.set("/reject", over("invitation_cancelled"));
  await worker.push(ringMessage());
  await worker.click(only(worker), "reject");
  assert.deepEqual(worker.shown, []);
});

test("accepting tells the page that is looked at, and navigates none", async () => {
  const worker = rung();
  const pages = [
    appWindow(),
    appWindow({ visibilityState: "visible" }),
    appWindow({ focused: true, visibilityState: "visible" }),
  ];
  worker.windows = pages;
  await worker.push(ringMessage());
  pages.forEach((page) => page.heard.splice(0));
  await worker.click(only(worker), "accept");
  assert.deepEqual(
    pages.map((page) => [page.heard, page.wasFocused]),
    [
      [[], false],
      [[], false],
      [[{ type: "answer", call_id: "call_alice_1" }], true],
    ],
  );
  assert.deepEqual([worker.opened, worker.caches.note("wish")], [[], null]);
});

test("accepting without a page opens one, and leaves the wish where no other site can write", async () => {
  const worker = rung();
  // Nobody is signed in there.
  worker.windows = [appWindow({ url: "https://calls.example/sign-in/", focused: true })];
  await worker.push(ringMessage());
  await worker.click(only(worker), "accept");
  assert.deepEqual(worker.opened, ["https://calls.example/?call=call_alice_1"]);
  const { type, call_id, at } = worker.caches.note("wish");
  assert.deepEqual([type, call_id, at], ["answer", "call_alice_1", Date.parse("2026-11-26T12:00:00Z")]);
});

test("a click at the body opens the ring, and answers nothing", async () => {
  const worker = rung();
  await worker.push(ringMessage());
  await worker.click(only(worker));
  assert.deepEqual([worker.opened, worker.caches.note("wish")], [["https://calls.example/?call=call_alice_1"], null]);

  const page = appWindow();
  worker.windows = [page];
  await worker.push(ringMessage());
  page.heard.splice(0);
  await worker.click(only(worker));
  assert.deepEqual(page.heard, [{ type: "show", call_id: "call_alice_1", kind: "ring" }]);
});

test("a missed call is called back in the app, whichever way it is opened", async () => {
  const worker = rung();
  await worker.push(stopMessage());
  await worker.click(only(worker), "call_back");
  assert.deepEqual(worker.opened, ["https://calls.example/#recents"]);
  const { type, caller, is_video_call } = worker.caches.note("wish");
  assert.deepEqual([type, caller, is_video_call], ["call_back", { id: "alice", name: "Alice" }, true]);
});

test("a click on the other notifications opens what they are about", async () => {
  for (const [message, address] of [
    [stopMessage(), "https://calls.example/#recents"],
    [ringMessage({ kind: "test" }), "https://calls.example/#settings"],
    [undefined, "https://calls.example/"],
  ]) {
    const worker = rung();
    await worker.push(message);
    await worker.click(only(worker));
    assert.deepEqual(worker.opened, [address]);
  }
});

test("a browser that opens no window is made up for by words", async () => {
  const worker = rung();
  worker.refusesToOpen = true;
  await worker.push(ringMessage());
  await worker.click(only(worker), "accept");
  assert.equal(only(worker).title, "Open Callinvite to answer");
  assert.equal(worker.caches.note("wish").type, "answer");
});

test("the pages are told of a ring that is shown, so that they can close it", async () => {
  const worker = rung();
  worker.windows = [appWindow()];
  await worker.push(ringMessage());
  assert.deepEqual(worker.windows[0].heard, [{ type: "shown", call_id: "call_alice_1" }]);
});

test("a new address is handed over by the token of the old one, with the key as it is now", async () => {
  const worker = new FakeWorker();
  await keepEnrolment(worker);
  worker.answers.set("push/key", { status: 200, body: { public_key: "NEW" } });
  worker.answers.set("push/renew", { status: 200, body: { renewal_token: "two" } });
  await worker.event("pushsubscriptionchange", { oldSubscription: null, newSubscription: null });
  assert.deepEqual({ ...worker.subscribed[0] }, { userVisibleOnly: true, applicationServerKey: "NEW" });
  const { path, body, credentials } = worker.asked.at(-1);
  assert.deepEqual([path, credentials], ["push/renew", "omit"]);
  assert.deepEqual(body, {
    token: "one",
    push: {
      transport: "webpush",
      endpoint: "https://push.example/new",
      keys: { p256dh: "P", auth: "A" },
      public_key: "NEW",
    },
  });
  const { renewal_token, public_key, endpoint, user } = worker.caches.note("enrolment");
  assert.deepEqual([renewal_token, public_key, endpoint, user], ["two", "NEW", "https://push.example/new", "bob"]);
});

test("signed out, the new address is made with the key of the old one", async () => {
  for (const status of [401, 503]) {
    const worker = new FakeWorker();
    await keepEnrolment(worker);
    worker.answers.set("push/key", { status, body: {} });
    worker.answers.set("push/renew", { status: 401, body: {} });
    await worker.event("pushsubscriptionchange", { oldSubscription: null, newSubscription: null });
    assert.equal(worker.subscribed[0].applicationServerKey, "OLD");
    // The server did not want it: the next page will see the difference.
    assert.equal(worker.caches.note("enrolment").renewal_token, "one");
  }
});

test("a browser that nobody enrolled subscribes to nothing", async () => {
  const worker = new FakeWorker();
  await worker.event("pushsubscriptionchange", { oldSubscription: null, newSubscription: null });
  assert.deepEqual([worker.subscribed, worker.asked], [[], []]);
});

async function keepEnrolment(worker) {
  const cache = await worker.caches.open();
  const note = {
    user: "bob",
    device_id: "phone",
    endpoint: "https://push.example/old",
    public_key: "OLD",
    renewal_token: "one",
  };
  await cache.put("https://calls.example/service-worker/notes/enrolment", new Response(JSON.stringify(note)));
}

// Chromium forgets a notification that is shown while somebody asks which ones there are.
test("notifications are shown and asked for in turn with the pages", async () => {
  const turns = [];
  let within = 0;
  const locks = {
    request: async (name, _options, act) => {
      turns.push(name);
      within += 1;
      try {
        return await act();
      } finally {
        within -= 1;
      }
    },
  };
  const worker = new FakeWorker({ locks });
  worker.answers.set("/ringing", () => {
    assert.equal(within, 0, "the server is not asked while others wait");
    return { status: 200 };
  });
  await worker.push(ringMessage());
  assert.equal(only(worker).title, "Alice");
  assert.ok(turns.length >= 2);
  assert.deepEqual([...new Set(turns)], ["callinvite.notifications"]);
});

test("a page that hangs in its turn keeps no call from ringing", async () => {
  const locks = {
    request: (_name, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason);
        });
      }),
  };
  const worker = new FakeWorker({ locks });
  worker.answers.set("/ringing", { status: 200 });
  await worker.push(ringMessage());
  assert.equal(only(worker).title, "Alice");
});

test("a browser that refuses the options is asked again with fewer, in its turn too", async () => {
  const worker = new FakeWorker({ locks: { request: async (_name, _options, act) => act() } });
  worker.refusesOptions = ["vibrate"];
  worker.answers.set("/ringing", { status: 200 });
  await worker.push(ringMessage());
  assert.equal(only(worker).title, "Alice");
});

test("a stranger is told apart by the id wherever the worker itself says who called", async () => {
  for (const [caller, who] of [
    [{ id: "mallory", name: "Alice" }, "Alice (@mallory), video call"],
    [{ id: "alice@example.org", name: "Alice" }, "Alice (alice@example.org), video call"],
    [{ id: "", name: "Deleted account" }, "Deleted account, video call"],
  ]) {
    const worker = rung(over("invitation_cancelled"));
    await worker.push(ringMessage({ caller, from_contact: false }));
    assert.equal(only(worker).body, who);
  }
});

const call = { call_id: "call_alice_1", caller: { id: "alice", name: "Alice" }, is_video_call: true };

test("a ring that says nothing rings like any other, and shows nothing of what the server then tells", async () => {
  const worker = rung({ status: 200, body: { call } });
  const page = appWindow();
  worker.windows.push(page);
  await worker.push(ringMessage({ ...NOTHING, renotify: true }));
  const { title, body, tag, data, actions, renotify } = only(worker);
  assert.deepEqual([title, body, tag], ["Incoming call", "", "ring-1"]);
  assert.deepEqual(
    actions.map(({ action }) => action),
    ["accept", "reject"],
  );
  // Asked by the token, which knows its ring; noted without a second alert.
  assert.deepEqual([worker.asked[0].path, worker.asked.length], ["calls/current/ringing", 1]);
  assert.deepEqual([data.call_id, renotify], ["call_alice_1", false]);
  assert.deepEqual([data.caller, JSON.stringify(only(worker)).includes("Alice")], [{ id: "", name: "" }, false]);
  assert.deepEqual(page.heard.at(-1), { type: "shown", call_id: "call_alice_1" });
});

test("what was dismissed before the server told which call it is does not come back", async () => {
  const worker = new FakeWorker();
  worker.answers.set("/ringing", () => {
    worker.shown.splice(0);
    return { status: 200, body: { call } };
  });
  await worker.push(ringMessage(NOTHING));
  assert.deepEqual(worker.shown, []);
});

test("a click on what says nothing asks first which call it is", async () => {
  for (const { action, wish } of [
    { action: "accept", wish: { type: "answer", call_id: "call_alice_1" } },
    { action: "", wish: { type: "show", call_id: "call_alice_1", kind: "ring" } },
  ]) {
    const worker = new FakeWorker();
    await worker.push(ringMessage(NOTHING));
    worker.answers.set("/ringing", { status: 200, body: { call } });
    const page = appWindow();
    worker.windows.push(page);
    await worker.click(only(worker), action);
    assert.deepEqual(page.heard, [wish]);
  }
});

test("where the server does not say which call it is, the app opens without a wish", async () => {
  const worker = new FakeWorker();
  await worker.push(ringMessage(NOTHING));
  await worker.click(only(worker), "accept");
  assert.deepEqual(worker.opened, ["https://calls.example/"]);
  assert.equal(worker.caches.note("wish"), null);
});

test("what says nothing is declined by its token, and tells nothing of who still hears it", async () => {
  const worker = new FakeWorker();
  await worker.push(ringMessage(NOTHING));
  await worker.click(only(worker), "reject");
  assert.equal(worker.asked.at(-1).path, "calls/current/reject");
  assert.equal(only(worker).body, "The server can't be reached. The caller still hears it ringing.");
});

test("the end of a ring that said nothing says nothing of whose it was", async () => {
  const late = rung(over("invitation_timed_out", { missed: true }));
  await late.push(ringMessage(NOTHING));
  assert.deepEqual([only(late).title, only(late).body, only(late).actions], ["Missed call", "", []]);
  const missed = new FakeWorker();
  const notification = { title: "Missed call", body: "", lang: "en", silent: true };
  await missed.push(stopMessage({ ...NOTHING, notification }));
  assert.deepEqual([only(missed).title, only(missed).body, only(missed).actions], ["Missed call", "", []]);
  await missed.click(only(missed));
  assert.deepEqual([missed.opened, missed.asked], [["https://calls.example/#recents"], []]);
});

test("a request to be let in is shown quietly, and opens the people", async () => {
  const worker = new FakeWorker();
  const notification = {
    title: "Contact request",
    body: "Bob would like to be in your contacts.",
    lang: "en",
    silent: true,
  };
  await worker.push(
    stopMessage({ kind: "contact", tag: "requests", notification, call_id: null, caller: null, requests: 1 }),
  );
  const { title, body, tag, silent, actions } = only(worker);
  assert.deepEqual([title, body, tag, silent, actions], [notification.title, notification.body, "requests", true, []]);
  assert.deepEqual(worker.asked, []);
});

test("the worker of another site asks the server, and leads to the site's own pages", async () => {
  const worker = new FakeWorker({ site: { baseUrl: "https://calls.example/", page: "/shop" } });
  worker.answers.set("/ringing", { status: 200 });
  worker.answers.set("/reject", { status: 200 });
  await worker.push(ringMessage());
  assert.deepEqual([...worker.servers], ["https://calls.example"]);

  await worker.click(only(worker), "accept");
  assert.deepEqual(worker.opened, ["https://site.example/shop"]);
  const elsewhere = appWindow({ url: "https://site.example/about" });
  const shop = appWindow({ url: "https://site.example/shop/cart?x=1" });
  worker.windows = [elsewhere, shop];
  await worker.push(ringMessage());
  await worker.click(only(worker), "accept");
  assert.equal(worker.opened.length, 1);
  assert.deepEqual(
    [elsewhere, shop].map((page) => page.heard.filter(({ type }) => type === "answer").length),
    [0, 1],
  );
});
