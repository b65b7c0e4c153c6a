/**
 * The live connection: hello, heartbeat, death and return, against a real socket server that follows a script.
 */

import assert from "node:assert/strict";
import { at, makeCall, person } from "./support/calls.mjs";
import { open, scripted, test, until } from "./support/harness.mjs";

/** Resolves when the service's connection is in a state. */
async function connection(calls, wanted) {
  while (calls.state.connection !== wanted) {
    await calls.once("connectionChanged");
  }
}

/** Lets the clock run until the service tries again. */
function retry(clock, calls) {
  assert.equal(calls.state.connection, "waiting");
  clock.advance(clock.nextInMs);
}

test("hello comes first and says which device this is", async (t) => {
  const { server, calls } = await scripted(t, { audible: true });
  const opened = calls.init();
  const line = await server.line();
  assert.equal(line.url, "/ws/v1/live");
  assert.deepEqual(await line.greet(), {
    type: "hello",
    device_id: "alice-device",
    label: "Node",
    audible: true,
  });
  assert.equal(await opened, true);
  assert.equal(calls.state.connection, "open");
  assert.deepEqual(calls.state.user, person("alice"));
});

test("a snapshot is applied whole before anything rings", async (t) => {
  const { server, calls } = await scripted(t, { deviceId: "bob-device" });
  const seen = [];
  calls.on("incomingCallReceived", () => seen.push(calls.state.calls.length, calls.state.missedUnseen));
  const opened = calls.init();
  const line = await server.line();
  const second = makeCall({ call_id: "call_carol_2", created_at: at(5) });
  await line.greet({ user: person("bob"), calls: [makeCall(), second], missed_unseen: 4 });
  await opened;
  assert.deepEqual(seen, [2, 4, 2, 4]);
});

test("the badge goes when the missed calls were looked at on another device", async (t) => {
  const { server, calls } = await scripted(t);
  const opened = calls.init();
  const line = await server.line();
  await line.greet({ missed_unseen: 2 });
  await opened;
  assert.equal(calls.state.missedUnseen, 2);
  line.send({ type: "history", missed_unseen: 0 });
  await until(() => calls.state.missedUnseen === 0);
});

test("sync goes out every 15 seconds, and every 5 with an open call", async (t) => {
  const { clock, calls, line } = await open(t);
  assert.equal(clock.nextInMs, 15_000);
  clock.advance(15_000);
  assert.deepEqual(await line.next(), { type: "sync", calls: {} });
  line.send({ type: "synced", server_time: at(15), calls: [makeCall({ revision: 3 })], gone: [] });
  await until(() => calls.state.calls.length === 1);
  clock.advance(5_000);
  assert.deepEqual(await line.next(), { type: "sync", calls: { call_alice_1: 3 } });
});

test("a call that comes in brings the next sync forward", async (t) => {
  const { clock, calls, line } = await open(t);
  clock.advance(1_000);
  const changed = calls.once("change");
  line.send({ type: "call", event: "call.sent", actor: "alice", call: makeCall() });
  await changed;
  clock.advance(4_000);
  assert.deepEqual(await line.next(), { type: "sync", calls: { call_alice_1: 1 } });
});

test("a lost frame is healed by the next sync and gives its event once", async (t) => {
  const { clock, heard, line } = await open(t, {
    deviceId: "bob-device",
    snapshot: { user: person("bob"), calls: [makeCall()] },
  });
  clock.advance(5_000);
  assert.deepEqual((await line.next()).calls, { call_alice_1: 1 });
  const end = makeCall({ revision: 4, state: "ended" });
  end.invitations[0].state = "cancelled";
  line.send({ type: "synced", server_time: at(5), calls: [end], gone: [] });
  line.send({ type: "call", event: "invitation.cancelled", actor: "alice", call: end });
  await until(() => heard.some(({ name }) => name === "incomingCallCanceled"));
  assert.equal(heard.filter(({ name }) => name === "incomingCallCanceled").length, 1);
});

