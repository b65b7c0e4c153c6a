/**
 * The verbs and reads: what they say on the wire, by which way they go, and what they leave behind.
 */

import assert from "node:assert/strict";
import { at, invitation, makeCall, participant, person } from "./support/calls.mjs";
import { open, scripted, test, until } from "./support/harness.mjs";

const BOB = { deviceId: "bob-device", snapshot: { user: person("bob"), calls: [makeCall()] } };

function problem(code, status, more = {}) {
  return { type: "about:blank", title: code, status, code, detail: `It is ${code}.`, ...more };
}

test("send takes the seed's arguments and names its request", async (t) => {
  const { calls, line } = await open(t);
  const sent = calls.send({
    invitees: [person("bob"), "carol"],
    isVideoCall: true,
    customData: "{}",
    resourceID: "bell",
    notificationTitle: "Alice",
    notificationMessage: "Now",
    timeoutSeconds: 30,
    urgent: true,
    endWhenCallerLeaves: true,
  });
  const frame = await line.answer(201, { call: makeCall(), errors: [], warnings: [], merged: false, rejoin: false });
  assert.deepEqual(frame, {
    type: "request",
    id: "1",
    verb: "send",
    body: {
      invitees: ["bob", "carol"],
      is_video_call: true,
      custom_data: "{}",
      resource_id: "bell",
      notification_title: "Alice",
      notification_message: "Now",
      timeout_seconds: 30,
      urgent: true,
      end_when_caller_leaves: true,
    },
    idempotency_key: frame.idempotency_key,
  });
  assert.match(frame.idempotency_key, /^[0-9a-f]{32}$/);
  assert.equal(await sent, true);
  assert.equal(calls.lastError, null);
  assert.equal(calls.lastResult?.merged, false);
  assert.equal(calls.state.outgoing?.call_id, "call_alice_1");
});

test("what this client does itself is told once it is answered, before what came of it", async (t) => {
  const { calls, line, names } = await open(t);
  const sent = calls.send({ invitees: ["bob"], isVideoCall: true, customData: "hi" });
  const busy = { state: "ended", end_reason: "busy", invitations: [invitation("bob", { state: "busy" })] };
  await line.answer(201, { call: makeCall(/** @type {any} */ (busy)), errors: [], merged: false, rejoin: false });
  assert.equal(await sent, false);
  assert.deepEqual(names().slice(2), [
    "outgoingCallSent",
    "invitationUserStateChanged",
    "outgoingCallRejectedCauseBusy",
    "callEnded",
  ]);
});

test("where two called each other nothing was sent", async (t) => {
  for (const how of [{ merged: true }, { rejoin: true }]) {
    const { calls, line, names } = await open(t);
    const sent = calls.send({ invitees: ["bob"], isVideoCall: true });
    await line.answer(200, { call: makeCall({ state: "active" }), errors: [], ...how });
    assert.equal(await sent, true);
    assert.ok(names().includes("callStarted") && !names().includes("outgoingCallSent"), names().join());
  }
});

test("an act that is refused is told as one that was not done, and one without a call is not told", async (t) => {
  const { calls, line, heard } = await open(t, BOB);
  const pressed = () =>
    heard.filter(({ name }) => name.endsWith("Pressed")).map(({ name, detail }) => [name, detail.isDone]);
  const accepted = calls.accept();
  await line.answer(410, problem("invitation_cancelled", 410));
  assert.equal(await accepted, false);
  assert.deepEqual(pressed(), [["incomingCallAcceptButtonPressed", false]]);
  const rejected = calls.reject({ callID: "another" });
  await line.answer(404, problem("not_found", 404));
  assert.equal(await rejected, false);
  // Somebody else's ring is not one's own to cancel.
  const cancelled = calls.cancel({ callID: "call_alice_1" });
  await line.answer(403, problem("not_allowed", 403));
  assert.equal(await cancelled, false);
  assert.equal(pressed().length, 1);
});

test("a missed call is told of by a click, and dialled back by joining or by calling", async (t) => {
  const { calls, line, server, heard } = await open(t, { ...BOB, snapshot: { user: person("bob"), calls: [] } });
  const missed = (more) => ({ body: makeCall({ state: "ended", ...more }) });
  const you = /** @type {any} */ ({ ...makeCall().you, missed: true, can: [] });
  server.on("GET calls/call_alice_1", missed({ you: { ...you, missed: false } }));
  assert.equal(await calls.missedCallClicked("call_alice_1"), false);
  server.on("GET calls/call_alice_1", missed({ you, custom_data: "hi" }));
  assert.equal(await calls.missedCallClicked("call_alice_1"), true);
  const [{ name, detail }] = heard.slice(-1);
  assert.deepEqual([name, detail.customData, detail.callees], ["incomingMissedCallClicked", "hi", [person("bob")]]);
  const back = detail.dialBack();
  const asked = await line.answer(429, problem("throttled", 429));
  assert.deepEqual([asked.verb, asked.body], ["send", { invitees: ["alice"], is_video_call: true }]);
  assert.equal(await back, false);
  const told = heard.filter((each) => each.name === "incomingMissedCallDialBackFailed").map((each) => each.detail);
  assert.deepEqual(told, [{ code: "throttled", detail: "It is throttled.", callID: "call_alice_1" }]);
  server.on("GET calls/call_alice_1", missed({ state: "active", you: { ...you, can: ["join"] } }));
  const joined = calls.dialBack("call_alice_1");
  assert.equal((await line.answer(200, { call: makeCall({ revision: 2, state: "active" }) })).verb, "join");
  assert.equal(await joined, true);
});

