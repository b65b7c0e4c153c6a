/**
 * What the pages say: every outcome in words, and custom data shown only where a person can read it.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dayName,
  clockTime,
  endWords,
  errorWords,
  invitationWords,
  names,
  others,
  readableText,
  recentWords,
  takenBackWords,
  sideBySide,
  textOf,
  toldApart,
  strangerWords,
  rangBy,
  calledIn,
} from "../../static/callinvite/elements/words.js";
import { callScene, endedScene } from "../../static/callinvite/elements/call-scenes.js";
import { answers, callWords } from "../../static/callinvite/elements/timeline-words.js";
import { say } from "../../static/callinvite/words/say.js";
import { SCORES, render } from "../../static/callinvite/sounds/tones.js";
import { invitation, MISSED, makeCall, participant, person } from "../client/support/calls.mjs";

/** @param {Partial<import("../../static/callinvite/client/types.js").Call>} [more] */
const ended = (more) =>
  makeCall({ state: "ended", invitations: [invitation("bob")], participants: [participant("alice")], ...more });
/** How a call of two ends by the state of its invitation. @type {Record<string, import("../../static/callinvite/client/types.js").EndReason>} */
const END_OF = { busy: "busy", rejected: "rejected", timed_out: "timed_out", cancelled: "cancelled" };
const missed = MISSED;

test("what runs from right to left moves nothing around it", () => {
  const [MOHAMMED, ISOLATED] = ["محمد", "\u2068محمد\u2069"];
  assert.equal(say("news.hung_up", { name: MOHAMMED }), `${ISOLATED} hung up.`);
  assert.equal(names([{ id: "m", name: MOHAMMED }, person("bob")]), `${ISOLATED} and Bob`);
  assert.equal(say("news.hung_up", { name: names([{ id: "m", name: MOHAMMED }]) }), `${ISOLATED} hung up.`);
  assert.equal(sideBySide("Online", MOHAMMED), `Online · ${ISOLATED}`);
  assert.equal(say("title.missed", { missed: 1, title: MOHAMMED }), `(1) ${ISOLATED}`);
  assert.equal(say("news.hung_up", { name: "Émile" }), "Émile hung up.");
});

test("a pending invitation is called ringing only when a device said so", () => {
  assert.equal(invitationWords(invitation("bob")), "Calling…");
  assert.equal(invitationWords(invitation("bob", { progress: "notified" })), "Calling…");
  assert.equal(invitationWords(invitation("bob", { standing: "unreachable" })), "Bob's devices can't be reached");
  assert.equal(invitationWords(invitation("bob", { standing: "ringing_silently" })), "Ringing silently");
  assert.equal(
    invitationWords(invitation("bob", { standing: "ringing", ringing_devices: 2, ringing_on: "Chrome on Linux" })),
    "Ringing on 2 devices",
  );
  assert.equal(
    invitationWords(invitation("bob", { progress: "ringing", ringing_on: "Chrome on Linux" })),
    "Ringing on Chrome on Linux",
  );
  assert.equal(invitationWords(invitation("bob", { progress: "ringing" })), "Ringing");
});

test("each way in which an invitation closes has its words", () => {
  /**
   * @param {import("../../static/callinvite/client/types.js").InvitationState} state
   * @param {import("../../static/callinvite/client/types.js").RejectReason | null} [reject_reason]
   */
  const words = (state, reject_reason = null) => invitationWords(invitation("bob", { state, reject_reason }));
  assert.equal(words("rejected", "declined"), "Declined");
  assert.equal(words("rejected", "later"), "Declined: will call back later");
  assert.equal(words("rejected", "busy"), "Declined: busy right now");
  assert.equal(
    invitationWords(invitation("bob", { state: "rejected", reject_reason: "later", custom_data: "In a meeting" })),
    "Declined: In a meeting",
  );
  assert.equal(words("busy"), "Busy");
  assert.equal(words("timed_out"), "No answer");
  assert.equal(words("cancelled"), "Cancelled");
  assert.equal(
    invitationWords(invitation("bob", { state: "timed_out", standing: "never_reached" })),
    "Bob's devices couldn't be reached",
  );
});

