/**
 * The end of a token: said in time, once, and only if it is near.
 */

import assert from "node:assert/strict";
import { TokenWatch } from "../../static/callinvite/client/token.js";
import { at, NOON } from "./support/calls.mjs";
import { HandClock } from "./support/clock.mjs";
import { open, test, until } from "./support/harness.mjs";

const DAY_MS = 86_400_000;

/** A client whose token ends so many seconds after it has connected, and was made so many before, if that is told. */
async function holder(t, seconds, ago = 0, isTold = true) {
  const terms = { token_created_at: isTold ? at(-ago) : undefined, token_expires_at: at(seconds) };
  const setup = await open(t, { snapshot: { server_time: at(0), ...terms } });
  const asked = () => setup.server.requests.filter(({ name }) => name === "GET me").length;
  setup.server.on("GET me", { body: { id: "alice", name: "Alice", ...terms } });
  const warnings = () => setup.heard.filter(({ name }) => name === "tokenWillExpire").map(({ detail }) => detail);
  return { ...setup, asked, warnings };
}

test("a token's end is said when the last tenth of its life begins, and once", async (t) => {
  const { clock, line, asked, warnings } = await holder(t, 1000);
  clock.advance(899_999);
  assert.equal(asked(), 0);
  clock.advance(1);
  await until(() => warnings().length === 1);
  assert.deepEqual(warnings(), [{ expiresAt: at(1000), remainingMs: 100_000 }]);
  line.send({ type: "snapshot", server_time: at(900), user: { id: "alice" }, calls: [], token_expires_at: at(1000) });
  clock.advance(99_000);
  assert.deepEqual([asked(), warnings().length], [1, 1]);
});

test("whoever connects late is told by the whole life, and by what is left of it if no more is known", async (t) => {
  const late = await holder(t, 1000, 4000);
  late.clock.advance(499_999);
  assert.equal(late.asked(), 0);
  late.clock.advance(1);
  await until(() => late.warnings().length === 1);
  assert.equal(late.warnings()[0].remainingMs, 500_000);
  const latest = await holder(t, 1000, 9000);
  latest.clock.advance(0);
  await until(() => latest.warnings().length === 1);
  const unknown = await holder(t, 1000, 4000, false);
  unknown.clock.advance(899_999);
  assert.equal(unknown.asked(), 0);
  unknown.clock.advance(1);
  await until(() => unknown.warnings().length === 1);
});

test("a short life is told of a minute before its end, and at once if that is nearer", async (t) => {
  const short = await holder(t, 200);
  short.clock.advance(139_999);
  assert.equal(short.asked(), 0);
  short.clock.advance(1);
  await until(() => short.warnings().length === 1);
  const shortest = await holder(t, 45);
  shortest.clock.advance(0);
  await until(() => shortest.warnings().length === 1);
  assert.equal(shortest.warnings()[0].remainingMs, 45_000);
});

test("a token that lives longer by use is not told of until that ends, too", async () => {
  const clock = new HandClock();
  const warnings = [];
  const watch = new TokenWatch({
    clock,
    serverNow: () => NOON + clock.now(),
    ask: async () => ({ token_created_at: at(1), token_expires_at: at(5001) }),
    tell: (detail) => warnings.push(detail),
  });
  watch.learn({ token_created_at: at(1), token_expires_at: at(1001) });
  clock.advance(900_000);
  await until(() => clock.nextInMs !== null);
  // It lives for 5000 s now, of which the last 500 s begin 3600 s later.
  assert.deepEqual([clock.nextInMs, warnings], [3_600_000, []]);
  clock.advance(3_600_000);
  await until(() => warnings.length === 1);
  assert.deepEqual(warnings, [{ expiresAt: at(5001), remainingMs: 500_000 }]);
});

test("where nobody answers it is told all the same", async (t) => {
  const { server, clock, warnings } = await holder(t, 1000);
  server.on("GET me", { status: 500, body: {} });
  clock.advance(900_000);
  await until(() => warnings().length === 1);
});

test("a session, a closed client and a token of months wait for nothing", async (t) => {
  const page = await open(t, { snapshot: { token_expires_at: null } });
  const closed = await holder(t, 1000);
  closed.calls.close();
  closed.clock.advance(1_000_000);
  const months = await holder(t, (90 * DAY_MS) / 1000);
  assert.ok(Number(months.clock.nextInMs) <= DAY_MS);
  months.clock.advance(2 * DAY_MS);
  assert.deepEqual([closed.asked(), closed.warnings(), months.asked(), months.warnings()], [0, [], 0, []]);
  assert.ok(!page.names().includes("tokenWillExpire"));
});
