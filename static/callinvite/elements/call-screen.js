/** `<call-screen>`: calling out, in the call, and the few seconds after its end. It says only what the server knows; what
 *  that is, `call-scenes.js` decides. */

import { isOver, myParticipant, othersInside, pendingInvitations } from "../client/index.js";
import { ask, withdrawQuestion } from "./call-ask.js";
import { CallFrame } from "./call-frame.js";
import {
  callScene,
  endedScene,
  idsOfConcerned,
  keyAct,
  partingQuestion,
  partingWords,
  placingScene,
} from "./call-scenes.js";
import { speak } from "./dom.js";
import { closeLayer, isOnTop, openLayer } from "./layers.js";
import { PageElement } from "./page-element.js";
import { stopFloating } from "./picture-in-picture.js";
import { addPeople, joinCall, orExplain, placeCall } from "./place-call.js";
import { toast } from "./toast-list.js";
import { endWords, names, others } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../client/types.js").State} State
 *  @typedef {import("./call-scenes.js").Scene} Scene
 *  @typedef {import("./page-element.js").Placing} Placing
 *
 *  @typedef {Placing
 *    | {kind: "call", call: Call}
 *    | {kind: "ended", call: Call, words: string}} Shown */

const ENDED_STAYS_MS = 8000;
const HUNG_UP_STAYS_MS = 4000;
const TYPED_IN = "input, select, textarea, [contenteditable]";