test("what was left out is left to the server, and a given id is kept", async (t) => {
  const { calls, line } = await open(t);
  const sent = calls.send({ invitees: ["bob"], isVideoCall: false, callID: "mine" });
  const frame = await line.answer(201, { call: makeCall() });
  assert.deepEqual(frame.body, { invitees: ["bob"], is_video_call: false, call_id: "mine" });
  assert.equal(await sent, true);
});

test("a call to people who are all busy rings nobody: send is false, and its call is there", async (t) => {
  const { calls, line } = await open(t);
  const sent = calls.send({ invitees: ["bob"], isVideoCall: false });
  const over = makeCall({ state: "ended", end_reason: "busy", invitations: [invitation("bob", { state: "busy" })] });
  await line.answer(201, { call: over });
  assert.equal(await sent, false);
  assert.deepEqual([calls.lastError?.code, calls.lastError?.call?.end_reason], ["call_ended", "busy"]);
  assert.equal(calls.lastResult?.call.call_id, "call_alice_1");
});

test("a verb names the attempt that is held, and none where the server is to decide", async (t) => {
  const { calls, line } = await open(t, { ...BOB, snapshot: { ...BOB.snapshot, calls: [makeCall({ attempt: 3 })] } });
  calls.accept();
  assert.equal((await line.next()).attempt, 3);
  calls.join("other");
  assert.equal((await line.next()).attempt, undefined);
});

test("what is not an answer of ours is no success", async (t) => {
  for (const text of ["<html>Welcome! Please sign in.</html>", "", "{}", '{"call": {"call_id"', '"yes"', "null"]) {
    const { server, clock, calls } = await scripted(t);
    server.on("POST calls", { status: 200, text });
    server.on("GET calls", { status: 200, text });
    let sent;
    calls.send({ invitees: ["bob"], isVideoCall: false }).then((done) => {
      sent = done;
    });
    await until(() => {
      clock.advance(200);
      return sent !== undefined;
    });
    assert.equal(sent, false, text);
    assert.equal(calls.lastError?.code, "unreachable");
    assert.equal(await calls.history(), null, text);
  }
});

test("a refusal resolves to false, says why and teaches the call that came with it", async (t) => {
  const { calls, line } = await open(t, BOB);
  const accepted = calls.accept();
  const over = makeCall({ revision: 2, state: "ended", end_reason: "cancelled" });
  over.invitations[0].state = "cancelled";
  await line.answer(410, problem("invitation_cancelled", 410, { call: over }));
  assert.equal(await accepted, false);
  const { code, detail, status, call } =
    /** @type {import("../../static/callinvite/client/index.js").CallInvitationError} */ (calls.lastError);
  assert.deepEqual(
    { code, detail, status },
    { code: "invitation_cancelled", detail: "It is invitation_cancelled.", status: 410 },
  );
  assert.deepEqual(call, over);
  assert.equal(calls.state.incoming, null);
});

test("accept and reject mean the incoming call, and without one what the server holds as current", async (t) => {
  const { calls, line } = await open(t, BOB);
  calls.accept({ customData: "coming" });
  const accept = await line.next();
  assert.deepEqual([accept.call_id, accept.body], ["call_alice_1", { custom_data: "coming" }]);
  calls.reject({ customData: "no", reason: "later" });
  const reject = await line.next();
  assert.deepEqual([reject.call_id, reject.body], ["call_alice_1", { custom_data: "no", reason: "later" }]);
  const idle = await open(t);
  const rejected = idle.calls.reject();
  assert.equal((await idle.line.answer(404, problem("no_current_call", 404))).call_id, "current");
  assert.equal(await rejected, false);
  idle.calls.accept({ callID: "other" });
  assert.equal((await idle.line.next()).call_id, "other");
});

