/** `<incoming-call>`: rings, shows who calls, answers and declines, and holds the call itself, on any page.
 *
 *  It stands in a corner, above everything else; with the attribute `inline` where it was put. */

import { CallInvitationError, isRingingFor } from "../client/index.js";
import { setAttribute } from "../elements/dom.js";
import { callScene, endedScene, partingWords } from "../elements/call-scenes.js";
import { isOn } from "../elements/send-parameters.js";
import { endWords, others } from "../elements/words.js";
import { saying } from "../words/say.js";
import { CallPanel } from "./call-panel.js";
import { CallElement, define, isConnected } from "./element.js";
import { Frame } from "./frame.js";
import { enter, screen } from "./hub.js";
import { RingCard } from "./ring-card.js";

/** @typedef {import("./calls.js").Calls} Calls
 *  @typedef {import("../client/types.js").Call} Call
 *
 *  @typedef {import("./hub.js").AnswerOptions} AnswerOptions
 *
 *  @typedef {object} DeclineOptions
 *  @property {string} [callID] the ring that is shown by default
 *  @property {string} [customData] handed to the caller
 *  @property {"declined" | "busy" | "later"} [reason]
 *  @property {boolean} [block] also block whoever rang
 *
 *  @typedef {object} RingRefused what `refused` tells
 *  @property {CallInvitationError} error
 *  @property {string} code
 *  @property {string} detail a sentence for people
 *  @property {string} callID
 *  @property {Call} call */

const ENDED_STAYS_MS = 6000;

export class IncomingCall extends CallElement {
  static observedAttributes = ["inline", "expanded", "silent", "no-camera"];

