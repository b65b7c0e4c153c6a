/** What the screen of a call shows, as a value made of the call. Pure: knows no document, no clock and no devices. */

import { isOver, may, othersInside, pendingInvitations } from "../client/index.js";
import { linkWords, silenceWords } from "./media-words.js";
import {
  calledIn,
  clockTime,
  isAlerting,
  isBeingReached,
  kindOfCall,
  latestInvitations,
  names,
  others,
  strangerWords,
  waitingWords,
} from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Invitation} Invitation
 *  @typedef {import("../client/types.js").Person} Person
 *
 *  @typedef {object} Scene
 *  @property {"placing" | Call["state"]} phase
 *  @property {Person[]} people at its head
 *  @property {string} name
 *  @property {string} stranger the line below the name of somebody who is no contact; else empty
 *  @property {string} kind
 *  @property {boolean} isVideoCall
 *  @property {string} status
 *  @property {boolean} isUnderWay whether the status is one that is waited on
 *  @property {boolean} isTimed whether the time of the call is shown
 *  @property {string} note
 *  @property {string} hangUp what the red button is called; empty where there is nothing to hang up
 *  @property {boolean} mayAdd
 *  @property {boolean} mayEnd for everyone
 *  @property {boolean} mayMinimise
 *  @property {"call" | "join" | null} again what the green button of a call that is over for me does
 *  @property {boolean} mayClose
 *  @property {Row[]} rows people who have no tile
 *
 *  @typedef {{invitation: Invitation, call: Call}} Row
 *
 *  @typedef {object} Around what the screen of a call that goes on needs to know beside it
 *  @property {string | undefined} userId who looks at it
 *  @property {Pick<import("../rtc/talk.js").TalkState, "peers" | "isCutOff">} media
 *
 *  @typedef {object} Question
 *  @property {string} title
 *  @property {string} [text]
 *  @property {{label: string, act: "leave" | "end"}[]} answers
 *  @property {string} stay the answer that changes nothing */

/** What most scenes have not. */
const BARE = Object.freeze({
  status: "",
  isUnderWay: false,
  isTimed: false,
  note: "",
  hangUp: "",
  mayAdd: false,
  mayEnd: false,
  mayMinimise: false,
  again: /** @type {"call" | "join" | null} */ (null),
  mayClose: false,
  rows: /** @type {Row[]} */ ([]),
});

/** A call that the server does not know of yet.
 *  @param {{invitees: Person[], isVideoCall: boolean}} options
 *  @returns {Scene} */
export function placingScene({ invitees, isVideoCall }) {
  return {
    ...BARE,
    ...headOf(invitees, { is_video_call: isVideoCall }, { isGroup: invitees.length > 1 }),
    phase: "placing",
    status: say("invitation.calling.moving"),
    isUnderWay: true,
    hangUp: say("button.cancel"),
  };
}

/** A call that goes on, unanswered or answered.
 *  @param {Call} call
 *  @param {Around} around
 *  @returns {Scene} */
export function callScene(call, around) {
  const { userId } = around;
  const everybody = others(call, userId);
  return call.state === "active" ? activeScene(call, everybody, around) : ringingScene(call, everybody, around);
}

/** The end of a call.
 *  @param {Call} call
 *  @param {{userId: string | undefined, words: string}} view `words`: why it is over
 *  @returns {Scene} */
export function endedScene(call, { userId, words }) {
  const inside = othersInside(call, userId).map(({ user }) => user);
  if (!isOver(call) && inside.length > 0) {
    return {
      ...BARE,
      ...headOf(inside, call, { isGroup: true, ...told(call, userId) }),
      phase: "ended",
      status: words,
      note: say(inside.length === 1 ? "call.goes_on.one" : "call.goes_on.several", { names: names(inside) }),
      again: may(call, "join") ? "join" : null,
      mayClose: true,
    };
  }
  const people = others(call, userId);
  const isGroup = people.length > 1;
  return {
    ...BARE,
    ...headOf(people, call, { isGroup, ...told(call, userId) }),
    phase: "ended",
    status: words,
    note: endNote(call),
    again: isOver(call) && people.length > 0 ? "call" : null,
    mayClose: true,
    rows: isGroup && call.caller.id === userId ? rowsOf(call, latestInvitations(call)) : [],
  };
}

/** What is said at the moment of hanging up, before the server has a word for it.
 *  @param {Call} call
 *  @param {import("../rtc/partings.js").PartingVerb} verb
 *  @param {string | undefined} userId
 *  @returns {string} */
export function partingWords(call, verb, userId) {
  if (verb === "cancel") {
    return say("end.cancelled");
  }
  const goesOn = verb === "leave" && othersInside(call, userId).length > 1;
  return say(goesOn ? "end.left" : "end.completed");
}

/** What is asked before a call is left by a key, or left to several others.
 *  @param {Call} call
 *  @param {string | undefined} userId
 *  @returns {Question} */
export function partingQuestion(call, userId) {
  if (call.state !== "active") {
    return {
      title: say("ask.stop_calling"),
      answers: [{ label: say("ask.cancel_call"), act: "leave" }],
      stay: say("ask.keep_calling"),
    };
  }
  if (othersInside(call, userId).length <= 1) {
    return {
      title: say("ask.hang_up"),
      answers: [{ label: say("call.hang_up"), act: "leave" }],
      stay: say("ask.stay"),
    };
  }
  /** @type {Question["answers"]} */
  const end = may(call, "end") ? [{ label: say("call.end_for_everyone"), act: "end" }] : [];
  return {
    title: say("ask.leave"),
    text: say("ask.leave.meaning"),
    answers: [{ label: say("ask.leave.confirm"), act: "leave" }, ...end],
    stay: say("ask.stay"),
  };
}