test("cancel means the outgoing call and names callees by their ids", async (t) => {
  const { calls, line } = await open(t, { snapshot: { calls: [makeCall()] } });
  calls.cancel({ callees: [person("bob")], customData: "sorry" });
  const frame = await line.next();
  assert.deepEqual(
    [frame.verb, frame.call_id, frame.body],
    ["cancel", "call_alice_1", { callees: ["bob"], custom_data: "sorry" }],
  );
  calls.cancel();
  assert.deepEqual((await line.next()).body, {});
});

test("the other verbs mean the call one is in, and say so when there is none", async (t) => {
  const active = makeCall({ state: "active", participants: [participant("alice"), participant("bob")] });
  const { calls, line } = await open(t, { snapshot: { calls: [active] } });
  for (const verb of ["leave", "end", "connected", "heartbeat"]) {
    calls[verb]();
    const frame = await line.next();
    assert.deepEqual([frame.verb, frame.call_id], [verb, "call_alice_1"]);
  }
  calls.invite({ invitees: ["carol"], timeoutSeconds: 20 });
  const invite = await line.next();
  assert.deepEqual([invite.call_id, invite.body], ["call_alice_1", { invitees: ["carol"], timeout_seconds: 20 }]);
  calls.join("call_carol_2");
  assert.equal((await line.next()).call_id, "call_carol_2");
  const idle = await open(t);
  assert.equal(await idle.calls.leave(), false);
  assert.equal(idle.calls.lastError?.code, "no_current_call");
});

test("ringing is never said by itself, and then tells whether it can be heard", async (t) => {
  const { calls, clock, line } = await open(t, BOB);
  clock.advance(5_000);
  assert.equal((await line.next()).type, "sync");
  calls.setAudible(true);
  assert.equal((await line.next()).audible, true);
  calls.ringing();
  assert.deepEqual((await line.next()).body, { audible: true });
  calls.ringing("call_alice_1", { audible: false });
  assert.deepEqual((await line.next()).body, { audible: false });
});

test("without a socket a verb goes by REST and names its device", async (t) => {
  const { server, calls } = await scripted(t, { csrfToken: () => "cookie" });
  server.on("GET me", { body: { id: "alice", name: "Alice", call_waiting: false, missed_unseen: 0 } });
  server.on("POST calls", { status: 201, body: { call: makeCall() } });
  server.on("POST calls/a:b@c/leave", { body: { call: makeCall({ revision: 2 }) } });
  assert.equal(await calls.send({ invitees: ["bob"], isVideoCall: false }), true);
  assert.equal(await calls.leave("a:b@c"), true);
  const [send, leave] = server.requests;
  assert.match(send.headers["idempotency-key"], /^[0-9a-f]{32}$/);
  assert.equal(send.body.device_id, "alice-device");
  assert.equal(send.headers["x-csrftoken"], "cookie");
  assert.deepEqual([leave.name, leave.body], ["POST calls/a:b@c/leave", { device_id: "alice-device" }]);
});

test("the CSRF token goes into the header that the server expects", async (t) => {
  const { server, calls } = await scripted(t, { csrfToken: "cookie", csrfHeader: "X-House-Token" });
  server.on("GET me", { body: { id: "alice", name: "Alice", call_waiting: false, missed_unseen: 0 } });
  server.on("POST calls", { status: 201, body: { call: makeCall() } });
  assert.equal(await calls.send({ invitees: ["bob"], isVideoCall: false }), true);
  const { headers } = server.requests.at(-1);
  assert.deepEqual([headers["x-house-token"], headers["x-csrftoken"]], ["cookie", undefined]);
});

test("a verb that is lost with the socket is repeated by REST with the same key and body", async (t) => {
  const { server, clock, calls, line } = await open(t);
  server.isUp = false;
  server.on("POST calls", { status: 200, body: { call: makeCall() } });
  const sent = calls.send({ invitees: ["bob"], isVideoCall: false });
  const { body, idempotency_key: key } = await line.next();
  line.drop();
  await until(() => calls.state.connection === "waiting");
  await until(() => {
    clock.advance(250);
    return server.requests.length > 0;
  });
  assert.equal(await sent, true);
  assert.deepEqual(server.requests[0].body, { ...body, device_id: "alice-device" });
  assert.equal(server.requests[0].headers["idempotency-key"], key);
});

test("a verb that is lost with the socket is repeated over the next one", async (t) => {
  const { server, clock, calls, line } = await open(t, BOB);
  const accepted = calls.accept();
  await line.next();
  server.on("POST calls/call_alice_1/accept", { status: 503, body: problem("unavailable", 503) });
  line.drop();
  await until(() => calls.state.connection === "waiting");
  clock.advance(250);
  const next = await server.line();
  await next.greet({ user: person("bob"), calls: [makeCall()] });
  await until(() => calls.state.connection === "open");
  await until(() => {
    clock.advance(250);
    return next.unread > 0;
  });
  const repeated = await next.answer(200, { call: makeCall({ revision: 2 }) });
  assert.equal(repeated.verb, "accept");
  assert.equal(await accepted, true);
});

