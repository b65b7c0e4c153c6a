/**
 * The face of the client: the verbs and events of the call-invitation API over one live connection.
 *
 * Holds no rule of calling: the server decides, the reducer keeps, this joins the two.
 */

import { ringDeadline, isRingingFor } from "./call.js";
import { VerbCarrier } from "./carrier.js";
import { systemClock } from "./clock.js";
import { CallInvitationError } from "./errors.js";
import { deviceLabel, isDeviceId, rememberedDeviceId } from "./identity.js";
import { pageOf, RestClient } from "./rest.js";
import { LiveSocket } from "./socket.js";
import { heldRevisions, initialModel, overdueRings, reduce } from "./state.js";
import { pageWakeups } from "./wakeups.js";

const LABEL_CHARS = 64;
const REQUEST_MS = 10_000;
const SETTLE_MS = 3_000;
/** How long after a ring's deadline its end may be on its way before this client looks for it. */
const OVERDUE_GRACE_MS = 500;
const OVERDUE_AGAIN_MS = 2_000;

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").Person} Person
 */

/** An event of the service. Not a CustomEvent: older releases of Node have none. */
class CallInvitationEvent extends Event {
  /**
   * @param {string} name
   * @param {any} detail
   */
  constructor(name, detail) {
    super(name);
    this.detail = detail;
  }
}

/**
 * Sends, receives and answers call invitations. See README.md for its state, verbs and events.
 */
export class CallInvitationService extends EventTarget {
  #baseUrl;
  #token;
  #deviceId;
  #label;
  #audible;
  #clock;
  #rest;
  #socket;
  #carrier;
  #model;
  #life = new AbortController();
  /** @type {Array<(isOpen: boolean) => void>} */
  #inits = [];
  /** @type {any} */
  #ringTimer = null;
  #lastCallMs = 0;
  /** @type {CallInvitationError | null} */
  #lastError = null;
  /** @type {any} */
  #lastResult = null;

