/** The explanation of a call: what it comes down to. */

import assert from "node:assert/strict";
import test from "node:test";

import { invitation, makeCall } from "../client/support/calls.mjs";
import { answers, callWords, codeWords, howOf } from "../../static/callinvite/elements/timeline-words.js";

const BOB = { id: "bob", name: "Bob" };
const CAROL = { id: "carol", name: "" };

/**
 * @param {Partial<import("../../static/callinvite/client/types.js").Call> & {invitees?: typeof BOB[], states?: any[]}} [more]
 */
function call({ invitees = [BOB], states = ["timed_out"], ...more } = {}) {
  return makeCall({
    invitations: invitees.map((invitee, index) => ({
      ...invitation(invitee.id, { state: states[index] ?? "pending" }),
      invitee,
    })),
    participants: [],
    state: "ended",
    end_reason: "timed_out",
    created_at: "2026-11-26T12:00:00Z",
    ...more,
  });
}

function entry(code, user, text = "", data = {}) {
  return { at: "2026-11-26T12:00:00Z", code, user, text, device: null, data };
}

test("beside where it stands is where it rang first, even where nobody took the call", () => {
  const entries = [
    entry("call.sent", "alice"),
    entry("invitation.ringing", "bob", "It rang for Bob on Tablet."),
    entry("invitation.ringing", "bob", "It rang for Bob on Phone."),
    entry("invitation.timed_out", "bob", "Bob did not answer in time."),
  ];
  assert.deepEqual(answers(call(), entries, "alice"), [
    { key: "bob", how: "good", text: "Bob: No answer", more: "It rang for Bob on Tablet." },
  ]);
});

test("each person has one answer, and the reason if it is not known to have rung", () => {
  const entries = [
    entry("invitation.accepted", "carol", "carol accepted."),
    entry("ring.unheard", "bob", "Nothing says that it rang for Bob: no open page answered."),
  ];
  const found = answers(call({ invitees: [BOB, CAROL], states: ["timed_out", "accepted"] }), entries, "alice");
  assert.deepEqual(
    found.map(({ key, how, text }) => [key, how, text]),
    [
      ["bob", "bad", "Bob: No answer"],
      ["carol", "good", "carol: Accepted"],
    ],
  );
  assert.match(found[0].more, /no open page answered/);
});

test("who was busy, and who is not heard of yet, is said so", () => {
  const found = answers(call({ invitees: [BOB, CAROL], states: ["busy", "pending"] }), [], "carol");
  assert.deepEqual(
    found.map(({ text }) => text),
    ["Bob: Busy", "None of your devices has confirmed yet that it's ringing."],
  );
});

test("the code comes first, then what the server knows", () => {
  assert.equal(
    codeWords(entry("delivery.gone", "bob", "", { status: 410, reason: "gone", attempts: 1, host: "push.example" })),
    "delivery.gone · status 410 · reason gone · host push.example",
  );
  assert.equal(
    codeWords(entry("delivery.sent", "bob", "", { status: 201, reason: null, attempts: 3 })),
    "delivery.sent · status 201 · attempts 3",
  );
});

test("what kept it from ringing is marked, and a normal end is not", () => {
  for (const code of ["ring.unheard", "device.disabled", "delivery.gone", "delivery.failed", "delivery.expired"]) {
    assert.equal(howOf(entry(code, "bob")), "bad", code);
  }
  assert.equal(howOf(entry("invitation.ringing", "bob")), "good");
  assert.deepEqual(
    ["completed", "media_failed"].map((reason) => howOf(entry("call.ended", null, "", { reason }))),
    ["plain", "bad"],
  );
});

test("the call is named from the reader's side", () => {
  const now = new Date("2026-11-26T13:00:00Z");
  assert.equal(callWords(call(), "alice", now).title, "Video call to Bob");
  assert.equal(callWords(call(), "bob", now).title, "Video call from Alice");
  assert.match(callWords(call({ invitees: [BOB, CAROL] }), "bob", now).title, /^Group video call from Alice$/);
  assert.match(callWords(call({ state: "ringing", end_reason: null }), "bob", now).line, /Ringing now$/);
});
