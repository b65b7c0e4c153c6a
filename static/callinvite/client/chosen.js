/**
 * Which of the open calls is which: the one that rings, those that this device is in, the one on another device.
 */

import { isRingingFor, myParticipant } from "./call.js";

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").State} State
 *
 * @typedef {object} Here
 * @property {string} deviceId
 * @property {ReadonlyMap<string, number>} switched calls that this client has turned back to, each with its rank among
 *   those that it is in; without one it is the moment of joining, in unix milliseconds
 */

/**
 * The calls that the public state names.
 *
 * @param {Pick<State, "calls" | "user" | "onHold">} state the calls anew, and what was on hold before
 * @param {Here} here
 * @returns {Pick<State, "incoming" | "outgoing" | "active" | "onHold" | "elsewhere">}
 */
export function chosenCalls({ calls, user, onHold: before }, here) {
  const userId = user?.id;
  const inside = calls.filter((call) => myParticipant(call, userId, here.deviceId) !== null);
  const [active = null, ...onHold] = inside
    .filter((call) => call.state === "active")
    .sort((a, b) => rankOf(b, userId, here) - rankOf(a, userId, here));
  const isSame = onHold.length === before.length && onHold.every((call, at) => call === before[at]);
  return {
    incoming: calls.findLast((call) => isRingingFor(call, userId)) ?? null,
    outgoing: inside.find((call) => call.state === "ringing" && call.caller.id === userId) ?? null,
    active,
    onHold: isSame ? before : Object.freeze(onHold),
    elsewhere: calls.find((call) => !inside.includes(call) && myParticipant(call, userId) !== null) ?? null,
  };
}

/**
 * How far in front a call is of the others that this device is in: the one that it has come into or back to last.
 *
 * @param {Call} call
 * @param {string | undefined} userId
 * @param {Here} here
 * @returns {number}
 */
export function rankOf(call, userId, { deviceId, switched }) {
  const joinedAt = Date.parse(myParticipant(call, userId, deviceId)?.joined_at ?? "");
  return Math.max(joinedAt, switched.get(call.call_id) ?? 0);
}