test("a verb gives up when its time is over", async (t) => {
  const { server, clock, calls } = await scripted(t);
  server.on("POST calls/x/leave", () => null);
  const left = calls.leave("x");
  let done = false;
  left.then(() => {
    done = true;
  });
  await until(() => {
    clock.advance(200);
    return done;
  });
  assert.equal(await left, false);
  assert.equal(calls.lastError?.code, "unreachable");
  assert.ok(server.requests.length > 2);
});

test("an unanswered request is not waited for without end", async (t) => {
  const { server, clock, calls, line } = await open(t);
  server.on("POST calls/x/leave", { body: { call: makeCall({ call_id: "x" }) } });
  const left = calls.leave("x");
  await line.next();
  clock.advance(5_000);
  assert.equal((await line.next()).type, "sync");
  clock.advance(5_000);
  await until(() => {
    clock.advance(100);
    return server.requests.length > 0 || calls.lastError !== null;
  });
  assert.equal(typeof (await left), "boolean");
});

test("a verb under way when the service is closed resolves to false", async (t) => {
  const { calls, line } = await open(t);
  const left = calls.leave("x");
  await line.next();
  calls.close();
  assert.equal(await left, false);
  assert.equal(calls.lastError?.code, "closed");
});

test("a frame above 64 KiB is refused before it costs the socket", async (t) => {
  const { calls } = await open(t);
  assert.equal(await calls.send({ invitees: ["bob"], isVideoCall: false, customData: "ä".repeat(40_000) }), false);
  assert.equal(calls.lastError?.code, "too_large");
  assert.equal(calls.lastError?.status, 413);
  assert.equal(calls.state.connection, "open");
});

test("the result of a verb and the frame of the same change give one event", async (t) => {
  const { calls, heard, line } = await open(t, BOB);
  const active = makeCall({
    revision: 2,
    state: "active",
    invitations: [invitation("bob", { state: "accepted", responded_at: at(5) })],
    participants: [participant("alice"), participant("bob")],
  });
  const accepted = calls.accept();
  line.send({ type: "call", event: "invitation.accepted", actor: "bob", call: active });
  await line.answer(200, { call: active });
  assert.equal(await accepted, true);
  assert.equal(heard.filter(({ name }) => name === "callStarted").length, 1);
  assert.equal(
    heard.some(({ name }) => name === "incomingCallAnsweredElsewhere"),
    false,
  );
});

test("a reject that another device forestalled fails and says where it happened", async (t) => {
  const { calls, names, line } = await open(t, BOB);
  const rejected = calls.reject();
  const over = makeCall({ revision: 2, state: "ended", end_reason: "rejected" });
  Object.assign(over.invitations[0], { state: "rejected", answered_on: "Phone" });
  await line.answer(409, problem("rejected_elsewhere", 409, { call: over }));
  assert.equal(await rejected, false);
  assert.equal(names().filter((name) => name === "incomingCallRejectedElsewhere").length, 1);
  assert.equal(names().includes("callEnded"), false);
});

test("lists are read page by page by cursors", async (t) => {
  const { server, calls } = await scripted(t);
  server.on("GET calls", ({ query }) => ({
    body: {
      next: query.cursor ? null : `${server.origin}/api/v1/calls?cursor=cD0y&missed=true`,
      previous: null,
      results: [makeCall()],
    },
  }));
  const first = await calls.history({
    missed: true,
    direction: "incoming",
    with: "bob",
    isVideoCall: false,
    pageSize: 10,
  });
  assert.deepEqual([first?.next, first?.previous, first?.results.length], ["cD0y", null, 1]);
  assert.deepEqual(server.requests[0].query, {
    missed: "true",
    direction: "incoming",
    with: "bob",
    is_video_call: "false",
    page_size: "10",
  });
  assert.equal((await calls.history({ cursor: first?.next }))?.next, null);
  server.on("GET users", { body: { next: null, previous: null, results: [] } });
  assert.deepEqual(await calls.users({ search: "bo b" }), { next: null, previous: null, results: [] });
  assert.deepEqual(server.requests.at(-1).query, { search: "bo b" });
});