test("a call that is gone is asked for by REST, and its end gives the right event", async (t) => {
  const { server, clock, calls, heard, line } = await open(t, {
    deviceId: "bob-device",
    snapshot: { user: person("bob"), calls: [makeCall()] },
  });
  const end = makeCall({ revision: 4, state: "ended" });
  end.invitations[0].state = "timed_out";
  server.on("GET calls/call_alice_1", { body: end });
  clock.advance(5_000);
  await line.next();
  const timedOut = calls.once("incomingCallTimeout");
  line.send({ type: "synced", server_time: at(5), calls: [], gone: ["call_alice_1"] });
  await timedOut;
  assert.equal(calls.state.incoming, null);
  assert.equal(heard.filter(({ name }) => name === "incomingCallTimeout").length, 1);
});

test("a sync that is not answered within 5 seconds means a dead socket", async (t) => {
  const { server, clock, calls, line } = await open(t);
  clock.advance(15_000);
  await line.next();
  clock.advance(4_999);
  assert.equal(calls.state.connection, "open");
  clock.advance(1);
  assert.equal(calls.state.connection, "waiting");
  assert.equal(await line.closed, 4000);
  retry(clock, calls);
  await (await server.line()).greet();
  await connection(calls, "open");
});

test("reconnects wait longer each time, with full jitter, and much less with an open call", async (t) => {
  const { server, clock, calls, line } = await open(t);
  server.isUp = false;
  line.drop();
  const waits = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await connection(calls, "waiting");
    waits.push(clock.nextInMs);
    retry(clock, calls);
  }
  assert.deepEqual(waits, [2_000, 4_000, 7_500, 7_500, 7_500]);
  const busy = await open(t, { snapshot: { calls: [makeCall()] } });
  busy.server.isUp = false;
  busy.line.drop();
  const soon = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await connection(busy.calls, "waiting");
    soon.push(busy.clock.nextInMs);
    retry(busy.clock, busy.calls);
  }
  assert.deepEqual(soon, [250, 500, 1_000, 1_500, 1_500]);
});

test("a wake-up tries again at once, or asks an open socket whether it lives", async (t) => {
  const { server, calls, line, wake } = await open(t);
  wake();
  assert.equal((await line.next()).type, "sync");
  wake();
  line.send({ type: "synced", server_time: at(1), calls: [], gone: [] });
  line.drop();
  await connection(calls, "waiting");
  wake();
  await (await server.line()).greet();
  await connection(calls, "open");
  assert.equal(line.unread, 0);
});

test("a server that takes the socket but never answers is given up after 10 seconds", async (t) => {
  const { server, clock, calls } = await scripted(t);
  const opened = calls.init();
  const line = await server.line();
  await line.next();
  clock.advance(10_000);
  assert.equal(await opened, false);
  assert.equal(calls.lastError?.code, "unreachable");
  assert.equal(calls.state.connection, "waiting");
});

test("4401 means signed out: nothing is tried again until init", async (t) => {
  const { server, clock, calls, line } = await open(t);
  line.close(4401);
  await connection(calls, "signed_out");
  assert.equal(clock.nextInMs, null);
  const again = calls.init();
  await (await server.line()).greet();
  assert.equal(await again, true);
});

for (const [closed, code] of /** @type {const} */ ([
  [4403, "not_allowed"],
  [4404, "not_found"],
  [4408, "not_allowed"],
])) {
  test(`${closed} is an error and is not tried again`, async (t) => {
    const { server, clock, calls, heard } = await scripted(t);
    const opened = calls.init();
    (await server.line()).close(closed);
    assert.equal(await opened, false);
    assert.equal(calls.lastError?.code, code);
    assert.equal(calls.state.connection, "closed");
    assert.deepEqual(heard.find(({ name }) => name === "error").detail.code, code);
    assert.equal(clock.nextInMs, null);
  });
}

