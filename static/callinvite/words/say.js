/**
 * Sentences for people, by their code. They are written in the message files (docs/translating.md), and the modules beside
 * this one are made from those. A page in another language than English loads its module before any other.
 */

import { WORDS, plural } from "./en.js";

/** What is written from right to left, or turns the direction of what follows. */
const TURNS =
  /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const ISOLATED = /^\u2068[^\u2066-\u2069]*\u2069$/;

/** @typedef {keyof typeof WORDS} Code */
/** @typedef {(n: number) => number} Plural which form of a sentence a number takes */

let spoken = {
  language: "en",
  words: /** @type {Record<string, string | string[]>} */ (WORDS),
  plural: /** @type {Plural} */ (plural),
};

/**
 * Say every sentence in this language from now on; English where it lacks one.
 *
 * @param {string} language its tag, such as `pt-BR`
 * @param {Record<string, string | string[]>} words
 * @param {Plural} plural
 */
export function speak(language, words, plural) {
  spoken = { language, words, plural };
}

/** What is said in place of sentences, while `saying` lasts. @type {Record<string, string | string[]>} */
let replaced = {};

/**
 * Do something in whose course some sentences have other words: those that a page has put in their place.
 *
 * @template T
 * @param {Record<string, string | string[]>} words by their codes; a list where `count` chooses between forms
 * @param {() => T} act nothing that comes later says them
 * @returns {T}
 */
export function saying(words, act) {
  const before = replaced;
  replaced = words;
  try {
    return act();
  } finally {
    replaced = before;
  }
}

/** @returns {string} the tag of the language that is spoken */
export function language() {
  return spoken.language;
}

/**
 * How to write moments, numbers and lists: in the language that is spoken, in the reader's own variety of it.
 *
 * @returns {string} a tag for `Intl`, such as `en-GB`
 */
export function locale() {
  const primary = (/** @type {string} */ tag) => tag.split("-")[0].toLowerCase();
  const read = globalThis.navigator?.languages ?? [];
  return read.find((tag) => primary(tag) === primary(spoken.language)) ?? spoken.language;
}

/**
 * A sentence for something that the server may know more kinds of than this page.
 *
 * @param {string} code what it would be
 * @param {Code} otherwise what is said where there is no such sentence
 * @param {Record<string, string | number>} [parameters] of either
 * @returns {string}
 */
export function sayKnown(code, otherwise, parameters = {}) {
  return say(Object.hasOwn(WORDS, code) ? /** @type {Code} */ (code) : otherwise, parameters);
}

/**
 * A sentence.
 *
 * @param {Code} code of the message files
 * @param {Record<string, string | number>} [parameters] what it names in braces; `count` chooses between its plural forms
 * @returns {string} the code itself where there is no such sentence
 */
export function say(code, parameters = {}) {
  const own = replaced[code] ?? spoken.words[code];
  const found = own ?? WORDS[code] ?? code;
  const rule = own === undefined ? plural : spoken.plural;
  const sentence = typeof found === "string" ? found : (found[rule(Number(parameters.count))] ?? code);
  return sentence.replace(/\{([a-z_]+)\}/g, (braces, name) => isolated(parameters[name] ?? braces, sentence));
}

/**
 * A text that keeps its order to itself where it or its surroundings run from right to left: a name in Arabic moves
 * neither the number before it nor the full stop behind it (Unicode UAX 9, FSI and PDI).
 *
 * @param {string | number} text such as a name
 * @param {string} [among] what it stands in
 * @returns {string} as it was where everything runs from left to right
 */
export function isolated(text, among = "") {
  const turns = typeof text === "string" && (TURNS.test(text) || TURNS.test(among));
  return turns && !ISOLATED.test(text) ? `\u2068${text}\u2069` : String(text);
}
