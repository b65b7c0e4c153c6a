/**
 * What the screen of a call shows: of every kind of call the head, the line that says how it stands, and the buttons.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callScene,
  endedScene,
  idsOfConcerned,
  keyAct,
  partingQuestion,
  partingWords,
  placingScene,
} from "../../static/callinvite/elements/call-scenes.js";
import { invitation, makeCall, participant, person } from "../client/support/calls.mjs";

const media = (more = {}) => ({ peers: [], isCutOff: false, ...more });
const peer = (state, of = {}) => ({
  state,
  media: { microphone: "on", camera: false, screen: false, hold: false, ...of },
});

/** The scene as Alice, who called, sees it. */
function seen(call, more = {}) {
  return callScene(call, { userId: "alice", media: media(more) });
}

/** Alice's call with the ones who have joined it, and what she may do. */
function answered(others, can, more = {}) {
  return makeCall({
    state: "active",
    answered_at: "2026-11-23T12:00:10.000Z",
    invitations: others.map((id) => invitation(id, { state: "accepted" })),
    participants: ["alice", ...others].map((id) => participant(id)),
    you: {
      role: "caller",
      state: "joined",
      can,
      missed: false,
      duration_seconds: null,
      verdict: null,
      from_contact: null,
      urgent: false,
    },
    ...more,
  });
}

test("a call that is being placed can be given up, and nothing else", () => {
  const scene = placingScene({ invitees: [person("bob")], isVideoCall: false });

  assert.equal(scene.phase, "placing");
  assert.deepEqual([scene.name, scene.kind, scene.status], ["Bob", "Audio call", "Calling"]);
  assert.deepEqual([scene.hangUp, scene.mayAdd, scene.mayMinimise, scene.mayClose], ["Cancel", false, false, false]);
  assert.equal(scene.isUnderWay, true);
});

test("one person's ring is told as far as it has come", () => {
  const status = (more, around) => seen(makeCall({ invitations: [invitation("bob", more)] }), around);

  assert.deepEqual(
    [
      status({ standing: "calling" }),
      status({ standing: "unreachable" }),
      status({ standing: "ringing_silently" }),
      status({ standing: "ringing", ringing_on: "Android phone" }),
    ].map(({ status: words, isUnderWay }) => [words, isUnderWay]),
    [
      ["Calling", true],
      ["Bob's devices can't be reached", false],
      ["Ringing silently", false],
      ["Ringing on Android phone", false],
    ],
  );
});

test("of several people it is counted who rings, and all are listed", () => {
  const invitations = [invitation("bob", { progress: "ringing" }), invitation("carol")];
  const scene = seen(makeCall({ invitations }));

  assert.deepEqual([scene.status, scene.isUnderWay], ["Ringing 1 of 2", false]);
  assert.deepEqual([scene.kind, scene.hangUp], ["Group video call", "Cancel all"]);
  assert.deepEqual(
    scene.rows.map((row) => row.invitation.invitee.id),
    ["bob", "carol"],
  );
  const silent = seen(makeCall({ invitations: [invitation("bob"), invitation("carol")] }));
  assert.deepEqual([silent.status, silent.isUnderWay], ["Calling 2 people", true]);
  const nowhere = seen(
    makeCall({ invitations: ["bob", "carol"].map((id) => invitation(id, { standing: "unreachable" })) }),
  );
  assert.deepEqual([nowhere.status, nowhere.isUnderWay], ["None of their devices can be reached", false]);
});

test("one person alone has no list: the line says it all", () => {
  assert.deepEqual(seen(makeCall()).rows, []);
});

test("in a call of two the line speaks only of trouble and silence", () => {
  const call = answered(["bob"], ["leave", "invite", "end"]);
  const line = (more) => {
    const { status, isUnderWay } = seen(call, more);
    return [status, isUnderWay];
  };

  assert.deepEqual(line({ peers: [peer("connected")] }), ["", false]);
  assert.deepEqual(line({ peers: [peer("reconnecting")] }), ["Reconnecting", true]);
  assert.deepEqual(line({ peers: [peer("connected", { microphone: "muted" })] }), ["Muted", false]);
  assert.deepEqual(line({ peers: [] }), ["Connecting", true]);
  assert.deepEqual(line({ peers: [peer("connected")], isCutOff: true }), [
    "Connection lost. Your microphone and camera are off.",
    false,
  ]);
});

test("only a call of several people can be ended for everyone, by one who may", () => {
  assert.equal(seen(answered(["bob"], ["end"])).mayEnd, false);
  assert.equal(seen(answered(["bob", "carol"], ["end"])).mayEnd, true);
  assert.equal(seen(answered(["bob", "carol"], ["leave"])).mayEnd, false);
});

test("people can be added by one who may invite", () => {
  assert.equal(seen(answered(["bob"], ["invite"])).mayAdd, true);
  assert.equal(seen(answered(["bob"], ["leave"])).mayAdd, false);
});

