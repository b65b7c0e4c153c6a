/**
 * The face of the client: the verbs and events of the call-invitation API over one live connection.
 *
 * Holds no rule of calling: the server decides, the reducer keeps, this joins the two.
 */

import { Account } from "./account.js";
import { doneEvent, failedEvent } from "./acts.js";
import { Attempts } from "./attempts.js";
import { given } from "./body.js";
import { isOver, may, myInvitation, myParticipant } from "./call.js";
import { VerbCarrier } from "./carrier.js";
import { systemClock } from "./clock.js";
import { OwnDevice } from "./device.js";
import { CallInvitationError } from "./errors.js";
import { about } from "./events.js";
import { LiveConnection } from "./live.js";
import { RestClient } from "./rest.js";
import { Store } from "./store.js";
import { TokenWatch } from "./token.js";
import { pageWakeups } from "./wakeups.js";
import { say } from "../words/say.js";

/** The verbs that lead into a call. */
const ENTERING = new Set(["send", "accept", "join"]);
const REQUEST_MS = 10_000;
const SETTLE_MS = 3_000;

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").Person} Person
 */

/**
 * An event of the service. Not a CustomEvent: older releases of Node have none.
 *
 * @template {keyof import("./types.js").ServiceEvents} Name
 */
class CallInvitationEvent extends Event {
  /**
   * @param {Name} name
   * @param {import("./types.js").ServiceEvents[Name]} detail
   */
  constructor(name, detail) {
    super(name);
    this.detail = detail;
  }
}

/**
 * Sends, receives and answers call invitations. See README.md for its state, verbs and events.
 */
export class CallInvitationService extends Account {
  #device;
  #rest;
  /** @type {LiveConnection} */
  #live;
  #carrier;
  /** @type {Store} */
  #store;
  /** @type {TokenWatch} */
  #tokenWatch;
  #attempts;
  /** The calls that verbs under way lead into. @type {Set<string>} */
  #entering = new Set();
  /** @type {import("./types.js").VerbResult | null} */
  #lastResult = null;

