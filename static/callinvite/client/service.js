/**
 * The face of the client: its life, its state and its events, over one live connection.
 *
 * Holds no rule of calling: the server decides, the reducer keeps, this joins the two.
 */

import { Attempts } from "./attempts.js";
import { myParticipant } from "./call.js";
import { VerbCarrier } from "./carrier.js";
import { systemClock } from "./clock.js";
import { OwnDevice } from "./device.js";
import { CallInvitationError } from "./errors.js";
import { LiveConnection } from "./live.js";
import { Performer } from "./performing.js";
import { RestClient } from "./rest.js";
import { Store } from "./store.js";
import { TokenWatch } from "./token.js";
import { CallVerbs } from "./verbs.js";
import { pageWakeups } from "./wakeups.js";

const REQUEST_MS = 10_000;
const SETTLE_MS = 3_000;

/**
 * @typedef {import("./types.js").Call} Call
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
export class CallInvitationService extends CallVerbs {
  #device;
  #rest;
  #live;
  #store;
  #tokenWatch;
  #attempts;

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
    const random = options.random ?? Math.random;
    /** How often each kind of frame has come. @type {Map<string, number>} */
    const heard = new Map();
    /** @type {import("./store.js").Tell} */
    const tell = (name, detail) => this.#tell(name, detail);
    /** @type {Store} */
    const store = new Store({
      deviceId: device.id,
      clock,
      tell,
      onCallsChanged: () => live.socket.callsChanged(),
      sync: () => live.sync(),
      read: (callID) => this.#read(`calls/${encodeURIComponent(callID)}`, "call_id"),
    });
    const tokenWatch = new TokenWatch({
      clock,
      serverNow: () => store.serverNow(),
      ask: () => this.#read("me", "id"),
      tell: (detail) => tell("tokenWillExpire", detail),
    });
    const live = new LiveConnection({
      baseUrl,
      rest,
      attempts,
      device,
      hasTickets: options.token !== undefined,
      polls,
      held: () => store.revisions(),
      inside: () => this.#callsHere(),
      onFrame: (frame) => {
        heard.set(frame.type, (heard.get(frame.type) ?? 0) + 1);
        this.#take(frame);
      },
      onConnection: (connection) => store.dispatch({ type: "connection", connection }),
      onError: ({ code, detail }) => tell("error", { code, detail, callID: null }),
      WebSocket,
      wakeups: options.wakeups ?? pageWakeups(),
      clock,
      random,
    });
    const carrier = new VerbCarrier({
      socket: live.socket,
      rest,
      deviceId: device.id,
      clock,
      random,
      timeoutMs: options.requestTimeoutMs ?? REQUEST_MS,
    });
    super({
      account: {
        rest,
        attempts,
        heard: (types) => types.reduce((sum, type) => sum + (heard.get(type) ?? 0), 0),
        onMissedUnseen: (count) => store.dispatch({ type: "missedUnseen", count }),
        onMe: (me) => {
          store.dispatch({ type: "me", me });
          tokenWatch.learn(me);
        },
      },
      performer: new Performer({ carrier, store, attempts, onDone: () => live.verbDone(), tell }),
      store,
      device,
      tell,
    });
    this.#device = device;
    this.#rest = rest;
    this.#live = live;
    this.#store = store;
    this.#tokenWatch = tokenWatch;
    this.#attempts = attempts;
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