  #card = new RingCard({
    accept: (call, how) => this.accept({ callID: call.call_id, ...how }),
    decline: (call) => this.decline({ callID: call.call_id }),
  });
  #panel = new CallPanel({
    hangUp: () => this.hangUp(),
    again: () => this.#again(),
    dismiss: () => this.#dismiss(),
    enlarge: () => {
      this.expanded = !this.expanded;
    },
    bring: () => this.#bring(),
  });
  #frame = new Frame(this, [this.#card.node, this.#panel.node]);
  /** Rings that a listener of `will-ring` shows itself, and those that it was asked about. @type {Map<string, boolean>} */
  #asked = new Map();
  /** @type {Set<string>} */
  #answering = new Set();
  /** @type {Call | null} */
  #ring = null;
  /** The call that was shown last. @type {string | null} */
  #inside = null;
  /** Whether the page was in a call when it was drawn last. */
  #wasIn = false;
  /** The call that is shown because I am in it, but on no page of this browser. @type {Call | null} */
  #elsewhere = null;
  /** Such calls that were closed here. @type {Set<string>} */
  #leftThere = new Set();
  /** The call whose end is shown. @type {{call: Call, words: string} | null} */
  #ended = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #leaving;

  /** @param {ShadowRoot} root */
  build(root) {
    this.#frame.node.addEventListener("keydown", (event) => this.#key(event));
    root.append(this.#frame.node);
  }

  connectedCallback() {
    super.connectedCallback();
    this.untilGone(enter(this));
    const timer = setInterval(() => this.#tick(), 250);
    this.untilGone(() => clearInterval(timer));
  }

  /** Whether it is a part of the page's layout, instead of standing above it. @returns {boolean} */
  get inline() {
    return isOn(this, "inline");
  }

  set inline(on) {
    setAttribute(this, "inline", on);
  }

  /** Whether it fills the window while one is in a call. @returns {boolean} */
  get expanded() {
    return isOn(this, "expanded");
  }

  set expanded(on) {
    setAttribute(this, "expanded", on);
  }

  /** Whether it makes no sound. @returns {boolean} */
  get silent() {
    return isOn(this, "silent");
  }

  set silent(on) {
    setAttribute(this, "silent", on);
    this.client?.alert();
  }

  /** Whether calls are answered without the camera, which can be switched on then. @returns {boolean} */
  get noCamera() {
    return isOn(this, "no-camera");
  }

  set noCamera(on) {
    setAttribute(this, "no-camera", on);
  }

  /** The data that goes along with an answer, if none is given with it. @returns {string} */
  get customData() {
    return this.getAttribute("custom-data") ?? "";
  }

  set customData(data) {
    setAttribute(this, "custom-data", data || null);
  }

  /** The ring that is shown. @returns {Call | null} */
  get ring() {
    return this.#ring;
  }

  /** The call that this page is in, or has placed. @returns {Call | null} */
  get call() {
    return this.client?.media.current ?? null;
  }

  /** Whether it shows this call, not the page itself. About a ring, the listeners of `will-ring` are asked the first time.
   *  @param {Call} call
   *  @returns {boolean} */
  shows(call) {
    return !isRingingFor(call, this.client?.state.user?.id) || this.#mayRing(call);
  }

  /** Accept a ring; the same as its button.
   *  @param {AnswerOptions} [options]
   *  @returns {Promise<boolean>} false if it was refused, or a listener of `will-answer` said no */
  async accept(options = {}) {
    const call = this.#rung(options.callID);
    const calls = this.client;
    const chosen = {
      customData: options.customData ?? this.customData,
      microphone: options.microphone ?? true,
      camera: options.camera ?? (call?.is_video_call === true && !this.noCamera),
      hold: options.hold ?? false,
    };
    if (!call || !calls || !this.#may("will-answer", call, chosen)) {
      return false;
    }
    const { microphone, camera, hold, customData } = chosen;
    return this.#answer(call, "answered", () =>
      calls.media.during({ microphone, camera }, () => calls.accept({ callID: call.call_id, customData, hold })),
    );
  }

  /** Decline a ring; the same as its button.
   *  @param {DeclineOptions} [options]
   *  @returns {Promise<boolean>} false if it was refused, or a listener of `will-decline` said no */
  async decline(options = {}) {
    const call = this.#rung(options.callID);
    const calls = this.client;
    const { reason = "declined", block = false } = options;
    const chosen = { customData: options.customData ?? this.customData, reason, block };
    if (!call || !calls || !this.#may("will-decline", call, chosen)) {
      return false;
    }
    return this.#answer(call, "declined", () => calls.reject({ callID: call.call_id, ...chosen }));
  }

  /** Cancel the call that is being placed, or leave the one that goes on; the same as its button.
   *  @returns {Promise<boolean>} false if there is none, or a listener of `will-hang-up` said no */
  async hangUp() {
    const calls = this.client;
    const call = this.call;
    if (!calls || !call || !this.#may("will-hang-up", call, {})) {
      return false;
    }
    const verb = call.state === "ringing" ? "cancel" : "leave";
    const told = calls.media.hangUp(call, verb);
    this.#end(call, () => partingWords(call, verb, calls.state.user?.id));
    const isDone = await told;
    if (!isDone) {
      this.#refused(calls, call);
    }
    return isDone;
  }

  /** @param {Calls} calls */
  attached(calls) {
    const draw = () => this.draw();
    calls.media.addEventListener("change", draw);
    this.untilOther(() => calls.media.removeEventListener("change", draw));
    this.untilOther(
      calls.on("callStarted", ({ callID, call }) => {
        this.tell("call-started", { callID, call });
      }),
    );
    this.untilOther(
      calls.on("callEnded", ({ callID, call, endReason, leftReason }) => {
        const mine = call.caller.id === calls.state.user?.id;
        // One that goes on at another device is shown as such.
        if (this.#inside === callID && !calls.media.current && leftReason !== "moved") {
          this.#end(call, () => endWords(call, { leftReason, mine }));
        }
        this.tell("call-ended", { callID, call, endReason, leftReason });
      }),
    );
  }

  /** @param {Calls | null} calls */
  update(calls) {
    if (!calls || screen() !== this) {
      this.#ring = null;
      this.#ended = null;
      this.#elsewhere = null;
      this.#wasIn = false;
      this.#show(false);
      return;
    }
    const { state } = calls;
    const rings = state.calls.filter((call) => isRingingFor(call, state.user?.id));
    this.#forget(state.calls);
    const isSignedIn = !["signed_out", "closed"].includes(state.connection);
    const shown = isSignedIn ? rings.filter((call) => this.shows(call)) : [];
    const ring = shown.find((call) => call.call_id === state.incoming?.call_id) ?? shown[0] ?? null;
    const current = calls.media.current;
    const isNewRing = ring !== null && ring.call_id !== this.#ring?.call_id;
    const { elsewhere } = state;
    const wasIn = this.#wasIn;
    this.#ring = ring;
    this.#wasIn = current !== null;
    if (current) {
      this.#ended = null;
      this.#inside = current.call_id;
    }
    const isShownElsewhere = isSignedIn && !current && !this.#ended && !this.#leftThere.has(elsewhere?.call_id ?? "");
    this.#elsewhere = isShownElsewhere ? elsewhere : null;
    const userId = state.user?.id;
    this.#card.show(ring, {
      userId,
      more: shown.filter((call) => call !== ring),
      current,
      answering: this.#answering,
    });
    this.#panel.show(this.#sceneOf(calls, current ?? this.#elsewhere), {
      call: current,
      place: this.#elsewhere ? "elsewhere" : calls.media.state.place,
      talk: calls.media,
      userId,
      isConnected: isConnected(calls),
      isLarge: this.expanded,
      mayEnlarge: !this.inline,
    });
    this.#show(ring !== null || !this.#panel.node.hidden);
    this.#tick();
    if (isNewRing) {
      this.#frame.take(this.#card.heading);
      this.tell("ring", { callID: ring.call_id, call: ring, caller: ring.caller, isVideoCall: ring.is_video_call });
    } else if (current && !wasIn) {
      this.#frame.take(this.#panel.heading);
    }
  }

  /** @param {Calls} calls @param {Call | null} call that goes on */
  #sceneOf(calls, call) {
    const userId = calls.state.user?.id;
    if (call) {
      return callScene(call, { userId, media: calls.media.state });
    }
    return this.#ended ? endedScene(this.#ended.call, { userId, words: this.#ended.words }) : null;
  }

  /** Whether the page leaves this ring to this element: asked once, when it begins.
   *  @param {Call} call
   *  @returns {boolean} */
  #mayRing(call) {
    const known = this.#asked.get(call.call_id);
    if (known !== undefined) {
      return known;
    }
    // Before it is told: a listener may look at this element.
    this.#asked.set(call.call_id, true);
    const may = this.#may("will-ring", call, {});
    this.#asked.set(call.call_id, may);
    return may;
  }

  /** @param {readonly Call[]} calls all there are */
  #forget(calls) {
    const there = new Set(calls.map((call) => call.call_id));
    for (const callID of this.#asked.keys()) {
      if (!there.has(callID)) {
        this.#asked.delete(callID);
      }
    }
    for (const callID of this.#leftThere) {
      if (!there.has(callID) || callID === this.#inside) {
        this.#leftThere.delete(callID);
      }
    }
  }

  /** @param {string | undefined} callID
   *  @returns {Call | null} a ring that can be answered, and is not being answered already */
  #rung(callID) {
    const state = this.client?.state;
    const call = callID ? state?.calls.find((each) => each.call_id === callID) : this.#ring;
    const rings = call && isRingingFor(call, state?.user?.id) && !this.#answering.has(call.call_id);
    return rings ? call : null;
  }

  /** @param {string} name @param {Call} call @param {object} options which listeners may change */
  #may(name, call, options) {
    const detail = { callID: call.call_id, call, caller: call.caller, isVideoCall: call.is_video_call, options };
    return this.tell(name, detail, { cancelable: true });
  }

  /** @param {Call} call @param {"answered" | "declined"} event @param {() => Promise<boolean>} verb */
  async #answer(call, event, verb) {
    const calls = /** @type {Calls} */ (this.client);
    const { call_id: callID } = call;
    this.#answering.add(callID);
    // The ring stops at the click, not when the server has answered.
    calls.alert(callID);
    this.draw();
    const isDone = await verb();
    const now = isDone ? (calls.lastResult?.call ?? call) : call;
    this.#answering.delete(callID);
    calls.alert(callID, true);
    if (isDone) {
      this.tell(event, { callID, call: now });
    } else {
      this.#refused(calls, call);
    }
    this.draw();
    return isDone;
  }

  /** @param {Calls} calls @param {Call} call */
  #refused(calls, call) {
    const error = calls.lastError ?? CallInvitationError.unreachable();
    /** @type {RingRefused} */
    const refused = { error, code: error.code, detail: error.detail, callID: call.call_id, call };
    this.tell("refused", refused);
  }

  /** Show for a while that a call is over.
   *  @param {Call} call @param {() => string} words */
  #end(call, words) {
    this.#ended = { call, words: saying(this.texts, words) };
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.#dismiss(), ENDED_STAYS_MS);
    this.draw();
  }

  #dismiss() {
    clearTimeout(this.#leaving);
    if (this.#elsewhere) {
      this.#leftThere.add(this.#elsewhere.call_id);
    }
    this.#ended = null;
    this.draw();
  }

  /** Take the call over from another page of this browser, or from another device. */
  #bring() {
    const calls = this.client;
    const call = this.#elsewhere;
    if (!calls || !call) {
      calls?.media.bringHere();
      return;
    }
    const intent = { microphone: true, camera: call.is_video_call && !this.noCamera };
    calls.media.during(intent, () => calls.join(call.call_id)).then((isDone) => isDone || this.#refused(calls, call));
  }

  #again() {
    const calls = this.client;
    const call = this.#ended?.call;
    if (!calls || !call) {
      return;
    }
    const intent = { microphone: true, camera: call.is_video_call };
    const invitees = others(call, calls.state.user?.id);
    const scene = this.#sceneOf(calls, null);
    this.#dismiss();
    calls.media
      .during(intent, () =>
        scene?.again === "join" ? calls.join(call.call_id) : calls.send({ invitees, isVideoCall: call.is_video_call }),
      )
      .then((isDone) => isDone || this.#refused(calls, call));
  }

  #tick() {
    const calls = this.client;
    const current = this.call;
    if (calls && this.#ring) {
      const ring = this.#ring;
      saying(this.texts, () => this.#card.tick(calls.remainingMs(ring)));
    }
    if (calls && current) {
      this.#panel.tick(calls.elapsedMs(current));
    }
  }

  /** @param {boolean} isShown */
  #show(isShown) {
    const isLarge = this.expanded && this.#wasIn && !this.inline;
    this.#frame.show(isShown, { isInline: this.inline, isLarge });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.repeat) {
      return;
    }
    if (this.#ring) {
      event.preventDefault();
      this.decline();
    } else if (this.#ended || this.#elsewhere) {
      event.preventDefault();
      this.#dismiss();
    } else if (this.expanded) {
      event.preventDefault();
      this.expanded = false;
    }
  }
}

define("incoming-call", IncomingCall);