export class CallScreen extends PageElement {
  #frame = new CallFrame(this, {
    minimise: () => this.minimise(),
    dismiss: () => this.#dismiss(),
    add: () => this.#add(),
    again: () => this.#again(),
    cancel: (person) => this.#cancelOne(person),
    remove: (person) => this.#askToRemove(person),
  });
  /** @type {Shown | null} */
  #shown = null;
  /** Calls that were given up before the server had answered, by id, and whether that could not be undone yet.
   *  @type {Map<string, boolean>} */
  #givenUp = new Map();
  #minimised = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #leaving;

  build() {
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-labelledby", "call-name");
    this.#frame.build();
  }

  attached() {
    this.hear(this.#frame.stage, "layout", () => this.#lay());
    this.hear(this, "hang-up", () => this.hangUp());
    this.hear(this, "end-for-all", () => this.#endForAll());
    this.hear(document, "keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
    this.every(500, () => this.#tick());
    this.follow("callEnded", (detail) => this.#ended(detail));
    this.followTalk(() => this.update(this.service.state));
    this.followTalk((talk) => {
      const [peer] = talk.state.peers;
      this.#frame.hear(peer ? (talk.hearing.levels.get(peer.key) ?? 0) : 0);
    }, "levels");
  }

  /** A call is being placed: be there at once.
   *  @param {Placing["options"]} options what `send` is given
   *  @returns {Placing} */
  placing(options) {
    /** @type {Placing} */
    const placing = { kind: "placing", options, isCancelled: false };
    if (this.#givenUp.get(options.callID)) {
      // Given up once, and wanted again.
      this.#givenUp.delete(options.callID);
    }
    if (!this.#current) {
      this.#minimised = false;
      this.#shown = placing;
      this.#show();
    }
    return placing;
  }

  /** The call was placed, or was not.
   *  @param {Placing} placing
   *  @param {Call | null} call null if it was refused
   *  @param {boolean} [isLost] whether no answer came: the server may have it */
  async placed(placing, call, isLost = false) {
    if (placing.isCancelled) {
      await this.#undo(placing, call, isLost);
      return;
    }
    if (this.#shown !== placing) {
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

  /** A call was given up before the server knew of it. Nothing of it is shown until that is undone.
   *  @param {Placing} placing
   *  @param {Call | null} call
   *  @param {boolean} isLost */
  async #undo(placing, call, isLost) {
    const { callID } = placing.options;
    let isLeft = isLost;
    if (call && !isOver(call)) {
      const isDone = await orExplain(this.service, this.service.cancel({ callID: call.call_id }));
      isLeft = !isDone && Boolean(this.service.lastError?.isTemporary);
    }
    if (isLeft) {
      // As soon as it shows that the server has it, it is hung up.
      this.#givenUp.set(call?.call_id ?? callID, true);
    } else {
      this.#givenUp.delete(callID);
    }
    this.#shown = this.#shown === placing ? null : this.#shown;
    this.update(this.service.state);
  }

  /** Whether a call goes on behind the app's views. @returns {boolean} */
  get minimised() {
    return this.#minimised && this.#shown?.kind === "call";
  }

  /** The picture that matters most now. @returns {HTMLVideoElement | null} */
  get mainVideo() {
    return this.#frame.stage.mainVideo;
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
      this.#givenUp.set(shown.options.callID, false);
      this.talk.abandon();
      closeLayer(this);
      return;
    }
    const call = this.#call;
    if (call?.state === "active" && othersInside(call, this.userId).length > 1) {
      this.#ask(call);
      return;
    }
    await this.#hangUpNow();
  }

  /** @param {State} state */
  update(state) {
    const { current } = this.talk;
    if (current && this.#givenUp.get(current.call_id)) {
      // The server has it, although its answer was lost.
      this.#givenUp.delete(current.call_id);
      orExplain(this.service, this.talk.hangUp(current, isWaitedFor(current) ? "cancel" : "leave"));
      return;
    }
    const shown = this.#shown;
    const call = this.#current;
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
    if (shown?.kind === "ended") {
      // Others may talk on: who is still there, and whether one may come back, changes.
      const now = state.calls.find((each) => each.call_id === shown.call.call_id);
      if (now && now.attempt === shown.call.attempt) {
        shown.call = now;
        this.#show();
      }
    } else if (shown?.kind === "call") {
      // The end is told by its event, which comes right after this change.
      this.#withdraw();
      queueMicrotask(() => this.#show());
    } else if (shown?.kind === "placing") {
      this.#show();
    }
  }

  /** The call that this device is in, unless it was given up. @returns {Call | null} */
  get #current() {
    const { current } = this.talk;
    return current && !this.#givenUp.has(current.call_id) ? current : null;
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
    await this.#part(call, isWaitedFor(call) ? "cancel" : "leave");
  }

  /** Go now; the server learns of it when it can.
   *  @param {Call} call @param {import("../rtc/partings.js").PartingVerb} verb */
  async #part(call, verb) {
    const told = this.talk.hangUp(call, verb);
    this.#withdraw();
    this.#end(call, partingWords(call, verb, this.userId));
    await orExplain(this.service, told);
    this.update(this.service.state);
  }

  /** Ask whether to go.
   *  @param {Call} call */
  #ask(call) {
    if (this.#minimised) {
      this.restore();
    }
    const acts = {
      leave: () => this.#hangUpNow(),
      end: () => this.#endForAll(),
    };
    const { answers, ...question } = partingQuestion(call, this.userId);
    ask(this, { ...question, answers: answers.map(({ label, act }) => ({ label, kind: "bad", act: acts[act] })) });
  }

  /** Ask whether somebody is to be taken out: they cannot come back by themselves.
   *  @param {Person} person */
  #askToRemove(person) {
    const call = this.#call;
    if (!call) {
      return;
    }
    const name = person.name || person.id;
    const act = () => orExplain(this.service, this.service.remove(person, call.call_id));
    ask(this, {
      title: say("ask.remove", { name }),
      text: say("ask.remove.meaning", { name }),
      answers: [{ label: say("ask.remove.confirm"), kind: "bad", act }],
      stay: say("ask.remove.keep"),
    });
  }

  /** @param {{call: Call, leftReason: string | null}} detail */
  #ended({ call, leftReason }) {
    if (leftReason === "moved") {
      toast(say("call.moved"), {
        action: {
          label: say("call.bring_back"),
          act: () => {
            joinCall(this.page, call);
          },
        },
      });
      return;
    }
    const shown = this.#shown;
    const words = endWords(call, { leftReason, mine: call.caller.id === this.userId });
    const current = this.#current;
    const hasHungUp = this.talk.hasHungUp(call);
    if (current && current.call_id !== call.call_id && !this.#isElsewhere && (hasHungUp || leftReason !== "left")) {
      // Another one goes on, or is gone back to.
      toast(say("call.ended_with", { names: names(others(call, this.userId)) }));
    }
    if (hasHungUp) {
      // Shown already; the server has the exact words.
      if (shown?.kind === "ended" && shown.call.call_id === call.call_id) {
        this.#shown = { kind: "ended", call, words };
        this.#show();
      }
      return;
    }
    if (current || shown?.kind === "placing" || this.#isElsewhere) {
      return;
    }
    this.#end(call, words);
  }

  /** Show for a while that a call is over for me.
   *  @param {Call} call @param {string} words */
  #end(call, words) {
    const heldOn = Boolean(call.answered_at) && call.end_reason === "completed";
    this.#shown = { kind: "ended", call, words };
    this.#minimised = false;
    this.#show();
    speak(words);
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.#dismiss(), heldOn ? HUNG_UP_STAYS_MS : ENDED_STAYS_MS);
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
    const userId = this.userId;
    switch (shown.kind) {
      case "placing":
        return placingScene(shown.options);
      case "call":
        return callScene(shown.call, { userId, media: this.talk.state });
      case "ended":
        return endedScene(shown.call, { userId, words: shown.words });
    }
  }

  /** @param {Shown} shown */
  #draw(shown) {
    const [peer, ...more] = this.talk.state.peers;
    this.#frame.draw({
      scene: this.#sceneOf(shown),
      call: shown.kind === "placing" ? null : shown.call,
      userId: this.userId,
      quality: peer && more.length === 0 ? peer.quality : null,
    });
    this.#drawTime();
  }

  #drawTime() {
    const call = this.#call;
    if (call?.state === "active") {
      this.#frame.drawTime(this.service.elapsedMs(call));
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
    this.dataset.layout = this.#shown?.kind === "ended" ? "none" : this.#frame.stage.layout;
  }

  #open() {
    if (this.hidden) {
      openLayer(this, this.#frame.heading);
      return;
    }
    const lost = !document.activeElement || document.activeElement === document.body;
    if (lost && isOnTop(this)) {
      // The button that had the focus is gone with its state: stay in the screen.
      this.#frame.heading.focus({ preventScroll: true });
    }
  }

  #tellMinimised() {
    document.dispatchEvent(new CustomEvent("call-minimised", { detail: { minimised: this.minimised } }));
  }

  #endForAll() {
    if (this.#call) {
      this.#part(this.#call, "end");
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
    const without = idsOfConcerned(call);
    const chosen = await this.page.picker.choose({ title: say("call.add_people"), without });
    if (chosen.length) {
      await addPeople(this.page, call.call_id, chosen);
    }
  }

  #again() {
    if (this.#shown?.kind !== "ended") {
      return;
    }
    const { call } = this.#shown;
    this.#shown = null;
    clearTimeout(this.#leaving);
    if (!isOver(call)) {
      this.#show();
      joinCall(this.page, call);
      return;
    }
    placeCall(this.page, { invitees: others(call, this.userId), isVideoCall: call.is_video_call });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.defaultPrevented || this.hidden || !isOnTop(this) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const call = this.#call && myParticipant(this.#call, this.userId) ? this.#call : null;
    const isTyping = event.target instanceof Element && event.target.matches(TYPED_IN);
    switch (keyAct(event.key, { call, mayType: isTyping || event.repeat })) {
      case "dismiss":
        this.#dismiss();
        break;
      case "part":
        event.preventDefault();
        if (call && !this.#frame.controls.closeMenu()) {
          this.#ask(call);
        }
        break;
      case "microphone":
        this.talk.toggleMicrophone();
        break;
      case "camera":
        this.talk.toggleCamera();
        break;
      case "share":
        this.#frame.controls.share();
    }
  }
}

/** Whether nobody has answered yet.
 *  @param {Call} call */
function isWaitedFor(call) {
  return call.state === "ringing" && pendingInvitations(call).length > 0;
}

customElements.define("call-screen", CallScreen);
