/**
 * The source itself: what the house rules ask of a library that others embed and that is served without a build.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { EVENTS } from "./support/harness.mjs";

const FOLDER = new URL("../../static/callinvite/client/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".js"));
const README = readFileSync(new URL("README.md", FOLDER), "utf8");
const GUIDE = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8");

/** `export function name(a, b)`, and in classes methods, getters and constructors that are not private. */
const MEMBER = /^(?:export (?:async )?function |  (?:static |async |get )*)([a-zA-Z]\w*)\(([^)]*(?:\)[^)]*)?)\) \{$/;
const KEYWORDS = new Set(["if", "for", "while", "switch", "catch", "constructor"]);

function source(name) {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

/** The modules that a file names in imports and in JSDoc types. */
function importsOf(url) {
  const named = readFileSync(url, "utf8").matchAll(/(?:from\s*|import\s*\(?\s*)"(\.[^"]+\.js)"/g);
  return [...named].map((match) => new URL(match[1], url).href);
}

/** Public functions and methods of a file with the comment right above each. */
function publicMembers(text) {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const match = MEMBER.exec(line);
    if (match === null || KEYWORDS.has(match[1])) {
      return [];
    }
    let start = index - 1;
    while (start >= 0 && !lines[start].includes("/**") && /^\s*\*/.test(lines[start])) {
      start -= 1;
    }
    const comment = lines[index - 1].trim().endsWith("*/") ? lines.slice(start, index).join("\n") : "";
    return [{ name: match[1], parameters: match[2], comment, isGetter: line.includes(" get ") }];
  });
}

test("every module opens with what it is for", () => {
  for (const name of FILES) {
    assert.match(source(name), /^\/\*\*\n \* [A-Z]/, name);
  }
});

test("every import and export ends with a semicolon, is relative and names its file", () => {
  for (const name of FILES) {
    const statements = source(name).match(/^(?:import|export)\b[^;]*?from [^\n]*$/gm) ?? [];
    for (const statement of statements) {
      assert.match(statement, /from "\.\/[a-z]+\.js";$/, `${name}: ${statement}`);
    }
    assert.doesNotMatch(source(name), /^export default/m, name);
    assert.doesNotMatch(source(name), /\bimport\((?!".\/(?:types|state|socket|rest)\.js"\))/, name);
  }
});

test("no imports run in a circle, not even those of types: hashed file names could not be made", () => {
  const root = new URL("../../static/callinvite/", import.meta.url);
  const modules = readdirSync(root, { recursive: true }).filter((name) => name.endsWith(".js"));
  const imports = new Map(modules.map((name) => [new URL(name, root).href, importsOf(new URL(name, root))]));
  const settled = new Set();
  const walk = (module, path) => {
    assert.ok(!path.includes(module), [...path, module].map((each) => each.replace(root.href, "")).join(" -> "));
    if (!settled.has(module)) {
      (imports.get(module) ?? []).forEach((each) => walk(each, [...path, module]));
      settled.add(module);
    }
  };
  modules.forEach((name) => walk(new URL(name, root).href, []));
});

test("no module touches the document", () => {
  for (const name of FILES.filter((file) => file !== "wakeups.js")) {
    assert.doesNotMatch(source(name), /\b(?:document|window)\./, name);
  }
});

test("every public function and method says what it takes and gives", () => {
  let count = 0;
  for (const file of FILES) {
    for (const { name, parameters, comment, isGetter } of publicMembers(source(file))) {
      count += 1;
      assert.notEqual(comment, "", `${file}: ${name} has no JSDoc`);
      assert.match(comment, /@returns/, `${file}: ${name} lacks @returns`);
      if (!isGetter && parameters.trim() !== "") {
        assert.match(comment, /@param/, `${file}: ${name} lacks @param`);
      }
    }
  }
  assert.ok(count > 60, `only ${count} members were found`);
});

test("the README and the guide name every verb, read, event and option there is", () => {
  const members = publicMembers(source("service.js")).map(({ name }) => name);
  const options = [...source("types.js").matchAll(/@typedef \{object\} ServiceOptions\n([\s\S]*?)\n \*\n/g)][0][1];
  const names = [...options.matchAll(/\[(\w+)\]/g)].map((match) => match[1]);
  for (const name of [...members, ...EVENTS, "change", ...names].filter((each) => !/^(addressOf|idsOf)$/.test(each))) {
    assert.match(README, new RegExp(`\\b${name}\\b`), `README.md lacks ${name}`);
  }
  for (const name of ["send", "cancel", "reject", "accept", "ringing", "lastError", "incomingCallReceived"]) {
    assert.match(GUIDE, new RegExp(`\\b${name}\\b`), `docs/client.md lacks ${name}`);
  }
});
