/**
 * What devices say to each other: all of it is understood, and nothing else is, whatever it looks like.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING_KNOWN, readMedia, readMessage, VERSION } from "../../static/callinvite/rtc/messages.js";

const ENVELOPE = { v: VERSION, session: "a1B2._~-", to: "5e55" };
const MEDIA = { microphone: "muted", camera: true, screen: false, hold: false };
const CANDIDATE = {
  candidate: "candidate:1 1 udp 2122260223 192.0.2.1 54400 typ host",
  sdpMid: "0",
  sdpMLineIndex: 0,
  usernameFragment: "Yt7b",
};
const MESSAGES = {
  hello: { ...ENVELOPE, kind: "hello", media: MEDIA, serial: 3 },
  "a first hello": { ...ENVELOPE, to: null, kind: "hello", media: MEDIA, serial: 1 },
  offer: { ...ENVELOPE, kind: "description", type: "offer", sdp: "v=0\r\n", id: 1 },
  answer: { ...ENVELOPE, kind: "description", type: "answer", sdp: "v=0\r\n", id: 1 },
  candidates: { ...ENVELOPE, kind: "candidates", candidates: [CANDIDATE, { ...CANDIDATE, candidate: "" }, null] },
  "no candidates": { ...ENVELOPE, kind: "candidates", candidates: [] },
  media: { ...ENVELOPE, kind: "media", media: MEDIA, serial: 4 },
};

/** One of each sort of JSON value, and what only programs can make. */
const VALUES = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1,
    1.5,
    2 ** 53,
    NaN,
    Infinity,
    "",
    "1",
    "on",
    "offer",
    "x".repeat(65),
    "ä",
    "\0",
    "a b",
  ],
  ...[[], [1], ["a1B2"], [[]], [null], {}, { length: 1 }, { a: { b: { c: [] } } }, { toString: "x" }],
  ...[undefined, () => {}, Symbol("x"), 10n, new Date(0), new Map(), Object.create(null)],
];

/** The same message as it comes over the wire, with one thing changed. */
/** @returns {any} whichever message it is */
function read(data) {
  return readMessage(data);
}

function without(message, name) {
  return Object.fromEntries(Object.entries(message).filter(([key]) => key !== name));
}

for (const [name, message] of Object.entries(MESSAGES)) {
  test(`${name} is understood as it is`, () => {
    const { v, ...rest } = message;
    assert.equal(v, 1);
    assert.deepEqual(readMessage(JSON.parse(JSON.stringify(message))), rest);
  });

  test(`${name} with any one part missing is nothing`, () => {
    for (const key of Object.keys(message)) {
      assert.equal(readMessage(without(message, key)), null, key);
    }
  });

  test(`${name} with any one part of another type is nothing, and never an exception`, () => {
    for (const key of Object.keys(message)) {
      for (const value of VALUES) {
        const read = readMessage({ ...message, [key]: value });
        if (read !== null) {
          // Some values are fine in some places; then they are of the type that was there, or the null that says "nobody".
          const fits =
            key === "to" ? value === null || typeof value === "string" : typeof value === typeof message[key];
          assert.ok(fits, `${key}: ${JSON.stringify(value)} was understood as ${JSON.stringify(read)}`);
        }
      }
    }
  });

  test(`${name} carries nothing along that nobody asked for`, () => {
    const polluted = JSON.parse(
      `{"__proto__": {"isAdmin": true}, "constructor": 1, "more": 1, ${JSON.stringify(message).slice(1)}`,
    );
    const read = readMessage(polluted) ?? {};
    assert.deepEqual(Object.keys(read).sort(), Object.keys(without(message, "v")).sort());
    assert.equal(Object.getPrototypeOf(read), Object.prototype);
    assert.equal({}.isAdmin, undefined);
  });
}

test("values that are no objects are no messages", () => {
  for (const value of VALUES) {
    assert.equal(readMessage(value), null);
    assert.equal(readMessage([value]), null);
    assert.equal(readMedia(value), null);
  }
});

test("a message of another version is nothing", () => {
  for (const v of [0, 2, "1", [1], 1.0000001, null]) {
    assert.equal(readMessage({ ...MESSAGES.hello, v }), null, JSON.stringify(v));
  }
});

test("a session is 1 to 64 characters of a closed set, and text", () => {
  const sessions = [
    "",
    "x".repeat(65),
    "a b",
    "a/b",
    "a\n",
    "é",
    1,
    12345,
    true,
    null,
    ["a"],
    [["a"]],
    { toString: () => "a" },
  ];
  for (const session of sessions) {
    assert.equal(readMessage({ ...MESSAGES.hello, session }), null, JSON.stringify(session));
  }
  for (const to of sessions.filter((each) => each !== null)) {
    assert.equal(readMessage({ ...MESSAGES.hello, to }), null, JSON.stringify(to));
  }
  for (const session of ["x", "x".repeat(64), "A.z_9~-"]) {
    assert.equal(readMessage({ ...MESSAGES.hello, session, to: session })?.session, session);
  }
});