  /**
   * @param {import("./types.js").ServiceOptions} [options]
   * @throws {TypeError} no page to take the address from, neither a WebSocket nor polling, or a device id of another form
   */
  constructor(options = {}) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    const polls = options.polling ?? true;
    if (typeof WebSocket !== "function" && !polls) {
      throw new TypeError("There is no WebSocket here: pass one as an option.");
    }
    const baseUrl = addressOf(options.baseUrl ?? globalThis.location?.origin);
    const clock = options.clock ?? systemClock;
    const device = new OwnDevice(options);
    const attempts = new Attempts();
    const rest = new RestClient({
      baseUrl,
      // Called as a bare function: browsers refuse a fetch that is a method of something else.
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      clock,
      csrfToken: options.csrfToken,
      csrfHeader: options.csrfHeader,
      token: options.token,
    });
    super({
      rest,
      attempts,
      onMissedUnseen: (count) => this.#store.dispatch({ type: "missedUnseen", count }),
      onMe: (me) => {
        this.#store.dispatch({ type: "me", me });
        this.#tokenWatch.learn(me);
      },
    });
    this.#attempts = attempts;
    this.#rest = rest;
    this.#device = device;
    const random = options.random ?? Math.random;
    this.#store = new Store({
      deviceId: device.id,
      clock,
      tell: (name, detail) => this.#tell(name, detail),
      onCallsChanged: () => this.#live.socket.callsChanged(),
      sync: () => this.#live.sync(),
      read: (callID) => this.#read(`calls/${encodeURIComponent(callID)}`, "call_id"),
    });
    this.#tokenWatch = new TokenWatch({
      clock,
      serverNow: () => this.serverNow(),
      ask: () => this.#read("me", "id"),
      tell: (detail) => this.#tell("tokenWillExpire", detail),
    });
    this.#live = new LiveConnection({
      baseUrl,
      rest,
      attempts,
      device,
      hasTickets: options.token !== undefined,
      polls,
      held: () => this.#store.revisions(),
      inside: () => this.#callsHere(),
      onFrame: (frame) => this.#take(frame),
      onConnection: (connection) => this.#store.dispatch({ type: "connection", connection }),
      onError: ({ code, detail }) => this.#tell("error", { code, detail, callID: null }),
      WebSocket,
      wakeups: options.wakeups ?? pageWakeups(),
      clock,
      random,
    });
    this.#carrier = new VerbCarrier({
      socket: this.#live.socket,
      rest,
      deviceId: device.id,
      clock,
      random,
      timeoutMs: options.requestTimeoutMs ?? REQUEST_MS,
    });
  }

  /** @returns {import("./types.js").State} what to show; frozen, replaced on every change */
  get state() {
    return this.#store.state;
  }

  /** @returns {string} the id of this device */
  get deviceId() {
    return this.#device.id;
  }

  /** @returns {string} the name of this device for people */
  get label() {
    return this.#device.label;
  }

  /** @returns {boolean} whether this page says that it can make sound */
  get audible() {
    return this.#device.audible;
  }

  /** @returns {import("./types.js").VerbResult | null} the body that the last successful verb was answered with */
  get lastResult() {
    return this.#lastResult;
  }

  /**
   * Connects, and goes on trying by itself unless signed out or refused. Where no socket opens, REST stands in for it.
   *
   * @returns {Promise<boolean>} true when the first snapshot is in; false when the first attempt failed
   */
  init() {
    this.#attempts.renew();
    return this.#live.start();
  }

  /**
   * Closes the socket. Verbs under way resolve to false. `init` connects again.
   *
   * @returns {void}
   */
  close() {
    this.#attempts.end();
    this.#store.stop();
    this.#tokenWatch.stop();
    this.#live.stop();
  }

  /**
   * Listens to an event.
   *
   * @template {keyof import("./types.js").ServiceEvents} Name
   * @param {Name} name
   * @param {(detail: import("./types.js").ServiceEvents[Name]) => void} listener
   * @returns {() => void} stops listening
   */
  on(name, listener) {
    /** @param {Event} event */
    const hear = (event) => listener(/** @type {CallInvitationEvent<Name>} */ (event).detail);
    this.addEventListener(name, hear);
    return () => this.removeEventListener(name, hear);
  }

  /**
   * Waits for the next event of a name.
   *
   * @template {keyof import("./types.js").ServiceEvents} Name
   * @param {Name} name
   * @returns {Promise<import("./types.js").ServiceEvents[Name]>} its detail
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
    return this.#store.serverNow();
  }

  /**
   * How long a call can still be answered.
   *
   * @param {Call} call
   * @returns {number} milliseconds, never below 0
   */
  remainingMs(call) {
    return this.#store.remainingMs(call);
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
   * @returns {Promise<boolean>} true if it rings for somebody, or if one is in a call with them now; false with the code
   *   `call_ended` if everybody was busy
   */
  send({ callID, isVideoCall, endWhenCallerLeaves, ...options }) {
    const body = {
      ...invitationBody(options),
      ...given({ call_id: callID, is_video_call: isVideoCall, end_when_caller_leaves: endWhenCallerLeaves }),
    };
    return this.#attempts.settled(async () => {
      await this.#perform("send", null, body);
      const call = this.#lastResult?.call;
      if (call !== undefined && isOver(call)) {
        throw new CallInvitationError("call_ended", say("error.call_ended.nobody_rings"), { call });
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
   * @param {boolean} [options.block] also block whoever rang, who reads an ordinary rejection
   * @param {string} [options.callID] the incoming call by default
   * @returns {Promise<boolean>}
   */
  async reject({ customData, reason, block, callID } = {}) {
    const target = callID ?? this.state.incoming?.call_id ?? "current";
    this.#store.dispatch({ type: "rejecting", callID: target });
    return this.#attempts.settled(async () => {
      try {
        await this.#perform("reject", target, given({ custom_data: customData, reason, block }));
        this.#store.dispatch({ type: "rejectDone", callID: target, isOurs: true });
      } catch (error) {
        this.#store.dispatch({ type: "rejectDone", callID: target, isOurs: false });
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
   * @param {boolean} [options.hold] stay in the calls that this device is in; they are `onHold` then
   * @returns {Promise<boolean>}
   */
  accept({ customData, callID, hold } = {}) {
    const target = callID ?? this.state.incoming?.call_id ?? "current";
    return this.#on("accept", target, given({ custom_data: customData, hold }));
  }

  /**
   * Tells that a notice of a missed call was clicked: to be called by whoever shows such notices. Does nothing else.
   *
   * @param {string} callID
   * @returns {Promise<boolean>} false if that call was not missed, or cannot be read
   */
  async missedCallClicked(callID) {
    const call = await this.call(callID);
    if (!call?.you?.missed) {
      return false;
    }
    const { name, detail } = about(call, "incomingMissedCallClicked", {
      callees: call.invitations.map(({ invitee }) => invitee),
      customData: call.custom_data,
      dialBack: () => this.dialBack(callID),
    });
    this.#tell(name, detail);
    return true;
  }

  /**
   * Answers a missed call: joins it while it goes on, else calls whoever rang, with pictures if that call had them.
   *
   * @param {string} callID
   * @param {(call: Call | null) => Promise<boolean> | boolean} [place] how to do it instead; null: the call cannot be read
   * @returns {Promise<boolean>}
   */
  async dialBack(callID, place = (call) => call !== null && this.#callBack(call)) {
    const isDone = await place(await this.call(callID));
    if (!isDone) {
      const { code, detail } = this.lastError ?? CallInvitationError.closed();
      this.#tell("incomingMissedCallDialBackFailed", { code, detail, callID });
    }
    return isDone;
  }

  /**
   * Turns back to a call that is on hold: it is the active one then, and the active one is on hold.
   *
   * @param {string} callID
   * @returns {void}
   */
  switchTo(callID) {
    this.#store.dispatch({ type: "switched", callID });
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
   * The calls that this device may be in by the time an answer comes, for `leaveWithPage`.
   *
   * @returns {string[]} the ids of calls that a `send`, `accept` or `join` under way leads into; of a `send` only if it was
   *   given a `callID`. Without those that go on on another device of the user: leaving would end them there.
   */
  get entering() {
    const { calls, user } = this.state;
    const inside = calls.filter((call) => myParticipant(call, user?.id) !== null).map((call) => call.call_id);
    return [...this.#entering].filter((callID) => !inside.includes(callID));
  }

  /**
   * Leaves a call with the page that it is in: to be called while the page goes (`pagehide`).
   *
   * @param {string} callID
   * @returns {void}
   */
  leaveWithPage(callID) {
    this.#carrier.handOver({ verb: "leave", callID, attempt: this.#store.attemptOf(callID), body: {} });
  }

  /**
   * Takes somebody out of a call that one has started, or takes back the ring that would let them in.
   *
   * @param {Person | string} person
   * @param {string} [callID] the active call by default, else the outgoing one
   * @returns {Promise<boolean>}
   */
  remove(person, callID = this.#currentCallID()) {
    return this.#on("remove", callID, { user: idsOf([person])[0] });
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
  ringing(callID = this.state.incoming?.call_id, { audible = this.#device.audible } = {}) {
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
    if (this.#device.audible === audible) {
      return;
    }
    this.#device.audible = audible;
    this.#live.socket.send(this.#device.hello());
  }

  /**
   * Sends signalling to one participant's device. Never repeated: who needs it to arrive asks for an answer.
   *
   * @param {string} callID
   * @param {import("./types.js").Peer} to
   * @param {unknown} data JSON
   * @returns {boolean} whether it was handed to the open socket
   */
  signal(callID, to, data) {
    return this.#live.socket.send({ type: "signal", call_id: callID, to, data });
  }

  /**
   * @param {Call} call that was missed
   * @returns {Promise<boolean>}
   */
  #callBack(call) {
    if (may(call, "join")) {
      return this.join(call.call_id);
    }
    const { inviter } = myInvitation(call, this.state.user?.id) ?? { inviter: call.caller };
    return this.send({ invitees: [inviter], isVideoCall: call.is_video_call });
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
    return this.#attempts.settled(async () => {
      if (callID === undefined) {
        throw new CallInvitationError("no_current_call", say("error.no_current_call.here"), { status: 404 });
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
    const { signal } = this.#attempts;
    const entered = ENTERING.has(verb) ? (callID ?? /** @type {{call_id?: string}} */ (body).call_id) : undefined;
    if (entered !== undefined) {
      this.#entering.add(entered);
    }
    try {
      const attempt = this.#store.attemptOf(callID);
      const { body: result } = await this.#carrier.perform({ verb, callID, attempt, body }, signal);
      this.#lastResult = result;
      this.#store.learn(result?.call, doneEvent(verb, result, this.state.user?.id));
      this.#live.verbDone();
      this.#tell("performed", { verb, callID: result?.call?.call_id ?? null });
    } catch (error) {
      if (error instanceof CallInvitationError && !signal.aborted) {
        const call = error.call ?? this.#store.held(callID);
        this.#store.learn(error.call, failedEvent(verb, call, this.state.user?.id));
      }
      throw error;
    } finally {
      if (entered !== undefined) {
        this.#entering.delete(entered);
      }
    }
  }

  /**
   * @param {import("./types.js").Frame} frame
   */
  #take(frame) {
    switch (frame.type) {
      case "signal":
        this.#tell("signal", {
          callID: frame.call_id,
          from: this.#store.senderOf(frame.call_id, frame.from),
          data: frame.data,
        });
        break;
      case "error":
        this.#tell("error", { code: frame.code, detail: frame.detail, callID: frame.call_id ?? null });
        break;
      case "contact":
        this.#store.dispatch({ type: "standing", requests: frame.requests });
        this.#tell("contactChanged", { user: frame.user, contact: frame.contact, requests: frame.requests });
        break;
      case "block":
        this.#tell("blockChanged", { user: frame.user, block: frame.block });
        break;
      case "me":
        this.#store.dispatch({ type: "me", me: frame.me });
        this.#tell("meChanged", { me: frame.me });
        break;
      default:
        this.#takeState(frame);
    }
  }

  /**
   * @param {import("./types.js").StateFrame} frame
   */
  #takeState(frame) {
    this.#store.take(frame);
    if (frame.type === "snapshot") {
      this.#tokenWatch.learn(frame);
    }
  }

  /**
   * @returns {string[]} the calls that this device is in
   */
  #callsHere() {
    const { calls, user } = this.state;
    return calls.filter((call) => myParticipant(call, user?.id, this.#device.id) !== null).map((call) => call.call_id);
  }

  /**
   * Reads without leaving a `lastError`.
   *
   * @param {string} path
   * @param {string} expects
   * @returns {Promise<any>} null if it cannot be read, undefined if the service was closed
   */
  async #read(path, expects) {
    const { signal } = this.#attempts;
    try {
      return (await this.#rest.request("GET", path, { expects, timeoutMs: SETTLE_MS, signal })).body;
    } catch (error) {
      if (!(error instanceof CallInvitationError)) {
        throw error;
      }
      return signal.aborted ? undefined : null;
    }
  }

  /**
   * @template {keyof import("./types.js").ServiceEvents} Name
   * @param {Name} name
   * @param {import("./types.js").ServiceEvents[Name]} detail
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
function invitationBody({ invitees, ...options }) {
  const { customData, resourceID, notificationTitle, notificationMessage, timeoutSeconds, urgent } = options;
  return given({
    invitees: idsOf(invitees),
    custom_data: customData,
    resource_id: resourceID,
    notification_title: notificationTitle,
    notification_message: notificationMessage,
    timeout_seconds: timeoutSeconds,
    urgent,
  });
}

/**
 * @param {Array<Person | string>} people
 * @returns {string[]}
 */
function idsOf(people) {
  return people.map((person) => (typeof person === "string" ? person : person.id));
}
