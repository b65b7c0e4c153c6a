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
import { LocalMedia } from "./local-media.js";
import { followNetwork } from "./network.js";
import { OpenDevices } from "./open-devices.js";
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
  #devices;
  #partings;
  #cutOff;
  #report;
  #crowd = new Crowd();
  #isSeeded = false;
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
    this.#ice = new IceServers(service, clock, () => this.#concernsCall());
    this.#media = new AllMedia({
      service,
      local,
      configuration: () => {
        this.#ice.refresh();
        return this.#ice.configuration(this.isRelayOnly);
      },
      clock,
      connect,
      onChange: () => this.#mediaChanged(),
      onLevels: () => this.dispatchEvent(new Event("levels")),
      onBadSignal: (code) => this.#notice(code),
    });
    this.#devices = new OpenDevices({
      local,
      storage,
      isHere: () => this.#place.where === "here",
      call: () => this.#call(),
      onSettled: () => this.#changed(),
    });
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
    this.#ice.refresh();
    return await this.#devices.during(intent, verb);
  }

  /** The person has changed their mind about a call that is being placed: nothing is open from this moment on. */
  abandon() {
    this.#devices.abandon();
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
    return this.#devices.preview(wanted);
  }

  /** Mutes, or speaks again. */
  async toggleMicrophone() {
    await this.#devices.toggleMicrophone();
  }

  /** Switches the camera. */
  async toggleCamera() {
    await this.#devices.toggleCamera();
  }

  /**
   * Puts the call on hold, or goes on with it.
   *
   * @param {boolean} hold
   */
  setHold(hold) {
    this.#devices.setHold(hold);
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
      const acts = this.#devices.isActing || this.#media.isOnHold(call.call_id);
      this.#turnAway(acts);
      this.#place.enter(call.call_id, { acts, isLoaded: isFirst });
    } else if (this.#place.where === "here") {
      this.#update(call);
    }
    if (this.#concernsCall()) {
      this.#ice.refresh();
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
    const isBack = this.#devices.arrive(call);
    // Back from a reload: what was switched on again in a crowd stays on.
    this.#crowd.enter(isBack ? call : null);
    this.#ice.refresh();
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
      this.#devices.reopen(call);
    }
    if (call.state !== "active" || this.#cutOff.isCutOff) {
      return;
    }
    this.#ice.refresh();
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
      this.#devices.forget(callID);
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
      this.#devices.pauseCamera();
    }
    this.#notice("video_paused");
  }

  /** Another page has taken the call. */
  #lostPlace() {
    this.#media.close();
    this.#devices.settle();
  }

  /**
   * Another call is the current one: the one before it is on hold, if this device is in it still.
   *
   * @param {boolean} goesOn whether the other one needs the devices in this page
   */
  #turnAway(goesOn) {
    const call = this.onHold.find((each) => each.call_id === this.#place.callID) ?? null;
    if (call) {
      this.#media.putOnHold();
    }
    this.#leave({ goesOn, onHold: call });
  }

  /**
   * This device is not in the call any more that it was in, or has turned to another one.
   *
   * @param {{goesOn?: boolean, onHold?: Call | null}} [how] `goesOn`: the devices are needed at once; `onHold`: the call, if
   *   it is only on hold
   */
  #leave({ goesOn = false, onHold = null } = {}) {
    if (this.#place.callID === null) {
      return;
    }
    this.#devices.leave(this.#place.callID, onHold);
    this.#crowd.enter(null);
    this.#cutOff.forget();
    this.#media.closeCurrent();
    this.#place.leave();
    if (!goesOn) {
      this.#devices.settle();
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

  /**
   * @returns {Call | null} the call that this device is in
   */
  #call() {
    const call = this.current;
    return call?.call_id === this.#place.callID ? call : null;
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
