/**
 * What keeps a device from being there: one word for each trouble, and words for a person that say what to do.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { problemWords } from "../../static/callinvite/elements/media-words.js";
import { problemOf } from "../../static/callinvite/rtc/problems.js";

const SOURCE = readFileSync(new URL("../../static/callinvite/rtc/problems.js", import.meta.url), "utf8");
const TYPE = /@typedef \{([^}]+)\} Problem\b/.exec(SOURCE)?.[1] ?? "";
const PROBLEMS = [...TYPE.matchAll(/"(\w+)"/g)].map((match) => match[1]);
const KINDS = /** @type {const} */ (["microphone", "camera", "screen"]);

/** What a person can do about anything. */
const ADVICE = /\b(?:Allow|Plug|Close|Try again|try again|choose|Choose|Ask)\b/;

test("each error that browsers give is one of the problems", () => {
  const expected = {
    ...{ NotAllowedError: "denied", SecurityError: "denied", PermissionDeniedError: "denied" },
    ...{ NotFoundError: "missing", OverconstrainedError: "missing", DevicesNotFoundError: "missing" },
    ...{ NotReadableError: "in_use", AbortError: "in_use", TrackStartError: "in_use" },
    ...{ TypeError: "failed", InvalidStateError: "failed", UnknownError: "failed" },
  };
  for (const [name, problem] of Object.entries(expected)) {
    assert.equal(problemOf(new DOMException("", name)), problem, name);
    assert.ok(PROBLEMS.includes(problem));
  }
});

test("whatever is thrown, the problem is one of the list", () => {
  const thrown = [
    null,
    undefined,
    "NotAllowedError",
    1,
    {},
    new Error("x"),
    { name: 1 },
    { name: "constructor" },
    { name: "__proto__" },
  ];
  for (const each of thrown) {
    assert.equal(problemOf(each), "failed", JSON.stringify(each));
  }
});

for (const kind of KINDS) {
  test(`every problem of a ${kind} has words of its own that say what to do and what it means`, () => {
    assert.ok(PROBLEMS.length >= 6, TYPE);
    const words = PROBLEMS.map((problem) => problemWords(kind, problem));
    assert.equal(new Set(words).size, PROBLEMS.length);
    words.forEach((each, index) => {
      assert.match(each, new RegExp(`\\b${kind}\\b`), PROBLEMS[index]);
      assert.match(each, ADVICE, PROBLEMS[index]);
      assert.match(each, /^[A-Z].*\.$/);
    });
  });

  test(`a problem of a ${kind} that is not known has words too`, () => {
    assert.match(problemWords(kind, "brand_new"), /^(?:Your|The) \w+ couldn't be (?:started|shared)\. [A-Z].*\.$/);
  });
}
