/**
 * The client's whole state as a pure reducer: one action in, the next state and its events out.
 *
 * A call is replaced only by a newer revision of itself, so that a lost, doubled or late frame does no harm.
 */

import { isOver, isRingingFor, myParticipant, ringDeadline } from "./call.js";
import { rankOf } from "./chosen.js";
import { eventsBetween, lostRejection } from "./events.js";
import {
  callTold,
  concerns,
  countTold,
  initialModel,
  knownCall,
  renamed,
  replaced,
  sameOr,
  without,
  withState,
} from "./model.js";

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").NamedEvent} NamedEvent
 * @typedef {import("./types.js").State} State
 * @typedef {import("./model.js").Model} Model
 *
 * @typedef {Pick<State, "requests" | "doNotDisturbUntil" | "quietUntil">} Standing how the user stands
 *
 * @typedef {{type: "connection", connection: import("./types.js").Connection}
 *   | {type: "snapshot", user: import("./types.js").Person, calls: Call[], missedUnseen: number}
 *   | {type: "renamed", user: import("./types.js").Person}
 *   | {type: "call", call: Call, own?: NamedEvent[]}
 *   | {type: "synced", calls: Call[], gone: string[]}
 *   | {type: "overdue", callIDs: string[]}
 *   | {type: "settled", callID: string, call: Call | null, serverNow: number}
 *   | {type: "rejecting", callID: string}
 *   | {type: "rejectDone", callID: string, isOurs: boolean}
 *   | {type: "switched", callID: string}
 *   | {type: "missedUnseen", count: number}
 *   | ({type: "standing"} & Partial<Standing>)
 *   | {type: "me", me: import("./types.js").Me}
 *   | {type: "time", serverTime: string, now: number, fresh: boolean}} Action
 *
 * @typedef {object} Step
 * @property {Model} model
 * @property {NamedEvent[]} events
 * @property {string[]} departed calls that the server no longer counts as ours, whose end is still to be asked for
 */

const CLOCK_STEP_MS = 2000;

/**
 * One step.
 *
 * @param {Model} model
 * @param {Action} action
 * @returns {Step} the very same `model` if nothing changed
 */
export function reduce(model, action) {
  switch (action.type) {
    case "connection":
      return connectionChanged(model, action.connection);
    case "snapshot":
      return snapshotTaken(model, action);
    case "renamed":
      return quiet(renamed(model, action.user));
    case "call":
      return led(applied(model, [action.call]), action.own);
    case "synced":
      return departed(applied(model, action.calls), action.gone);
    case "overdue":
      return departed(quiet(model), action.callIDs);
    case "settled":
      return settled(model, action);
    case "rejecting":
      return quiet({ ...model, rejecting: new Set(model.rejecting).add(action.callID) });
    case "rejectDone":
      return rejectDone(model, action);
    case "switched":
      return quiet(switched(model, action.callID));
    case "missedUnseen":
      return quiet(countTold(model, action.count));
    case "standing":
      return quiet(standing(model, action));
    case "me":
      return quiet(settingsTold(model, action.me));
    case "time":
      return quiet(clockRead(model, action));
  }
}

/**
 * The revisions held, as `sync` names them.
 *
 * @param {Model} model
 * @returns {Record<string, number>}
 */
export function heldRevisions(model) {
  return Object.fromEntries(model.state.calls.map((call) => [call.call_id, call.revision]));
}

/**
 * Rings whose time is over by the server's clock.
 *
 * @param {State} state
 * @param {number} serverNow unix milliseconds
 * @returns {string[]} call ids
 */
export function overdueRings(state, serverNow) {
  return state.calls
    .filter((call) => isRingingFor(call, state.user?.id))
    .filter((call) => (ringDeadline(call, state.user?.id) ?? serverNow) < serverNow)
    .map((call) => call.call_id);
}

/**
 * @param {Model} model
 * @param {import("./types.js").Connection} connection
 * @returns {Step}
 */
