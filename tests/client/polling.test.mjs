/**
 * A network that lets no WebSocket through: REST stands in for it, and no call is out of sight.
 */

import assert from "node:assert/strict";
import { at, invitation, makeCall, participant, person } from "./support/calls.mjs";
import { open, scripted, test, until } from "./support/harness.mjs";

/** @typedef {import("../../static/callinvite/client/types.js").Call} Call */

/** What `GET calls/open` says. */
function opened(calls = [], user = person("alice")) {
  return { body: { server_time: at(0), user, calls, missed_unseen: 1 } };
}

/** A client whose sockets never open, in front of a server that answers by REST. */
async function blocked(t, options = {}) {
  const setup = await scripted(t, { polling: true, ...options });
  setup.server.isUp = false;
  return setup;
}

const asked = (server, name) => server.requests.filter((each) => each.name === name);
/** @type {Partial<Call>} */
const OURS = {
  you: {
    role: "caller",
    state: "joined",
    can: ["cancel"],
    missed: false,
    duration_seconds: null,
    verdict: null,
    from_contact: null,
    urgent: false,
  },
};

test("where no socket opens the client is up by REST, and says so", async (t) => {
  const { server, calls } = await blocked(t);
  server.on("GET calls/open", opened([makeCall(OURS)]));
  assert.equal(await calls.init(), true);
  assert.equal(calls.lastError, null);
  assert.equal(calls.state.connection, "polling");
  assert.deepEqual(calls.state.user, person("alice"));
  assert.equal(calls.state.outgoing?.call_id, "call_alice_1");
  assert.equal(calls.state.missedUnseen, 1);
});

test("a caller sees the call, hears of the answer and can cancel it", async (t) => {
  const { server, clock, calls, names } = await blocked(t);
  server.on("GET calls/open", opened());
  await calls.init();
  server.on("POST calls", { status: 201, body: { call: makeCall(OURS), errors: [], merged: false } });
  server.on("GET calls/open", opened([makeCall(OURS)]));

  assert.equal(await calls.send({ invitees: ["bob"], isVideoCall: true }), true);
  assert.equal(calls.state.outgoing?.call_id, "call_alice_1");

  const rings = makeCall({ ...OURS, revision: 2, invitations: [invitation("bob", { progress: "ringing" })] });
  server.on("GET calls/open", opened([rings]));
  await until(() => {
    clock.advance(500);
    return names().includes("outgoingCallRinging");
  });
  const over = makeCall({ ...OURS, revision: 3, state: "ended" });
  server.on("POST calls/call_alice_1/cancel", { body: { call: over, cancelled: ["bob"], errors: [] } });
  assert.equal(await calls.cancel(), true);
  assert.equal(calls.state.outgoing, null);
});

test("a ring comes in by polling within five seconds, and its end within two", async (t) => {
  const { server, clock, calls, names } = await blocked(t, { deviceId: "bob-device" });
  server.on("GET calls/open", opened([], person("bob")));
  await calls.init();
  assert.ok(Number(clock.nextInMs) <= 5_000);
  server.on("GET calls/open", opened([makeCall()], person("bob")));
  clock.advance(5_000);
  await until(() => names().includes("incomingCallReceived"));
  const end = makeCall({ revision: 4, state: "ended", invitations: [invitation("bob", { state: "cancelled" })] });
  server.on("GET calls/open", opened([], person("bob")));
  server.on("GET calls/call_alice_1", { body: end });
  await until(() => Number(clock.nextInMs) <= 2_000);
  clock.advance(2_000);
  await until(() => names().includes("incomingCallCanceled"));
  assert.equal(calls.state.incoming, null);
});

/** A socket of which nothing comes. */
class Hanging extends EventTarget {
  close() {}
}

test("the places of this device are kept by signs of life, and no others", async (t) => {
  const { server, clock, calls } = await scripted(t, { polling: true, WebSocket: Hanging });
  const here = makeCall(OURS);
  const elsewhere = makeCall({ call_id: "x", participants: [participant("alice", { device_id: "phone" })] });
  server.on("GET calls/open", opened([here, elsewhere]));
  const ready = calls.init();
  clock.advance(1_500);
  await ready;
  const signs = [];
  for (let question = 1; question <= 4; question += 1) {
    // Until its answer was taken in, which sets the next one.
    await until(() => asked(server, "GET calls/open").length === question && clock.nextInMs === 2_000);
    await until(() => asked(server, "POST calls/call_alice_1/heartbeat").length >= (question === 4 ? 2 : 1));
    signs.push(asked(server, "POST calls/call_alice_1/heartbeat").length);
    clock.advance(2_000);
  }
  assert.deepEqual(signs, [1, 1, 1, 2]);
  assert.deepEqual(asked(server, "POST calls/call_alice_1/heartbeat")[0].body, { device_id: "alice-device" });
  assert.equal(asked(server, "POST calls/x/heartbeat").length, 0);
});

