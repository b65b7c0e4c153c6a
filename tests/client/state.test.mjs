/**
 * The reducer: what is held, what is chosen from it, and which events a change gives.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { initialModel } from "../../static/callinvite/client/model.js";
import { heldRevisions, overdueRings, reduce } from "../../static/callinvite/client/state.js";
import { at, invitation, MISSED, makeCall, NOON, participant, person } from "./support/calls.mjs";

/** @typedef {import("../../static/callinvite/client/types.js").Call} Call */

/** @type {Partial<Call>} */
const ENDED = { state: "ended", ended_at: at(30) };

/**
 * A client of one user, and the names of the events that each action gave.
 *
 * @param {string} user
 * @param {{calls?: Call[], missedUnseen?: number}} [held]
 */
function client(user, { calls = [], missedUnseen = 0 } = {}) {
  const run = {
    model: initialModel(`${user}-device`),
    /** @type {any[]} */
    events: [],
    /** @type {string[]} */
    departed: [],
    do(action) {
      const step = reduce(run.model, action);
      Object.assign(run, { model: step.model, events: step.events, departed: step.departed });
      return step.events.map(({ name }) => name);
    },
    frame: (call) => run.do({ type: "call", call }),
    snapshot: (held, more = {}) => run.do({ type: "snapshot", user: person(user), calls: held, missedUnseen, ...more }),
    get state() {
      return run.model.state;
    },
    /** @returns {any} */
    detail: (name) => run.events.find((event) => event.name === name)?.detail,
  };
  run.snapshot(calls);
  return run;
}

function answered(more = {}) {
  return makeCall({
    revision: 2,
    state: "active",
    answered_at: at(10),
    invitations: [invitation("bob", { state: "accepted", answered_on: "Chrome on Linux", responded_at: at(10) })],
    participants: [participant("alice"), participant("bob", { joined_at: at(10) })],
    ...more,
  });
}

/**
 * @param {Call["invitations"][number]["state"]} state
 * @param {Partial<Call["invitations"][number]>} [more]
 * @param {Partial<Call>} [call]
 */
function closed(state, more = {}, call = {}) {
  return makeCall({ revision: 2, ...ENDED, invitations: [invitation("bob", { state, ...more })], ...call });
}

test("a pending invitation to me is the incoming call and is announced once", () => {
  const bob = client("bob");
  assert.deepEqual(bob.frame(makeCall({ custom_data: "hi" })), ["invitationUserStateChanged", "incomingCallReceived"]);
  assert.equal(bob.state.incoming?.call_id, "call_alice_1");
  assert.equal(bob.detail("incomingCallReceived").customData, "hi");
  assert.deepEqual(bob.detail("incomingCallReceived").callees, [person("bob")]);
  assert.deepEqual(bob.frame(makeCall()), []);
});

test("a ring that was there before the page was loaded is announced, what was over before is not", () => {
  const over = makeCall({
    call_id: "call_carol_1",
    state: "active",
    caller: person("carol"),
    invitations: [invitation("bob", { state: "busy", inviter: person("carol") })],
    you: {
      role: "invitee",
      state: "busy",
      can: ["join"],
      missed: true,
      duration_seconds: null,
      verdict: "rings",
      from_contact: true,
      urgent: false,
    },
  });
  const bob = client("bob");
  bob.model = initialModel("bob-device");
  assert.deepEqual(bob.snapshot([makeCall(), over]), ["incomingCallReceived"]);
});

test("an old, a doubled and a reordered frame change nothing", () => {
  const bob = client("bob");
  bob.frame(makeCall({ revision: 5 }));
  const before = bob.model;
  assert.deepEqual(bob.frame(closed("cancelled", {}, { revision: 4 })), []);
  assert.deepEqual(bob.frame(makeCall({ revision: 5 })), []);
  assert.equal(bob.model, before);
});

test("a later attempt under the same id is a call of its own, whose revisions go on", () => {
  const bob = client("bob");
  bob.frame(makeCall());
  bob.frame(closed("rejected", { reject_reason: "declined" }, { revision: 5 }));
  assert.deepEqual(bob.frame(makeCall({ attempt: 2, revision: 6 })), [
    "invitationUserStateChanged",
    "incomingCallReceived",
  ]);
  assert.deepEqual(bob.frame(closed("timed_out", {}, { revision: 9 })), []);
  assert.equal(bob.state.incoming?.attempt, 2);
});