test("single things are read and changed", async (t) => {
  const { server, calls } = await scripted(t);
  const me = { id: "alice", name: "Alice", call_waiting: true, missed_unseen: 3 };
  server.on("GET me", { body: me });
  server.on("PATCH me", ({ body }) => ({ body: { ...me, ...body } }));
  server.on("GET calls/x", { body: makeCall({ call_id: "x" }) });
  server.on("GET calls/x/timeline", { body: { call_id: "x", entries: [] } });
  server.on("GET ice-servers", {
    body: { ice_servers: [{ urls: ["stun:s"] }], expires_at: "2026-11-23T11:00:00.000Z" },
  });
  server.on("GET devices", { body: { next: null, previous: null, results: [{ device_id: "d" }] } });
  server.on("POST history/seen", { body: { missed_unseen: 0 } });
  assert.deepEqual(await calls.me(), me);
  assert.equal(calls.state.missedUnseen, 3);
  assert.equal((await calls.updateMe({ name: "Al" }))?.name, "Al");
  assert.equal((await calls.call("x"))?.call_id, "x");
  assert.deepEqual((await calls.timeline("x"))?.entries, []);
  assert.deepEqual((await calls.iceServers())?.ice_servers, [{ urls: ["stun:s"] }]);
  assert.equal((await calls.devices())?.results[0].device_id, "d");
  server.on("DELETE devices/d", { status: 204, text: "" });
  assert.equal(await calls.removeDevice("d"), true);
  assert.equal(await calls.markHistorySeen(), true);
  assert.equal(calls.state.missedUnseen, 0);
});

test("phones are connected by a code, and apps and browsers are listed and signed out", async (t) => {
  const { server, calls } = await scripted(t);
  const code = { pairing_code: "7K3M9QXA", expires_in_seconds: 300, link: "callinvite://pair", qr: "<svg/>" };
  server.on("POST auth/pairing", { status: 201, body: code });
  server.on("GET auth/pairing", { body: { state: "used", device_id: "phone", device_name: "Phone" } });
  server.on("DELETE auth/pairing", { status: 204, text: "" });
  assert.deepEqual(await calls.makePairingCode(), code);
  assert.equal((await calls.pairing())?.device_name, "Phone");
  assert.equal(await calls.withdrawPairingCode(), true);
  server.on("GET auth/tokens", { body: { next: null, previous: null, results: [{ id: "a/b" }] } });
  server.on("DELETE auth/tokens/a/b", { status: 204, text: "" });
  server.on("POST auth/sign-out-everywhere", { status: 204, text: "" });
  assert.equal((await calls.signedInApps())?.results[0].id, "a/b");
  assert.equal(await calls.signOutApp("a/b"), true);
  server.on("GET auth/sessions", { body: { next: null, previous: null, results: [{ id: "session-a~b" }] } });
  server.on("DELETE auth/sessions/session-a~b", { status: 204, text: "" });
  assert.equal((await calls.signedInBrowsers())?.results[0].id, "session-a~b");
  assert.equal(await calls.signOutBrowser("session-a~b"), true);
  assert.equal(await calls.signOutEverywhere(), true);
});

test("devices are named, given an address, rung for a test and told how far that has come", async (t) => {
  const { server, calls } = await scripted(t);
  const device = { device_id: "phone", label: "Phone", kind: "android", health: "ok" };
  const test = { test_id: "1", device_id: "phone", state: "waiting", hops: [] };
  server.on("PUT devices/phone", ({ body }) => ({ body: { ...device, ...body } }));
  server.on("POST devices/phone/test-ring", { status: 201, body: test });
  server.on("GET devices/phone/test-ring", { body: { ...test, state: "arrived" } });
  assert.equal((await calls.saveDevice("phone", { label: "Old phone", kind: "android" }))?.label, "Old phone");
  // What is left out keeps the address; null takes it away.
  assert.deepEqual(server.requests.at(-1).body, { label: "Old phone", kind: "android" });
  await calls.saveDevice("phone", { label: "Old phone", kind: "android", push: null });
  assert.equal(server.requests.at(-1).body.push, null);
  assert.equal((await calls.testRing("phone"))?.state, "waiting");
  assert.equal((await calls.lastTestRing("phone"))?.state, "arrived");
  server.on("POST devices/phone/test-ring", { status: 400, body: problem("invalid", 400) });
  assert.equal(await calls.testRing("phone"), null);
  assert.equal(calls.lastError?.code, "invalid");
  assert.equal(await calls.lastTestRing("never tried"), null);
  assert.equal(calls.lastError?.code, "not_found");
});