test("a socket that opens after all takes over, and one that was lost is given five seconds", async (t) => {
  const { server, clock, calls } = await blocked(t);
  server.on("GET calls/open", opened());
  await calls.init();
  server.isUp = true;
  /** @type {any} */
  let line = null;
  server.line().then((came) => {
    line = came;
  });
  await until(() => {
    clock.advance(500);
    return line !== null;
  });
  await line.greet();
  await until(() => calls.state.connection === "open");
  const before = asked(server, "GET calls/open").length;
  clock.advance(14_000);
  assert.equal(asked(server, "GET calls/open").length, before);

  server.isUp = false;
  line.drop();
  await until(() => calls.state.connection === "waiting");
  clock.advance(4_900);
  assert.equal(asked(server, "GET calls/open").length, before);
  clock.advance(200);
  await until(() => calls.state.connection === "polling");
});

test("a socket that was lost in a call is given three seconds", async (t) => {
  const { server, clock, calls, line } = await open(t, { polling: true, snapshot: { calls: [makeCall()] } });
  server.on("GET calls/open", opened());
  server.isUp = false;
  line.drop();
  await until(() => calls.state.connection === "waiting");
  clock.advance(2_900);
  assert.deepEqual(asked(server, "GET calls/open"), []);
  clock.advance(200);
  await until(() => calls.state.connection === "polling");
});

test("a socket that hangs is not waited for: REST stands in after a second and a half", async (t) => {
  const { server, clock, calls } = await scripted(t, { polling: true });
  server.on("GET calls/open", opened());
  const ready = calls.init();
  await server.line();
  clock.advance(1_500);
  assert.equal(await ready, true);
  assert.equal(calls.state.connection, "polling");
});

test("without any WebSocket, as in older releases of Node, REST is enough", async (t) => {
  const given = globalThis.WebSocket;
  // @ts-expect-error: as where there is none
  delete globalThis.WebSocket;
  t.after(() => {
    globalThis.WebSocket = given;
  });
  const { server, clock, calls } = await scripted(t, { polling: true, WebSocket: undefined, token: "t" });
  server.on("GET calls/open", opened());
  assert.equal(await calls.init(), true);
  await until(() => {
    clock.advance(500);
    return asked(server, "GET calls/open").length > 5;
  });
  assert.equal(asked(server, "POST live/ticket").length, 0);
});

test("whoever is signed out meanwhile is so by REST too, and is asked for no more", async (t) => {
  const { server, clock, calls } = await blocked(t);
  server.on("GET calls/open", opened());
  await calls.init();
  server.on("GET calls/open", { status: 401, body: { code: "not_authenticated", status: 401, detail: "No." } });
  clock.advance(5_000);
  await until(() => calls.state.connection === "signed_out");
  const before = server.requests.length;
  clock.advance(60_000);
  assert.equal(server.requests.length, before);
});

test("another account that signed in meanwhile takes nothing over", async (t) => {
  const { server, clock, calls } = await blocked(t);
  server.on("GET calls/open", opened([makeCall(OURS)]));
  await calls.init();
  server.on("GET calls/open", opened([], person("mallory")));
  clock.advance(5_000);
  await until(() => calls.state.user?.id === "mallory");
  assert.deepEqual([calls.state.calls, calls.state.outgoing], [[], null]);
});

test("where REST does not answer either, init fails and both are tried again", async (t) => {
  const { server, clock, calls } = await blocked(t);
  server.on("GET calls/open", { status: 200, text: "<html>Please sign in to this network.</html>" });
  assert.equal(await calls.init(), false);
  assert.equal(calls.lastError?.code, "unreachable");
  assert.equal(calls.state.connection, "waiting");
  server.on("GET calls/open", opened());
  clock.advance(5_000);
  await until(() => calls.state.connection === "polling");
});

test("closing ends the questions", async (t) => {
  const { server, clock, calls } = await blocked(t);
  server.on("GET calls/open", opened());
  await calls.init();
  calls.close();
  assert.equal(calls.state.connection, "closed");
  const before = server.requests.length;
  clock.advance(60_000);
  assert.equal(server.requests.length, before);
});

test("a page that wants no polling does without", async (t) => {
  const { server, clock, calls, line } = await open(t);
  server.isUp = false;
  line.drop();
  await until(() => calls.state.connection === "waiting");
  clock.advance(60_000);
  await until(() => calls.state.connection === "waiting");
  assert.equal(asked(server, "GET calls/open").length, 0);
});
