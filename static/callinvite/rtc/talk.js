/**
 * The media of whatever call this page is in: follows the call service, opens and closes devices, keeps the links.
 *
 * The server says which call and who is in it; this only carries it out. When the call is over, for whatever reason,
 * nothing is left open: no device, no connection, no timer.
 */

import { myParticipant } from "../client/call.js";
import { systemClock } from "../client/clock.js";
import { VIDEO_PEOPLE_MAX } from "./budget.js";
import { CallMedia } from "./call-media.js";
import { IceServers } from "./ice-servers.js";
import { KeptIntent } from "./intent.js";
import { LocalMedia } from "./local-media.js";
import { keyOf } from "./peer.js";
import { CallPlace } from "./place.js";
import { SILENT } from "./speaker.js";
import { CallTab } from "./tab.js";

const RELAY_KEY = "callinvite.relay_only";
/** Networks report a change several times over. */
const NETWORK_SETTLES_MS = 500;
const REPORT_AGAIN_MS = 2_000;
/** Without the server and without anybody else for so long, there is no call any more: its lease has lapsed. */
const CUT_OFF_MS = 45_000;
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
 * @typedef {Navigator & {connection?: EventTarget & {type?: string}}} WithNetwork (Network Information API)
 *
 * @typedef {object} TalkOptions
 * @property {CallInvitationService} service
 * @property {LocalMedia} [local]
 * @property {CallTab} [tab]
 * @property {import("./intent.js").Store | null} [storage] of the browser
 * @property {import("../client/types.js").Clock} [clock]
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} [connect]
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
  #connect;
  #ice;
  #kept;
  /** @type {CallMedia | null} */
  #media = null;
  #isSeeded = false;
  /** How many acts that lead into a call are under way, and how many previews are shown. */
  #acts = 0;
  #previews = 0;
  /** What is to be sent in the call that an act under way leads into. @type {Intent | null} */
  #wished = null;
  /** @type {unknown} */
  #networkTimer;
  /** @type {string | undefined} */
  #networkType;
  /** @type {unknown} */
  #cutOffTimer;
  #isCutOff = false;
  #reporting = false;
  #wasOpen = false;
  #wasCrowded = false;
  #isScheduled = false;
  /** @type {TalkState} */
  #state;

  /**
   * @param {TalkOptions} options
   */
  constructor({
    service,
    local = new LocalMedia({ storage: pageStorage() }),
    tab = new CallTab(),
    storage = pageStorage(),
    clock = systemClock,
    connect = (configuration) => new RTCPeerConnection(configuration),
  }) {
    super();
    this.#service = service;
    this.#local = local;
    this.#place = new CallPlace(tab, clock);
    this.#storage = storage;
    this.#clock = clock;
    this.#connect = connect;
    this.#ice = new IceServers(service, clock);
    this.#kept = new KeptIntent(storage);
    this.#state = this.#snapshot();
  }

  /** Begins to follow the service. */
  start() {
    this.#service.on("change", () => this.#follow());
    this.#service.on("signal", ({ callID, from, data }) => this.#hear(callID, from, data));
    this.#service.on("performed", ({ verb, callID }) => this.#performed(verb, callID));
    this.#local.addEventListener("change", () => this.#localChanged());
    this.#place.addEventListener("here", () => this.#arrive());
    this.#place.addEventListener("away", () => this.#lostPlace());
    this.#place.addEventListener("orphaned", () => this.#service.leave(this.#place.callID ?? undefined));
    this.#place.addEventListener("change", () => this.#changed());
    globalThis.addEventListener?.("online", () => this.#networkChanged());
    const network = /** @type {WithNetwork | undefined} */ (globalThis.navigator)?.connection;
    this.#networkType = network?.type;
    network?.addEventListener?.("change", () => {
      // It tells of every new guess of the speed as well; only another kind of network is another network.
      if (network.type !== this.#networkType) {
        this.#networkType = network.type;
        this.#networkChanged();
      }
    });
    globalThis.addEventListener?.("pagehide", () => this.#stop());
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
    return this.#media?.hearing ?? SILENT;
  }

  /**
   * @param {string} key
   * @returns {{audio: MediaStream, video: MediaStream} | null}
   */
  streamsOf(key) {
    return this.#media?.streamsOf(key) ?? null;
  }

  /**
   * The browser's own figures of the connection to one device (W3C webrtc-stats).
   *
   * @param {string} key
   * @returns {Promise<RTCStatsReport | null>}
   */
  async statsOf(key) {
    return (await this.#media?.statsOf(key)) ?? null;
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
    this.#acts += 1;
    this.#wished = { hold: false, ...intent };
    this.#ice.refresh(this.#concernsCall());
    if (this.#place.where !== "here") {
      // The devices of a call that one is in are that call's, until it is left.
      this.#local.begin(this.#wished);
    }
    try {
      return await verb();
    } finally {
      this.#acts -= 1;
      if (this.#acts === 0) {
        this.#wished = null;
      }
      this.#settle();
    }
  }

  /** The person has changed their mind about a call that is being placed: nothing is open from this moment on. */
  abandon() {
    if (this.#place.where !== "here") {
      this.#wished = { microphone: false, camera: false };
      this.#local.stop();
    }
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
    const call = state.active ?? state.outgoing;
    const isFirst = !this.#isSeeded && state.user !== null;
    this.#isSeeded ||= isFirst;
    const isOpen = state.connection === "open";
    if (state.connection === "signed_out" || call === null) {
      this.#leave();
    } else if (call.call_id !== this.#place.callID) {
      this.#leave();
      this.#place.enter(call.call_id, { acts: this.#acts > 0, isLoaded: isFirst });
    } else if (this.#place.where === "here") {
      this.#update(call);
    }
    if (this.#concernsCall()) {
      this.#ice.refresh(true);
    }
    if (isOpen && !this.#wasOpen) {
      this.#media?.resume();
    }
    this.#wasOpen = isOpen;
    this.#mindTheLine();
    this.#changed();
  }

  /** Nobody may stay before an open camera for a call that is long over everywhere else. */
  #mindTheLine() {
    const isAlone = !(this.#media?.peers.some((peer) => peer.state === "connected") ?? false);
    const isLost = this.#place.where === "here" && !this.#wasOpen && isAlone;
    if (!isLost) {
      this.#clock.clearTimeout(this.#cutOffTimer);
      this.#cutOffTimer = undefined;
      return;
    }
    this.#cutOffTimer ??= this.#clock.setTimeout(() => {
      this.#isCutOff = true;
      this.#stop();
      this.#changed();
    }, CUT_OFF_MS);
  }

  /**
   * @param {string} verb
   * @param {string | null} callID
   */
  #performed(verb, callID) {
    if (ACTS.has(verb) && callID !== null && callID === this.#place.callID) {
      this.#place.claim();
    }
  }

  /** The call is here now. */
  #arrive() {
    const call = this.#call();
    if (call === null) {
      return;
    }
    const intent = this.#wished ?? this.#intent(call);
    // Back from a reload: what was switched on again in a crowd stays on.
    this.#wasCrowded = isCrowded(call) && this.#kept.read(call.call_id) !== null;
    this.#kept.keep(call.call_id, intent);
    this.#ice.refresh(true);
    this.#local.begin({ hold: false, ...intent });
    this.#update(call);
    this.#changed();
  }

  /**
   * @param {Call} call
   */
  async #update(call) {
    if (this.#isCutOff && this.#service.state.connection === "open") {
      // The call outlived it after all.
      this.#isCutOff = false;
      this.#local.begin({ hold: false, ...this.#intent(call) });
    }
    if (call.state !== "active" || this.#isCutOff) {
      return;
    }
    this.#ice.refresh(true);
    await this.#ice.arrive();
    const now = this.#call();
    if (now === null || this.#place.where !== "here" || now.state !== "active" || this.#isCutOff) {
      return;
    }
    this.#media ??= this.#newMedia(now);
    this.#media.follow(now);
    this.#mindTheCrowd(now);
    this.#report(now);
    this.#changed();
  }

  /**
   * @param {Call} call
   * @returns {CallMedia}
   */
  #newMedia(call) {
    return new CallMedia({
      callID: call.call_id,
      me: this.#me(),
      local: this.#local,
      signal: (to, data) => this.#service.signal(call.call_id, to, data),
      configuration: () => this.#configuration(),
      clock: this.#clock,
      connect: this.#connect,
      onChange: () => this.#mediaChanged(),
      onLevels: () => this.dispatchEvent(new Event("levels")),
      onBadSignal: (code) => this.#notice(code),
    });
  }

  #mediaChanged() {
    const call = this.#call();
    if (call !== null) {
      this.#report(call);
    }
    this.#mindTheLine();
    this.#changed();
  }

  #localChanged() {
    this.#media?.refresh();
    this.#changed();
  }

  /**
   * Tells the server that media is up, until it knows.
   *
   * @param {Call} call
   */
  async #report(call) {
    const mine = myParticipant(call, this.#service.state.user?.id, this.#service.deviceId);
    if (this.#reporting || !this.#media?.isUp || mine === null || mine.connected_at !== null) {
      return;
    }
    this.#reporting = true;
    const isDone = await this.#service.connected(call.call_id);
    if (!isDone) {
      await this.#pause(REPORT_AGAIN_MS);
    }
    this.#reporting = false;
    const now = this.#call();
    if (now !== null && !isDone) {
      this.#report(now);
    }
  }

  /**
   * Video to many at once chokes every line: it is paused when the call grows too large, and may be switched on again.
   *
   * @param {Call} call
   */
  #mindTheCrowd(call) {
    const isNow = isCrowded(call);
    const films = this.#local.state.camera.wanted;
    if (isNow && !this.#wasCrowded && (films || call.is_video_call)) {
      if (films) {
        this.#local.setCamera(false);
        this.#want({ camera: false });
      }
      this.#notice("video_paused");
    }
    this.#wasCrowded = isNow;
  }

  /**
   * @param {string} callID
   * @param {import("../client/types.js").Peer} from
   * @param {unknown} data
   */
  #hear(callID, from, data) {
    if (this.#media?.callID === callID) {
      this.#media.hear(from, data);
    }
  }

  /** Another page has taken the call. */
  #lostPlace() {
    this.#media?.close();
    this.#media = null;
    this.#settle();
    this.#changed();
  }

  /** This device is in no call any more. */
  #leave() {
    if (this.#place.callID === null) {
      return;
    }
    this.#kept.forget(this.#place.callID);
    // A screen shown to some must not be shown to others, whatever comes next.
    this.#local.stopScreen();
    this.#local.setHold(false);
    this.#wasCrowded = this.#isCutOff = false;
    this.#media?.close();
    this.#media = null;
    this.#place.leave();
    this.#settle();
  }

  /** The page is left, to be loaded again perhaps. */
  #stop() {
    this.#media?.close();
    this.#media = null;
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
    const isNeeded = this.#place.where === "here" || this.#acts > 0 || this.#previews > 0;
    if (!isNeeded) {
      this.#local.stop();
    }
    this.#changed();
  }

  /**
   * @returns {Call | null} the call that this device is in
   */
  #call() {
    const { active, outgoing } = this.#service.state;
    const call = active ?? outgoing;
    return call?.call_id === this.#place.callID ? call : null;
  }

  /**
   * @param {Call} call
   * @returns {Intent} what the person wanted to be sent in it, or what its kind suggests
   */
  #intent(call) {
    return this.#kept.read(call.call_id) ?? { microphone: true, camera: call.is_video_call };
  }

  /**
   * Remembers what the person has just chosen, for this call or for the one that is being begun.
   *
   * @param {Partial<Intent>} change
   */
  #want(change) {
    const call = this.#call();
    if (call !== null && this.#place.where === "here") {
      this.#kept.keep(call.call_id, { ...this.#intent(call), ...change });
    }
    if (this.#wished !== null && this.#place.where !== "here") {
      this.#wished = { ...this.#wished, ...change };
    }
  }

  /** @returns {boolean} whether there is any call that relays may be needed for */
  #concernsCall() {
    return this.#service.state.incoming !== null || this.#call() !== null;
  }

  #networkChanged() {
    this.#clock.clearTimeout(this.#networkTimer);
    this.#networkTimer = this.#clock.setTimeout(() => this.#media?.restart(), NETWORK_SETTLES_MS);
  }

  /**
   * @returns {RTCConfiguration}
   */
  #configuration() {
    this.#ice.refresh(true);
    return {
      iceServers: this.#ice.servers,
      iceTransportPolicy: this.isRelayOnly ? "relay" : "all",
      bundlePolicy: "max-bundle",
    };
  }

  #me() {
    return { user: this.#service.state.user?.id ?? "", device_id: this.#service.deviceId };
  }

  /**
   * @param {number} ms
   * @returns {Promise<void>}
   */
  #pause(ms) {
    return new Promise((resolve) => {
      this.#clock.setTimeout(() => resolve(), ms);
    });
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
      peers: this.#media?.peers ?? [],
      speaker: this.hearing.speaker,
      ownKey: keyOf(this.#me()),
      isUp: this.#media?.isUp ?? false,
      isCutOff: this.#isCutOff,
    });
  }
}

/**
 * @param {Call} call
 * @returns {boolean} whether more people are in it than a mesh carries with pictures
 */
function isCrowded(call) {
  return call.participants.filter((each) => each.left_at === null).length > VIDEO_PEOPLE_MAX;
}

/**
 * @returns {Storage | null} the page's storage, where there is one that may be touched
 */
function pageStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
