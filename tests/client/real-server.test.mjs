/**
 * The client against the real server: rings, answers, losses and returns, with nothing in between.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connected, until } from "./support/people.mjs";
import { missing, Product } from "./support/product.mjs";
import { NodeWebSocket } from "./support/websocket.mjs";

const isCI = ["1", "true"].includes((process.env.CI ?? "").toLowerCase());
let product;

if (missing !== null && !isCI) {
  test("the client against the real server", { skip: missing });
} else {
  before(async () => {
    assert.equal(missing, null);
    product = await Product.start();
  });
  after(() => product?.stop());
  scenarios();
}

function scenarios() {
  check("alice rings bob, his device says so, he accepts, and alice ends it", async (t) => {
    const alice = await person(t, "alice");
    const bob = await person(t, "bob");
    const sentAt = performance.now();
    const sent = alice.calls.send({ invitees: [{ id: "bob", name: "Bob" }], isVideoCall: true, customData: "lunch?" });
    const ring = await bob.hears("incomingCallReceived");
    assert.equal(await sent, true);
    assert.equal(ring.caller.id, "alice");
    assert.equal(ring.customData, "lunch?");
    assert.equal(alice.calls.state.outgoing?.call_id, ring.callID);
    isLeft(bob.calls.remainingMs(ring.call), 60_000, sentAt);
    assert.equal(await bob.calls.ringing(ring.callID, { audible: true }), true);
    const ringing = await alice.hears("outgoingCallRinging");
    assert.deepEqual([ringing.callee.id, ringing.ringingOn], ["bob", "Node"]);
    assert.equal(await bob.calls.accept({ customData: "yes" }), true);
    assert.equal((await alice.hears("outgoingCallAccepted")).customData, "yes");
    await alice.hears("callStarted");
    await bob.hears("callStarted");
    assert.equal(await bob.calls.connected(), true);
    const to = { user: "alice", device_id: alice.calls.deviceId };
    assert.equal(bob.calls.signal(ring.callID, to, { sdp: "v=0" }), true);
    const signal = await alice.hears("signal");
    assert.deepEqual([signal.from.user, signal.data], ["bob", { sdp: "v=0" }]);
    assert.equal(await alice.calls.end(), true);
    assert.equal((await alice.hears("callEnded")).endReason, "completed");
    assert.equal((await bob.hears("callEnded")).leftReason, "call_ended");
    assert.deepEqual([bob.calls.state.active, bob.calls.state.calls], [null, []]);
    assert.deepEqual(bob.count("incomingCallReceived"), 1);
    assert.deepEqual(bob.count("incomingCallAnsweredElsewhere"), 0);
  });

  check("a reject, a cancel and a timeout are told with their reasons", async (t) => {
    const alice = await person(t, "alice");
    const bob = await person(t, "bob");
    await alice.calls.send({ invitees: ["bob"], isVideoCall: false });
    await bob.hears("incomingCallReceived");
    assert.equal(await bob.calls.reject({ reason: "later", customData: "in a meeting" }), true);
    const declined = await alice.hears("outgoingCallDeclined");
    assert.deepEqual([declined.reason, declined.customData], ["later", "in a meeting"]);
    assert.equal((await alice.hears("callEnded")).endReason, "rejected");

    await alice.calls.send({ invitees: ["bob"], isVideoCall: false });
    await bob.hears("incomingCallReceived");
    assert.equal(await alice.calls.cancel({ callees: ["bob"], customData: "oops" }), true);
    assert.equal((await bob.hears("incomingCallCanceled")).customData, "oops");
    assert.equal((await alice.hears("callEnded")).endReason, "cancelled");

    await bob.calls.markHistorySeen();
    await alice.calls.send({ invitees: ["bob"], isVideoCall: false, timeoutSeconds: 1 });
    await bob.hears("incomingCallReceived");
    await bob.hears("incomingCallTimeout");
    await alice.hears("outgoingCallTimeout");
    assert.equal((await alice.hears("callEnded")).endReason, "timed_out");
    assert.equal(bob.calls.state.missedUnseen, 1);
    assert.equal(bob.count("callEnded"), 0);
    assert.equal(bob.count("incomingCallRejectedElsewhere"), 0);
  });

  check("the other device of bob stops and learns where he answered or rejected", async (t) => {
    const alice = await person(t, "alice");
    const laptop = await person(t, "bob", { label: "Laptop" });
    const phone = await person(t, "bob", { label: "Phone" });
    await alice.calls.send({ invitees: ["bob"], isVideoCall: true });
    await Promise.all([laptop.hears("incomingCallReceived"), phone.hears("incomingCallReceived")]);
    assert.equal(await phone.calls.accept(), true);
    assert.equal((await laptop.hears("incomingCallAnsweredElsewhere")).answeredOn, "Phone");
    assert.equal(laptop.calls.state.incoming, null);
    assert.equal(laptop.calls.state.elsewhere?.state, "active");
    assert.equal(await laptop.calls.accept({ callID: phone.calls.state.active?.call_id }), false);
    assert.equal(laptop.calls.lastError?.code, "answered_elsewhere");
    assert.equal(await laptop.calls.join(phone.calls.state.active?.call_id ?? ""), true);
    assert.equal((await phone.hears("callEnded")).leftReason, "moved");
    assert.equal(laptop.calls.state.active?.state, "active");
    assert.equal(phone.calls.state.elsewhere?.state, "active");
    assert.equal(await laptop.calls.leave(), true);
    await alice.hears("callEnded");

    await alice.calls.send({ invitees: ["bob"], isVideoCall: true });
    await Promise.all([laptop.hears("incomingCallReceived"), phone.hears("incomingCallReceived")]);
    await phone.calls.reject();
    assert.equal((await laptop.hears("incomingCallRejectedElsewhere")).answeredOn, "Phone");
    assert.equal(phone.count("incomingCallRejectedElsewhere"), 0);
  });

  check("two who call each other are connected", async (t) => {
    const alice = await person(t, "alice");
    const bob = await person(t, "bob");
    const sent = await Promise.all([
      alice.calls.send({ invitees: ["bob"], isVideoCall: true }),
      bob.calls.send({ invitees: ["alice"], isVideoCall: true }),
    ]);
    assert.deepEqual(sent, [true, true]);
    await alice.hears("callStarted");
    await bob.hears("callStarted");
    assert.equal(alice.calls.state.active?.call_id, bob.calls.state.active?.call_id);
    assert.notEqual(alice.calls.lastResult?.merged, bob.calls.lastResult?.merged);
    await alice.calls.leave();
    await bob.hears("callEnded");
  });

  check("who is busy is told of the missed call, and the caller of the reason", async (t) => {
    const alice = await person(t, "alice");
    const bob = await person(t, "bob");
    const carol = await person(t, "carol");
    await alice.calls.send({ invitees: ["bob"], isVideoCall: false });
    await bob.hears("incomingCallReceived");
    await bob.calls.accept();
    assert.equal(await carol.calls.send({ invitees: ["bob"], isVideoCall: false }), false);
    assert.equal(carol.calls.lastError?.code, "call_ended");
    await carol.hears("outgoingCallRejectedCauseBusy");
    assert.equal((await carol.hears("callEnded")).endReason, "busy");
    assert.equal((await bob.hears("incomingMissed")).inviter.id, "carol");
    assert.equal(bob.count("incomingCallReceived"), 1);
    await bob.calls.end();
    assert.equal(bob.calls.lastError?.code, "not_allowed");
    assert.equal(await alice.calls.end(), true);
    await bob.hears("callEnded");
  });

  check("a group rings everybody, and its caller hears of each", async (t) => {
    const alice = await person(t, "alice");
    const bob = await person(t, "bob");
    const carol = await person(t, "carol");
    await alice.calls.send({ invitees: ["bob", "carol", "nobody"], isVideoCall: true });
    assert.deepEqual(
      alice.calls.lastResult?.errors?.map(({ invitee, code }) => [invitee, code]),
      [["nobody", "unknown_user"]],
    );
    await Promise.all([bob.hears("incomingCallReceived"), carol.hears("incomingCallReceived")]);
    await carol.calls.reject();
    assert.equal((await alice.hears("outgoingCallDeclined")).callee.id, "carol");
    assert.equal(alice.calls.state.outgoing?.state, "ringing");
    await bob.calls.accept();
    await alice.hears("callStarted");
    assert.equal(await carol.calls.join(alice.calls.state.active?.call_id ?? ""), false);
    assert.equal(await alice.calls.invite({ invitees: ["carol"] }), true);
    await carol.hears("incomingCallReceived");
    assert.equal(await carol.calls.accept(), true);
    await carol.hears("callStarted");
    await alice.calls.leave();
    assert.equal((await alice.hears("callEnded")).leftReason, "left");
    assert.equal(await bob.calls.leave(), true);
    assert.equal((await carol.hears("callEnded")).endReason, "completed");
  });

  check("a frame that never arrives is healed within 5 seconds", async (t) => {
    const alice = await person(t, "alice");
    const deaf = { drops: false };
    const bob = await person(t, "bob", { WebSocket: hardOfHearing(deaf) });
    await alice.calls.send({ invitees: ["bob"], isVideoCall: true });
    await bob.hears("incomingCallReceived");
    deaf.drops = true;
    await alice.calls.cancel();
    const lostAt = performance.now();
    await bob.hears("incomingCallCanceled");
    // By the next sync, not by the one after it.
    assert.ok(performance.now() - lostAt < 9_500, `${performance.now() - lostAt} ms`);
    assert.equal(bob.calls.state.incoming, null);
  });

  check("a crash of the server loses no ring and no verb", async (t) => {
    const alice = await person(t, "alice");
    // As long as the server may take to start.
    const bob = await person(t, "bob", { requestTimeoutMs: 60_000 });
    await alice.calls.send({ invitees: ["bob"], isVideoCall: true, timeoutSeconds: 120 });
    const ring = await bob.hears("incomingCallReceived");
    await product.kill();
    await until(() => bob.calls.state.connection === "waiting");
    const accepted = bob.calls.accept();
    await product.up();
    assert.equal(await accepted, true, String(bob.calls.lastError));
    await alice.hears("callStarted");
    assert.equal(alice.calls.state.active?.call_id, ring.callID);
    assert.equal(bob.count("incomingCallReceived"), 1);
    await until(() => bob.calls.state.connection === "open");
    assert.ok(await alice.calls.end());
    await bob.hears("callEnded");
  });

  check("a page that loads while it rings finds the ring and the time left", async (t) => {
    const alice = await person(t, "alice");
    const first = await person(t, "bob");
    const sentAt = performance.now();
    await alice.calls.send({ invitees: ["bob"], isVideoCall: true, timeoutSeconds: 40 });
    await first.hears("incomingCallReceived");
    first.calls.close();
    const second = await person(t, "bob", { deviceId: first.calls.deviceId });
    const { call } = await second.hears("incomingCallReceived");
    isLeft(second.calls.remainingMs(call), 40_000, sentAt);
    assert.equal(await second.calls.reject(), true);
    await alice.hears("callEnded");
  });

  check("without a socket every verb and read works by REST", async (t) => {
    const bob = await person(t, "bob");
    const alice = await person(t, "alice", {}, { connects: false });
    assert.equal(await alice.calls.send({ invitees: ["bob"], isVideoCall: false }), true);
    const ring = await bob.hears("incomingCallReceived");
    assert.equal(alice.calls.state.outgoing?.call_id ?? ring.callID, ring.callID);
    assert.equal(await alice.calls.heartbeat(ring.callID), true);
    assert.equal(await alice.calls.cancel({ callID: ring.callID }), true);
    await bob.hears("incomingCallCanceled");
    const page = await alice.calls.history({ direction: "outgoing", with: "bob", pageSize: 1 });
    assert.equal(page?.results[0].call_id, ring.callID);
    assert.equal(page?.results[0].end_reason, "cancelled");
    const older = await alice.calls.history({ direction: "outgoing", with: "bob", pageSize: 1, cursor: page?.next });
    assert.notEqual(older?.results[0].call_id, ring.callID);
    assert.equal((await alice.calls.call(ring.callID))?.call_id, ring.callID);
    assert.ok(Number((await alice.calls.timeline(ring.callID))?.entries.length) >= 3);
    assert.ok(Date.parse((await alice.calls.iceServers())?.expires_at ?? "") > alice.calls.serverNow());
    assert.deepEqual(
      (await alice.calls.users({ search: "bob" }))?.results.map(({ id, online }) => [id, online]),
      [["bob", true]],
    );
    assert.equal((await alice.calls.updateMe({ name: "Alice A." }))?.name, "Alice A.");
    assert.equal((await alice.calls.me())?.id, "alice");
    assert.ok((await bob.calls.devices())?.results.some(({ device_id }) => device_id === bob.calls.deviceId));
    assert.equal(await alice.calls.call("call_of_nobody_1"), null);
    assert.equal(alice.calls.lastError?.code, "not_found");
  });

  check("refusals come with their codes, over the socket and by REST", async (t) => {
    const alice = await person(t, "alice");
    assert.equal(await alice.calls.accept(), false);
    assert.deepEqual([alice.calls.lastError?.code, alice.calls.lastError?.status], ["no_current_call", 404]);
    assert.equal(await alice.calls.send({ invitees: ["alice"], isVideoCall: true }), false);
    assert.equal(alice.calls.lastError?.code, "no_valid_invitee");
    assert.equal(alice.calls.lastError?.invitees[0].code, "self");
    assert.equal(await alice.calls.send({ invitees: ["bob"], isVideoCall: true, timeoutSeconds: 0 }), false);
    assert.equal(alice.calls.lastError?.code, "invalid");
    assert.ok(alice.calls.lastError?.fields.timeout_seconds);
    assert.equal(await alice.calls.leave("call_of_nobody_1"), false);
    assert.equal(alice.calls.lastError?.code, "not_found");
  });

  check("a change of what can be heard is told without a complaint", async (t) => {
    const alice = await person(t, "alice");
    alice.calls.setAudible(true);
    alice.calls.setAudible(false);
    assert.equal(await alice.calls.leave("call_of_nobody_1"), false);
    assert.deepEqual(
      alice.heard.filter(({ name }) => name === "error"),
      [],
    );
    assert.equal(alice.calls.state.connection, "open");
  });

  check("signing out elsewhere signs the client out", async (t) => {
    const token = await product.token("carol");
    const carol = await person(t, "carol", { token });
    const done = await fetch(`${product.origin}/api/v1/auth/token`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal(done.status, 204);
    carol.wake();
    await until(() => carol.calls.state.connection === "signed_out");
  });
}

/** Of a ring as much time is left as has not passed since it was sent: by the server's clock, and what that may differ. */
function isLeft(leftMs, wholeMs, sentAt) {
  const passedMs = performance.now() - sentAt;
  assert.ok(leftMs > wholeMs - passedMs - 500 && leftMs <= wholeMs, `${leftMs} ms left after ${passedMs} ms`);
}

/** A scenario with a limit, so that an event that never comes is a failure. */
function check(name, run) {
  test(name, { timeout: 180_000 }, run);
}

/** A connected user of the product. */
function person(t, username, options = {}, how = {}) {
  return connected(t, product, username, options, how);
}

/** A socket class that can lose live frames on purpose. */
function hardOfHearing(state) {
  return class extends NodeWebSocket {
    dispatchEvent(event) {
      const isLost = state.drops && event.type === "message" && JSON.parse(event.data).type === "call";
      return isLost || super.dispatchEvent(event);
    }
  };
}
