/**
 * People with clients of the real product.
 */

import assert from "node:assert/strict";
import { CallInvitationService } from "../../../static/callinvite/client/index.js";
import { EVENTS } from "./harness.mjs";
import { NodeWebSocket } from "./websocket.mjs";

/** A busy machine may take seconds for a request, and a client waits some before it connects again. */
const PATIENCE_MS = 30_000;
/** Where nothing can be asked any more. */
const GONE = ["closed", "signed_out"];

/**
 * Waits until something is so that a real server brings about.
 *
 * @param {() => boolean} condition
 * @throws {Error} it never is
 */
export async function until(condition) {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > PATIENCE_MS) {
      throw new Error(`never so: ${condition}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/**
 * A user with a live connection, and what they heard so far.
 *
 * @param {import("node:test").TestContext} t
 * @param {import("./product.mjs").Product} product
 * @param {string} username
 * @param {import("../../../static/callinvite/client/types.js").ServiceOptions} [options]
 * @param {{connects?: boolean}} [how]
 */
export async function connected(t, product, username, options = {}, { connects = true } = {}) {
  let wake = () => {};
  const calls = new CallInvitationService({
    baseUrl: product.origin,
    deviceId: `${username}-${Math.random().toString(36).slice(2)}`,
    label: `${username}'s Node`,
    token: options.token ?? (await product.token(username)),
    WebSocket: /** @type {any} */ (NodeWebSocket),
    storage: null,
    wakeups: (wakeNow) => {
      wake = wakeNow;
      return () => {};
    },
    ...options,
  });
  t.after(async () => {
    // Nobody stays busy for the next scenario.
    const { incoming, outgoing, active } = calls.state;
    const call = incoming ?? outgoing ?? active;
    if (call !== null && !GONE.includes(calls.state.connection)) {
      await (incoming ? calls.reject() : calls.leave(call.call_id));
    }
    calls.close();
  });
  const heard = [];
  const taken = new Map();
  for (const name of EVENTS) {
    calls.on(name, (detail) => heard.push({ name, detail }));
  }
  const hears = async (name) => {
    const nth = taken.get(name) ?? 0;
    taken.set(name, nth + 1);
    const of = () => heard.filter((each) => each.name === name);
    const start = performance.now();
    while (of().length <= nth) {
      if (performance.now() - start > PATIENCE_MS) {
        const all = heard.map((each) => each.name).join(", ");
        throw new Error(`${username} never heard ${name}; heard: ${all}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return of()[nth].detail;
  };
  if (connects) {
    assert.equal(await calls.init(), true, String(calls.lastError));
    // On a busy machine REST stands in for a slow socket at first; the stories are about people who are live.
    while (calls.state.connection !== "open") {
      await calls.once("connectionChanged");
    }
  }
  return {
    calls,
    heard,
    hears,
    wake: () => wake(),
    count: (name) => heard.filter((each) => each.name === name).length,
  };
}
