/**
 * The media of whatever call this page is in: follows the call service, opens and closes devices, keeps the links.
 *
 * The server says which call and who is in it; this only carries it out. When the call is over, for whatever reason,
 * nothing is left open: no device, no connection, no timer.
 */

import { systemClock } from "../client/clock.js";
import { isUp } from "../client/connection.js";
import { pageStorage } from "../client/storage.js";
import { AllMedia } from "./all-media.js";
import { Crowd } from "./crowd.js";
import { CutOff } from "./cut-off.js";
import { IceServers } from "./ice-servers.js";
import { Intents } from "./intent.js";
import { LocalMedia } from "./local-media.js";
import { followNetwork } from "./network.js";
import { Partings } from "./partings.js";
import { keyOf } from "./peer.js";
import { CallPlace } from "./place.js";
import { CallTab } from "./tab.js";
import { UpReport } from "./up-report.js";

const RELAY_KEY = "callinvite.relay_only";
const ACTS = new Set(["send", "accept", "join"]);

/**
 * @typedef {import("../client/types.js").Call} Call
 * @typedef {import("../client/index.js").CallInvitationService} CallInvitationService
 *
 * @typedef {import("./intent.js").Intent} Intent
 *
 * @typedef {object} TalkState frozen, replaced on every change
 * @property {string | null} callID the call that this device is in, in whichever page
 * @property {"none" | "here" | "other_page" | "nowhere"} place `nowhere`: the page that had it is gone
 * @property {import("./local-media.js").LocalState} local
 * @property {import("./peer.js").PeerState[]} peers
 * @property {string | null} speaker the key of who speaks
 * @property {string} ownKey
 * @property {boolean} isUp whether media of anybody has come through
 * @property {boolean} isCutOff whether neither the server nor anybody else has been there for long: devices are closed
 *
 * @typedef {object} TalkOptions
 * @property {CallInvitationService} service
 * @property {LocalMedia} [local]
 * @property {CallTab} [tab]
 * @property {import("./intent.js").Store | null} [storage] of the browser
 * @property {import("../client/types.js").Clock} [clock]
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} [connect]
 * @property {() => boolean} [isReloading] whether the page that goes is about to come again
 */

/**
 * Fires `change` for its state, `levels` several times a second while somebody is there, and `notice` with a `code` in
 * its `detail` for what is worth a word: `video_paused`.
 */
export class Talk extends EventTarget {
  #service;
  #local;
  #place;
  #storage;
  #clock;
  #isReloading;
  #ice;
  #media;
  #intents;
  #partings;
  #cutOff;
  #report;
  #crowd = new Crowd();
  #isSeeded = false;
  /** How many previews are shown. */
  #previews = 0;
  #wasOpen = false;
  #isScheduled = false;
  /** @type {TalkState} */
  #state;

