/** `<call-screen>`: calling out, in the call, and the few seconds after its end. It says only what the server knows. */

import { isOver, myParticipant, pendingInvitations } from "../client/index.js";
import { h, icon, iconButton, keep, relabel, setText, speak } from "./dom.js";
import { closeLayer, isOnTop, openLayer } from "./layers.js";
import { avatarOf, avatarStack, hueOf } from "./person-avatar.js";
import { addPeople, orExplain, placeCall } from "./place-call.js";
import { ServiceElement } from "./service-element.js";
import { toast } from "./toast-list.js";
import { clockTime, endWords, invitationWords, kindOfCall, latestInvitations, names, others, readableText } from "./words.js";

const ENDED_STAYS_MS = 8000;
const HUNG_UP_STAYS_MS = 4000;

export class CallScreen extends ServiceElement {
  /** @type {Record<string, any>} */
  #parts = {};
  /** What is shown: a call being placed, a call, or the end of one. @type {any} */
  #shown = null;
  #minimised = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #leaving;
  /** When each invitation was first seen here. @type {Map<string, number>} */
  #since = new Map();

  build() {
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-labelledby", "call-name");
    const button = (/** @type {string} */ kind, /** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ act) => (
      h("button", { class: `answer answer--${kind}`, type: "button", onClick: act }, h("span", { class: "answer__disc" }, icon(name)), h("span", {}, label))
    );
    const parts = this.#parts = {
      minimise: iconButton({ icon: "down", label: "Back to the app; the call goes on", className: "button--night", onClick: () => { this.minimise(); } }),
      close: iconButton({ icon: "close", label: "Close", className: "button--night", onClick: () => { this.#dismiss(); } }),
      kind: h("span"),
      kindIcon: icon("phone"),
      face: h("div", { class: "call__face" }),
      name: h("h2", { class: "call__name", id: "call-name", tabindex: "-1", "data-first-focus": true }),
      status: h("p", { class: "call__status", role: "status" }),
      timer: h("p", { class: "call__status call__status--timer", role: "timer" }),
      text: h("p", { class: "call__text" }),
      note: h("p", { class: "call__note" }),
      people: h("ul", { class: "call__people", "aria-label": "People" }),
      add: button("plain", "add-person", "Add people", () => { this.#add(); }),
      hangUp: button("reject", "hang-up", "Hang up", () => { this.hangUp(); }),
      endAll: button("plain", "close", "End for all", () => { this.#endForAll(); }),
      again: button("accept", "phone-solid", "Call again", () => { this.#again(); }),
      done: button("plain", "close", "Close", () => { this.#dismiss(); }),
    };
    parts.root = h(
      "div",
      { class: "call" },
      h("div", { class: "call__top" }, parts.minimise, h("p", { class: "call__kind" }, parts.kindIcon, parts.kind), parts.close),
      parts.face, parts.name, parts.status, parts.timer, parts.text, parts.note, parts.people,
      h("div", { class: "call__actions" }, parts.done, parts.add, parts.endAll, parts.hangUp, parts.again),
    );
    this.replaceChildren(parts.root);
  }

  attached() {
    this.every(500, () => { this.#tick(); });
    this.follow("callEnded", (detail) => { this.#ended(detail); });
    document.addEventListener("keydown", (event) => { this.#key(event); });
  }

  /** A call is being placed: be there at once.
   *  @param {any} options what `send` was given */
  placing(options) {
    if (this.service.state.active || this.service.state.outgoing) {
      return;
    }
    this.#minimised = false;
    this.#shown = { kind: "placing", options, people: options.invitees };
    this.#show();
  }

  /** The call was placed, or was not.
   *  @param {any} call null if it was refused */
  placed(call) {
    if (this.#shown?.kind !== "placing") {
      return;
    }
    const cancelled = this.#shown.cancelled;
    this.#shown = null;
    if (call && isOver(call)) {
      this.#ended({ call, leftReason: null });
      return;
    }
    this.update(this.service.state);
    this.#show();
    if (cancelled && call) {
      orExplain(this.service, this.service.cancel({ callID: call.call_id }));
    }
  }

  /** Whether a call goes on behind the app's views. @returns {boolean} */
  get minimised() {
    return this.#minimised && this.#shown?.kind === "call";
  }

  /** Show the app; the call goes on in a bar above it. */
  minimise() {
    this.#minimised = true;
    closeLayer(this);
    this.#tellMinimised();
  }

  /** Show the call again. */
  restore() {
    this.#minimised = false;
    this.#show();
    this.#tellMinimised();
  }

  /** Cancel the call if nobody has answered, else leave it.
   *  @returns {Promise<void>} */
  async hangUp() {
    const shown = this.#shown;
    if (shown?.kind === "placing") {
      shown.cancelled = true;
      closeLayer(this);
      return;
    }
    if (shown?.kind !== "call") {
      return;
    }
    const callID = shown.call.call_id;
    const waits = shown.call.state === "ringing" && pendingInvitations(shown.call).length > 0;
    await orExplain(this.service, waits ? this.service.cancel({ callID }) : this.service.leave(callID));
  }

  /** @param {any} state */
  update(state) {
    const call = state.active ?? state.outgoing;
    if (call) {
      const isNew = this.#shown?.kind !== "call" || this.#shown.call.call_id !== call.call_id;
      if (isNew) {
        this.#minimised = false;
        clearTimeout(this.#leaving);
      }
      this.#shown = { kind: "call", call };
      this.#show();
      this.#tellMinimised();
      return;
    }
    if (this.#shown?.kind === "call") {
      // The end is told by its event, which comes right after this change.
      this.#shown = null;
      this.#tellMinimised();
      queueMicrotask(() => { this.#show(); });
    }
  }

  /** @param {any} detail */
  #ended({ call, leftReason }) {
    const { active, outgoing } = this.service.state;
    if (leftReason === "moved") {
      toast("The call goes on on your other device.", { action: { label: "Bring it back", act: () => { orExplain(this.service, this.service.join(call.call_id)); } } });
      return;
    }
    if (active || outgoing || this.#shown?.kind === "placing") {
      return;
    }
    const wasInvitee = call.caller.id !== this.service.state.user?.id;
    const heldOn = Boolean(call.answered_at);
    this.#shown = { kind: "ended", call, words: endWords(call, { leftReason, mine: !wasInvitee }) };
    this.#minimised = false;
    this.#show();
    speak(this.#shown.words);
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => { this.#dismiss(); }, heldOn ? HUNG_UP_STAYS_MS : ENDED_STAYS_MS);
  }

  #dismiss() {
    if (this.#shown?.kind === "ended") {
      clearTimeout(this.#leaving);
      this.#shown = null;
      this.#show();
    }
  }

  #show() {
    const shown = this.#shown;
    if (!shown || shown.cancelled) {
      closeLayer(this);
      return;
    }
    if (shown.kind === "placing") {
      this.#showPlacing(shown);
    } else if (shown.kind === "ended") {
      this.#showEnded(shown);
    } else {
      this.#showCall(shown.call);
    }
    if (!this.#minimised) {
      this.#open();
    }
  }

  #open() {
    if (this.hidden) {
      openLayer(this, this.#parts.name);
      return;
    }
    const lost = !document.activeElement || document.activeElement === document.body;
    if (lost && isOnTop(this)) {
      // The button that had the focus is gone with its state: stay in the screen.
      this.#parts.name.focus({ preventScroll: true });
    }
  }

  /** @param {any} shown */
  #showPlacing({ options, people }) {
    this.#head(people, kindOfCall({ is_video_call: options.isVideoCall }, people.length > 1));
    this.#lines({ status: "Calling", waits: true });
    this.#buttons({ hangUp: "Cancel" });
    keep(this.#parts.people, [], String, () => { throw new Error("no people yet"); });
  }

  /** @param {any} shown */
  #showEnded({ call, words }) {
    const people = others(call, this.service.state.user?.id);
    this.#head(people, kindOfCall(call, people.length > 1));
    const seconds = call.answered_at && call.duration_seconds;
    const reply = call.invitations.length === 1 ? readableText(call.invitations[0].custom_data) : "";
    this.#lines({ status: words, text: reply && `“${reply}”`, note: seconds ? `The call lasted ${clockTime(seconds)}.` : "" });
    this.#buttons({ again: people.length > 0, done: true });
    this.#people(people.length > 1 && call.caller.id === this.service.state.user?.id ? latestInvitations(call).map((invitation) => ({ person: invitation.invitee, invitation })) : [], call);
  }

  /** @param {any} call */
  #showCall(call) {
    const userId = this.service.state.user?.id;
    const inside = call.participants.filter((/** @type {any} */ each) => each.left_at === null && each.user.id !== userId);
    const invitations = latestInvitations(call).filter((each) => each.invitee.id !== userId);
    const insideIds = new Set(inside.map((/** @type {any} */ each) => each.user.id));
    const outside = invitations.filter((each) => !insideIds.has(each.invitee.id));
    const group = others(call, userId).length > 1;
    const active = call.state === "active";
    const heads = active && inside.length ? inside.map((/** @type {any} */ each) => each.user) : others(call, userId);
    this.#head(heads, kindOfCall(call, group));
    const alone = active && inside.length === 0;
    this.#lines({
      status: active ? (alone ? "Waiting for the others" : "") : this.#statusOf(call, outside, group),
      waits: alone,
      timer: active,
      note: active && !alone && !group ? "Connected" : "",
    });
    this.#buttons({
      hangUp: active ? "Hang up" : group ? "Cancel all" : "Cancel",
      add: call.you.can.includes("invite"),
      endAll: active && inside.length > 1 && call.you.can.includes("end"),
      minimise: true,
    });
    const rows = group || outside.some((each) => active && each.state === "pending")
      ? [...inside.map((/** @type {any} */ each) => ({ person: each.user, participant: each })), ...outside.map((invitation) => ({ person: invitation.invitee, invitation }))]
      : [];
    this.#people(rows, call);
    this.#tickCall(call);
  }

  /** @param {any} call @param {any[]} invitations @param {boolean} group */
  #statusOf(call, invitations, group) {
    if (!group && invitations.length === 1) {
      return this.#words(call, invitations[0]);
    }
    const ringing = invitations.filter((each) => each.state === "pending" && each.progress === "ringing").length;
    const pending = invitations.filter((each) => each.state === "pending").length;
    if (ringing) {
      return `Ringing ${ringing} of ${invitations.length}`;
    }
    return pending ? `Calling ${pending === 1 ? "one person" : `${pending} people`}` : "Calling";
  }

  /** @param {any} call @param {any} invitation */
  #words(call, invitation) {
    const key = `${call.call_id} ${invitation.invitee.id} ${invitation.expires_at}`;
    const since = this.#since.get(key) ?? performance.now();
    this.#since.set(key, since);
    return invitationWords(invitation, performance.now() - since);
  }

  /** @param {any[]} people @param {string} kind */
  #head(people, kind) {
    const parts = this.#parts;
    const key = people.map((person) => person.id).join(" ");
    if (parts.face.dataset.people !== key) {
      parts.face.dataset.people = key;
      parts.face.replaceChildren(people.length === 1 ? avatarOf(people[0]) : avatarStack(people));
      this.dataset.hue = String(hueOf(people[0]?.id ?? ""));
    }
    setText(parts.name, names(people));
    setText(parts.kind, kind);
    parts.kindIcon.setAttribute("name", kind.toLowerCase().includes("video") ? "video" : "phone");
  }

  /** @param {{status?: string, waits?: boolean, text?: string, note?: string, timer?: boolean}} lines */
  #lines({ status = "", waits = false, text = "", note = "", timer = false }) {
    const parts = this.#parts;
    setText(parts.status, status);
    parts.status.classList.toggle("dots", waits || status.startsWith("Calling"));
    parts.status.hidden = !status;
    setText(parts.text, text);
    parts.text.hidden = !text;
    setText(parts.note, note);
    parts.note.hidden = !note;
    parts.timer.hidden = !timer;
    parts.root.classList.toggle("call--ended", this.#shown?.kind === "ended");
  }

  /** @param {{hangUp?: string, add?: boolean, endAll?: boolean, minimise?: boolean, again?: boolean, done?: boolean}} wanted */
  #buttons({ hangUp = "", add = false, endAll = false, minimise = false, again = false, done = false }) {
    const parts = this.#parts;
    parts.hangUp.hidden = !hangUp;
    if (hangUp) {
      setText(parts.hangUp.lastElementChild, hangUp);
    }
    parts.add.hidden = !add;
    parts.endAll.hidden = !endAll;
    parts.again.hidden = !again;
    parts.done.hidden = !done;
    parts.close.hidden = !done;
    parts.minimise.hidden = !minimise;
  }

  /** @param {{person: any, participant?: any, invitation?: any}[]} rows @param {any} call */
  #people(rows, call) {
    keep(this.#parts.people, rows, (row) => row.person.id, (first) => {
      const name = h("span", { class: "call__person-name" }, first.person.name || first.person.id);
      const line = h("span", { class: "call__person-line" });
      let callee = first.person;
      const cancel = iconButton({ icon: "close", label: "", className: "button--night", onClick: () => { this.#cancelOne(callee); } });
      const node = h("li", { class: "call__person" }, avatarOf(first.person), h("span", { class: "call__person-words" }, name, line), cancel);
      return {
        node,
        update: (/** @type {any} */ row) => {
          callee = row.person;
          const pending = row.invitation?.state === "pending" && !isOver(call);
          const reply = row.invitation ? readableText(row.invitation.custom_data) : "";
          const words = row.participant ? "In the call" : this.#outsideWords(call, row.invitation);
          setText(line, reply ? `${words} “${reply}”` : words);
          cancel.hidden = !pending || !this.#mayCancel(call, row.invitation);
          relabel(cancel, `Stop calling ${callee.name || callee.id}`);
          node.classList.toggle("call__person--gone", !pending && !row.participant);
        },
      };
    });
  }

  /** The caller may stop every ring, others those that they started.
   *  @param {any} call @param {any} invitation */
  #mayCancel(call, invitation) {
    const userId = this.service.state.user?.id;
    return call.you.can.includes("cancel") && [call.caller.id, invitation.inviter.id].includes(userId);
  }

  /** @param {any} call @param {any} invitation */
  #outsideWords(call, invitation) {
    if (invitation.state === "accepted") {
      return isOver(call) ? "Was in the call" : "Left the call";
    }
    const words = this.#words(call, invitation);
    return words === "Calling" ? "Calling…" : words;
  }

  #tick() {
    if (this.#shown?.kind === "call") {
      if (this.#shown.call.state === "ringing" || pendingInvitations(this.#shown.call).length) {
        this.#showCall(this.#shown.call);
      } else {
        this.#tickCall(this.#shown.call);
      }
    }
  }

  /** @param {any} call */
  #tickCall(call) {
    if (call.state === "active") {
      setText(this.#parts.timer, clockTime(this.service.elapsedMs(call) / 1000));
    }
  }

  #tellMinimised() {
    document.dispatchEvent(new CustomEvent("call-minimised", { detail: { minimised: this.minimised } }));
  }

  #endForAll() {
    orExplain(this.service, this.service.end(this.#shown.call.call_id));
  }

  /** @param {any} person */
  #cancelOne(person) {
    orExplain(this.service, this.service.cancel({ callees: [person], callID: this.#shown.call.call_id }));
  }

  async #add() {
    const picker = /** @type {import("./people-picker.js").PeoplePicker} */ (document.querySelector("people-picker"));
    const call = this.#shown.call;
    const here = call.participants.filter((/** @type {any} */ each) => each.left_at === null).map((/** @type {any} */ each) => each.user.id);
    const asked = pendingInvitations(call).map((each) => each.invitee.id);
    const chosen = await picker.choose({ title: "Add people", action: "Call", without: [...here, ...asked] });
    if (chosen.length) {
      await addPeople(this.service, call.call_id, chosen);
    }
  }

  #again() {
    const call = this.#shown.call;
    const invitees = others(call, this.service.state.user?.id);
    this.#shown = null;
    clearTimeout(this.#leaving);
    placeCall(this.service, { invitees, isVideoCall: call.is_video_call });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || this.hidden || !isOnTop(this)) {
      return;
    }
    if (this.#shown?.kind === "ended") {
      this.#dismiss();
    } else if (this.#shown?.kind === "call" && myParticipant(this.#shown.call, this.service.state.user?.id)) {
      this.minimise();
    }
  }
}

customElements.define("call-screen", CallScreen);
