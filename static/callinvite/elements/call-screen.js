/** `<call-screen>`: calling out, in the call, and the few seconds after its end. It says only what the server knows. */

import { isOver, myParticipant, othersInside, pendingInvitations } from "../client/index.js";
import { ask, withdrawQuestion } from "./call-ask.js";
import "./call-controls.js";
import "./call-notices.js";
import { mayCancel, showPeople, waitingWords } from "./call-people.js";
import "./call-stage.js";
import { qualityMark, showLevel, showQuality } from "./call-tile.js";
import { h, icon, iconButton, setText, speak } from "./dom.js";
import { closeLayer, isOnTop, openLayer } from "./layers.js";
import { linkWords, silenceWords } from "./media-words.js";
import { stopFloating } from "./picture-in-picture.js";
import { avatarOf, avatarStack, hueOf } from "./person-avatar.js";
import { addPeople, joinCall, orExplain, placeCall } from "./place-call.js";
import { ServiceElement } from "./service-element.js";
import { toast } from "./toast-list.js";
import { clockTime, endWords, kindOfCall, latestInvitations, names, others, readableText } from "./words.js";

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

  build() {
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-labelledby", "call-name");
    const answer = (
      /** @type {string} */ kind,
      /** @type {string} */ name,
      /** @type {string} */ label,
      /** @type {() => void} */ act,
    ) =>
      h(
        "button",
        { class: `answer answer--${kind}`, type: "button", onClick: act },
        h("span", { class: "answer__disc" }, icon(name)),
        h("span", {}, label),
      );
    const parts = (this.#parts = {
      minimise: iconButton({
        icon: "down",
        label: "Back to the app; the call goes on",
        className: "button--night",
        onClick: () => {
          this.minimise();
        },
      }),
      close: iconButton({
        icon: "close",
        label: "Close",
        className: "button--night",
        onClick: () => {
          this.#dismiss();
        },
      }),
      add: iconButton({
        icon: "add-person",
        label: "Add people",
        className: "button--night",
        onClick: () => {
          this.#add();
        },
      }),
      kind: h("span"),
      kindIcon: icon("phone"),
      quality: qualityMark(),
      face: h("div", { class: "call__face" }),
      name: h("h2", { class: "call__name", id: "call-name", tabindex: "-1", "data-first-focus": true }),
      status: h("p", { class: "call__status", role: "status" }),
      timer: h("p", { class: "call__status call__status--timer", role: "timer" }),
      text: h("p", { class: "call__text" }),
      note: h("p", { class: "call__note" }),
      people: h("ul", { class: "call__people", "aria-label": "People" }),
      stage: /** @type {import("./call-stage.js").CallStage} */ (document.createElement("call-stage")),
      controls: /** @type {import("./call-controls.js").CallControls} */ (document.createElement("call-controls")),
      notices: /** @type {import("./call-notices.js").CallNotices} */ (document.createElement("call-notices")),
      again: answer("accept", "phone-solid", "Call again", () => {
        this.#again();
      }),
      done: answer("plain", "close", "Close", () => {
        this.#dismiss();
      }),
    });
    parts.root = h(
      "div",
      { class: "call" },
      parts.stage,
      h(
        "div",
        { class: "call__top" },
        parts.minimise,
        h("p", { class: "call__kind" }, parts.kindIcon, parts.kind, parts.quality),
        parts.add,
        parts.close,
      ),
      h("div", { class: "call__head" }, parts.face, parts.name, parts.status, parts.timer, parts.text, parts.note),
      parts.people,
      parts.notices,
      h("div", { class: "call__actions" }, parts.done, parts.again),
      parts.controls,
    );
    this.replaceChildren(parts.root);
  }

  attached() {
    const { stage, controls } = this.#parts;
    stage.rings = {
      words: waitingWords,
      mayCancel: (/** @type {any} */ call, /** @type {any} */ invitation) =>
        mayCancel(call, invitation, this.service.state.user?.id),
      cancel: (/** @type {any} */ person) => {
        this.#cancelOne(person);
      },
    };
    controls.mainVideo = () => this.mainVideo;
    stage.addEventListener("layout", () => {
      this.#lay();
    });
    this.addEventListener("hang-up", () => {
      this.hangUp();
    });
    this.addEventListener("end-for-all", () => {
      this.#endForAll();
    });
    this.every(500, () => {
      this.#tick();
    });
    this.follow("callEnded", (detail) => {
      this.#ended(detail);
    });
    this.followTalk(() => {
      this.update(this.service.state);
    });
    this.followTalk((talk) => {
      const [peer] = talk.state.peers;
      const level = peer ? (talk.hearing.levels.get(peer.key) ?? 0) : 0;
      showLevel(this.#parts.face, level);
    }, "levels");
    document.addEventListener("keydown", (event) => {
      this.#key(event);
    });
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
  async placed(call) {
    const shown = this.#shown;
    if (shown?.kind !== "placing") {
      return;
    }
    if (shown.cancelled) {
      // Given up before the server knew of it. Nothing is shown until that is undone.
      if (call && !isOver(call)) {
        await orExplain(this.service, this.service.cancel({ callID: call.call_id }));
      }
      this.#shown = this.#shown === shown ? null : this.#shown;
      this.update(this.service.state);
      return;
    }
    this.#shown = null;
    if (call && isOver(call)) {
      this.#ended({ call, leftReason: null });
      return;
    }
    this.update(this.service.state);
    this.#show();
  }

  /** Whether a call goes on behind the app's views. @returns {boolean} */
  get minimised() {
    return this.#minimised && this.#shown?.kind === "call";
  }

  /** The picture that matters most now. @returns {HTMLVideoElement | null} */
  get mainVideo() {
    return this.#parts.stage.mainVideo;
  }

  /** Show the app; the call goes on in the corner. */
  minimise() {
    this.#minimised = true;
    withdrawQuestion();
    closeLayer(this);
    this.#tellMinimised();
  }

  /** Show the call again. */
  restore() {
    this.#minimised = false;
    this.#show();
    this.#tellMinimised();
  }

  /** Cancel the call if nobody has answered, else leave it; several people are not left by a slip of the finger.
   *  @returns {Promise<void>} */
  async hangUp() {
    const shown = this.#shown;
    if (shown?.kind === "placing") {
      shown.cancelled = true;
      this.talk.abandon();
      closeLayer(this);
      return;
    }
    if (shown?.kind !== "call") {
      return;
    }
    if (shown.call.state === "active" && othersInside(shown.call, this.service.state.user?.id).length > 1) {
      this.#ask();
      return;
    }
    await this.#hangUpNow();
  }

  async #hangUpNow() {
    const { call } = this.#shown ?? {};
    if (!call) {
      return;
    }
    const callID = call.call_id;
    const waits = call.state === "ringing" && pendingInvitations(call).length > 0;
    await orExplain(this.service, waits ? this.service.cancel({ callID }) : this.service.leave(callID));
  }

  /** Ask whether to go. */
  #ask() {
    const { call } = this.#shown;
    const others = othersInside(call, this.service.state.user?.id).length;
    const leave = {
      kind: /** @type {const} */ ("bad"),
      act: () => {
        this.#hangUpNow();
      },
    };
    if (this.#minimised) {
      this.restore();
    }
    if (call.state !== "active") {
      ask(this, { title: "Stop calling?", answers: [{ ...leave, label: "Cancel the call" }], stay: "Keep calling" });
    } else if (others > 1) {
      const all = {
        label: "End it for everyone",
        kind: /** @type {const} */ ("bad"),
        act: () => {
          this.#endForAll();
        },
      };
      ask(this, {
        title: "Leave the call?",
        text: "The others can go on without you.",
        answers: [{ ...leave, label: "Leave" }, ...(call.you.can.includes("end") ? [all] : [])],
        stay: "Stay",
      });
    } else {
      ask(this, { title: "Hang up?", answers: [{ ...leave, label: "Hang up" }], stay: "Stay" });
    }
  }

  /** @param {any} state */
  update(state) {
    const call = state.active ?? state.outgoing;
    if (this.#shown?.cancelled) {
      return;
    }
    if (call && this.#isElsewhere) {
      // Another page of this browser has it; the bar above the views says so.
      if (this.#shown?.kind === "call") {
        this.#withdraw();
        this.#show();
      }
      return;
    }
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
      this.#withdraw();
      queueMicrotask(() => {
        this.#show();
      });
    } else if (this.#shown?.kind === "placing") {
      this.#show();
    }
  }

  /** @param {any} detail */
  #ended({ call, leftReason }) {
    const { active, outgoing } = this.service.state;
    if (leftReason === "moved") {
      toast("The call goes on on your other device.", {
        action: {
          label: "Bring it back",
          act: () => {
            joinCall(this.service, this.talk, call);
          },
        },
      });
      return;
    }
    if (active || outgoing || this.#shown?.kind === "placing" || this.#isElsewhere) {
      return;
    }
    const wasInvitee = call.caller.id !== this.service.state.user?.id;
    const heldOn = Boolean(call.answered_at) && call.end_reason === "completed";
    this.#shown = { kind: "ended", call, words: endWords(call, { leftReason, mine: !wasInvitee }) };
    this.#minimised = false;
    this.#show();
    speak(this.#shown.words);
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(
      () => {
        this.#dismiss();
      },
      heldOn ? HUNG_UP_STAYS_MS : ENDED_STAYS_MS,
    );
  }

  /** Whether another page of this browser has the call. @returns {boolean} */
  get #isElsewhere() {
    return ["other_page", "nowhere"].includes(this.talk.state.place);
  }

  /** The call is no longer in this page: nor is anything that belongs to it. */
  #withdraw() {
    this.#shown = null;
    withdrawQuestion();
    stopFloating();
    this.#tellMinimised();
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
    this.dataset.phase = shown.kind === "call" ? shown.call.state : shown.kind;
    if (shown.kind === "placing") {
      this.#showPlacing(shown);
    } else if (shown.kind === "ended") {
      this.#showEnded(shown);
    } else {
      this.#showCall(shown.call);
    }
    this.#parts.stage.show(shown.kind === "ended" ? shown.call : (shown.call ?? null));
    if (!this.#minimised) {
      this.#open();
    }
  }

  #lay() {
    this.dataset.layout = this.#shown?.kind === "ended" ? "none" : this.#parts.stage.layout;
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
    this.#rows([], null);
  }

  /** @param {any} shown */
  #showEnded({ call, words }) {
    const people = others(call, this.service.state.user?.id);
    this.#head(people, kindOfCall(call, people.length > 1));
    const seconds = call.answered_at && call.duration_seconds;
    const reply = call.invitations.length === 1 ? readableText(call.invitations[0].custom_data) : "";
    const advice =
      call.end_reason === "media_failed"
        ? "A firewall between you may be in the way. Try again, or from another network."
        : "";
    this.#lines({
      status: words,
      text: reply && `“${reply}”`,
      note: advice || (seconds ? `The call lasted ${clockTime(seconds)}.` : ""),
    });
    this.#buttons({ again: people.length > 0, done: true });
    this.#rows(
      people.length > 1 && call.caller.id === this.service.state.user?.id ? latestInvitations(call) : [],
      call,
    );
  }

  /** @param {any} call */
  #showCall(call) {
    const userId = this.service.state.user?.id;
    const inside = othersInside(call, userId);
    const insideIds = new Set(inside.map((each) => each.user.id));
    const outside = latestInvitations(call).filter(
      (each) => each.invitee.id !== userId && !insideIds.has(each.invitee.id),
    );
    const group = others(call, userId).length > 1;
    const active = call.state === "active";
    const heads = active && inside.length ? inside.map((each) => each.user) : others(call, userId);
    this.#head(heads, kindOfCall(call, group));
    const alone = active && inside.length === 0;
    const link =
      active && (inside.length === 1 || this.talk.state.isCutOff) ? this.#linkWords() : { words: "", waits: false };
    this.#lines({
      status: active ? (alone ? "Waiting for the others" : link.words) : this.#statusOf(call, outside, group),
      waits: alone || link.waits,
      timer: active,
    });
    this.#buttons({
      hangUp: active ? "Hang up" : group ? "Cancel all" : "Cancel",
      add: call.you.can.includes("invite"),
      endAll: active && inside.length > 1 && call.you.can.includes("end"),
      minimise: true,
    });
    // In the call, whoever still rings has a tile of their own.
    this.#rows(active ? outside.filter((each) => each.state !== "pending") : group ? outside : [], call);
    this.#tickCall(call);
  }

  /** How it stands with the other one of a call of two, where that is worth a word. */
  #linkWords() {
    if (this.talk.state.isCutOff) {
      return { words: "Connection lost. Microphone and camera are off.", waits: false };
    }
    const [peer] = this.talk.state.peers;
    const trouble = linkWords(peer?.state);
    return { words: trouble || (peer && silenceWords(peer.media)), waits: Boolean(trouble) };
  }

  /** @param {any} call @param {any[]} invitations @param {boolean} group */
  #statusOf(call, invitations, group) {
    if (!group && invitations.length === 1) {
      return waitingWords(call, invitations[0]);
    }
    const ringing = invitations.filter((each) => each.state === "pending" && each.progress === "ringing").length;
    const pending = invitations.filter((each) => each.state === "pending").length;
    if (ringing) {
      return `Ringing ${ringing} of ${invitations.length}`;
    }
    return pending ? `Calling ${pending === 1 ? "one person" : `${pending} people`}` : "Calling";
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
  }

  /** @param {{hangUp?: string, add?: boolean, endAll?: boolean, minimise?: boolean, again?: boolean, done?: boolean}} wanted */
  #buttons({ hangUp = "", add = false, endAll = false, minimise = false, again = false, done = false }) {
    const parts = this.#parts;
    parts.controls.hidden = !hangUp;
    parts.controls.offer({ isActive: this.#shown?.call?.state === "active", hangUp, mayEnd: endAll });
    parts.add.hidden = !add;
    parts.again.hidden = !again;
    parts.done.hidden = !done;
    parts.close.hidden = !done;
    parts.minimise.hidden = !minimise;
    parts.notices.show(hangUp ? (this.#shown?.call ?? null) : undefined);
    const [peer, ...more] = this.talk.state.peers;
    showQuality(parts.quality, hangUp && peer && more.length === 0 ? peer.quality : null);
  }

  /** @param {any[]} invitations @param {any} call */
  #rows(invitations, call) {
    showPeople(this.#parts.people, invitations, call, {
      userId: this.service.state.user?.id,
      cancel: (person) => {
        this.#cancelOne(person);
      },
    });
  }

  #tick() {
    if (this.#shown?.kind === "call") {
      if (this.#shown.call.state === "ringing" || pendingInvitations(this.#shown.call).length) {
        this.#showCall(this.#shown.call);
        this.#parts.stage.show(this.#shown.call);
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
    const here = call.participants
      .filter((/** @type {any} */ each) => each.left_at === null)
      .map((/** @type {any} */ each) => each.user.id);
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
    placeCall(this.service, this.talk, { invitees, isVideoCall: call.is_video_call });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const isTyping = /** @type {Element} */ (event.target).matches?.("input, select, textarea, [contenteditable]");
    if (event.defaultPrevented || this.hidden || !isOnTop(this) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const isInCall = this.#shown?.kind === "call" && myParticipant(this.#shown.call, this.service.state.user?.id);
    const shortcuts = {
      m: () => {
        this.talk.toggleMicrophone();
      },
      v: () => {
        this.talk.toggleCamera();
      },
      s: () => {
        this.#shown.call.state === "active" && this.#parts.controls.share();
      },
    };
    if (event.key === "Escape" && this.#shown?.kind === "ended") {
      this.#dismiss();
    } else if (event.key === "Escape" && isInCall) {
      event.preventDefault();
      if (!this.#parts.controls.closeMenu()) {
        this.#ask();
      }
    } else if (isInCall && !isTyping && !event.repeat) {
      shortcuts[/** @type {"m"} */ (event.key.toLowerCase())]?.();
    }
  }
}

customElements.define("call-screen", CallScreen);