test("contacts are asked, let in, made favourites and removed", async (t) => {
  const { server, calls } = await scripted(t);
  const contact = { user: person("bob"), state: "asked", favourite: false, message: "", changed_at: at(0) };
  server.on("POST contacts", ({ body }) => ({ status: 201, body: { ...contact, message: body.message } }));
  server.on("POST contacts/a/b/accept", { body: { ...contact, state: "contact" } });
  server.on("PATCH contacts/bob", ({ body }) => ({ body: { ...contact, state: "contact", ...body } }));
  server.on("GET contacts/bob", { body: contact });
  server.on("GET contacts", { body: { next: null, previous: null, results: [contact] } });
  server.on("DELETE contacts/bob", { status: 204 });
  assert.equal((await calls.askContact(person("bob"), { message: "Hello" }))?.message, "Hello");
  assert.deepEqual(server.requests.at(-1).body, { user: "bob", message: "Hello" });
  assert.equal((await calls.acceptContact("a/b"))?.state, "contact");
  assert.equal((await calls.setFavourite("bob", false))?.favourite, false);
  assert.deepEqual(server.requests.at(-1).body, { favourite: false });
  assert.deepEqual(await calls.contact("bob"), contact);
  assert.equal((await calls.contacts({ state: "asks_you", search: "bo", pageSize: 5 }))?.results.length, 1);
  assert.deepEqual(server.requests.at(-1).query, { state: "asks_you", search: "bo", page_size: "5" });
  assert.equal(await calls.removeContact(person("bob")), true);
  assert.equal(await calls.contact("nobody"), null);
  assert.equal(calls.lastError?.code, "not_found");
});

test("people are blocked, listed and unblocked, also from a ring", async (t) => {
  const { server, calls, line } = await open(t, BOB);
  const block = { user: person("alice"), created_at: at(0) };
  server.on("PUT blocks/alice", { status: 201, body: block });
  server.on("GET blocks", { body: { next: null, previous: null, results: [block] } });
  server.on("GET blocks/alice", { body: block });
  server.on("DELETE blocks/alice", { status: 204 });
  assert.equal(await calls.block(person("alice")), true);
  assert.deepEqual((await calls.blocks({ search: "a" }))?.results, [block]);
  assert.deepEqual(await calls.blockOf("alice"), block);
  assert.equal(await calls.unblock("alice"), true);
  calls.reject({ block: true });
  assert.deepEqual((await line.next()).body, { block: true });
});

test("what is settled elsewhere is told, and shows in the state", async (t) => {
  const snapshot = { requests: 2, do_not_disturb_until: null, quiet_until: at(9) };
  const { server, calls, line } = await open(t, { snapshot });
  const { requests, doNotDisturbUntil, quietUntil } = calls.state;
  assert.deepEqual([requests, doNotDisturbUntil, quietUntil], [2, null, at(9)]);
  const heard = [];
  calls.on("contactChanged", (detail) => heard.push(["contact", detail, calls.state.requests]));
  calls.on("blockChanged", (detail) => heard.push(["block", detail]));
  calls.on("meChanged", (detail) => heard.push(["me", detail.me.id, calls.state.quietUntil, calls.state.user?.name]));
  const me = {
    id: "alice",
    name: "Al",
    missed_unseen: 4,
    requests: 1,
    do_not_disturb_until: at(5),
    quiet_until: at(7),
  };
  line.send({ type: "contact", user: person("bob"), contact: null, requests: 1, server_time: at(0) });
  line.send({ type: "block", user: person("bob"), block: null, server_time: at(0) });
  line.send({ type: "me", me, server_time: at(0) });
  await until(() => heard.length === 3);
  assert.deepEqual(heard, [
    ["contact", { user: person("bob"), contact: null, requests: 1 }, 1],
    ["block", { user: person("bob"), block: null }],
    ["me", "alice", at(7), "Al"],
  ]);
  assert.deepEqual([calls.state.missedUnseen, calls.state.doNotDisturbUntil], [4, at(5)]);
  server.on("PATCH me", { body: { ...me, do_not_disturb_until: null, quiet_until: null } });
  await calls.updateMe({ do_not_disturb_until: null });
  assert.deepEqual(server.requests.at(-1).body, { do_not_disturb_until: null });
  assert.deepEqual([calls.state.doNotDisturbUntil, calls.state.quietUntil], [null, null]);
});

test("settings that were read before a change ended are read again: they may be older than it", async (t) => {
  const { server, calls } = await scripted(t);
  const me = { id: "alice", name: "Alice", missed_unseen: 3 };
  server.on("PATCH me", { body: { ...me, name: "Al", missed_unseen: 0 } });
  let isAsked = false;
  let isOvertaken = false;
  server.on("GET me", async () => {
    server.on("GET me", { body: { ...me, name: "Al", missed_unseen: 0 } });
    isAsked = true;
    await until(() => isOvertaken);
    return { body: me };
  });
  const reading = calls.me();
  await until(() => isAsked);
  await calls.updateMe({ name: "Al" });
  isOvertaken = true;
  assert.equal((await reading)?.name, "Al");
  assert.equal(calls.state.missedUnseen, 0);
});

