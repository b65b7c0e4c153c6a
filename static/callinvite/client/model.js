/**
 * What the client holds: the public state, the calls in it and those before, and whose client it is.
 *
 * Nothing here is changed in place: each function gives the next model, or the very same one if nothing is different.
 */

import { isOver, isRingingFor, myParticipant } from "./call.js";
import { chosenCalls } from "./chosen.js";

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").State} State
 *
 * @typedef {object} Model the public state and what is needed to judge the next frame
 * @property {State} state
 * @property {string} deviceId
 * @property {ReadonlyMap<string, Call>} past calls held no longer, as last seen: their old frames bring nothing back
 * @property {ReadonlySet<string>} counted calls held no longer when the server counted the missed ones: it knew their end
 * @property {ReadonlySet<string>} rejecting calls that this client is just rejecting
 * @property {boolean} seeded whether a snapshot was ever applied
 * @property {import("./chosen.js").Here["switched"]} switched
 */

const PAST_MAX = 50;

/**
 * The state before anything is known.
 *
 * @param {string} deviceId
 * @returns {Model}
 */
export function initialModel(deviceId) {
  return {
    state: Object.freeze({
      connection: "closed",
      user: null,
      calls: Object.freeze([]),
      incoming: null,
      outgoing: null,
      active: null,
      onHold: Object.freeze([]),
      elsewhere: null,
      missedUnseen: 0,
      requests: 0,
      doNotDisturbUntil: null,
      quietUntil: null,
      serverOffsetMs: 0,
    }),
    deviceId,
    past: new Map(),
    counted: new Set(),
    rejecting: new Set(),
    seeded: false,
    switched: new Map(),
  };
}

/**
 * The public state with some of it replaced and the chosen calls named anew; the same object if nothing differs.
 *
 * @param {Model} model
 * @param {Partial<State>} changes
 * @returns {Model}
 */
export function withState(model, changes) {
  const merged = { ...model.state, ...changes };
  const next = { ...merged, ...chosenCalls(merged, model) };
  const keys = /** @type {Array<keyof State>} */ (Object.keys(next));
  if (keys.every((key) => next[key] === model.state[key])) {
    return model;
  }
  Object.freeze(next.calls);
  return { ...model, state: Object.freeze(next) };
}

/**
 * Calls this user by another id or name, in the calls that are held, too: they stay this user's.
 *
 * @param {Model} model
 * @param {import("./types.js").Person} user
 * @returns {Model}
 */
export function renamed(model, user) {
  const was = model.state.user;
  if (was === null || sameOr(was, user) === was) {
    return model;
  }
  /** @param {import("./types.js").Person} person */
  const now = (person) => (person.id === was.id ? user : person);
  /** @param {Call} call @returns {Call} */
  const told = (call) => ({
    ...call,
    caller: now(call.caller),
    invitations: call.invitations.map((each) => ({ ...each, invitee: now(each.invitee), inviter: now(each.inviter) })),
    participants: call.participants.map((each) => ({ ...each, user: now(each.user) })),
  });
  const past = new Map([...model.past].map(([callID, call]) => [callID, told(call)]));
  return withState({ ...model, past }, { user, calls: model.state.calls.map(told) });
}

/**
 * What is held of a person, unless something else is said.
 *
 * @param {import("./types.js").Person | null} held
 * @param {import("./types.js").Person} given
 * @returns {import("./types.js").Person} the held object if it says the same
 */
export function sameOr(held, given) {
  return held?.id === given.id && held.name === given.name ? held : given;
}

/**
 * A call as last seen, held or not.
 *
 * @param {Model} model
 * @param {string} callID
 * @returns {Call | null}
 */
export function knownCall(model, callID) {
  return model.state.calls.find((call) => call.call_id === callID) ?? model.past.get(callID) ?? null;
}

/**
 * Holds the call if it concerns this user, else only remembers it.
 *
 * @param {Model} model
 * @param {Call} call
 * @param {number} [missedUnseen]
 * @returns {Model}
 */
export function replaced(model, call, missedUnseen = model.state.missedUnseen) {
  const others = model.state.calls.filter((each) => each.call_id !== call.call_id);
  if (!concerns(call, model)) {
    return withState({ ...model, past: remembered(model.past, [call]) }, { calls: others, missedUnseen });
  }
  const past = new Map(model.past);
  past.delete(call.call_id);
  const calls = [...others, call].sort(newestFirst);
  return withState({ ...model, past }, { calls, missedUnseen });
}

/**
 * Holds these calls no longer, and only remembers them.
 *
 * @param {Model} model
 * @param {Call[]} gone
 * @returns {Model}
 */
export function without(model, gone) {
  const calls = model.state.calls.filter((call) => !gone.includes(call));
  return withState({ ...model, past: remembered(model.past, gone) }, { calls });
}

/**
 * Takes in how many missed calls the server counts. The end of a call that is held no longer may be told only after it.
 *
 * @param {Model} model
 * @param {number} missedUnseen
 * @returns {Model}
 */
export function countTold(model, missedUnseen) {
  return withState({ ...model, counted: new Set(model.past.keys()) }, { missedUnseen });
}

/**
 * Takes in a call as the server has it, and counts it if it was missed and the server's last count cannot have it in it.
 *
 * @param {Model} model
 * @param {Call} call
 * @param {Call | null} known as it was before, if anything was known of it
 * @returns {Model}
 */
export function callTold(model, call, known) {
  const counted = new Set(model.counted);
  const isCounted = counted.delete(call.call_id) && known !== null;
  const isNewlyMissed = call.you?.missed && !known?.you?.missed && !isCounted;
  const { missedUnseen } = model.state;
  return replaced({ ...model, counted }, call, isNewlyMissed ? missedUnseen + 1 : missedUnseen);
}

/**
 * Whether a call is to be held.
 *
 * @param {Call} call
 * @param {Model} model
 * @returns {boolean} whether it rings for this user, has them in it, or can be joined by them
 */
export function concerns(call, { state }) {
  if (isOver(call)) {
    return false;
  }
  const userId = state.user?.id;
  return (
    isRingingFor(call, userId) || myParticipant(call, userId) !== null || (call.you?.can.includes("join") ?? false)
  );
}

/**
 * @param {ReadonlyMap<string, Call>} past
 * @param {Call[]} calls
 * @returns {Map<string, Call>}
 */
function remembered(past, calls) {
  const next = new Map(past);
  for (const call of calls) {
    next.delete(call.call_id);
    next.set(call.call_id, call);
  }
  return new Map([...next].slice(-PAST_MAX));
}

/**
 * @param {Call} a
 * @param {Call} b
 * @returns {number}
 */
function newestFirst(a, b) {
  return Date.parse(b.created_at) - Date.parse(a.created_at) || (a.call_id < b.call_id ? 1 : -1);
}