test("a late frame does not bring an ended call back", () => {
  const bob = client("bob");
  bob.frame(makeCall());
  bob.frame(closed("cancelled", {}, { revision: 3 }));
  assert.deepEqual(bob.frame(makeCall({ revision: 2 })), []);
  assert.equal(bob.state.incoming, null);
});

test("each way in which a ring ends has its own event for the one it rang", () => {
  /** @type {[Call, string][]} */
  const ways = [
    [closed("cancelled", { custom_data: "never mind" }), "incomingCallCanceled"],
    [closed("timed_out"), "incomingCallTimeout"],
    [closed("rejected", { answered_on: "Phone", reject_reason: "later" }), "incomingCallRejectedElsewhere"],
  ];
  for (const [end, name] of ways) {
    const bob = client("bob", { calls: [makeCall()] });
    assert.deepEqual(bob.frame(end), ["invitationUserStateChanged", name]);
    assert.equal(bob.state.incoming, null);
  }
});

test("the event of a cancelled ring carries what the caller said", () => {
  const bob = client("bob", { calls: [makeCall()] });
  bob.frame(closed("cancelled", { custom_data: "never mind" }));
  assert.equal(bob.detail("incomingCallCanceled").customData, "never mind");
});

test("accepting on this device starts the call, on another it says where", () => {
  const bob = client("bob", { calls: [makeCall()] });
  assert.deepEqual(bob.frame(answered()), ["invitationUserStateChanged", "callStarted"]);
  assert.equal(bob.state.active?.call_id, "call_alice_1");
  assert.equal(bob.state.elsewhere, null);
  const other = client("bob", { calls: [makeCall()] });
  other.model = { ...other.model, deviceId: "bob-phone" };
  assert.deepEqual(other.frame(answered()), ["invitationUserStateChanged", "incomingCallAnsweredElsewhere"]);
  assert.equal(other.detail("incomingCallAnsweredElsewhere").answeredOn, "Chrome on Linux");
  assert.equal(other.state.active, null);
  assert.equal(other.state.elsewhere?.call_id, "call_alice_1");
});

test("a reject of this client is not told as one from elsewhere", () => {
  const bob = client("bob", { calls: [makeCall()] });
  bob.do({ type: "rejecting", callID: "call_alice_1" });
  assert.deepEqual(bob.frame(closed("rejected")), ["invitationUserStateChanged"]);
  assert.deepEqual(bob.do({ type: "rejectDone", callID: "call_alice_1", isOurs: true }), []);
});

test("a reject that came second is told as one from elsewhere, once, in whichever order the news comes", () => {
  const frameFirst = client("bob", { calls: [makeCall()] });
  frameFirst.do({ type: "rejecting", callID: "call_alice_1" });
  assert.deepEqual(frameFirst.frame(closed("rejected")), ["invitationUserStateChanged"]);
  assert.deepEqual(frameFirst.do({ type: "rejectDone", callID: "call_alice_1", isOurs: false }), [
    "incomingCallRejectedElsewhere",
  ]);
  const answerFirst = client("bob", { calls: [makeCall()] });
  answerFirst.do({ type: "rejecting", callID: "call_alice_1" });
  assert.deepEqual(answerFirst.do({ type: "rejectDone", callID: "call_alice_1", isOurs: false }), []);
  assert.ok(answerFirst.frame(closed("rejected")).includes("incomingCallRejectedElsewhere"));
});

test("being called while busy is missed, and counted", () => {
  const bob = client("bob", { missedUnseen: 2 });
  const events = bob.frame(closed("busy", {}, { revision: 1, you: { ...MISSED, state: "busy" } }));
  assert.deepEqual(events, ["invitationUserStateChanged", "incomingMissed"]);
  assert.equal(bob.state.missedUnseen, 3);
});