/** What a key does in the screen of a call. Escape asks before it parts from a call, and closes what is over.
 *  @param {string} key as `KeyboardEvent.key` has it
 *  @param {{call: Call | null, mayType: boolean}} where `call`: that one is in; `mayType`: it belongs to a field, or is held
 *  @returns {"dismiss" | "part" | "microphone" | "camera" | "share" | null} */
export function keyAct(key, { call, mayType }) {
  if (key === "Escape") {
    return call ? "part" : "dismiss";
  }
  if (!call || mayType) {
    return null;
  }
  switch (key.toLowerCase()) {
    case "m":
      return "microphone";
    case "v":
      return "camera";
    case "s":
      return call.state === "active" ? "share" : null;
    default:
      return null;
  }
}

/** Who cannot be invited into a call: people who are in it or are being called.
 *  @param {Call} call
 *  @returns {string[]} ids */
export function idsOfConcerned(call) {
  const inside = othersInside(call, undefined).map(({ user }) => user.id);
  return [...inside, ...pendingInvitations(call).map(({ invitee }) => invitee.id)];
}

/** @param {Call} call
 *  @param {Person[]} everybody
 *  @param {Around} around
 *  @returns {Scene} */
function ringingScene(call, everybody, around) {
  const isGroup = everybody.length > 1;
  const outside = invitationsOutside(call, around.userId);
  return {
    ...BARE,
    ...headOf(everybody, call, { isGroup, ...told(call, around.userId) }),
    ...waitingStatus(outside),
    phase: call.state,
    hangUp: say(isGroup ? "call.cancel_all" : "button.cancel"),
    mayAdd: may(call, "invite"),
    mayMinimise: true,
    rows: isGroup ? rowsOf(call, outside) : [],
  };
}

/** @param {Call} call
 *  @param {Person[]} everybody
 *  @param {Around} around
 *  @returns {Scene} */
function activeScene(call, everybody, around) {
  const inside = othersInside(call, around.userId).map(({ user }) => user);
  const { peers, isCutOff } = around.media;
  const isAlone = inside.length === 0;
  const link = inside.length === 1 || isCutOff ? linkStatus(peers[0], isCutOff) : { status: "", isUnderWay: false };
  // In the call, people who still ring have a tile of their own.
  const outside = invitationsOutside(call, around.userId).filter(({ state }) => state !== "pending");
  return {
    ...BARE,
    ...headOf(isAlone ? everybody : inside, call, { isGroup: everybody.length > 1, ...told(call, around.userId) }),
    ...(isAlone ? { status: say("call.waiting_for_others"), isUnderWay: true } : link),
    phase: call.state,
    isTimed: true,
    hangUp: say("call.hang_up"),
    mayAdd: may(call, "invite"),
    mayEnd: inside.length > 1 && may(call, "end"),
    mayMinimise: true,
    rows: rowsOf(call, outside),
  };
}

/** @param {Person[]} people
 *  @param {Pick<Call, "is_video_call">} call
 *  @param {{isGroup: boolean, called?: (person: Person) => string, stranger?: string}} how */
function headOf(people, call, { isGroup, called, stranger = "" }) {
  const isOne = people.length === 1;
  return {
    people,
    name: names(people, isOne ? undefined : called),
    stranger: isOne && !isGroup ? stranger : "",
    kind: kindOfCall(call, isGroup),
    isVideoCall: call.is_video_call,
  };
}

/** How a stranger is told apart who rang with it.
 *  @param {Call} call
 *  @param {string | undefined} userId */
function told(call, userId) {
  return { called: calledIn(call, userId), stranger: strangerWords(call, userId) };
}

/** @param {Call} call
 *  @param {Invitation[]} invitations
 *  @returns {Row[]} */
function rowsOf(call, invitations) {
  return invitations.map((invitation) => ({ invitation, call }));
}

/** The newest invitations of the others who are not in the call.
 *  @param {Call} call
 *  @param {string | undefined} userId */
function invitationsOutside(call, userId) {
  const inside = new Set(othersInside(call, userId).map(({ user }) => user.id));
  return latestInvitations(call).filter(({ invitee }) => invitee.id !== userId && !inside.has(invitee.id));
}

/** @param {Invitation[]} invitations */
function waitingStatus(invitations) {
  if (invitations.length === 1 && isBeingReached(invitations[0])) {
    // The line moves instead of ending in dots.
    return { status: say("invitation.calling.moving"), isUnderWay: true };
  }
  return {
    status: waitingWords(invitations),
    isUnderWay: invitations.some(isBeingReached) && !invitations.some(isAlerting),
  };
}

/** How it stands with the other one of a call of two, where that is worth a word.
 *  @param {import("../rtc/peer.js").PeerState | undefined} peer
 *  @param {boolean} isCutOff */
function linkStatus(peer, isCutOff) {
  if (isCutOff) {
    return { status: say("call.cut_off"), isUnderWay: false };
  }
  const trouble = linkWords(peer?.state);
  return { status: trouble || (peer ? silenceWords(peer.media) : ""), isUnderWay: trouble !== "" };
}

/** @param {Call} call */
function endNote(call) {
  if (call.end_reason === "media_failed") {
    return say("call.firewall");
  }
  return call.answered_at && call.duration_seconds
    ? say("call.lasted", { time: clockTime(call.duration_seconds) })
    : "";
}
