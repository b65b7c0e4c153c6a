/** One person as a row of a list: where they are, a link to their page, and one tap for each kind of call. */

import { may, myParticipant } from "../client/index.js";
import { askToBeLetIn } from "./contact-ask.js";
import { h, icon, iconButton, relabel, setText } from "./dom.js";
import { markPresence } from "./people-list.js";
import { avatarOf } from "./person-avatar.js";
import { addPeople } from "./place-call.js";
import { isConnected } from "./page-element.js";
import { SendCallInvitationButton } from "./send-call-invitation-button.js";
import { toast } from "./toast-list.js";
import { nameOf } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("./page-element.js").Page} Page
 *  @typedef {import("../client/types.js").Presence} Presence */

/** A row, as `keep` takes it.
 *  @param {Page} page
 *  @param {Presence} first
 *  @param {{asks?: () => boolean}} [how] `asks`: whether whoever is no contact can be asked to be one right here
 *  @returns {import("./dom.js").Kept<Presence>} */
export function personRow(page, first, { asks = () => false } = {}) {
  let person = first;
  const avatar = avatarOf(first);
  const name = h("a", { class: "person__name", href: `#person/${encodeURIComponent(first.id)}` });
  const line = h("span", { class: "person__line" });
  const audio = new SendCallInvitationButton();
  const video = new SendCallInvitationButton();
  video.setAttribute("is-video-call", "");
  const ask = iconButton({
    icon: "add-person",
    label: "",
    onClick: () => {
      askToBeLetIn(page, person);
    },
  });
  const add = h(
    "button",
    {
      class: "button button--call button--small",
      type: "button",
      onClick: () => {
        addToCall(page, person);
      },
    },
    icon("add-person"),
    h("span", {}, say("people.add")),
  );
  const node = h(
    "li",
    { class: "person", "data-person": first.id },
    avatar,
    h("span", { class: "person__words" }, name, line),
    h("span", { class: "person__actions" }, ask, add, audio, video),
  );
  return {
    node,
    update: (/** @type {Presence} */ now) => {
      person = now;
      const { state } = page.service;
      avatar.setAttribute("name", now.name);
      markPresence(avatar, line, now, isConnected(state));
      setText(name, nameOf(now));
      for (const button of [audio, video]) {
        button.invitees = [{ id: now.id, name: now.name }];
      }
      const call = state.active ?? state.outgoing;
      const mayAdd = call !== null && may(call, "invite");
      const isIn = call !== null && myParticipant(call, now.id) !== null;
      add.hidden = !mayAdd || isIn;
      add.setAttribute("aria-label", say("people.add.named", { name: now.name || now.id }));
      audio.hidden = video.hidden = Boolean(call);
      ask.hidden = !asks() || page.contacts.of(now.id) !== null;
      relabel(ask, say("contact.add.named", { name: nameOf(now) }));
      node.classList.toggle("person--asks", !ask.hidden);
    },
  };
}

/** Call somebody into the call that one is in.
 *  @param {Page} page
 *  @param {Presence} person */
export async function addToCall(page, { id, name }) {
  const { service } = page;
  const call = service.state.active ?? service.state.outgoing;
  if (call && (await addPeople(page, call.call_id, [{ id, name }]))) {
    toast(say("people.calling_in", { name: nameOf({ id, name }) }), { kind: "good" });
  }
}