test("what was missed before the page was loaded is counted by the snapshot already", () => {
  const bob = client("bob", {
    calls: [closed("busy", {}, { revision: 1, you: { ...MISSED, state: "busy" } })],
    missedUnseen: 2,
  });
  assert.equal(bob.state.missedUnseen, 2);
});

/** The ways in which the end of a call is learnt of which a snapshot no longer knows. */
const ENDS = {
  "asked for": (bob, call) => bob.do({ type: "settled", callID: call.call_id, call, serverNow: NOON }),
  "told late": (bob, call) => bob.frame(call),
  "told in answer to a question": (bob, call) => bob.do({ type: "synced", calls: [call], gone: [] }),
};

for (const [how, learn] of Object.entries(ENDS)) {
  test(`a call missed while the connection was lost is counted once: its end is ${how}`, () => {
    const bob = client("bob", { calls: [makeCall()] });
    bob.snapshot([], { missedUnseen: 1 });
    assert.equal(bob.state.missedUnseen, 1);
    assert.ok(learn(bob, closed("timed_out", {}, { you: MISSED })).includes("incomingCallTimeout"));
    assert.equal(bob.state.missedUnseen, 1);
  });
}

test("whoever comes back to a call and misses it again has missed it twice", () => {
  const bob = client("bob", { calls: [makeCall()] });
  bob.snapshot([], { missedUnseen: 1 });
  bob.frame(makeCall({ revision: 3 }));
  bob.frame(closed("timed_out", {}, { revision: 4, you: MISSED }));
  assert.equal(bob.state.missedUnseen, 2);
  bob.frame(closed("busy", {}, { attempt: 2, revision: 1, you: MISSED }));
  assert.equal(bob.state.missedUnseen, 3);
});

test("a call that ends after the count is counted, although it had been put aside by a question", () => {
  const bob = client("bob", { calls: [makeCall()], missedUnseen: 2 });
  bob.do({ type: "synced", calls: [], gone: ["call_alice_1"] });
  bob.do({ type: "settled", callID: "call_alice_1", call: closed("timed_out", {}, { you: MISSED }), serverNow: NOON });
  assert.equal(bob.state.missedUnseen, 3);
});

test("the caller hears how each invitation fares", () => {
  /** @type {[Call, keyof import("../../static/callinvite/client/types.js").ServiceEvents][]} */
  const ways = [
    [makeCall({ revision: 2, invitations: [invitation("bob", { progress: "ringing" })] }), "outgoingCallRinging"],
    [answered(), "outgoingCallAccepted"],
    [closed("rejected", { reject_reason: "later" }), "outgoingCallDeclined"],
    [closed("rejected", { reject_reason: "busy" }), "outgoingCallRejectedCauseBusy"],
    [closed("busy"), "outgoingCallRejectedCauseBusy"],
    [closed("timed_out"), "outgoingCallTimeout"],
  ];
  for (const [next, name] of ways) {
    const alice = client("alice", { calls: [makeCall()] });
    const events = alice.frame(next);
    assert.ok(events.includes(name), `${name} in ${events}`);
    assert.deepEqual(alice.detail(name).callee, person("bob"));
  }
});

test("a call that was never seen before it ended still tells the caller all of it", () => {
  const alice = client("alice");
  const events = alice.frame(closed("busy", {}, { end_reason: "busy", participants: [participant("alice")] }));
  assert.deepEqual(events, ["invitationUserStateChanged", "outgoingCallRejectedCauseBusy", "callEnded"]);
  assert.equal(alice.detail("callEnded").endReason, "busy");
});

test("only the one who invited hears about the invitation", () => {
  const invited = invitation("carol", { inviter: person("bob") });
  const before = answered({ revision: 3, invitations: [...answered().invitations, invited] });
  const accepted = {
    ...before,
    revision: 4,
    invitations: [answered().invitations[0], { ...invited, state: "accepted" }],
  };
  assert.ok(
    client("bob", { calls: [before] })
      .frame(accepted)
      .includes("outgoingCallAccepted"),
  );
  assert.deepEqual(client("alice", { calls: [before] }).frame(accepted), ["invitationUserStateChanged"]);
});