test("settings that something was told of while they were read are read again, and not without end", async (t) => {
  const { server, calls, line } = await open(t);
  const me = { id: "alice", name: "Alice", missed_unseen: 1, requests: 0 };
  let readings = 0;
  let mayChange = true;
  server.on("GET me", async () => {
    readings += 1;
    const body = { ...me, missed_unseen: readings };
    if (mayChange) {
      line.send({ type: "history", missed_unseen: 70 + readings, server_time: at(0) });
      await until(() => calls.state.missedUnseen === 70 + readings);
    }
    mayChange &&= readings !== 1;
    return { body };
  });
  assert.equal((await calls.me())?.missed_unseen, 2);
  assert.equal(calls.state.missedUnseen, 2);
  mayChange = true;
  readings = 10;
  assert.equal((await calls.me())?.missed_unseen, 13);
});

test("a missed call that is told while the others are marked as seen is still to be seen", async (t) => {
  const { server, calls, line } = await open(t, { snapshot: { missed_unseen: 2 } });
  server.on("POST history/seen", async () => {
    line.send({ type: "history", missed_unseen: 1, server_time: at(0) });
    await until(() => calls.state.missedUnseen === 1);
    return { body: { missed_unseen: 0 } };
  });
  assert.equal(await calls.markHistorySeen(), true);
  assert.equal(calls.state.missedUnseen, 1);
});

test("changes of settings are made one after the other, and what was told meanwhile is not undone", async (t) => {
  const { server, calls, line } = await open(t);
  const me = { id: "alice", name: "Alice", missed_unseen: 0, requests: 0, do_not_disturb_until: null };
  /** @type {string[]} */
  const order = [];
  server.on("PATCH me", async ({ body }) => {
    order.push(`asked ${body.name}`);
    if (body.name === "A") {
      line.send({ type: "me", me: { ...me, name: "Elsewhere" }, server_time: at(0) });
      await until(() => calls.state.user?.name === "Elsewhere");
    }
    order.push(`done ${body.name}`);
    return { body: { ...me, name: body.name } };
  });
  const first = calls.updateMe({ name: "A" });
  const second = calls.updateMe({ name: "B" });
  assert.equal((await first)?.name, "A");
  assert.equal(calls.state.user?.name, "Elsewhere");
  assert.equal((await second)?.name, "B");
  assert.equal(calls.state.user?.name, "B");
  assert.deepEqual(order, ["asked A", "done A", "asked B", "done B"]);
});

test("a change of settings that waits for another one ends with the client's life", async (t) => {
  const { server, calls } = await open(t);
  /** @type {string[]} */
  const asked = [];
  server.on("PATCH me", ({ body }) => {
    asked.push(body.name);
    return body.name === "A" ? new Promise(() => {}) : { body: { id: "alice", ...body, missed_unseen: 0 } };
  });
  const first = calls.updateMe({ name: "A" });
  const second = calls.updateMe({ name: "B" });
  await until(() => asked.length === 1);
  calls.close();
  calls.init();
  assert.equal((await calls.updateMe({ name: "C" }))?.name, "C");
  assert.deepEqual(await Promise.all([first, second]), [null, null]);
  assert.deepEqual(asked, ["A", "C"]);
});

test("ring resources are read page by page", async (t) => {
  const { server, calls } = await scripted(t);
  const bell = { resource_id: "bell", name: "Bell", ringtone_url: "/media/bell.ogg" };
  server.on("GET resources", { body: { next: null, previous: null, results: [bell] } });
  assert.deepEqual(await calls.resources({ pageSize: 100 }), { next: null, previous: null, results: [bell] });
  assert.deepEqual(server.requests.at(-1).query, { page_size: "100" });
});

test("a list, a read or a change that somebody else answered is no success, and says so", async (t) => {
  const { server, calls } = await scripted(t);
  /** @type {Array<[string, () => Promise<any>]>} */
  const asked = [
    ["GET users", () => calls.users()],
    ["GET calls", () => calls.history()],
    ["GET devices", () => calls.devices()],
    ["GET resources", () => calls.resources()],
    ["GET calls/x", () => calls.call("x")],
    ["GET calls/x/timeline", () => calls.timeline("x")],
    ["GET ice-servers", () => calls.iceServers()],
    ["GET contacts", () => calls.contacts()],
    ["GET contacts/bob", () => calls.contact("bob")],
    ["POST contacts", () => calls.askContact("bob")],
    ["POST contacts/bob/accept", () => calls.acceptContact("bob")],
    ["PATCH contacts/bob", () => calls.setFavourite("bob", true)],
    ["DELETE contacts/bob", () => calls.removeContact("bob")],
    ["GET blocks", () => calls.blocks()],
    ["GET blocks/bob", () => calls.blockOf("bob")],
    ["PUT blocks/bob", () => calls.block("bob")],
    ["DELETE blocks/bob", () => calls.unblock("bob")],
    ["GET me", () => calls.me()],
    ["PATCH me", () => calls.updateMe({ name: "Al" })],
    ["PUT devices/d", () => calls.saveDevice("d", { label: "Phone" })],
    ["DELETE devices/d", () => calls.removeDevice("d")],
    ["POST devices/d/test-ring", () => calls.testRing("d")],
    ["GET devices/d/test-ring", () => calls.lastTestRing("d")],
    ["POST history/seen", () => calls.markHistorySeen()],
    ["POST auth/pairing", () => calls.makePairingCode()],
    ["GET auth/pairing", () => calls.pairing()],
    ["DELETE auth/pairing", () => calls.withdrawPairingCode()],
    ["GET auth/tokens", () => calls.signedInApps()],
    ["DELETE auth/tokens/x", () => calls.signOutApp("x")],
    ["GET auth/sessions", () => calls.signedInBrowsers()],
    ["DELETE auth/sessions/x", () => calls.signOutBrowser("x")],
    ["POST auth/sign-out-everywhere", () => calls.signOutEverywhere()],
  ];
  const texts = ["<html>Please sign in.</html>", "", "{}", '{"results": [{"id"', "[]", "null", '{"results": "none"}'];
  for (const [name, ask] of asked) {
    for (const text of texts) {
      server.on(name, { status: 200, text });
      assert.ok([null, false].includes(await ask()), `${name}: ${text}`);
      assert.equal(calls.lastError?.code, "unreachable", `${name}: ${text}`);
    }
  }
});

