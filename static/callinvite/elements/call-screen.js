/** `<call-screen>`: calling out, in the call, and the few seconds after its end. It says only what the server knows; what
 *  that is, `call-scenes.js` decides. */

import { isOver, myParticipant, othersInside, pendingInvitations } from "../client/index.js";
import { ask, withdrawQuestion } from "./call-ask.js";
import { CallControls } from "./call-controls.js";
import { CallNotices } from "./call-notices.js";
import { mayCancel, showPeople, waitedMs, waitingWords } from "./call-people.js";
import { callScene, endedScene, partingQuestion, placingScene } from "./call-scenes.js";
import { CallStage } from "./call-stage.js";
import { qualityMark, showLevel, showQuality } from "./call-tile.js";
import { h, icon, iconButton, setText, speak } from "./dom.js";
import { closeLayer, isOnTop, openLayer } from "./layers.js";
import { PageElement } from "./page-element.js";
import { avatarOf, avatarStack, hueOf } from "./person-avatar.js";
import { stopFloating } from "./picture-in-picture.js";
import { addPeople, joinCall, orExplain, placeCall } from "./place-call.js";
import { toast } from "./toast-list.js";
import { clockTime, endWords, others } from "./words.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../client/types.js").State} State
 *  @typedef {import("./call-scenes.js").Scene} Scene
 *  @typedef {import("./page-element.js").Placed} Placed
 *
 *  @typedef {{kind: "placing", options: Placed, isCancelled: boolean}
 *    | {kind: "call", call: Call}
 *    | {kind: "ended", call: Call, words: string}} Shown */

const ENDED_STAYS_MS = 8000;
const HUNG_UP_STAYS_MS = 4000;
const TYPED_IN = "input, select, textarea, [contenteditable]";

export class CallScreen extends PageElement {
  #parts = this.#made();
  /** @type {Shown | null} */
  #shown = null;
  #minimised = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #leaving;

  build() {
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-labelledby", "call-name");
    const parts = this.#parts;
    this.replaceChildren(
      h(
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
      ),
    );
  }

