/**
 * The source itself: what the house rules ask of libraries that others embed and that are served without a build.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { EVENTS } from "./support/harness.mjs";

const ROOT = new URL("../../static/callinvite/", import.meta.url);
/** The libraries without a DOM, what they may import and how many public members they have at least. */
const LIBRARIES = [
  { folder: "client/", imports: /^\.(?:\/[a-z]+|\.\/words\/say)\.js$/, members: 60 },
  { folder: "rtc/", imports: /^\.(?:\.\/client)?\/[a-z-]+\.js$/, members: 60 },
  { folder: "push/", imports: /^\.(?:\.\/client)?\/[a-z-]+\.js$/, members: 15 },
];
const README = readFileSync(new URL("client/README.md", ROOT), "utf8");
const GUIDE = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8");

/** `export function name(a, b)`, and in classes methods, getters and constructors that are not private. */
const MEMBER = /^(?:export (?:async )?function | {2}(?:static |async |get )*)([a-zA-Z]\w*)\(([^)]*(?:\)[^)]*)?)\) \{$/;
const KEYWORDS = new Set(["if", "for", "while", "switch", "catch", "constructor"]);

/** The modules in a folder, or all, by their path from the root. */
function modulesIn(folder = "") {
  const names = readdirSync(new URL(folder, ROOT), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".js")).map((name) => `${folder}${name}`);
}

function source(name) {
  return readFileSync(new URL(name, ROOT), "utf8");
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

for (const { folder, imports, members } of LIBRARIES) {
  const files = modulesIn(folder);

  test(`every module in ${folder} opens with what it is for`, () => {
    for (const name of files) {
      assert.match(source(name), /^\/\*\*\n \* [A-Z]/, name);
    }
  });

  test(`every import and export in ${folder} ends with a semicolon, is relative and names a file of a layer below`, () => {
    for (const name of files) {
      const statements = source(name).match(/^(?:import|export)\b[^;]*?from [^\n]*$/gm) ?? [];
      for (const statement of statements) {
        assert.match(/ from "([^"]+)";$/.exec(statement)?.[1] ?? "", imports, `${name}: ${statement}`);
      }
      for (const [, module] of source(name).matchAll(/\bimport\(["']?([^"')]*)/g)) {
        assert.match(module, imports, `${name}: import("${module}")`);
      }
      assert.doesNotMatch(source(name), /^export default/m, name);
    }
  });

  test(`no module in ${folder} touches the document`, () => {
    // The one file that is made for pages.
    for (const name of files.filter((each) => each !== "client/wakeups.js")) {
      assert.doesNotMatch(source(name), /\b(?:document|window)\./, name);
    }
  });

  test(`every public function and method in ${folder} says what it takes and gives`, () => {
    let count = 0;
    for (const file of files) {
      for (const { name, parameters, comment, isGetter } of publicMembers(source(file))) {
        count += 1;
        assert.notEqual(comment, "", `${file}: ${name} has no JSDoc`);
        if (isGetter || folder === "client/") {
          assert.match(comment, /@returns/, `${file}: ${name} lacks @returns`);
        }
        if (!isGetter && parameters.trim() !== "") {
          assert.match(comment, /@param/, `${file}: ${name} lacks @param`);
        }
      }
    }
    assert.ok(count > members, `only ${count} members were found`);
  });
}

test("no imports run in a circle, not even those of types: hashed file names could not be made", () => {
  const modules = modulesIn();
  for (const folder of ["client/", "rtc/", "push/", "worker/", "elements/", "pages/", "sdk/", "sounds/"]) {
    assert.ok(
      modules.some((name) => name.startsWith(folder)),
      folder,
    );
  }
  const imports = new Map(modules.map((name) => [new URL(name, ROOT).href, importsOf(new URL(name, ROOT))]));
  const settled = new Set();
  const walk = (module, path) => {
    assert.ok(!path.includes(module), [...path, module].map((each) => each.replace(ROOT.href, "")).join(" -> "));
    assert.ok(imports.has(module), `${module} is imported, and does not exist`);
    if (!settled.has(module)) {
      imports.get(module)?.forEach((each) => walk(each, [...path, module]));
      settled.add(module);
    }
  };
  modules.forEach((name) => walk(new URL(name, ROOT).href, []));
});

test("imports point down only: pages and sdk, elements, sounds, rtc and push, client, words", () => {
  const layers = [["words/"], ["client/", "worker/"], ["rtc/", "sounds/", "push/"], ["elements/"], ["pages/", "sdk/"]];
  const heightOf = (name) => layers.findIndex((folders) => folders.some((folder) => name.startsWith(folder)));
  for (const name of modulesIn().filter((each) => each.includes("/"))) {
    assert.notEqual(heightOf(name), -1, `${name} is in no layer`);
    const statements = source(name).matchAll(/^(?:import|export)\b[^;]*?"(\.[^"]+)";$/gm);
    for (const [, module] of statements) {
      const imported = new URL(module, new URL(name, ROOT)).href.replace(ROOT.href, "");
      assert.ok(heightOf(imported) <= heightOf(name), `${name} imports ${imported}`);
    }
  }
});

test("the README and the guide name every verb, read, event and option there is", () => {
  const members = ["client/service.js", "client/verbs.js", "client/account.js", "client/contacts.js"]
    .flatMap((file) => publicMembers(source(file)))
    .map(({ name }) => name);
  const options = [
    ...source("client/types.js").matchAll(/@typedef \{object\} ServiceOptions\n([\s\S]*?)\n \*\n/g),
  ][0][1];
  const names = [...options.matchAll(/\[(\w+)\]/g)].map((match) => match[1]);
  for (const name of [...members, ...EVENTS, "change", ...names]) {
    assert.match(README, new RegExp(`\\b${name}\\b`), `README.md lacks ${name}`);
  }
  for (const name of ["send", "cancel", "reject", "accept", "ringing", "lastError", "incomingCallReceived"]) {
    assert.match(GUIDE, new RegExp(`\\b${name}\\b`), `docs/client.md lacks ${name}`);
  }
});