test("in a call the head shows who is in it, and the list who is not and rings no more", () => {
  const call = answered(["bob"], ["invite"], {
    invitations: [
      invitation("bob", { state: "accepted" }),
      invitation("carol", { state: "rejected" }),
      invitation("dave"),
    ],
  });
  const scene = seen(call);

  assert.deepEqual([scene.name, scene.isTimed, scene.hangUp], ["Bob", true, "Hang up"]);
  assert.deepEqual(
    scene.rows.map((row) => row.invitation.invitee.id),
    ["carol"],
  );
});

test("one who is alone in a call waits for the others, whose names stay", () => {
  const call = answered([], ["leave"], { invitations: [invitation("bob", { state: "accepted" })] });
  const scene = seen(call);

  assert.deepEqual([scene.status, scene.isUnderWay, scene.name], ["Waiting for the others", true, "Bob"]);
});

test("an end says why and how long it was, and offers to call again", () => {
  const call = makeCall({
    state: "ended",
    end_reason: "rejected",
    invitations: [invitation("bob", { state: "rejected" })],
  });
  const scene = endedScene(call, { userId: "alice", words: "Declined" });

  assert.deepEqual([scene.phase, scene.status], ["ended", "Declined"]);
  assert.deepEqual([scene.hangUp, scene.again, scene.mayClose], ["", "call", true]);
  const held = makeCall({ state: "ended", answered_at: "2026-11-23T12:00:10.000Z", duration_seconds: 65 });
  assert.equal(endedScene(held, { userId: "alice", words: "Call ended" }).note, "The call lasted 1:05.");
  const failed = makeCall({ ...held, end_reason: "media_failed" });
  assert.match(endedScene(failed, { userId: "alice", words: "" }).note, /firewall/);
});

test("a group that goes on without me says who still talks, and lets me back in", () => {
  const call = answered(["bob", "carol"], ["join"]);
  const scene = endedScene(call, { userId: "alice", words: "You left the call" });

  assert.deepEqual([scene.name, scene.note], ["Bob and Carol", "Bob and Carol are still talking."]);
  assert.deepEqual([scene.again, scene.rows, scene.mayClose], ["join", [], true]);
  const one = endedScene(answered(["bob"], []), { userId: "alice", words: "" });
  assert.deepEqual([one.note, one.again], ["Bob is still in the call.", null]);
});

test("hanging up has its words before the server has any", () => {
  const words = (call, verb) => partingWords(call, verb, "alice");

  assert.equal(words(makeCall(), "cancel"), "Cancelled");
  assert.equal(words(answered(["bob"], []), "leave"), "Call ended");
  assert.equal(words(answered(["bob", "carol"], []), "leave"), "You left the call");
  assert.equal(words(answered(["bob", "carol"], []), "end"), "Call ended");
});

test("after a group call its caller sees what became of each, and the others do not", () => {
  const call = makeCall({
    state: "ended",
    invitations: [invitation("bob", { state: "busy" }), invitation("carol", { state: "timed_out" })],
  });

  assert.equal(endedScene(call, { userId: "alice", words: "" }).rows.length, 2);
  assert.equal(endedScene(call, { userId: "bob", words: "" }).rows.length, 0);
});

test("parting is asked about in the words of what it means", () => {
  const acts = (call) => partingQuestion(call, "alice").answers.map(({ act }) => act);

  assert.equal(partingQuestion(makeCall(), "alice").title, "Stop calling?");
  assert.equal(partingQuestion(answered(["bob"], ["end"]), "alice").title, "Hang up?");
  assert.deepEqual(acts(answered(["bob"], ["end"])), ["leave"]);
  assert.deepEqual(acts(answered(["bob", "carol"], ["end"])), ["leave", "end"]);
  assert.deepEqual(acts(answered(["bob", "carol"], ["leave"])), ["leave"]);
});

test("keys act on the call that one is in, and not while a field may want them", () => {
  const call = answered(["bob"], ["leave"]);
  const act = (key, where = {}) => keyAct(key, { call, mayType: false, ...where });

  assert.deepEqual(
    ["m", "V", "s", "x", "Escape"].map((key) => act(key)),
    ["microphone", "camera", "share", null, "part"],
  );
  assert.equal(act("s", { call: makeCall() }), null);
  assert.equal(act("m", { mayType: true }), null);
  assert.equal(act("Escape", { mayType: true }), "part");
  assert.equal(act("m", { call: null }), null);
  assert.equal(act("Escape", { call: null }), "dismiss");
});

test("nobody is offered who is in the call or is being called", () => {
  const call = answered(["bob"], ["invite"], {
    invitations: [
      invitation("bob", { state: "accepted" }),
      invitation("carol"),
      invitation("dave", { state: "timed_out" }),
    ],
  });

  assert.deepEqual(idsOfConcerned(call).sort(), ["alice", "bob", "carol"]);
});