function connectionChanged(model, connection) {
  const previous = model.state.connection;
  if (previous === connection) {
    return quiet(model);
  }
  return {
    model: withState(model, { connection }),
    events: [{ name: "connectionChanged", detail: { connection, previous } }],
    departed: [],
  };
}

/**
 * @param {Model} model
 * @param {Extract<Action, {type: "snapshot"}>} action
 * @returns {Step}
 */
function snapshotTaken(model, { user, calls, missedUnseen }) {
  const { user: held, connection } = model.state;
  // One socket is one user's, whatever they are called.
  const isSameUser = held === null || held.id === user.id || connection === "open";
  // Another account signed in meanwhile: nothing of the former one may be seen.
  const base = isSameUser
    ? renamed(model, user)
    : withState(initialModel(model.deviceId), { serverOffsetMs: model.state.serverOffsetMs });
  const known = withState(base, { user: sameOr(base.state.user, user), connection: model.state.connection });
  const step = applied(known, calls, { firstLook: !known.seeded });
  const present = new Set(calls.map((call) => call.call_id));
  const absent = step.model.state.calls.map((call) => call.call_id).filter((id) => !present.has(id));
  const done = departed(step, absent);
  return { ...done, model: countTold({ ...done.model, seeded: true }, missedUnseen) };
}

/**
 * Takes in calls, each if it is newer than what is known of it.
 *
 * @param {Model} model
 * @param {Call[]} calls
 * @param {{firstLook?: boolean}} [how]
 * @returns {Step}
 */
function applied(model, calls, { firstLook = false } = {}) {
  /** @type {NamedEvent[]} */
  const events = [];
  let next = model;
  for (const call of calls) {
    const held = knownCall(next, call.call_id);
    if (held !== null && !isNewer(call, held)) {
      continue;
    }
    // What is known of an earlier call under the same id says nothing about this one.
    const known = held?.attempt === call.attempt ? held : null;
    events.push(...newsOf(next, known, call, firstLook));
    next = callTold(next, call, known);
  }
  return { model: next, events, departed: [] };
}

/**
 * @param {Step} step
 * @param {NamedEvent[]} [own] what this client has done itself
 * @returns {Step} with that before what came of it
 */
function led(step, own = []) {
  return { ...step, events: [...own, ...step.events] };
}

/**
 * @param {Call} call
 * @param {Call} held
 * @returns {boolean} whether the call is a later state than the one held, or a later call under the same id
 */
function isNewer(call, held) {
  return call.attempt === held.attempt ? call.revision > held.revision : call.attempt > held.attempt;
}

/**
 * Puts calls aside that the server no longer counts as ours. They stop ringing at once; what became of them is asked.
 *
 * @param {Step} step
 * @param {string[]} callIDs
 * @returns {Step}
 */
function departed(step, callIDs) {
  const gone = step.model.state.calls.filter((call) => callIDs.includes(call.call_id));
  if (gone.length === 0) {
    return step;
  }
  return {
    model: without(step.model, gone),
    events: step.events,
    departed: [...step.departed, ...gone.map((call) => call.call_id)],
  };
}

/**
 * The end of a call that had departed: as the server tells it, or as well as can be guessed if it cannot be asked.
 *
 * @param {Model} model
 * @param {Extract<Action, {type: "settled"}>} action
 * @returns {Step}
 */
function settled(model, { callID, call, serverNow }) {
  const known = knownCall(model, callID);
  if (known === null || isOver(known) || model.state.calls.includes(known)) {
    return quiet(model);
  }
  if (call === null) {
    const guess = guessedEnd(known, model, serverNow);
    return { model: replaced(model, guess), events: newsOf(model, known, guess), departed: [] };
  }
  if (call.revision === known.revision && concerns(call, model)) {
    // It was ours after all: the snapshot had been taken before this call was made.
    return quiet(replaced(model, call));
  }
  return applied(model, [call]);
}

/**
 * @param {Call} call
 * @param {Model} model
 * @param {number} serverNow
 * @returns {Call} of a lower revision, so that the truth replaces it as soon as it is known
 */
