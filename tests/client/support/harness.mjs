/**
 * A service connected to a scripted server, with a clock that the test moves.
 */

import { test as nodeTest } from "node:test";
import { CallInvitationService } from "../../../static/callinvite/client/index.js";
import { HandClock } from "./clock.mjs";
import { ScriptedServer } from "./server.mjs";
import { NodeWebSocket } from "./websocket.mjs";

const TEST_MS = 5_000;

/** A test that fails instead of waiting for ever for a frame that never comes. */
export function test(name, run) {
  return nodeTest(name, { timeout: TEST_MS }, run);
}

/** Waits until something that the network brings is so. */
export async function until(condition) {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > TEST_MS) {
      throw new Error(`never so: ${condition}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Starts both and cleans up after the test.
 *
 * @param {import("node:test").TestContext} t
 * @param {object} [options] of the service
 */
export async function scripted(t, options = {}) {
  const server = await ScriptedServer.start();
  const clock = new HandClock();
  let wake = () => {};
  const calls = new CallInvitationService({
    baseUrl: server.origin,
    deviceId: "alice-device",
    label: "Node",
    WebSocket: NodeWebSocket,
    storage: null,
    polling: false,
    random: () => 0.5,
    clock,
    wakeups: (wakeNow) => {
      wake = wakeNow;
      return () => {
        wake = () => {};
      };
    },
    ...options,
  });
  const heard = [];
  for (const name of EVENTS) {
    calls.on(name, (detail) => heard.push({ name, detail }));
  }
  t.after(async () => {
    calls.close();
    await server.stop();
  });
  return { server, clock, calls, heard, names: () => heard.map(({ name }) => name), wake: () => wake() };
}

/**
 * The same, already open. `line` is the server's end of the socket.
 *
 * @param {import("node:test").TestContext} t
 * @param {Record<string, any>} [options] `snapshot` and what `scripted` takes
 */
export async function open(t, { snapshot = {}, ...options } = {}) {
  const setup = await scripted(t, options);
  const opened = setup.calls.init();
  const line = await setup.server.line();
  await line.greet(snapshot);
  await opened;
  return { ...setup, line };
}

/** Every named event but `change`. */
/** @type {Exclude<keyof import("../../../static/callinvite/client/types.js").ServiceEvents, "change" | "performed">[]} */
export const EVENTS = [
  "incomingCallReceived",
  "incomingCallCanceled",
  "incomingCallTimeout",
  "incomingCallAnsweredElsewhere",
  "incomingCallRejectedElsewhere",
  "incomingMissed",
  "incomingMissedCallClicked",
  "incomingMissedCallDialBackFailed",
  "incomingCallAcceptButtonPressed",
  "incomingCallDeclineButtonPressed",
  "outgoingCallSent",
  "outgoingCallCancelButtonPressed",
  "outgoingCallRinging",
  "outgoingCallAccepted",
  "outgoingCallDeclined",
  "outgoingCallRejectedCauseBusy",
  "outgoingCallTimeout",
  "invitationUserStateChanged",
  "userEntered",
  "userMoved",
  "userLeft",
  "callStarted",
  "callEnded",
  "connectionChanged",
  "contactChanged",
  "blockChanged",
  "meChanged",
  "tokenWillExpire",
  "signal",
  "error",
];