test("a second invitation of the same person is a new ring", () => {
  const first = invitation("bob", { state: "rejected", reject_reason: "later" });
  const bob = client("bob", { calls: [] });
  bob.frame(makeCall({ state: "active", invitations: [first, invitation("carol", { state: "accepted" })] }));
  const again = makeCall({
    revision: 2,
    state: "active",
    invitations: [first, invitation("carol", { state: "accepted" }), invitation("bob")],
  });
  assert.deepEqual(bob.frame(again), ["invitationUserStateChanged", "incomingCallReceived"]);
});

test("the call ends for this device when it ends, when I leave and when it moves", () => {
  const rows = (more) => [participant("alice"), participant("bob", { left_at: at(20), ...more })];
  /** @type {[Call, string | null][]} */
  const ways = [
    [answered({ revision: 3, ...ENDED, end_reason: "completed", duration_seconds: 20 }), null],
    [answered({ revision: 3, participants: rows({ left_reason: "left" }) }), "left"],
    [
      answered({
        revision: 3,
        participants: [...rows({ left_reason: "moved" }), participant("bob", { device_id: "bob-phone" })],
      }),
      "moved",
    ],
  ];
  for (const [next, leftReason] of ways) {
    const bob = client("bob", { calls: [answered()] });
    assert.ok(bob.frame(next).includes("callEnded"));
    assert.equal(bob.detail("callEnded").leftReason, leftReason);
    assert.equal(bob.state.active, null);
  }
});

test("a call that was only ringing does not end for the one who was never in it", () => {
  const bob = client("bob", { calls: [makeCall()] });
  assert.equal(bob.frame(closed("cancelled")).includes("callEnded"), false);
});

test("the outgoing call is mine and unanswered, and becomes the active one", () => {
  const alice = client("alice");
  alice.frame(makeCall());
  assert.equal(alice.state.outgoing?.call_id, "call_alice_1");
  assert.ok(alice.frame(answered()).includes("callStarted"));
  assert.equal(alice.state.outgoing, null);
  assert.equal(alice.state.active?.revision, 2);
});

test("the incoming call stays the same while a second one rings, and calls are newest first", () => {
  const bob = client("bob", { calls: [makeCall()] });
  bob.frame(makeCall({ call_id: "call_carol_2", created_at: at(5), caller: person("carol") }));
  assert.equal(bob.state.incoming?.call_id, "call_alice_1");
  assert.deepEqual(Object.keys(heldRevisions(bob.model)), ["call_carol_2", "call_alice_1"]);
  bob.frame(closed("timed_out"));
  assert.equal(bob.state.incoming?.call_id, "call_carol_2");
});

test("a call that the server holds no longer stops ringing at once, and its end is asked for", () => {
  const bob = client("bob", { calls: [makeCall()] });
  assert.deepEqual(bob.do({ type: "synced", calls: [], gone: ["call_alice_1", "call_of_nobody"] }), []);
  assert.equal(bob.state.incoming, null);
  assert.deepEqual(bob.departed, ["call_alice_1"]);
  const end = closed("cancelled", {}, { revision: 7 });
  assert.ok(bob.do(settled(end)).includes("incomingCallCanceled"));
  assert.deepEqual(bob.do(settled(end)), []);
});

test("a frame that heals before the answer is there makes the answer no news", () => {
  const bob = client("bob", { calls: [makeCall()] });
  bob.do({ type: "synced", calls: [], gone: ["call_alice_1"] });
  assert.ok(bob.frame(closed("timed_out")).includes("incomingCallTimeout"));
  assert.deepEqual(bob.do(settled(closed("timed_out"))), []);
});

test("a snapshot taken before the call was made does not lose the call", () => {
  const alice = client("alice");
  alice.frame(makeCall());
  alice.snapshot([]);
  assert.deepEqual(alice.departed, ["call_alice_1"]);
  assert.deepEqual(alice.do(settled(makeCall())), []);
  assert.equal(alice.state.outgoing?.call_id, "call_alice_1");
});