function guessedEnd(call, model, serverNow) {
  const invitations = call.invitations.map((invitation) => {
    if (invitation.state !== "pending") {
      return invitation;
    }
    /** @type {import("./types.js").InvitationState} */
    const state = Date.parse(invitation.expires_at) <= serverNow ? "timed_out" : "cancelled";
    return { ...invitation, state };
  });
  const isMine = myParticipant(call, model.state.user?.id) !== null;
  return {
    ...call,
    invitations,
    revision: call.revision - 1,
    state: isMine || call.state === "ringing" ? "ended" : call.state,
  };
}

/**
 * A reject of this client is settled. Where another device's came first, that is told now if it was held back.
 *
 * @param {Model} model
 * @param {Extract<Action, {type: "rejectDone"}>} action
 * @returns {Step}
 */
function rejectDone(model, { callID, isOurs }) {
  const rejecting = new Set(model.rejecting);
  rejecting.delete(callID);
  const known = knownCall(model, callID);
  const userId = model.state.user?.id;
  const isLost = !isOurs && model.rejecting.has(callID) && known !== null && userId !== undefined;
  return { model: { ...model, rejecting }, events: isLost ? lostRejection(known, userId) : [], departed: [] };
}

/**
 * How the user stands, as far as it is told.
 *
 * @param {Model} model
 * @param {Partial<Standing>} told
 * @returns {Model}
 */
function standing(model, { requests, doNotDisturbUntil, quietUntil }) {
  const { state } = model;
  return withState(model, {
    requests: requests ?? state.requests,
    doNotDisturbUntil: doNotDisturbUntil === undefined ? state.doNotDisturbUntil : doNotDisturbUntil,
    quietUntil: quietUntil === undefined ? state.quietUntil : quietUntil,
  });
}

/**
 * What the user's own settings say of what is shown. Of somebody else's nothing is taken.
 *
 * @param {Model} model
 * @param {import("./types.js").Me} me
 * @returns {Model}
 */
function settingsTold(model, me) {
  const named = renamed(model, { id: me.id, name: me.name });
  return standing(countTold(named, me.missed_unseen), {
    requests: me.requests,
    doNotDisturbUntil: me.do_not_disturb_until,
    quietUntil: me.quiet_until,
  });
}

/**
 * The server's clock, read from an answer that left it before it arrived here: of several readings the one that
 * travelled least is the truest, and that is the one that puts the server furthest ahead.
 *
 * @param {Model} model
 * @param {Extract<Action, {type: "time"}>} action
 * @returns {Model}
 */
function clockRead(model, { serverTime, now, fresh }) {
  const reading = Math.round(Date.parse(serverTime) - now);
  const held = model.state.serverOffsetMs;
  if (!Number.isFinite(reading) || (!fresh && reading <= held && reading > held - CLOCK_STEP_MS)) {
    return model;
  }
  return withState(model, { serverOffsetMs: reading });
}

/**
 * @param {Model} model
 * @param {Call | null} known
 * @param {Call} call
 * @param {boolean} [firstLook]
 * @returns {NamedEvent[]}
 */
function newsOf(model, known, call, firstLook = false) {
  const userId = model.state.user?.id;
  if (userId === undefined) {
    return [];
  }
  const rejectsHere = model.rejecting.has(call.call_id);
  return eventsBetween(known, call, { userId, deviceId: model.deviceId, rejectsHere, firstLook });
}

/**
 * @param {Model} model
 * @returns {Step} without events
 */
function quiet(model) {
  return { model, events: [], departed: [] };
}

/**
 * @param {Model} model
 * @param {string} callID
 * @returns {Model} with this call in front of the others that the device is in
 */
function switched(model, callID) {
  const { active, onHold, user } = model.state;
  if (active === null || !onHold.some((call) => call.call_id === callID)) {
    return model;
  }
  const ranks = new Map(model.switched).set(callID, rankOf(active, user?.id, model) + 1);
  return withState({ ...model, switched: ranks }, {});
}