test("1009 is an error, and the connection comes back", async (t) => {
  const { server, clock, calls, line } = await open(t);
  const error = calls.once("error");
  line.close(1009);
  assert.equal((await error).code, "too_large");
  retry(clock, calls);
  await (await server.line()).greet();
  await connection(calls, "open");
});

test("apps connect with a fresh ticket each time, and are signed out when the token is", async (t) => {
  const { server, clock, calls } = await scripted(t, { token: "secret" });
  let tickets = 0;
  server.on("POST live/ticket", () => {
    tickets += 1;
    return { status: 201, body: { ticket: `one/${tickets}`, expires_in_seconds: 30 } };
  });
  const opened = calls.init();
  const first = await server.line();
  assert.equal(first.url, "/ws/v1/live?ticket=one%2F1");
  assert.equal(server.requests[0].headers.authorization, "Bearer secret");
  await first.greet();
  await opened;
  first.close(4401);
  await connection(calls, "waiting");
  server.on("POST live/ticket", { status: 401, body: { code: "not_authenticated", detail: "Sign in first." } });
  retry(clock, calls);
  await connection(calls, "signed_out");
});

test("frames that are not understood do no harm", async (t) => {
  const { calls, line } = await open(t);
  line.send("{broken");
  line.send("null");
  line.send({ type: "from the future" });
  line.send({ type: "result", id: "never asked", status: 200, body: {} });
  const error = calls.once("error");
  line.send({ type: "error", code: "invalid", detail: "No." });
  assert.deepEqual(await error, { code: "invalid", detail: "No.", callID: null });
  assert.equal(calls.state.connection, "open");
});

test("signalling goes to one device and comes from one", async (t) => {
  const { calls, line } = await open(t);
  const to = { user: "bob", device_id: "bob-device" };
  assert.equal(calls.signal("call_alice_1", to, { sdp: "v=0" }), true);
  assert.deepEqual(await line.next(), { type: "signal", call_id: "call_alice_1", to, data: { sdp: "v=0" } });
  const signal = calls.once("signal");
  line.send({ type: "signal", call_id: "call_alice_1", from: to, data: { candidate: null } });
  assert.deepEqual(await signal, { callID: "call_alice_1", from: to, data: { candidate: null } });
  calls.close();
  assert.equal(calls.signal("call_alice_1", to, {}), false);
});

test("closing is final until init", async (t) => {
  const { server, clock, calls, line } = await open(t);
  calls.close();
  assert.equal(await line.closed, 1000);
  assert.equal(calls.state.connection, "closed");
  assert.equal(clock.nextInMs, null);
  const again = calls.init();
  await (await server.line()).greet();
  assert.equal(await again, true);
});

test("time left is counted from the server's clock by a monotonic one", async (t) => {
  const { clock, calls } = await open(t, { snapshot: { server_time: at(10), calls: [makeCall()] } });
  const call = calls.state.outgoing ?? makeCall();
  assert.equal(calls.remainingMs(call), 50_000);
  clock.advance(4_000);
  assert.equal(calls.remainingMs(call), 46_000);
  assert.equal(calls.elapsedMs(call), 0);
  assert.equal(calls.elapsedMs({ ...call, answered_at: at(12) }), 2_000);
});

test("a ring whose time is over while the server is away stops by itself", async (t) => {
  const { server, clock, calls, line } = await open(t, {
    deviceId: "bob-device",
    snapshot: { user: person("bob"), calls: [makeCall()] },
  });
  server.isUp = false;
  server.on("GET calls/call_alice_1", () => null);
  line.drop();
  await connection(calls, "waiting");
  const timedOut = calls.once("incomingCallTimeout");
  clock.advance(59_000);
  assert.notEqual(calls.state.incoming, null);
  clock.advance(1_600);
  assert.equal(calls.state.incoming, null);
  await timedOut;
});