  /**
   * @param {import("./types.js").ServiceOptions} [options]
   * @throws {TypeError} no page to take the address from, no WebSocket, or a device id of another form
   */
  constructor(options = {}) {
    super();
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (typeof WebSocket !== "function") {
      throw new TypeError("There is no WebSocket here: pass one as an option.");
    }
    this.#baseUrl = addressOf(options.baseUrl ?? globalThis.location?.origin);
    this.#token = options.token;
    this.#deviceId = options.deviceId ?? rememberedDeviceId(options.storage);
    if (!isDeviceId(this.#deviceId)) {
      throw new TypeError("deviceId has 1 to 64 of A-Z a-z 0-9 . _ ~ -");
    }
    this.#label = Array.from(options.label ?? deviceLabel())
      .slice(0, LABEL_CHARS)
      .join("");
    this.#audible = options.audible ?? false;
    this.#clock = options.clock ?? systemClock;
    this.#model = initialModel(this.#deviceId);
    const clock = this.#clock;
    const random = options.random ?? Math.random;
    this.#rest = new RestClient({
      baseUrl: this.#baseUrl,
      // Called as a bare function: browsers refuse a fetch that is a method of something else.
      fetch: options.fetch ?? ((...args) => globalThis.fetch(...args)),
      clock,
      csrfToken: options.csrfToken,
      token: options.token,
    });
    this.#socket = new LiveSocket({
      url: () => this.#socketAddress(),
      hasTickets: options.token !== undefined,
      hello: () => this.#hello(),
      held: () => heldRevisions(this.#model),
      onFrame: (frame) => this.#take(frame),
      onConnection: (connection, error) => this.#connected(connection, error),
      WebSocket,
      wakeups: options.wakeups ?? pageWakeups(),
      clock,
      random,
    });
    this.#carrier = new VerbCarrier({
      socket: this.#socket,
      rest: this.#rest,
      deviceId: this.#deviceId,
      clock,
      random,
      timeoutMs: options.requestTimeoutMs ?? REQUEST_MS,
    });
  }

  /** @returns {import("./types.js").State} what to show; frozen, replaced on every change */
  get state() {
    return this.#model.state;
  }

  /** @returns {string} the id of this device */
  get deviceId() {
    return this.#deviceId;
  }

  /** @returns {string} the name of this device for people */
  get label() {
    return this.#label;
  }

  /** @returns {boolean} whether this page says that it can make sound */
  get audible() {
    return this.#audible;
  }

  /** @returns {CallInvitationError | null} why the last verb or read gave `false` or `null`; null after a success */
  get lastError() {
    return this.#lastError;
  }

  /** @returns {any} the body that the last successful verb was answered with */
  get lastResult() {
    return this.#lastResult;
  }

  /**
   * Connects, and goes on trying by itself unless signed out or refused.
   *
   * @returns {Promise<boolean>} true when the first snapshot is in; false when the first attempt failed
   */
  init() {
    if (this.#life.signal.aborted) {
      this.#life = new AbortController();
    }
    if (this.#socket.isOpen) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#inits.push(resolve);
      this.#socket.start();
    });
  }

  /**
   * Closes the socket. Verbs under way resolve to false. `init` connects again.
   *
   * @returns {void}
   */
  close() {
    this.#life.abort();
    this.#clock.clearTimeout(this.#ringTimer);
    this.#socket.stop();
  }

  /**
   * Listens to an event.
   *
   * @param {string} name
   * @param {(detail: any) => void} listener
   * @returns {() => void} stops listening
   */
  on(name, listener) {
    /** @param {Event} event */
    const hear = (event) => listener(/** @type {CallInvitationEvent} */ (event).detail);
    this.addEventListener(name, hear);
    return () => this.removeEventListener(name, hear);
  }

  /**
   * Waits for the next event of a name.
   *
   * @param {string} name
   * @returns {Promise<any>} its detail
   */
  once(name) {
    return new Promise((resolve) => {
      const stop = this.on(name, (detail) => {
        stop();
        resolve(detail);
      });
    });
  }

  /**
   * The server's time as this client knows it.
   *
   * @returns {number} unix milliseconds
   */
  serverNow() {
    return this.#clock.now() + this.state.serverOffsetMs;
  }

  /**
   * How long a call can still be answered.
   *
   * @param {Call} call
   * @returns {number} milliseconds, never below 0
   */
  remainingMs(call) {
    const deadline = ringDeadline(call, this.state.user?.id);
    return deadline === null ? 0 : Math.max(0, deadline - this.serverNow());
  }

  /**
   * How long ago a call was answered.
   *
   * @param {Call} call
   * @returns {number} milliseconds; 0 before it is answered, and no more growing once it ended
   */
  elapsedMs(call) {
    if (call.answered_at === null) {
      return 0;
    }
    const until = call.ended_at === null ? this.serverNow() : Date.parse(call.ended_at);
    return Math.max(0, until - Date.parse(call.answered_at));
  }

  /**
   * Invites people into a new call.
   *
   * @param {import("./types.js").SendOptions} options
   * @returns {Promise<boolean>} true if at least one of them could be invited, though all may be busy
   */
  send({ callID, isVideoCall, endWhenCallerLeaves, ...options }) {
    const body = {
      ...invitationBody(options),
      is_video_call: isVideoCall,
      end_when_caller_leaves: endWhenCallerLeaves,
    };
    return this.#settled(async () => {
      if (callID !== undefined && callID !== null) {
        return this.#perform("send", null, { ...body, call_id: callID });
      }
      const userId =
        this.state.user?.id ?? (await this.#rest.request("GET", "me", { signal: this.#life.signal })).body.id;
      try {
        return await this.#perform("send", null, { ...body, call_id: this.#madeCallID(userId) });
      } catch (error) {
        // Another device of this user called in the very same millisecond.
        if (error instanceof CallInvitationError && error.code === "call_id_in_use") {
          return this.#perform("send", null, { ...body, call_id: this.#madeCallID(userId) });
        }
        throw error;
      }
    });
  }

  /**
   * Cancels invitations that nobody answered yet.
   *
   * @param {object} [options]
   * @param {Array<Person | string>} [options.callees] all that still ring by default
   * @param {string} [options.customData] handed to them
   * @param {string} [options.callID] the outgoing call by default, else the active one
   * @returns {Promise<boolean>}
   */
  cancel({ callees, customData, callID } = {}) {
    const { outgoing, active } = this.state;
    const body = given({ callees: callees && idsOf(callees), custom_data: customData });
    return this.#on("cancel", callID ?? outgoing?.call_id ?? active?.call_id, body);
  }

  /**
   * Rejects a call that rings.
   *
   * @param {object} [options]
   * @param {string} [options.customData] handed to the caller
   * @param {import("./types.js").RejectReason} [options.reason] `declined` by default
   * @param {string} [options.callID] the incoming call by default
   * @returns {Promise<boolean>}
   */
  async reject({ customData, reason, callID } = {}) {
    const target = callID ?? this.state.incoming?.call_id ?? "current";
    this.#dispatch({ type: "rejecting", callID: target });
    return this.#settled(async () => {
      try {
        await this.#perform("reject", target, given({ custom_data: customData, reason }));
        this.#dispatch({ type: "rejectDone", callID: target, isOurs: true });
      } catch (error) {
        this.#dispatch({ type: "rejectDone", callID: target, isOurs: false });
        throw error;
      }
    });
  }

  /**
   * Accepts a call that rings.
   *
   * @param {object} [options]
   * @param {string} [options.customData] handed to the caller
   * @param {string} [options.callID] the incoming call by default
   * @returns {Promise<boolean>}
   */
  accept({ customData, callID } = {}) {
    const target = callID ?? this.state.incoming?.call_id ?? "current";
    return this.#on("accept", target, given({ custom_data: customData }));
  }

  /**
   * Invites further people into a call that one is in.
   *
   * @param {import("./types.js").InviteOptions} options
   * @returns {Promise<boolean>}
   */
  invite({ callID, ...options }) {
    return this.#on("invite", callID ?? this.#currentCallID(), invitationBody(options));
  }

  /**
   * Joins a live call that one was invited to, or moves it to this device.
   *
   * @param {string} callID
   * @returns {Promise<boolean>}
   */
  join(callID) {
    return this.#on("join", callID);
  }

  /**
   * Leaves a call.
   *
   * @param {string} [callID] the active call by default, else the outgoing one
   * @returns {Promise<boolean>}
   */
  leave(callID = this.#currentCallID()) {
    return this.#on("leave", callID);
  }

  /**
   * Ends a call for everyone.
   *
   * @param {string} [callID] the active call by default, else the outgoing one
   * @returns {Promise<boolean>}
   */
  end(callID = this.#currentCallID()) {
    return this.#on("end", callID);
  }

  /**
   * Tells the caller that this device alerts. To be called when it really does.
   *
   * @param {string} [callID] the incoming call by default
   * @param {object} [options]
   * @param {boolean} [options.audible] whether it can be heard
   * @returns {Promise<boolean>}
   */
  ringing(callID = this.state.incoming?.call_id, { audible = this.#audible } = {}) {
    return this.#on("ringing", callID, { audible });
  }

  /**
   * Says that media is up on this device.
   *
   * @param {string} [callID] the active call by default, else the outgoing one
   * @returns {Promise<boolean>}
   */
  connected(callID = this.#currentCallID()) {
    return this.#on("connected", callID);
  }

  /**
   * Proves that this device is still in the call. Only needed without a socket, which does it by itself.
   *
   * @param {string} [callID] the active call by default, else the outgoing one
   * @returns {Promise<boolean>}
   */
  heartbeat(callID = this.#currentCallID()) {
    return this.#on("heartbeat", callID);
  }

  /**
   * Says whether this page can make sound now.
   *
   * @param {boolean} audible
   * @returns {void}
   */
  setAudible(audible) {
    if (this.#audible === audible) {
      return;
    }
    this.#audible = audible;
    this.#socket.send(this.#hello());
  }

  /**
   * Sends signalling to one participant's device. Never repeated: who needs it to arrive asks for an answer.
   *
   * @param {string} callID
   * @param {import("./types.js").Peer} to
   * @param {any} data JSON
   * @returns {boolean} whether it was handed to the open socket
   */
  signal(callID, to, data) {
    return this.#socket.send({ type: "signal", call_id: callID, to, data });
  }

  /**
   * Reads one page of one's own calls, newest first.
   *
   * @param {import("./types.js").HistoryFilters} [filters]
   * @returns {Promise<import("./types.js").Page<Call> | null>}
   */
  history({ isVideoCall, pageSize, ...filters } = {}) {
    const query = { ...filters, is_video_call: isVideoCall, page_size: pageSize };
    return this.#read("calls", query, pageOf);
  }

  /**
   * Reads one page of people one may call.
   *
   * @param {{search?: string, cursor?: string | null, pageSize?: number}} [filters]
   * @returns {Promise<import("./types.js").Page<Person & {online: boolean, in_call: boolean}> | null>}
   */
  users({ search, cursor, pageSize } = {}) {
    return this.#read("users", { search, cursor, page_size: pageSize }, pageOf);
  }

  /**
   * Reads one page of one's own devices.
   *
   * @param {{cursor?: string | null, pageSize?: number}} [filters]
   * @returns {Promise<import("./types.js").Page<any> | null>}
   */
  devices({ cursor, pageSize } = {}) {
    return this.#read("devices", { cursor, page_size: pageSize }, pageOf);
  }

  /**
   * Forgets one of one's own devices.
   *
   * @param {string} deviceId
   * @returns {Promise<boolean>}
   */
  removeDevice(deviceId) {
    return this.#settled(async () => {
      const path = `devices/${encodeURIComponent(deviceId)}`;
      await this.#rest.request("DELETE", path, { signal: this.#life.signal });
    });
  }

  /**
   * Reads one call.
   *
   * @param {string} callID
   * @returns {Promise<Call | null>}
   */
  call(callID) {
    return this.#read(`calls/${encodeURIComponent(callID)}`);
  }

  /**
   * Reads what happened in a call, in order and in words.
   *
   * @param {string} callID
   * @returns {Promise<{call_id: string, entries: any[]} | null>}
   */
  timeline(callID) {
    return this.#read(`calls/${encodeURIComponent(callID)}/timeline`);
  }

  /**
   * Reads the own profile, and with it the badge.
   *
   * @returns {Promise<import("./types.js").Me | null>}
   */
  me() {
    return this.#read("me", {}, (me) => this.#countMissed(me));
  }

  /**
   * Changes the own profile.
   *
   * @param {{name?: string, call_waiting?: boolean}} changes
   * @returns {Promise<import("./types.js").Me | null>}
   */
  async updateMe(changes) {
    /** @type {import("./types.js").Me | null} */
    let me = null;
    await this.#settled(async () => {
      me = (await this.#rest.request("PATCH", "me", { body: changes, signal: this.#life.signal })).body;
    });
    return me;
  }

  /**
   * Clears the badge on all devices of this user.
   *
   * @returns {Promise<boolean>}
   */
  markHistorySeen() {
    return this.#settled(async () => {
      await this.#rest.request("POST", "history/seen", { body: {}, signal: this.#life.signal });
      this.#dispatch({ type: "missedUnseen", count: 0 });
    });
  }

  /**
   * @returns {string | undefined} the call one is in on this device
   */
  #currentCallID() {
    return (this.state.active ?? this.state.outgoing)?.call_id;
  }

  /**
   * @param {string} verb
   * @param {string | undefined} callID
   * @param {object} [body]
   * @returns {Promise<boolean>}
   */
  #on(verb, callID, body = {}) {
    return this.#settled(async () => {
      if (callID === undefined) {
        throw new CallInvitationError("no_current_call", "There is no call that this could mean.", { status: 404 });
      }
      await this.#perform(verb, callID, body);
    });
  }

  /**
   * Performs a verb and takes its call into the state, whether it was done or refused.
   *
   * @param {string} verb
   * @param {string | null} callID
   * @param {object} body
   * @returns {Promise<void>}
   */
  async #perform(verb, callID, body) {
    const { signal } = this.#life;
    try {
      const { body: result } = await this.#carrier.perform(verb, callID, body, signal);
      this.#lastResult = result;
      this.#learn(result?.call);
    } catch (error) {
      if (error instanceof CallInvitationError && !signal.aborted) {
        this.#learn(error.call);
      }
      throw error;
    }
  }

  /**
   * Turns a failure into `false` and `lastError`.
   *
   * @param {() => Promise<void>} act
   * @returns {Promise<boolean>}
   */
  async #settled(act) {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof CallInvitationError)) {
        throw error;
      }
      this.#lastError = error;
      return false;
    }
    this.#lastError = null;
    return true;
  }

  /**
   * @param {string} path
   * @param {Record<string, any>} [query]
   * @param {(body: any) => any} [shaped]
   * @returns {Promise<any>} null if it could not be read
   */
  async #read(path, query = {}, shaped = (body) => body) {
    let result = null;
    await this.#settled(async () => {
      result = shaped((await this.#rest.request("GET", path, { query, signal: this.#life.signal })).body);
    });
    return result;
  }

  /**
   * @param {import("./types.js").Me} me
   * @returns {import("./types.js").Me}
   */
  #countMissed(me) {
    this.#dispatch({ type: "missedUnseen", count: me.missed_unseen });
    return me;
  }

  /**
   * @returns {Promise<string>}
   */
  async #socketAddress() {
    const address = `${this.#baseUrl.replace(/^http/, "ws")}/ws/v1/live`;
    if (this.#token === undefined) {
      return address;
    }
    const { body } = await this.#rest.request("POST", "live/ticket", { body: {}, signal: this.#life.signal });
    return `${address}?ticket=${encodeURIComponent(body.ticket)}`;
  }

  /**
   * @returns {object}
   */
  #hello() {
    return { type: "hello", device_id: this.#deviceId, label: this.#label, audible: this.#audible };
  }

  /**
   * An id of the contract's form; by the server's clock and never the same twice.
   *
   * @param {string} userId
   * @returns {string}
   */
  #madeCallID(userId) {
    const known = this.state.serverOffsetMs === 0 ? Date.now() : this.serverNow();
    this.#lastCallMs = Math.max(this.#lastCallMs + 1, Math.round(known));
    return `call_${userId.replaceAll(/[^A-Za-z0-9._~:@-]/g, "-")}_${this.#lastCallMs}`;
  }

  /**
   * @param {any} frame
   */
  #take(frame) {
    const serverTime = frame.server_time ?? frame.call?.server_time;
    if (serverTime) {
      this.#dispatch({ type: "time", serverTime, now: this.#clock.now(), fresh: frame.type === "snapshot" });
    }
    switch (frame.type) {
      case "snapshot":
        this.#dispatch({ type: "snapshot", user: frame.user, calls: frame.calls, missedUnseen: frame.missed_unseen });
        break;
      case "call":
        this.#dispatch({ type: "call", call: frame.call });
        break;
      case "synced":
        this.#dispatch({ type: "synced", calls: frame.calls, gone: frame.gone });
        break;
      case "signal":
        this.#tell("signal", { callID: frame.call_id, from: frame.from, data: frame.data });
        break;
      case "error":
        this.#tell("error", { code: frame.code, detail: frame.detail, callID: frame.call_id ?? null });
        break;
      default:
      // A newer server may say more than this client knows.
    }
  }

  /**
   * @param {import("./types.js").Connection} connection
   * @param {CallInvitationError | null} error
   */
  #connected(connection, error) {
    this.#dispatch({ type: "connection", connection });
    if (error !== null && error.code !== "unreachable" && error.code !== "not_authenticated") {
      this.#tell("error", { code: error.code, detail: error.detail, callID: null });
    }
    if (connection === "connecting") {
      return;
    }
    if (this.#inits.length > 0) {
      this.#lastError = connection === "open" ? null : (error ?? CallInvitationError.closed());
    }
    this.#inits.splice(0).forEach((resolve) => resolve(connection === "open"));
  }

  /**
   * @param {Call | null | undefined} call from an answer
   */
  #learn(call) {
    if (call) {
      this.#dispatch({ type: "time", serverTime: call.server_time, now: this.#clock.now(), fresh: false });
      this.#dispatch({ type: "call", call });
    }
  }

  /**
   * @param {import("./state.js").Action} action
   */
  #dispatch(action) {
    const previous = this.state;
    const step = reduce(this.#model, action);
    this.#model = step.model;
    const { state } = this;
    if (state.calls !== previous.calls) {
      this.#socket.callsChanged();
      this.#watchRings();
    }
    if (state !== previous) {
      this.#tell("change", { state, previous });
    }
    step.events.forEach(({ name, detail }) => this.#tell(name, detail));
    step.departed.forEach((callID) => this.#askForEnd(callID));
  }

  /**
   * Sets a timer for the moment in which the next ring is over, told or not.
   *
   * @param {number} [leastMs]
   */
  #watchRings(leastMs = 0) {
    this.#clock.clearTimeout(this.#ringTimer);
    const rings = this.state.calls.filter((call) => isRingingFor(call, this.state.user?.id));
    if (rings.length === 0) {
      return;
    }
    const nextMs = Math.min(...rings.map((call) => this.remainingMs(call))) + OVERDUE_GRACE_MS;
    this.#ringTimer = this.#clock.setTimeout(() => this.#ringsOver(), Math.max(leastMs, nextMs));
  }

  #ringsOver() {
    const callIDs = overdueRings(this.state, this.serverNow());
    if (this.#socket.isOpen) {
      this.#socket.syncNow();
      this.#watchRings(OVERDUE_AGAIN_MS);
    } else if (callIDs.length > 0) {
      this.#dispatch({ type: "overdue", callIDs });
    }
  }

  /**
   * Learns what became of a call that is no longer ours.
   *
   * @param {string} callID
   */
  async #askForEnd(callID) {
    const { signal } = this.#life;
    let call = null;
    try {
      const path = `calls/${encodeURIComponent(callID)}`;
      call = (await this.#rest.request("GET", path, { timeoutMs: SETTLE_MS, signal })).body;
    } catch (error) {
      if (!(error instanceof CallInvitationError)) {
        throw error;
      }
    }
    if (!signal.aborted) {
      this.#dispatch({ type: "settled", callID, call, serverNow: this.serverNow() });
    }
  }

  /**
   * @param {string} name
   * @param {any} detail
   */
  #tell(name, detail) {
    this.dispatchEvent(new CallInvitationEvent(name, detail));
  }
}

/**
 * @param {string | undefined} baseUrl
 * @returns {string} without a trailing slash
 */
function addressOf(baseUrl) {
  if (!baseUrl || !/^https?:/.test(baseUrl)) {
    throw new TypeError(
      "There is no page to take the server's address from: pass baseUrl, such as https://example.org.",
    );
  }
  return baseUrl.replace(/\/+$/, "");
}

/**
 * @param {Omit<import("./types.js").InviteOptions, "callID">} options
 * @returns {object} what `send` and `invite` have in common on the wire
 */
function invitationBody({ invitees, customData, resourceID, notificationTitle, notificationMessage, timeoutSeconds }) {
  return given({
    invitees: idsOf(invitees),
    custom_data: customData,
    resource_id: resourceID,
    notification_title: notificationTitle,
    notification_message: notificationMessage,
    timeout_seconds: timeoutSeconds,
  });
}

/**
 * @param {Array<Person | string>} people
 * @returns {string[]}
 */
function idsOf(people) {
  return people.map((person) => (typeof person === "string" ? person : person.id));
}

/**
 * @param {Record<string, any>} values
 * @returns {Record<string, any>} without what was left out, so that the server's defaults hold
 */
function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}