test("each end of a call has its words, and none shows a code", () => {
  /** @type {import("../../static/callinvite/client/types.js").EndReason[]} */
  const reasons = [
    "completed",
    "cancelled",
    "rejected",
    "busy",
    "timed_out",
    "caller_lost",
    "connection_lost",
    "media_failed",
    "max_duration",
    "ended_by_admin",
  ];
  for (const end_reason of reasons) {
    const [state] = Object.entries(END_OF).find(([, reason]) => reason === end_reason) ?? ["accepted"];
    const invitations = [invitation("bob", { state: /** @type {any} */ (state) })];
    const words = endWords(ended({ end_reason, invitations }));
    assert.match(words, /^[A-Z][a-z' ]+$/);
    assert.doesNotMatch(words, /_/);
  }
  assert.equal(endWords(makeCall({ state: "active" }), { leftReason: "moved" }), "Moved to another device");
});

test("the caller reads of a call of two whether it ever rang", () => {
  /** @param {import("../../static/callinvite/client/types.js").Standing} standing */
  const words = (standing) =>
    endWords(ended({ end_reason: "cancelled", invitations: [invitation("bob", { state: "cancelled", standing })] }));
  assert.equal(words("cancelled"), "Cancelled");
  assert.equal(words("cancelled_before_ring"), "You hung up before it rang");
  assert.equal(words("never_reached"), "Bob's devices couldn't be reached");
});

test("the caller reads of a call to several whether any of them was reached", () => {
  /**
   * @param {import("../../static/callinvite/client/types.js").EndReason} end_reason
   * @param {import("../../static/callinvite/client/types.js").Standing[]} standings
   */
  const words = (end_reason, ...standings) =>
    endWords(
      ended({
        end_reason,
        invitations: standings.map((standing, index) =>
          invitation(["bob", "carol"][index], { state: "busy", standing }),
        ),
      }),
    );
  assert.equal(words("timed_out", "never_reached", "never_reached"), "None of their devices could be reached");
  assert.equal(words("timed_out", "never_reached", "no_answer"), "No answer");
  assert.equal(words("cancelled", "never_reached", "cancelled_before_ring"), "You hung up before it rang");
  assert.equal(words("cancelled", "cancelled_before_ring", "cancelled"), "Cancelled");
  assert.equal(words("rejected", "busy", "declined"), "Declined");
});

test("hanging up is said only of a caller who hung up", () => {
  const invitations = [invitation("bob", { state: "cancelled", standing: "cancelled_before_ring", custom_data: "Hm" })];
  assert.equal(endWords(ended({ end_reason: "ended_by_admin", invitations })), "Ended by an administrator");
  assert.equal(endWords(ended({ end_reason: "caller_lost", invitations })), "Your connection was lost");
  assert.equal(endWords(ended({ end_reason: "cancelled", invitations }), { mine: false }), "Cancelled");
});

test("a ring that an administrator stopped was not taken back by the caller", () => {
  const stopped = /** @type {const} */ ({ state: "cancelled", standing: "cancelled_by_admin" });
  const call = ended({ end_reason: "ended_by_admin", invitations: [invitation("bob", stopped)] });
  assert.equal(endWords(call), "Cancelled by an administrator");
  assert.equal(recentWords(call, "bob").words, "Cancelled by an administrator");
  assert.equal(recentWords({ ...call, you: missed }, "bob").words, "Missed: an administrator cancelled it");
  assert.equal(takenBackWords(call, "bob"), "An administrator stopped the call from Alice.");
  assert.equal(
    takenBackWords(ended({ invitations: [invitation("bob", { state: "cancelled" })] }), "bob"),
    "Alice hung up.",
  );
});

/** Where an invitation stands, and the one sentence for it. @type {[object, string][]} */
const STANDINGS = [
  [{ standing: "calling" }, "Calling…"],
  [{ standing: "ringing", progress: "ringing", ringing_devices: 2, ringing_on: "iPhone" }, "Ringing on 2 devices"],
  [{ standing: "ringing", progress: "ringing", ringing_devices: 1, ringing_on: "iPhone" }, "Ringing on iPhone"],
  [{ standing: "ringing_silently", progress: "ringing", ringing_devices: 1 }, "Ringing silently"],
  [{ standing: "unreachable" }, "Bob's devices can't be reached"],
  [{ standing: "busy", state: "busy" }, "Busy"],
  [{ standing: "declined", state: "rejected", reject_reason: "busy" }, "Declined: busy right now"],
  [{ standing: "declined", state: "rejected", reject_reason: "later", custom_data: "At work" }, "Declined: At work"],
  [{ standing: "no_answer", state: "timed_out" }, "No answer"],
  [{ standing: "never_reached", state: "timed_out" }, "Bob's devices couldn't be reached"],
  [{ standing: "cancelled", state: "cancelled" }, "Cancelled"],
  [{ standing: "cancelled_before_ring", state: "cancelled" }, "You hung up before it rang"],
  [{ standing: "cancelled_by_admin", state: "cancelled" }, "Cancelled by an administrator"],
];

test("page, recents and explanation say the same of a call of two, wherever it stands", () => {
  for (const [more, sentence] of STANDINGS) {
    const one = invitation("bob", more);
    const isPending = one.state === "pending";
    const call = makeCall({
      state: isPending ? "ringing" : "ended",
      end_reason: isPending ? null : END_OF[one.state],
      invitations: [one],
      you: {
        role: "caller",
        state: isPending ? "joined" : "left",
        can: [],
        missed: false,
        duration_seconds: null,
        verdict: null,
        from_contact: null,
        urgent: false,
      },
    });
    const screen = isPending
      ? callScene(call, { userId: "alice", media: { peers: [], isCutOff: false } }).status
      : endedScene(call, { userId: "alice", words: endWords(call) }).status;
    assert.equal(screen === "Calling" ? "Calling…" : screen, sentence);
    assert.equal(recentWords(call, "alice").words, sentence);
    assert.ok(callWords(call, "alice", new Date()).line.endsWith(` · ${sentence}`), sentence);
    if (one.standing !== "cancelled_before_ring") {
      assert.match(answers(call, [], "alice")[0].text, new RegExp(`^(Bob: )?${sentence}$`));
    }
  }
});

test("somebody invited reads what became of it for them", () => {
  const you = (/** @type {boolean} */ isMissed) => ({ ...missed, missed: isMissed });
  const ring = makeCall({ invitations: [invitation("bob"), invitation("carol")] });
  assert.equal(recentWords(ring, "bob").words, "Ringing now");
  const gone = invitation("bob", { state: "rejected" });
  const [, other] = ring.invitations;
  assert.equal(
    recentWords({ ...ring, invitations: [gone, other], you: { ...you(false), state: "rejected" } }, "bob").words,
    "You declined",
  );
  const declined = invitation("bob", { state: "rejected", reject_reason: "later", custom_data: "At work" });
  assert.equal(
    recentWords(ended({ end_reason: "rejected", invitations: [declined], you: you(false) }), "bob").words,
    "You declined: At work",
  );
});

test("a ring's own words are those of its caller alone", () => {
  assert.deepEqual(textOf(makeCall({ custom_data: "room 7" })), []);
  assert.deepEqual(textOf(makeCall({ sender_title: "Ward 3", sender_message: "Please come" })), [
    "Ward 3",
    "Please come",
  ]);
});

test("a stranger is told apart by the id wherever a name is said, a contact is not", () => {
  const you = { ...missed, from_contact: false };
  const rung = makeCall({ caller: { id: "mallory", name: "Alice" }, invitations: [invitation("bob")], you });
  rung.invitations[0].inviter = rung.caller;
  assert.equal(strangerWords(rung, "bob"), "@mallory · Not in your contacts");
  assert.equal(names([rung.caller, person("carol")], calledIn(rung, "bob")), "Alice (@mallory) and Carol");
  assert.equal(takenBackWords(rung, "bob"), "Alice (@mallory) hung up.");
  const known = { ...rung, you: { ...you, from_contact: true } };
  assert.equal(strangerWords(known, "bob"), "");
  assert.equal(names([rung.caller], calledIn(known, "bob")), "Alice");
  // Whoever invites is who rings, and not who started the call.
  const invited = { ...rung, invitations: [invitation("bob", { inviter: person("carol") })] };
  assert.equal(rangBy(invited, "bob").id, "carol");
  assert.equal(strangerWords(invited, "bob"), "@carol · Not in your contacts");
  assert.equal(toldApart({ id: "eve@example.org", name: "" }), "eve@example.org (eve@example.org)");
  assert.equal(toldApart({ id: "", name: "Deleted account" }), "Deleted account");
});

test("custom data is shown if it is short text for people", () => {
  assert.equal(readableText("  See you at eight. "), "See you at eight.");
  assert.equal(readableText("Två rader\ntext"), "Två rader\ntext");
  for (const data of [
    "",
    null,
    '{"a": 1}',
    "[1]",
    '"x"',
    "a".repeat(300),
    "bell\u0007",
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w",
  ]) {
    assert.equal(readableText(data), "");
  }
});

test("a line of recents tells direction, outcome and how long one was in the call oneself", () => {
  const completed = ended({
    end_reason: "completed",
    answered_at: "2026-11-23T12:00:05Z",
    duration_seconds: 600,
    you: {
      role: "caller",
      state: "left",
      can: [],
      missed: false,
      duration_seconds: 185,
      verdict: null,
      from_contact: null,
      urgent: false,
    },
  });
  assert.deepEqual(recentWords(completed, "alice"), {
    direction: "outgoing",
    missed: false,
    live: false,
    words: "Outgoing · 3:05",
  });
  const unanswered = ended({
    end_reason: "timed_out",
    invitations: [invitation("bob", { state: "timed_out" })],
    you: missed,
  });
  assert.deepEqual(recentWords(unanswered, "bob"), {
    direction: "incoming",
    missed: true,
    live: false,
    words: "Missed",
  });
  const own = ended({
    end_reason: "rejected",
    invitations: [invitation("bob", { state: "rejected", reject_reason: "later" })],
    you: { ...missed, missed: false },
  });
  assert.equal(recentWords(own, "bob").words, "You declined: you'll call back later");
  assert.equal(recentWords(own, "alice").words, "Declined: will call back later");
});

test("people are named, however many they are", () => {
  const people = ["bob", "carol", "dave", "erin", "frank"].map(person);
  assert.equal(names(people.slice(0, 1)), "Bob");
  assert.equal(names(people.slice(0, 2)), "Bob and Carol");
  assert.equal(names(people.slice(0, 3)), "Bob, Carol, and Dave");
  assert.equal(names(people), "Bob, Carol, and 3 others");
  assert.deepEqual(others(makeCall({ invitations: [invitation("bob"), invitation("bob")] }), "alice"), [person("bob")]);
});

test("times and days are those of people", () => {
  assert.equal(clockTime(5), "0:05");
  assert.equal(clockTime(3725), "1:02:05");
  const today = new Date(2026, 10, 23, 12);
  const day = (year, month, date, hour) => dayName(new Date(year, month, date, hour).toISOString(), today);
  assert.equal(day(2026, 10, 23, 1), "Today");
  assert.equal(day(2026, 10, 22, 23), "Yesterday");
  assert.match(day(2025, 10, 22, 23), /2025/);
});

test("an error is said in words, with the time to wait where there is one", () => {
  assert.match(errorWords({ code: "throttled", retryAfterSeconds: 11.2 }), /12 seconds/);
  assert.equal(errorWords({ code: "something_new", detail: "The moon is full." }), "The moon is full.");
  assert.equal(errorWords(null), "That didn't work.");
});

test("every sound can be heard, is never cut off by its limits, and the loops end where they begin", () => {
  for (const [name, score] of Object.entries(SCORES)) {
    const samples = render(score, 22050);
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    assert.ok(peak > 0.05 && peak < 0.95, `${name}: ${peak}`);
    assert.ok(Math.abs(samples[samples.length - 1] - samples[0]) < 0.05, name);
  }
});

test("what did not ring for its reader says so, wherever it comes from", () => {
  for (const verdict of /** @type {const} */ (["silenced", "not_from_you"])) {
    const call = ended({ you: { ...missed, verdict } });
    assert.equal(recentWords(call, "bob").words, "Missed, silenced");
  }
  assert.equal(recentWords(ended({ you: missed }), "bob").words, "Missed");
});