test("a ring whose end cannot be asked for times out, and the truth replaces the guess", () => {
  const bob = client("bob", { calls: [makeCall()] });
  assert.deepEqual(overdueRings(bob.state, NOON + 59_000), []);
  assert.deepEqual(overdueRings(bob.state, NOON + 61_000), ["call_alice_1"]);
  bob.do({ type: "overdue", callIDs: ["call_alice_1"] });
  assert.equal(bob.state.incoming, null);
  assert.ok(bob.do({ ...settled(null), serverNow: NOON + 61_000 }).includes("incomingCallTimeout"));
  assert.deepEqual(bob.frame(closed("timed_out")), []);
});

test("a guess gives way to the truth even if that is no newer than what was known", () => {
  const bob = client("bob", { calls: [makeCall()] });
  const ringing = () => bob.state.incoming?.call_id;
  bob.do({ type: "overdue", callIDs: ["call_alice_1"] });
  bob.do({ ...settled(null), serverNow: NOON + 61_000 });
  assert.equal(ringing(), undefined);
  bob.frame(makeCall());
  assert.equal(ringing(), "call_alice_1");
});

test("what happened while the connection was away is told from the next snapshot", () => {
  const alice = client("alice", { calls: [makeCall()] });
  const events = alice.snapshot([answered()]);
  assert.ok(events.includes("outgoingCallAccepted"));
  assert.ok(events.includes("callStarted"));
});

test("an answered call that was there before the page was loaded is started again", () => {
  const bob = client("bob");
  bob.model = initialModel("bob-device");
  assert.deepEqual(bob.snapshot([answered()]), ["callStarted"]);
});

test("a call that one left stays held while it can be joined again", () => {
  const bob = client("bob", { calls: [answered()] });
  const left = answered({
    revision: 3,
    participants: [participant("alice"), participant("carol"), participant("bob", { left_at: at(20) })],
    you: { role: "invitee", state: "accepted", can: ["join"], missed: false },
  });
  bob.frame(left);
  assert.equal(bob.state.active, null);
  assert.deepEqual(heldRevisions(bob.model), { call_alice_1: 3 });
  bob.frame({ ...left, revision: 4, ...ENDED, you: { ...left.you, can: [] } });
  assert.deepEqual(heldRevisions(bob.model), {});
});

test("another account sees nothing of the former one", () => {
  const run = client("bob", { calls: [makeCall()] });
  run.do({ type: "snapshot", user: person("carol"), calls: [], missedUnseen: 0 });
  assert.deepEqual(run.state.calls, []);
  assert.deepEqual(run.departed, []);
  assert.equal(run.state.user?.id, "carol");
});

test("of several readings of the server's clock the one that travelled least is kept", () => {
  const run = client("bob");
  const read = (serverSeconds, now, fresh = false) => {
    run.do({ type: "time", serverTime: at(serverSeconds), now, fresh });
    return run.state.serverOffsetMs - NOON;
  };
  assert.equal(read(10, 9_900, true), 100);
  assert.equal(read(11, 10_950), 100);
  assert.equal(read(12, 11_850), 150);
  assert.equal(read(12, 15_000), -3000);
});

test("the state is frozen and replaced only when something changed", () => {
  const bob = client("bob", { calls: [makeCall()] });
  const before = bob.state;
  bob.snapshot([makeCall()]);
  assert.equal(bob.state, before);
  assert.ok(Object.isFrozen(before) && Object.isFrozen(before.calls));
});

test("dropping, doubling and shuffling frames ends in the same state as hearing each once", () => {
  const story = [
    makeCall(),
    makeCall({ revision: 2, invitations: [invitation("bob", { progress: "ringing" })] }),
    answered({ revision: 3 }),
    answered({ revision: 4, participants: [participant("alice"), participant("bob", { connected_at: at(12) })] }),
  ];
  const plain = client("bob");
  story.forEach((call) => plain.frame(call));
  let seed = 7;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  for (let round = 0; round < 200; round += 1) {
    const heard = [...story, ...story].filter(() => random() < 0.6).sort(() => random() - 0.5);
    const bob = client("bob");
    const names = heard.flatMap((call) => bob.frame(call));
    names.push(...bob.do({ type: "synced", calls: [story.at(-1)], gone: [] }));
    assert.deepEqual(bob.state, plain.state);
    assert.equal(names.filter((name) => name === "callStarted").length, 1);
    assert.ok(names.filter((name) => name === "incomingCallReceived").length <= 1);
  }
});