  /** Its pieces that change. */
  #made() {
    return {
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
      stage: new CallStage(),
      controls: new CallControls(),
      notices: new CallNotices(),
      again: answerButton("accept", "phone-solid", "Call again", () => {
        this.#again();
      }),
      done: answerButton("plain", "close", "Close", () => {
        this.#dismiss();
      }),
    };
  }

  attached() {
    const { stage, controls } = this.#parts;
    stage.rings = {
      words: waitingWords,
      mayCancel: (call, invitation) => mayCancel(call, invitation, this.#userId),
      cancel: (person) => {
        this.#cancelOne(person);
      },
    };
    controls.mainVideo = () => this.mainVideo;
    this.hear(stage, "layout", () => {
      this.#lay();
    });
    this.hear(this, "hang-up", () => {
      this.hangUp();
    });
    this.hear(this, "end-for-all", () => {
      this.#endForAll();
    });
    this.hear(document, "keydown", (event) => {
      this.#key(/** @type {KeyboardEvent} */ (event));
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
  }

  /** A call is being placed: be there at once.
   *  @param {Placed} options what `send` is given */
  placing(options) {
    if (this.service.state.active || this.service.state.outgoing) {
      return;
    }
    this.#minimised = false;
    this.#shown = { kind: "placing", options, isCancelled: false };
    this.#show();
  }

  /** The call was placed, or was not.
   *  @param {Call | null} call null if it was refused */
  async placed(call) {
    const shown = this.#shown;
    if (shown?.kind !== "placing") {
      return;
    }
    if (shown.isCancelled) {
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
      shown.isCancelled = true;
      this.talk.abandon();
      closeLayer(this);
      return;
    }
    const call = this.#call;
    if (call?.state === "active" && othersInside(call, this.#userId).length > 1) {
      this.#ask(call);
      return;
    }
    await this.#hangUpNow();
  }

  /** @param {State} state */
  update(state) {
    const shown = this.#shown;
    const call = state.active ?? state.outgoing;
    if (shown?.kind === "placing" && shown.isCancelled) {
      return;
    }
    if (call && this.#isElsewhere) {
      // Another page of this browser has it; the bar above the views says so.
      if (shown?.kind === "call") {
        this.#withdraw();
        this.#show();
      }
      return;
    }
    if (call) {
      if (this.#call?.call_id !== call.call_id) {
        this.#minimised = false;
        clearTimeout(this.#leaving);
      }
      this.#shown = { kind: "call", call };
      this.#show();
      this.#tellMinimised();
      return;
    }
    if (shown?.kind === "call") {
      // The end is told by its event, which comes right after this change.
      this.#withdraw();
      queueMicrotask(() => {
        this.#show();
      });
    } else if (shown?.kind === "placing") {
      this.#show();
    }
  }

  get #userId() {
    return this.service.state.user?.id;
  }

  /** The call that is shown while it goes on. @returns {Call | null} */
  get #call() {
    return this.#shown?.kind === "call" ? this.#shown.call : null;
  }

  /** Whether another page of this browser has the call. @returns {boolean} */
  get #isElsewhere() {
    return ["other_page", "nowhere"].includes(this.talk.state.place);
  }

  async #hangUpNow() {
    const call = this.#call;
    if (!call) {
      return;
    }
    const callID = call.call_id;
    const waits = call.state === "ringing" && pendingInvitations(call).length > 0;
    await orExplain(this.service, waits ? this.service.cancel({ callID }) : this.service.leave(callID));
  }

  /** Ask whether to go.
   *  @param {Call} call */
  #ask(call) {
    if (this.#minimised) {
      this.restore();
    }
    const acts = {
      leave: () => {
        this.#hangUpNow();
      },
      end: () => {
        this.#endForAll();
      },
    };
    const { answers, ...question } = partingQuestion(call, this.#userId);
    ask(this, { ...question, answers: answers.map(({ label, act }) => ({ label, kind: "bad", act: acts[act] })) });
  }

  /** @param {{call: Call, leftReason: string | null}} detail */
  #ended({ call, leftReason }) {
    const { active, outgoing } = this.service.state;
    if (leftReason === "moved") {
      toast("The call goes on on your other device.", {
        action: {
          label: "Bring it back",
          act: () => {
            joinCall(this.page, call);
          },
        },
      });
      return;
    }
    if (active || outgoing || this.#shown?.kind === "placing" || this.#isElsewhere) {
      return;
    }
    const words = endWords(call, { leftReason, mine: call.caller.id === this.#userId });
    const heldOn = Boolean(call.answered_at) && call.end_reason === "completed";
    this.#shown = { kind: "ended", call, words };
    this.#minimised = false;
    this.#show();
    speak(words);
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(
      () => {
        this.#dismiss();
      },
      heldOn ? HUNG_UP_STAYS_MS : ENDED_STAYS_MS,
    );
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
    if (!shown || (shown.kind === "placing" && shown.isCancelled)) {
      closeLayer(this);
      return;
    }
    this.#draw(shown);
    if (!this.#minimised) {
      this.#open();
    }
  }

  /** @param {Shown} shown
   *  @returns {Scene} */
  #sceneOf(shown) {
    const userId = this.#userId;
    switch (shown.kind) {
      case "placing":
        return placingScene(shown.options);
      case "call":
        return callScene(shown.call, { userId, media: this.talk.state, waitedMs });
      case "ended":
        return endedScene(shown.call, { userId, words: shown.words });
    }
  }

  /** @param {Shown} shown */
  #draw(shown) {
    const scene = this.#sceneOf(shown);
    const call = shown.kind === "placing" ? null : shown.call;
    this.dataset.phase = scene.phase;
    this.#drawHead(scene);
    this.#drawButtons(scene);
    this.#parts.notices.show(scene.hangUp ? call : undefined);
    showPeople(this.#parts.people, scene.rows, {
      userId: this.#userId,
      cancel: (person) => {
        this.#cancelOne(person);
      },
    });
    this.#drawTime();
    this.#parts.stage.show(call);
  }

  /** @param {Scene} scene */
  #drawHead(scene) {
    const { face, name, kind, kindIcon, status, timer, text, note } = this.#parts;
    const { people } = scene;
    const key = people.map((person) => person.id).join(" ");
    if (face.dataset.people !== key) {
      face.dataset.people = key;
      face.replaceChildren(people.length === 1 ? avatarOf(people[0]) : avatarStack(people));
      this.dataset.hue = String(hueOf(people[0]?.id ?? ""));
    }
    setText(name, scene.name);
    setText(kind, scene.kind);
    kindIcon.setAttribute("name", scene.isVideoCall ? "video" : "phone");
    status.classList.toggle("dots", scene.isUnderWay);
    for (const { line, words } of [
      { line: status, words: scene.status },
      { line: text, words: scene.text },
      { line: note, words: scene.note },
    ]) {
      setText(line, words);
      line.hidden = !words;
    }
    timer.hidden = !scene.isTimed;
  }

  /** @param {Scene} scene */
  #drawButtons({ phase, hangUp, mayEnd, ...scene }) {
    const parts = this.#parts;
    parts.controls.hidden = !hangUp;
    parts.controls.offer({ isActive: phase === "active", hangUp, mayEnd });
    parts.add.hidden = !scene.mayAdd;
    parts.again.hidden = !scene.mayCallAgain;
    parts.done.hidden = parts.close.hidden = !scene.mayClose;
    parts.minimise.hidden = !scene.mayMinimise;
    const [peer, ...more] = this.talk.state.peers;
    showQuality(parts.quality, hangUp && peer && more.length === 0 ? peer.quality : null);
  }

  #drawTime() {
    const call = this.#call;
    if (call?.state === "active") {
      setText(this.#parts.timer, clockTime(this.service.elapsedMs(call) / 1000));
    }
  }

  #tick() {
    const shown = this.#shown;
    if (shown?.kind === "call" && (shown.call.state === "ringing" || pendingInvitations(shown.call).length)) {
      this.#draw(shown);
    } else {
      this.#drawTime();
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

  #tellMinimised() {
    document.dispatchEvent(new CustomEvent("call-minimised", { detail: { minimised: this.minimised } }));
  }

  #endForAll() {
    if (this.#call) {
      orExplain(this.service, this.service.end(this.#call.call_id));
    }
  }

  /** @param {Person} person */
  #cancelOne(person) {
    if (this.#call) {
      orExplain(this.service, this.service.cancel({ callees: [person], callID: this.#call.call_id }));
    }
  }

  async #add() {
    const call = this.#call;
    if (!call) {
      return;
    }
    const here = call.participants.filter((each) => each.left_at === null).map((each) => each.user.id);
    const asked = pendingInvitations(call).map((each) => each.invitee.id);
    const chosen = await this.page.picker.choose({
      title: "Add people",
      action: "Call",
      without: [...here, ...asked],
    });
    if (chosen.length) {
      await addPeople(this.service, call.call_id, chosen);
    }
  }

  #again() {
    if (this.#shown?.kind !== "ended") {
      return;
    }
    const { call } = this.#shown;
    this.#shown = null;
    clearTimeout(this.#leaving);
    placeCall(this.page, { invitees: others(call, this.#userId), isVideoCall: call.is_video_call });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.defaultPrevented || this.hidden || !isOnTop(this) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const call = this.#call && myParticipant(this.#call, this.#userId) ? this.#call : null;
    if (event.key === "Escape") {
      this.#escape(event, call);
      return;
    }
    const isTyping = event.target instanceof Element && event.target.matches(TYPED_IN);
    if (call && !isTyping && !event.repeat) {
      this.#act(event.key.toLowerCase(), call);
    }
  }

  /** @param {KeyboardEvent} event @param {Call | null} call that this user is in */
  #escape(event, call) {
    if (!call) {
      this.#dismiss();
      return;
    }
    event.preventDefault();
    if (!this.#parts.controls.closeMenu()) {
      this.#ask(call);
    }
  }

  /** @param {string} key @param {Call} call that this user is in */
  #act(key, call) {
    if (key === "m") {
      this.talk.toggleMicrophone();
    } else if (key === "v") {
      this.talk.toggleCamera();
    } else if (key === "s" && call.state === "active") {
      this.#parts.controls.share();
    }
  }
}

/** @param {string} kind @param {string} name of the icon @param {string} label @param {() => void} act */
function answerButton(kind, name, label, act) {
  return h(
    "button",
    { class: `answer answer--${kind}`, type: "button", onClick: act },
    h("span", { class: "answer__disc" }, icon(name)),
    h("span", {}, label),
  );
}

customElements.define("call-screen", CallScreen);