test("a read that fails gives null and the reason", async (t) => {
  const { server, calls } = await scripted(t);
  assert.equal(await calls.call("nothing"), null);
  assert.equal(calls.lastError?.code, "not_found");
  server.on("GET me", { status: 429, body: problem("throttled", 429), headers: { "Retry-After": "7" } });
  assert.equal(await calls.me(), null);
  assert.equal(calls.lastError?.retryAfterSeconds, 7);
  server.on("GET me", { status: 502, text: "<h1>Bad Gateway</h1>" });
  assert.equal(await calls.me(), null);
  assert.deepEqual([calls.lastError?.code, calls.lastError?.status], ["unavailable", 502]);
  server.on("GET me", () => null);
  assert.equal(await calls.me(), null);
  assert.deepEqual([calls.lastError?.code, calls.lastError?.status], ["unreachable", 0]);
});

test("listeners are told in order, and no more once they stopped", async (t) => {
  const { calls, line } = await open(t, { ...BOB, snapshot: { user: person("bob") } });
  const order = [];
  const stop = calls.on("incomingCallReceived", ({ callID }) => order.push(callID));
  calls.addEventListener("change", (/** @type {any} */ event) =>
    order.push(event.detail.state.incoming?.call_id ?? "change"),
  );
  line.send({ type: "call", event: "call.sent", actor: "alice", call: makeCall() });
  await until(() => order.length >= 2);
  assert.deepEqual(order.slice(-2), ["call_alice_1", "call_alice_1"]);
  stop();
  line.send({ type: "call", event: "call.sent", actor: "alice", call: makeCall({ call_id: "z", created_at: at(9) }) });
  await calls.once("invitationUserStateChanged");
  assert.equal(order.includes("z"), false);
});

test("a page that goes knows which calls it is on the way into", async (t) => {
  const { calls, server } = await open(t, { ...BOB, snapshot: { user: person("bob"), calls: [makeCall()] } });
  server.isUp = false;
  const send = calls.send({ invitees: ["carol"], isVideoCall: false, callID: "chosen" });
  const others = [calls.accept({ callID: "call_alice_1" }), calls.cancel({ callID: "call_alice_1" })];
  assert.deepEqual(calls.entering, ["chosen", "call_alice_1"]);
  calls.close();
  await Promise.all([send, ...others]);
  assert.deepEqual(calls.entering, []);
});

test("a page that goes takes nobody out of a call on another device", async (t) => {
  const onPhone = [participant("alice"), participant("bob", { device_id: "phone" })];
  const { calls, server } = await open(t, {
    ...BOB,
    snapshot: { user: person("bob"), calls: [makeCall({ state: "active", participants: onPhone })] },
  });
  server.isUp = false;
  const join = calls.join("call_alice_1");
  assert.deepEqual(calls.entering, []);
  calls.close();
  await join;
});

test("a page that goes hands its leaving over to the browser, although the socket is open", async (t) => {
  const kept = [];
  const { calls, server } = await open(t, {
    snapshot: { calls: [makeCall()] },
    fetch: (input, init) => {
      kept.push(init.keepalive);
      return fetch(input, init);
    },
  });
  calls.leaveWithPage("call_alice_1");
  await until(() => server.requests.length === 1);
  const [{ name, query, body }] = server.requests;
  assert.deepEqual(
    [name, query, body],
    ["POST calls/call_alice_1/leave", { attempt: "1" }, { device_id: "alice-device" }],
  );
  assert.deepEqual(kept, [true]);
});