function settled(call) {
  return { type: "settled", callID: "call_alice_1", call, serverNow: NOON + 30_000 };
}

test("whoever is renamed while connected keeps their calls, and is rung under the new name", () => {
  const bob = client("bob", { calls: [answered()] });
  bob.do({ type: "connection", connection: "open" });
  const ring = makeCall({ call_id: "call_carol_1", caller: person("carol"), invitations: [invitation("bobby")] });

  bob.do({ type: "renamed", user: person("bobby") });

  assert.equal(bob.state.user?.id, "bobby");
  assert.equal(bob.state.calls[0].participants[1].user.id, "bobby");
  assert.deepEqual(bob.frame(ring), ["invitationUserStateChanged", "incomingCallReceived"]);
  assert.equal(bob.state.incoming?.call_id, "call_carol_1");
});

test("a further snapshot in the same connection is of the same user under another name", () => {
  const alice = client("alice", { calls: [answered()] });
  alice.do({ type: "connection", connection: "open" });
  const call = answered({
    caller: person("alicia"),
    participants: [participant("alicia", { device_id: "alice-device" })],
  });

  assert.deepEqual(alice.snapshot([call], { user: person("alicia") }), []);
  assert.equal(alice.state.active?.call_id, "call_alice_1");
});

test("others who come, go on elsewhere and leave are told of, each once", () => {
  const alice = client("alice", { calls: [answered()] });
  const bob = participant("bob", { joined_at: at(10) });
  const carol = participant("carol", { joined_at: at(20) });
  const phone = participant("bob", { joined_at: at(30), device_id: "bob-phone" });
  /** @type {Partial<Call["participants"][number]>} */
  const gone = { left_at: at(30), left_reason: "moved" };
  const group = (revision, ...others) => answered({ revision, participants: [participant("alice"), ...others] });

  assert.deepEqual(alice.frame(group(3, bob, carol)), ["userEntered"]);
  assert.deepEqual(alice.detail("userEntered").user, person("carol"));
  assert.deepEqual(alice.frame(group(3, bob, carol)), []);
  assert.deepEqual(alice.frame(group(4, { ...bob, ...gone }, carol, phone)), ["userMoved"]);
  assert.equal(alice.detail("userMoved").participant.device_id, "bob-phone");
  const lost = { ...carol, left_at: at(40), left_reason: "connection_lost" };
  assert.deepEqual(alice.frame(group(5, { ...bob, ...gone }, lost, phone)), ["userLeft"]);
  assert.equal(alice.detail("userLeft").leftReason, "connection_lost");
});

test("of a call's end the others in it are not told of one by one", () => {
  const alice = client("alice", { calls: [answered()] });
  const over = { left_at: at(30), left_reason: "call_ended" };
  const bob = { ...participant("bob", { joined_at: at(10) }), left_at: at(30), left_reason: "left" };
  const end = answered({ ...ENDED, revision: 3, participants: [{ ...participant("alice"), ...over }, bob] });

  assert.deepEqual(alice.frame(end), ["userLeft", "callEnded"]);
});

test("of several answered calls the one joined or turned to last is active, the others are on hold", () => {
  const active = (id, joined, more = {}) =>
    answered({
      call_id: id,
      participants: [participant("alice"), participant("bob", { joined_at: at(joined) })],
      ...more,
    });
  const bob = client("bob", { calls: [active("old", 1), active("new", 2)] });
  const inFront = () => [bob.state.active, ...bob.state.onHold].map((call) => call?.call_id);
  const switchTo = (callID) => bob.do({ type: "switched", callID });
  assert.deepEqual(inFront(), ["new", "old"]);
  switchTo("old");
  assert.deepEqual(inFront(), ["old", "new"]);
  const { state } = bob;
  switchTo("old");
  assert.equal(bob.state, state);
  switchTo("new");
  switchTo("old");
  assert.deepEqual(inFront(), ["old", "new"]);
  bob.frame(active("newest", 3));
  assert.deepEqual(inFront(), ["newest", "old", "new"]);
  bob.frame(active("newest", 3, { revision: 3, ...ENDED }));
  assert.deepEqual(inFront(), ["old", "new"]);
});