test("a kind or a type that is a name of JavaScript's own is nothing", () => {
  for (const word of ["__proto__", "constructor", "toString", "hasOwnProperty", "rollback", "pranswer", "OFFER", ""]) {
    assert.equal(readMessage({ ...MESSAGES.offer, kind: word }), null, word);
    assert.equal(readMessage({ ...MESSAGES.offer, type: word }), null, word);
    assert.equal(readMedia({ ...MEDIA, microphone: word }), null, word);
  }
});

test("a description may be 60 000 characters long, and not one more", () => {
  assert.equal(read({ ...MESSAGES.offer, sdp: "x".repeat(60_000) })?.sdp.length, 60_000);
  assert.equal(readMessage({ ...MESSAGES.offer, sdp: "x".repeat(60_001) }), null);
});

test("64 candidates of 2 000 characters may come at once, and not one more", () => {
  const most = { ...CANDIDATE, candidate: "x".repeat(2_000) };
  assert.equal(read({ ...MESSAGES.candidates, candidates: Array(64).fill(most) })?.candidates.length, 64);
  assert.equal(readMessage({ ...MESSAGES.candidates, candidates: Array(65).fill(null) }), null);
  assert.equal(
    readMessage({ ...MESSAGES.candidates, candidates: [{ ...CANDIDATE, candidate: "x".repeat(2_001) }] }),
    null,
  );
});

test("one bad candidate spoils the message that it came in", () => {
  const marks = [
    ...[
      { sdpMid: 0 },
      { sdpMid: "x".repeat(257) },
      { sdpMLineIndex: -1 },
      { sdpMLineIndex: 0.5 },
      { sdpMLineIndex: "0" },
    ],
    ...[{ usernameFragment: 1 }, { usernameFragment: ["Yt7b"] }, { usernameFragment: "x".repeat(257) }],
  ].map((more) => ({ ...CANDIDATE, ...more }));
  for (const bad of [
    undefined,
    1,
    "candidate:1",
    [],
    [CANDIDATE],
    {},
    { candidate: null },
    { candidate: [""] },
    ...marks,
  ]) {
    assert.equal(readMessage({ ...MESSAGES.candidates, candidates: [CANDIDATE, bad] }), null, JSON.stringify(bad));
  }
});

test("a candidate is taken over with the parts that WebRTC knows, and no others", () => {
  /** @type {any} */
  const read = readMessage(
    JSON.parse(`{"v": 1, "session": "a", "to": "b", "kind": "candidates", "candidates": [
    {"candidate": "x", "sdpMLineIndex": 1, "foundation": "1", "__proto__": {"isAdmin": true}}, null]}`),
  );
  const expected = { candidate: "x", sdpMid: null, sdpMLineIndex: 1, usernameFragment: null };
  assert.deepEqual(read?.candidates, [expected, null]);
  assert.equal(read?.candidates[0].isAdmin, undefined);
});

test("serials and ids are whole numbers that JavaScript can count", () => {
  for (const number of [1.5, NaN, Infinity, -Infinity, 2 ** 53, "1", [1], null, true, 1n]) {
    assert.equal(readMessage({ ...MESSAGES.hello, serial: number }), null, String(number));
    assert.equal(readMessage({ ...MESSAGES.media, serial: number }), null, String(number));
    assert.equal(readMessage({ ...MESSAGES.offer, id: number }), null, String(number));
  }
});

test("a media state is read in full or not at all", () => {
  for (const microphone of ["on", "muted", "none"]) {
    assert.deepEqual(readMedia({ ...MEDIA, microphone, more: 1 }), { ...MEDIA, microphone });
  }
  for (const key of Object.keys(MEDIA)) {
    assert.equal(readMedia(without(MEDIA, key)), null, key);
    for (const value of [0, 1, "", "true", null, [], {}, NaN, undefined]) {
      assert.equal(readMedia({ ...MEDIA, [key]: value }), null, `${key}: ${JSON.stringify(value)}`);
    }
  }
  assert.deepEqual(readMedia(NOTHING_KNOWN), NOTHING_KNOWN);
});

test("nothing that JSON can say makes the reader throw", () => {
  const parts = [
    ...VALUES.filter((each) => each === null || !["function", "symbol", "bigint", "undefined"].includes(typeof each)),
  ];
  let seed = 7;
  const random = (/** @type {number} */ below) => {
    // Numerical Recipes' generator: the same values in every run.
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const grow = (/** @type {number} */ depth) => {
    const kind = depth > 4 ? 0 : random(4);
    if (kind < 2) {
      return parts[random(parts.length)];
    }
    if (kind === 2) {
      return Array.from({ length: random(4) }, () => grow(depth + 1));
    }
    const messages = Object.values(MESSAGES);
    const message = { ...messages[random(messages.length)] };
    const keys = [...Object.keys(message), "candidates", "media", "__proto__"];
    return { ...message, [keys[random(keys.length)]]: grow(depth + 1), [keys[random(keys.length)]]: grow(depth + 1) };
  };
  for (let each = 0; each < 5_000; each += 1) {
    const value = JSON.parse(JSON.stringify(grow(0)) ?? "null");
    const read = readMessage(value);
    assert.ok(read === null || typeof read.session === "string");
    readMedia(value);
  }
});
