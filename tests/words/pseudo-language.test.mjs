/**
 * In a language in which every sentence is marked, nothing is left unmarked: what the pages put into words comes from the
 * message files to the last letter.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { callScene, endedScene, partingQuestion, placingScene } from "../../static/callinvite/elements/call-scenes.js";
import { healthWords, hopWords, lifeWords, verdictWords } from "../../static/callinvite/elements/device-words.js";
import {
  deviceWords,
  linkWords,
  mediaWords,
  problemWords,
  qualityWords,
  silenceWords,
} from "../../static/callinvite/elements/media-words.js";
import { howToAllow, ringingWords } from "../../static/callinvite/elements/ringing-words.js";
import { answers, callWords } from "../../static/callinvite/elements/timeline-words.js";
import {
  endWords,
  errorWords,
  invitationWords,
  inviteeErrorWords,
  joinWords,
  kindOfCall,
  recentWords,
} from "../../static/callinvite/elements/words.js";
import { plural, WORDS } from "../../static/callinvite/words/en.js";
import { speak } from "../../static/callinvite/words/say.js";
import { invitation, makeCall, participant, person } from "../client/support/calls.mjs";

const mark = (/** @type {string} */ sentence) => `⟦${sentence}⟧`;
const marked = Object.fromEntries(
  Object.entries(WORDS).map(([code, said]) => [code, typeof said === "string" ? mark(said) : said.map(mark)]),
);
speak("en", marked, plural);

const NOW = new Date(2026, 10, 23, 12);
const REASONS = /** @type {const} */ ([
  ...["completed", "cancelled", "rejected", "busy", "timed_out", "caller_lost", "connection_lost", "media_failed"],
  ...["max_duration", "ended_by_admin"],
]);
const STATES = /** @type {const} */ (["pending", "accepted", "rejected", "busy", "cancelled", "timed_out"]);
const STANDINGS = /** @type {const} */ ([
  ...["calling", "ringing", "ringing_silently", "unreachable", "accepted", "declined"],
  ...["busy", "no_answer", "never_reached", "cancelled", "cancelled_before_ring", "cancelled_by_admin"],
]);
const MEDIA = { microphone: "on", camera: false, screen: false, hold: false };

/** What is left when sentences are taken out, with all that they fill in. */
function unmarked(/** @type {string} */ text) {
  let left = text;
  while (/⟦[^⟦⟧]*⟧/.test(left)) {
    left = left.replace(/⟦[^⟦⟧]*⟧/g, "");
  }
  return left;
}

