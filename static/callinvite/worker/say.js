/**
 * Sentences of notifications, by their code. `words/say.js` is the same for pages, which are modules. `catalogue.js` beside
 * this is made from the message files (docs/translating.md) and holds all languages: no page tells this worker which.
 */

"use strict";

/**
 * @typedef {{words: Record<string, string | string[]>, plural: (n: number) => number}} Catalogue
 */

/** What is written from right to left, or turns the direction of what follows. */
const TURNS =
  /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A sentence.
 *
 * @param {string} language its tag, as a message from the server has it; the browser's own where it is empty
 * @param {string} code of the message files
 * @param {Record<string, string | number>} [parameters] what it names in braces; `count` chooses between its plural forms
 * @returns {string} in English where the language lacks it; the code itself where there is no such sentence
 */
function say(language, code, parameters = {}) {
  for (const { words, plural } of languagesFor(language)) {
    const found = words[code];
    if (found !== undefined) {
      const sentence = typeof found === "string" ? found : found[plural(Number(parameters.count))];
      return sentence.replace(/\{([a-z_]+)\}/g, (braces, name) => isolated(parameters[name] ?? braces, sentence));
    }
  }
  return code;
}

/**
 * A text that moves nothing around it, whichever way it is written.
 *
 * @param {string | number} text
 * @param {string} among what it stands in
 * @returns {string}
 */
function isolated(text, among) {
  const turns = typeof text === "string" && (TURNS.test(text) || TURNS.test(among));
  return turns ? `\u2068${text}\u2069` : String(text);
}

/**
 * The catalogues to look in, in turn: `pt-BR`, then `pt`, then English.
 *
 * @param {string} language
 * @returns {Catalogue[]}
 */
function languagesFor(language) {
  /** @type {Record<string, Catalogue>} */
  const known = LANGUAGES;
  const tag = language || self.navigator.language || "en";
  return [known[tag], known[tag.split("-")[0]], known.en].filter(Boolean);
}
