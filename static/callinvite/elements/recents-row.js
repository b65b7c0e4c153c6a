/** One call as a line of Recents: who, what came of it, and one tap to call back. */

import { may } from "../client/index.js";
import { askToBlock } from "./block-ask.js";
import { h, icon, iconButton, relabel, setAttribute, setText } from "./dom.js";
import { avatarStack } from "./person-avatar.js";
import { joinCall, placeCall } from "./place-call.js";
import {
  calledIn,
  isWithheld,
  joinWords,
  latestInvitations,
  nameOf,
  names,
  others,
  rangBy,
  recentWords,
  replyOf,
  sideBySide,
  strangerWords,
  textOf,
  timeOfDay,
  toldApart,
} from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("./page-element.js").Page} Page
 *  @typedef {import("../client/types.js").Call} Call */

/** A line, as `keep` takes it.
 *  @param {Page} page
 *  @param {string | undefined} userId who looks at it
 *  @param {Call} first
 *  @returns {import("./dom.js").Kept<Call>} */
export function recentRow(page, userId, first) {
  let call = first;
  const people = others(first, userId);
  const arrow = icon("incoming");
  const what = h("span", { class: "recent__what" });
  const note = h("span", { class: "recent__note" });
  const stranger = h("span", { class: "recent__stranger" });
  const name = h("span", { class: "recent__name" });
  const block = h(
    "button",
    {
      class: "recent__block",
      type: "button",
      onClick: () => {
        askToBlock(page, rangBy(call, userId));
      },
    },
    say("block.do"),
  );
  const back = iconButton({
    icon: "phone",
    label: "",
    className: "button--call",
    onClick: () => {
      callBack(page, userId, call);
    },
  });
  const join = h("button", {
    class: "button button--primary button--small",
    type: "button",
    onClick: () => {
      joinCall(page, call);
    },
  });
  const when = h("time", { class: "recent__when", datetime: first.created_at }, timeOfDay(first.created_at));
  const medium = h("span", { class: "for-readers" });
  const why = h(
    "a",
    {
      class: "button button--quiet button--round recent__why",
      href: `#timeline/${encodeURIComponent(first.call_id)}`,
    },
    icon("info"),
  );
  const node = h(
    "li",
    { class: "recent", "data-call": first.call_id },
    avatarStack(people, 2),
    h(
      "span",
      { class: "recent__words" },
      name,
      stranger,
      h("span", { class: "recent__line" }, arrow, icon(first.is_video_call ? "video" : "phone"), medium, what, when),
      note,
      block,
    ),
    h("span", { class: "recent__actions" }, join, why, back),
  );
  return {
    node,
    update: (/** @type {Call} */ now) => {
      call = now;
      const { direction, missed, live, words } = recentWords(now, userId);
      const everybody = others(now, userId);
      const called = calledIn(now, userId);
      setText(name, names(everybody, everybody.length > 1 ? called : undefined));
      setText(stranger, everybody.length > 0 ? strangerWords(now, userId) : "");
      stranger.hidden = block.hidden = stranger.textContent === "";
      setAttribute(block, "aria-label", say("block.do.named", { name: toldApart(rangBy(now, userId)) }));
      arrow.setAttribute("name", missed && isWithheld(now) ? "moon" : missed ? "missed" : direction);
      // Read aloud only, before what came of it.
      setText(medium, `${kindWords(now, direction)} · `);
      setText(what, words);
      const reply = replyWords(now, userId);
      setText(note, reply);
      note.hidden = !reply;
      node.classList.toggle("recent--missed", missed && !live);
      node.classList.toggle("recent--live", live);
      relabel(why, say("recent.why", { names: names(everybody), time: timeOfDay(now.created_at) }));
      setText(join, joinWords(now, userId));
      join.hidden = !live || !may(now, "join");
      back.hidden = live || everybody.length === 0;
      back.firstElementChild?.setAttribute("name", now.is_video_call ? "video" : "phone");
      relabel(back, againWords(direction, now, names(everybody)));
    },
  };
}

/** What was said with the call, besides what the line says: one of several people's reply to it, else its own text.
 *  @param {Call} call @param {string | undefined} userId */
function replyWords(call, userId) {
  const invitations = latestInvitations(call);
  const declined = invitations.find((each) => each.invitee.id !== userId && replyOf(each));
  if (declined && invitations.length > 1) {
    const { id, name } = declined.invitee;
    return say("recent.reply", { name: name || id, text: replyOf(declined) });
  }
  const text = sideBySide(...textOf(call));
  if (!text) {
    return "";
  }
  const mine = call.caller.id === userId;
  return mine ? say("page.quote", { text }) : say("ring.quote", { who: nameOf(rangBy(call, userId)), words: text });
}

/** @param {Page} page @param {string | undefined} userId @param {Call} call */
function callBack(page, userId, call) {
  placeCall(page, {
    invitees: others(call, userId),
    isVideoCall: call.is_video_call,
  });
}

/** @param {"incoming" | "outgoing"} direction @param {Call} call @param {string} all */
function againWords(direction, { is_video_call: isVideo }, all) {
  if (direction === "incoming") {
    return say(isVideo ? "recent.back.video" : "recent.back.audio", { names: all });
  }
  return say(isVideo ? "recent.again.video" : "recent.again.audio", { names: all });
}

/** @param {Call} call @param {"incoming" | "outgoing"} direction */
function kindWords({ is_video_call: isVideo }, direction) {
  if (direction === "incoming") {
    return say(isVideo ? "call.incoming.video" : "call.incoming.audio");
  }
  return say(isVideo ? "recent.kind.outgoing_video" : "recent.kind.outgoing_audio");
}