/** Every text in a value. @param {unknown} value @returns {string[]} */
function textsIn(value) {
  if (typeof value === "string") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** @param {unknown} said texts, or objects that hold nothing else */
function isMarked(said) {
  const texts = textsIn(said).filter(Boolean);
  assert.ok(texts.length > 0);
  for (const text of texts) {
    assert.doesNotMatch(unmarked(text), /\p{Letter}/u, text);
    assert.doesNotMatch(text, /\{/, text);
  }
}

test("what became of invitations and calls", () => {
  for (const state of STATES) {
    for (const reject_reason of /** @type {const} */ (["declined", "busy", "later"])) {
      isMarked(invitationWords(invitation("bob", { state, reject_reason })));
    }
  }
  for (const standing of STANDINGS) {
    for (const ringing_devices of [1, 2]) {
      isMarked(invitationWords(invitation("bob", { standing, ringing_devices })));
    }
  }
  for (const end_reason of REASONS) {
    const call = makeCall({ state: "ended", end_reason, answered_at: "2026-11-23T12:00:05Z", duration_seconds: 65 });
    isMarked([endWords(call), endWords(call, { mine: false }), recentWords(call, "alice").words]);
    isMarked([recentWords({ ...call, answered_at: null }, "bob").words, callWords(call, "bob", NOW)]);
  }
  const going = makeCall({ state: "active", participants: [participant("alice")] });
  isMarked(["moved", "connection_lost", null].map((leftReason) => endWords(going, { leftReason })));
  isMarked([joinWords(going, "alice"), joinWords(going, "bob"), kindOfCall(going, true), kindOfCall(going, false)]);
});

test("the screen of a call", () => {
  const around = { userId: "alice", media: { peers: [], isCutOff: false } };
  const spoken = (/** @type {any} */ { status, kind, hangUp, note, text }) => [status, kind, hangUp, note, text];
  isMarked(spoken(placingScene({ invitees: [person("bob")], isVideoCall: false })));
  isMarked(spoken(callScene(makeCall({ invitations: [invitation("bob"), invitation("carol")] }), around)));
  const active = makeCall({ state: "active", participants: [participant("alice"), participant("bob")] });
  isMarked(spoken(callScene(active, around)));
  isMarked(spoken(callScene(active, { ...around, media: { peers: [], isCutOff: true } })));
  const questions = [
    makeCall(),
    active,
    makeCall({ ...active, participants: ["alice", "bob", "carol"].map((id) => participant(id)) }),
  ];
  isMarked(
    questions.map((call) => {
      const { title, text, answers: offered, stay } = partingQuestion(call, "alice");
      return [title, text, stay, ...offered.map(({ label }) => label)];
    }),
  );
  const failed = makeCall({
    state: "ended",
    end_reason: "media_failed",
    invitations: [invitation("bob", { custom_data: "Hi" })],
  });
  isMarked(spoken(endedScene(failed, { userId: "alice", words: endWords(failed) })));
});

test("failures", () => {
  isMarked([errorWords(null), errorWords({ code: "throttled", retryAfterSeconds: 3 })]);
  for (const code of [
    "unknown_user",
    "self",
    "not_allowed",
    "duplicate",
    "already_in_call",
    "call_full",
    "a_new_one",
  ]) {
    isMarked(inviteeErrorWords({ invitee: "bob", code }, "Bob"));
  }
});

test("devices and test rings", () => {
  const device = (/** @type {object} */ more) =>
    /** @type {any} */ ({ label: "", push: { host: "push.example" }, created_at: NOW.toISOString(), ...more });
  const moments = [23, 22, 20, 1].map((day) => new Date(2026, 10, day, 9).toISOString());
  for (const at of moments) {
    for (const isHere of [true, false]) {
      for (const disabled_reason of ["gone", "vapid_key_changed", "a_new_one"]) {
        const dead = device({ health: "disabled", disabled_reason, disabled_since: at, last_seen_at: at });
        isMarked([healthWords(dead, isHere, NOW).words, lifeWords(dead, isHere, NOW)]);
      }
      isMarked(healthWords(device({ health: "ok", last_ringing_at: at }), isHere, NOW).words);
      isMarked(healthWords(device({ health: "no_address" }), isHere, NOW).words);
      for (const state of ["waiting", "sent", "failed", "arrived"]) {
        for (const codes of [["planned"], ["planned", "sent"]]) {
          const hops = codes.map((code) => ({ code, at, text: mark("The server's own.") }));
          const ring = /** @type {any} */ ({ state, hops });
          isMarked(hopWords(ring, false).map(({ words }) => words));
          isMarked([verdictWords(ring, true, isHere), hopWords(ring, true).map(({ words }) => words)]);
        }
      }
    }
  }
});

test("microphones, cameras and connections", () => {
  for (const kind of /** @type {const} */ (["microphone", "camera", "screen"])) {
    for (const problem of ["denied", "missing", "in_use", "unplugged", "insecure", "failed", "a_new_one"]) {
      isMarked(problemWords(kind, problem));
    }
  }
  for (const microphone of ["muted", "none"]) {
    isMarked([mediaWords({ ...MEDIA, microphone, camera: true }), silenceWords({ microphone, hold: false })]);
  }
  isMarked([
    mediaWords({ ...MEDIA, hold: true }),
    silenceWords({ ...MEDIA, hold: true }),
    mediaWords({ ...MEDIA, screen: true }),
  ]);
  isMarked([qualityWords("good"), qualityWords("fair"), qualityWords("poor"), linkWords(), linkWords("reconnecting")]);
  isMarked([deviceWords({ label: "" }, 0, "speaker"), deviceWords({ label: "" }, 1, "camera")]);
});

test("whether this browser rings", () => {
  const browsers = ["Safari on iPhone", "Chrome on Android", "Safari on Mac", "Firefox on Linux", "Chrome on Windows"];
  isMarked(browsers.map((each) => howToAllow(each)));
  for (const state of ["on", "off", "working", "denied", "unsupported", "failed"]) {
    for (const reason of [
      null,
      "insecure",
      "home_screen",
      "no_worker",
      "no_push",
      "no_keys",
      "worker",
      "push_service",
    ]) {
      for (const [wanted, unlocked, elsewhere] of [
        [false, false, false],
        [true, false, false],
        [true, true, false],
        [true, true, true],
      ]) {
        const { title, help, button } = ringingWords(
          { wanted, unlocked, elsewhere },
          { state, reason, error: null, refused: false },
        );
        isMarked([title, help, button ?? ""]);
      }
    }
  }
});

test("a call explained", () => {
  for (const state of /** @type {const} */ (["busy", "pending"])) {
    const call = makeCall({ invitations: [invitation("bob", { state }), invitation("carol", { state })] });
    isMarked(answers(call, [], "bob").map(({ text }) => text));
  }
});
