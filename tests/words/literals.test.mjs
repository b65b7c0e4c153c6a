/**
 * Pages and service worker say what people read by its code: no text for people stands in a script, and what is said has
 * its sentence and what that fills in.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { WORDS } from "../../static/callinvite/words/en.js";
import { literalsOf } from "./sources.mjs";

const ROOT = new URL("../../static/callinvite/", import.meta.url);
const SCRIPTS = readdirSync(ROOT, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".js") && !name.startsWith("words/") && name !== "worker/catalogue.js");
const WORKER = catalogue();

/** Texts that are not for people, or are the same in every language, and where they may stand. */
const ALLOWED = [
  { in: /./, text: /^Callinvite$/, why: "the product's name" },
  { in: /./, text: /^(?:Enter|Escape)$/, why: "keys, as events name them" },
  { in: /./, text: /^[A-Z][A-Za-z]+Error$/, why: "names of exceptions" },
  { in: /./, text: /^(?:use strict|under way)$/, why: "a directive; a state that styles know" },
  { in: /^elements\/incoming-call\.js$/, text: /^incoming-stranger incoming-about$/, why: "ids of elements" },
  { in: /^push\/enrolment\.js$/, text: /^granted true$/, why: "a state and its answer" },
  { in: /^client\/identity\.js$/, text: /^(?:[A-Z][A-Za-z]+|Samsung Internet)$/, why: "names of browsers and systems" },
  {
    in: /^(?:client\/rest|sdk\/token|worker\/requests)\.js$/,
    text: /^(?:Authorization|Content-Type|Idempotency-Key|Retry-After|Bearer |Invitation |application\/.*)$/,
    why: "HTTP",
  },
  { in: /^elements\/look-settings\.js$/, text: /^(?:; Secure|not all)$/, why: "HTTP, and CSS" },
  { in: /^sdk\/look\.js$/, text: /^\n:host/, why: "CSS" },
  { in: /^sdk\/ring-card\.js$/, text: /^ring-stranger ring-about$/, why: "ids of elements" },
  { in: /^sdk\/[a-z-]+\.js$/, text: /^(?:button [a-z-]+-button|tile self)$/, why: "names of parts" },
  { in: /^push\/browser\.js$/, text: /^(?:PushManager|Notification)$/, why: "names of the browser's interfaces" },
  { in: /^pages\/passkey-json\.js$/, text: /^PublicKeyCredential$/, why: "the name of another" },
];
/** What texts are for developers or for the browser, by what stands before them. */
const SILENT =
  /(?:new (?:Type)?Error\([^()]*|\bclass: ?[^,]*|\bclassName(?:: ?| = ?)[^;,]*|\bmatches\(|\b(?:querySelector(?:All)?|the)\([^()]*|\b(?:TYPED_IN|key|why) ?[=:] ?[^;,]*)$/;
/** Where people read, hear or hover over what is written, whatever it looks like. */
const SPOKEN =
  /(?:\b(?:textContent|title|placeholder|label|help) ?[=:]|"(?:aria-label|title|placeholder)"[:,]|\b(?:setText|relabel)\([^()]*,|\b(?:toast|speak)\()(?: [^;{},]*[?:])?$/;
const PROSE = /[A-Za-z][a-z’']* [a-z]|^ ?[A-Z][a-z]|[a-z] ?[.!?…]$/;
const CODE = /^[a-z][a-z_]*(?:\.[a-z_]+)+$/;

/** @returns {Record<string, string | string[]>} what the service worker can say in English */
function catalogue() {
  const script = readFileSync(new URL("worker/catalogue.js", ROOT), "utf8");
  return new Function(`${script}; return LANGUAGES.en.words;`)();
}

/** The texts in a script that people would read.
 *  @param {string} name @param {string} source */
function textsForPeople(name, source) {
  return literalsOf(source)
    .filter(({ text, before, isFirst, isOpen }) => {
      const isSaid = SPOKEN.test(before) && /[A-Za-z]/.test(text) && !CODE.test(text);
      const isCode = CODE.test(text) || ((isOpen || !isFirst) && /^[a-z_.]*\.[a-z_.]*$/.test(text));
      return (isSaid || PROSE.test(text)) && !isCode && !SILENT.test(before);
    })
    .filter(({ text }) => !ALLOWED.some((each) => each.in.test(name) && each.text.test(text)))
    .map(({ line, text }) => `${name}:${line}: ${text}`);
}

/** The codes that a script says, and the beginnings of those that it puts together.
 *  @param {string} source */
function said(source) {
  const calls = /\b(?:say|sayKnown|said|sayer\([a-z]*\))\((?:[^(),]|\([^()]*\))*$/;
  return literalsOf(source)
    .filter(
      ({ isFirst, before, text }) =>
        isFirst && calls.test(before) && /^[a-z_.]+$/.test(text) && !/(?:===|!==)$/.test(before),
    )
    .map(({ text, isOpen }) => ({ code: text, isOpen }));
}

/** @param {string | string[]} sentence */
function parametersOf(sentence) {
  return new Set([sentence].flat().flatMap((form) => [...form.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name)));
}

for (const name of SCRIPTS) {
  const source = readFileSync(new URL(name, ROOT), "utf8");
  const words = /^(?:service-worker|worker\/.*)\.js$/.test(name) ? WORKER : WORDS;

  test(`${name} holds no text for people`, () => {
    assert.deepEqual(textsForPeople(name, source), []);
  });

  test(`what ${name} says has its sentence`, () => {
    const known = Object.keys(words);
    for (const { code, isOpen } of said(source)) {
      assert.ok(isOpen ? known.some((each) => each.startsWith(code)) : Object.hasOwn(words, code), code);
    }
  });

  test(`what ${name} says is given what it fills in`, () => {
    // Only where code and parameters are written out in one place: elsewhere types and the pseudo-language look.
    for (const [, code, given] of source.matchAll(
      /\bsay\(\s*"([a-z_.]+)"(?:,\s*\{((?:[^{}]|\{[^{}]*\})*)\},?)?\s*\)/g,
    )) {
      const names = new Set([...(given ?? "").matchAll(/(?:^|,)\s*([a-z_]+)\s*(?=[:,]|$)/g)].map(([, each]) => each));
      const wanted = parametersOf(words[/** @type {keyof typeof words} */ (code)] ?? "");
      assert.deepEqual(
        [...wanted].filter((each) => !names.has(each)),
        [],
        code,
      );
      assert.deepEqual(
        [...names].filter((each) => !wanted.has(each) && each !== "count"),
        [],
        code,
      );
    }
  });
}

test("a text for people would be found, wherever it stands", () => {
  const caught = [
    'setText(line, "muted")',
    'h("button", {}, "Try again")',
    'h("p", { title: isOn ? "on" : "" })',
    'button.setAttribute("aria-label", "close");',
    "toast(`Busy: $" + "{name}`)",
    'const WORDS = ["Nobody is here"];',
    'relabel(button, isOn ? say("call.mute") : "unmute")',
  ];
  for (const source of caught) {
    assert.equal(textsForPeople("made-up.js", source).length, 1, source);
  }
  assert.deepEqual(
    textsForPeople(
      "made-up.js",
      '// Not me.\nconst x = /Nor I, says (a) "b"/.test(y); say("call.mute"); h("p", { class: "a b" })',
    ),
    [],
  );
});
