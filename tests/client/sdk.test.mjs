/**
 * The module for other sites where there is no browser, and the token that it keeps.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { HandClock } from "./support/clock.mjs";
import { RememberedToken } from "../../static/callinvite/sdk/token.js";

test("a server that renders pages may import it, and defines no element", async () => {
  const sdk = await import("../../static/callinvite/sdk/index.js");
  assert.equal(typeof sdk.connect, "function");
  assert.equal(typeof sdk.IncomingCall, "function");
  assert.equal("customElements" in globalThis, false);
});

test("connecting without an address or a token is refused with a code", async () => {
  const { connect } = await import("../../static/callinvite/sdk/index.js");
  const good = { baseUrl: "https://calls.example", token: "t" };
  for (const wrong of [
    { token: "" },
    { baseUrl: "" },
    { baseUrl: "calls.example" },
    { baseUrl: "ftp://calls.example" },
    { baseUrl: "https://calls.example/?token=t" },
  ]) {
    await assert.rejects(connect({ ...good, ...wrong }), { name: "CallInvitationError", code: "invalid" });
  }
  // @ts-expect-error: nothing at all
  await assert.rejects(connect(), { code: "invalid" });
});

/** A server that knows some tokens, and what it was asked with. */
function server(...known) {
  const asked = [];
  /** @type {typeof globalThis.fetch} */
  const fetch = async (_address, how) => {
    const token = new Headers(how?.headers).get("Authorization")?.replace("Bearer ", "") ?? null;
    asked.push(token);
    return new Response("{}", { status: known.includes(token) ? 200 : 401 });
  };
  return { asked, fetch };
}

const bearer = async (token) => ({ headers: { Authorization: `Bearer ${await token.get()}` } });

test("the site is asked for a token once, and again when the server knows it no longer", async () => {
  const given = ["old", "new", "never"];
  const { asked, fetch } = server("new");
  const token = new RememberedToken(async () => given.shift(), fetch);
  const answers = await Promise.all([1, 2].map(async () => token.fetch("/me", await bearer(token))));

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.deepEqual(asked, ["old", "old", "new", "new"]);
  assert.deepEqual(given, ["never"]);
});

test("a token that is refused again is not asked for for ever", async () => {
  const given = ["token-1", "token-2", "token-3"];
  const { asked, fetch } = server();
  const token = new RememberedToken(() => given.shift(), fetch);

  assert.equal((await token.fetch("/me", await bearer(token))).status, 401);
  assert.deepEqual(asked, ["token-1", "token-2"]);
});

test("a site that never gives a token is not waited for for ever, and is asked again", async () => {
  const clock = new HandClock();
  let given = new Promise(() => {});
  const token = new RememberedToken(() => given, server("late").fetch, clock);
  const asked = token.get();
  clock.advance(29_999);
  assert.equal(await Promise.race([asked, "waiting"]), "waiting");
  clock.advance(1);
  await assert.rejects(asked, /no token within 30 seconds/);
  assert.match(String(token.lack?.cause), /no token/);
  given = Promise.resolve("late");
  assert.equal(await token.get(), "late");
  assert.equal(token.lack, null);
});

test("a token that is a string is sent as it is", async () => {
  const { asked, fetch } = server();
  const token = new RememberedToken("fixed", fetch);

  assert.equal((await token.fetch("/me", await bearer(token))).status, 401);
  assert.deepEqual(asked, ["fixed"]);
});

test("a site that has no token to give is asked again the next time", async () => {
  let isThere = false;
  const token = new RememberedToken(async () => {
    if (!isThere) {
      throw new Error("signed out");
    }
    return "here";
  });
  await assert.rejects(token.get(), /signed out/);
  assert.match(String(token.lack?.cause), /signed out/);
  isThere = true;
  assert.equal(await token.get(), "here");
  assert.equal(token.lack, null);
});