  /**
   * @param {TalkOptions} options
   */
  constructor({
    service,
    local = new LocalMedia({ storage: pageStorage("localStorage") }),
    tab = new CallTab(),
    storage = pageStorage("localStorage"),
    clock = systemClock,
    connect = (configuration) => new RTCPeerConnection(configuration),
    isReloading = () => false,
  }) {
    super();
    this.#service = service;
    this.#local = local;
    this.#place = new CallPlace(tab, clock);
    this.#storage = storage;
    this.#clock = clock;
    this.#isReloading = isReloading;
    this.#ice = new IceServers(service, clock);
    this.#media = new AllMedia({
      service,
      local,
      configuration: () => {
        this.#ice.refresh(true);
        return this.#ice.configuration(this.isRelayOnly);
      },
      clock,
      connect,
      onChange: () => this.#mediaChanged(),
      onLevels: () => this.dispatchEvent(new Event("levels")),
      onBadSignal: (code) => this.#notice(code),
    });
    this.#intents = new Intents(storage);
    this.#partings = new Partings(service, clock);
    this.#cutOff = new CutOff(clock, () => {
      this.#stop();
      this.#changed();
    });
    this.#report = new UpReport(service, clock, () => (this.#media.isUp ? this.#call() : null));
    this.#state = this.#snapshot();
  }

  /** Begins to follow the service. */
  start() {
    this.#service.on("change", () => this.#follow());
    this.#service.on("signal", ({ callID, from, data }) => this.#media.hear(callID, from, data));
    this.#service.on("performed", ({ verb, callID }) => this.#performed(verb, callID));
    this.#local.addEventListener("change", () => this.#localChanged());
    this.#place.addEventListener("here", () => this.#arrive());
    this.#place.addEventListener("away", () => this.#lostPlace());
    this.#place.addEventListener("orphaned", () => this.#service.leave(this.#place.callID ?? undefined));
    this.#place.addEventListener("change", () => this.#changed());
    followNetwork(this.#clock, () => this.#media.restart());
    globalThis.addEventListener?.("pagehide", () => this.#partWithPage());
    globalThis.addEventListener?.("pageshow", (event) => {
      if (/** @type {PageTransitionEvent} */ (event).persisted) {
        this.#revive();
      }
    });
    this.#follow();
  }

  /** @returns {TalkState} */
  get state() {
    return this.#state;
  }

  /** @returns {LocalMedia} */
  get local() {
    return this.#local;
  }

  /** @returns {import("./speaker.js").Hearing} how loud everybody is right now, by their keys */
  get hearing() {
    return this.#media.hearing;
  }

  /**
   * @param {string} key
   * @returns {{audio: MediaStream, video: MediaStream} | null}
   */
  streamsOf(key) {
    return this.#media.current?.streamsOf(key) ?? null;
  }

  /**
   * The browser's own figures of the connection to one device (W3C webrtc-stats).
   *
   * @param {string} key
   * @returns {Promise<RTCStatsReport | null>}
   */
  async statsOf(key) {
    return (await this.#media.current?.statsOf(key)) ?? null;
  }

  /** @returns {boolean} whether all media goes through the relay, which hides this device's address from the others */
  get isRelayOnly() {
    return this.#storage?.getItem(RELAY_KEY) === "on";
  }

  /**
   * Opens devices for a call while the verb that leads into it is under way, and keeps them if it does.
   *
   * @template T
   * @param {Intent} intent
   * @param {() => Promise<T>} verb such as `accept`
   * @returns {Promise<T>}
   */
  async during(intent, verb) {
    const wished = this.#intents.beginAct(intent);
    this.#ice.refresh(this.#concernsCall());
    if (this.#place.where !== "here") {
      // The devices of a call that one is in are that call's, until it is left.
      this.#local.begin(wished);
    }
    try {
      return await verb();
    } finally {
      this.#intents.endAct();
      this.#settle();
    }
  }

  /** The person has changed their mind about a call that is being placed: nothing is open from this moment on. */
  abandon() {
    if (this.#place.where !== "here") {
      this.#intents.abandon();
      this.#local.stop();
    }
  }

  /**
   * Hangs up: devices and connections are closed now, and the server is told until it knows.
   *
   * @param {Call} call
   * @param {import("./partings.js").PartingVerb} [verb]
   * @returns {Promise<boolean>} false if the server refused: the call goes on
   */
  async hangUp(call, verb = "leave") {
    const told = this.#partings.part(call, verb);
    this.#follow();
    const done = await told;
    this.#follow();
    return done;
  }

  /** The call that this device is in, unless the person has hung it up.
   * @returns {Call | null} */
  get current() {
    return this.#stays[0] ?? null;
  }

  /**
   * @param {Call} call
   * @returns {boolean} whether the person has hung it up, and the server may not know
   */
  hasHungUp(call) {
    return this.#partings.has(call);
  }

  /** Calls that this device is in as well, and has put on hold for the current one.
   * @returns {Call[]} */
  get onHold() {
    return this.#stays.slice(1);
  }

  /** @returns {Call[]} every call that this device is in and has not hung up */
  get #stays() {
    const { active, outgoing, onHold } = this.#service.state;
    const all = /** @type {Call[]} */ ([active, outgoing, ...onHold].filter(Boolean));
    return all.filter((call) => !this.#partings.has(call));
  }

  /**
   * Shows the own picture before a call.
   *
   * @param {{camera: boolean, microphone?: boolean}} wanted
   * @returns {() => void} ends it; the camera stays open if a call has begun meanwhile
   */
  preview(wanted) {
    if (this.#place.where === "here") {
      // It would be seen by those one is in a call with.
      return () => {};
    }
    this.#previews += 1;
    this.#local.open(wanted);
    let isOver = false;
    return () => {
      if (!isOver) {
        isOver = true;
        this.#previews -= 1;
        this.#settle();
      }
    };
  }

  /** Mutes, or speaks again. */
  async toggleMicrophone() {
    const { speaks } = this.#local.state.microphone;
    this.#want({ microphone: !speaks });
    await this.#local.setMuted(speaks);
  }

  /** Switches the camera. */
  async toggleCamera() {
    const { camera } = this.#local.state;
    const on = !(camera.live || camera.starting);
    this.#want({ camera: on });
    await this.#local.setCamera(on);
  }

  /**
   * Puts the call on hold, or goes on with it.
   *
   * @param {boolean} hold
   */
  setHold(hold) {
    this.#want({ hold });
    this.#local.setHold(hold);
  }

  /** Brings the call from another page of this browser into this one. */
  bringHere() {
    if (this.#place.callID !== null) {
      this.#place.claim();
    }
  }

  #follow() {
    const { state } = this.#service;
    const call = this.current;
    const isFirst = !this.#isSeeded && state.user !== null;
    this.#isSeeded ||= isFirst;
    const isOpen = state.connection === "open";
    if (state.connection === "signed_out" || call === null) {
      this.#leave();
      this.#followOnHold([]);
    } else if (call.call_id !== this.#place.callID) {
      const acts = this.#intents.isActing || this.#media.isOnHold(call.call_id);
      this.#turnAway(acts);
      this.#place.enter(call.call_id, { acts, isLoaded: isFirst });
    } else if (this.#place.where === "here") {
      this.#update(call);
    }
    if (this.#concernsCall()) {
      this.#ice.refresh(true);
    }
    if (isOpen && !this.#wasOpen) {
      this.#media.resume();
    }
    this.#wasOpen = isOpen;
    this.#mindTheLine();
    this.#changed();
  }

  #mindTheLine() {
    const isAlone = !this.#media.peers.some((peer) => peer.state === "connected");
    this.#cutOff.follow(this.#place.where === "here" && !isUp(this.#service.state.connection) && isAlone);
  }

  /**
   * @param {string} verb
   * @param {string | null} callID
   */
  #performed(verb, callID) {
    if (!ACTS.has(verb) || callID === null) {
      return;
    }
    this.#partings.forget(callID);
    if (callID === this.#place.callID) {
      this.#place.claim();
    }
  }

  /** The call is here now. */
  #arrive() {
    const call = this.#call();
    if (call === null) {
      return;
    }
    this.#media.turnTo(call.call_id);
    const { intent, isBack } = this.#intents.arrive(call);
    // Back from a reload: what was switched on again in a crowd stays on.
    this.#crowd.enter(isBack ? call : null);
    this.#ice.refresh(true);
    this.#local.begin({ hold: false, ...intent });
    this.#media.current?.setOnHold(false);
    this.#update(call);
    this.#changed();
  }

  /**
   * @param {Call} call
   */
  async #update(call) {
    if (this.#cutOff.isCutOff && isUp(this.#service.state.connection)) {
      // The call outlived it after all.
      this.#cutOff.forget();
      this.#local.begin({ hold: false, ...this.#intents.of(call) });
    }
    if (call.state !== "active" || this.#cutOff.isCutOff) {
      return;
    }
    this.#ice.refresh(true);
    await this.#ice.arrive();
    const now = this.#call();
    if (now === null || this.#place.where !== "here" || now.state !== "active" || this.#cutOff.isCutOff) {
      return;
    }
    this.#media.follow(now);
    this.#followOnHold(this.onHold);
    this.#mindTheCrowd(now);
    this.#report.send();
    this.#changed();
  }

  /**
   * @param {readonly Call[]} calls those that are on hold now
   */
  #followOnHold(calls) {
    this.#media.followOnHold(calls).forEach((callID) => {
      this.#intents.forget(callID);
    });
  }

  #mediaChanged() {
    this.#report.send();
    this.#mindTheLine();
    this.#changed();
  }

  #localChanged() {
    this.#media.current?.refresh();
    this.#changed();
  }

  /**
   * @param {Call} call
   */
  #mindTheCrowd(call) {
    const films = this.#local.state.camera.wanted;
    if (!this.#crowd.follow(call) || !(films || call.is_video_call)) {
      return;
    }
    if (films) {
      this.#local.setCamera(false);
      this.#want({ camera: false });
    }
    this.#notice("video_paused");
  }

  /** Another page has taken the call. */
  #lostPlace() {
    this.#media.close();
    this.#settle();
    this.#changed();
  }

  /**
   * Another call is the current one: the one before it is on hold, if this device is in it still.
   *
   * @param {boolean} goesOn whether the other one needs the devices in this page
   */
  #turnAway(goesOn) {
    const call = this.onHold.find((each) => each.call_id === this.#place.callID);
    const intent = call ? this.#intents.of(call) : null;
    if (call) {
      this.#media.putOnHold();
    }
    this.#leave(goesOn);
    if (call && intent) {
      // It is gone back to as it was, but without a hold that the person had asked for before.
      this.#intents.keep({ ...intent, hold: false }, call);
    }
  }

  /**
   * This device is not in the call any more that it was in, or has turned to another one.
   *
   * @param {boolean} [goesOn] whether the devices are needed at once
   */
  #leave(goesOn = false) {
    if (this.#place.callID === null) {
      return;
    }
    this.#intents.forget(this.#place.callID);
    // A screen shown to some must not be shown to others, whatever comes next.
    this.#local.stopScreen();
    this.#local.setHold(false);
    this.#crowd.enter(null);
    this.#cutOff.forget();
    this.#media.closeCurrent();
    this.#place.leave();
    if (!goesOn) {
      this.#settle();
    }
  }

  /** The page is closed or left: so is the call, unless the page is only loaded again. */
  #partWithPage() {
    if (!this.#isReloading()) {
      // The answer that lets this device in may be on its way.
      this.#service.entering.forEach((callID) => {
        this.#service.leaveWithPage(callID);
      });
      if (this.#place.where === "here") {
        this.#stays.forEach((call) => {
          this.#partings.partWithPage(call);
        });
      }
    }
    this.#stop();
  }

  #stop() {
    this.#media.close();
    this.#local.stop();
  }

  /** The browser took the page out of its back-forward cache: as good as loaded anew. */
  #revive() {
    this.#place.leave();
    this.#isSeeded = false;
    this.#follow();
  }

  /** Closes the devices if nothing needs them. */
  #settle() {
    const isNeeded = this.#place.where === "here" || this.#intents.isActing || this.#previews > 0;
    if (!isNeeded) {
      this.#local.stop();
    }
    this.#changed();
  }

  /**
   * @returns {Call | null} the call that this device is in
   */
  #call() {
    const call = this.current;
    return call?.call_id === this.#place.callID ? call : null;
  }

  /**
   * Remembers what the person has just chosen, for this call or for the one that is being begun.
   *
   * @param {Partial<Intent>} change
   */
  #want(change) {
    const call = this.#call();
    if (this.#place.where !== "here") {
      this.#intents.wish(change);
    } else if (call !== null) {
      this.#intents.keep(change, call);
    }
  }

  /** @returns {boolean} whether there is any call that relays may be needed for */
  #concernsCall() {
    return this.#service.state.incoming !== null || this.#call() !== null;
  }

  /**
   * @param {string} code
   */
  #notice(code) {
    this.dispatchEvent(Object.assign(new Event("notice"), { detail: { code } }));
  }

  /** Tells of a change, once for all that happen in the same moment. */
  #changed() {
    if (this.#isScheduled) {
      return;
    }
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#state = this.#snapshot();
      this.dispatchEvent(new Event("change"));
    });
  }

  /**
   * @returns {TalkState}
   */
  #snapshot() {
    return Object.freeze({
      callID: this.#place.callID,
      place: this.#place.where,
      local: this.#local.state,
      peers: this.#media.peers,
      speaker: this.hearing.speaker,
      ownKey: keyOf(this.#media.me),
      isUp: this.#media.isUp,
      isCutOff: this.#cutOff.isCutOff,
    });
  }
}
