/**
 * One lasting live connection: hello, frames, requests and their results, the heartbeat, and coming back after a loss.
 *
 * Knows frames, never what a call is: it asks for the revisions to sync and hands every other frame on.
 */

import { delayMs } from "./backoff.js";
import { given } from "./body.js";
import { CallInvitationError } from "./errors.js";
import { say } from "../words/say.js";

const OPEN = 1;
const FRAME_BYTES_MAX = 64 * 1024;
const SYNC_BUSY_MS = 5_000;
const SYNC_IDLE_MS = 15_000;
const ANSWER_MS = 5_000;
const CONNECT_MS = 10_000;
/** The longest waits before connecting again: the first, and any. Those who talk or ring go before the many who wait. */
const RETRY_BUSY_MS = /** @type {const} */ ([500, 3_000]);
const RETRY_IDLE_MS = /** @type {const} */ ([4_000, 15_000]);
const CLOSE_NORMAL = 1000;
const CLOSE_TOO_LARGE = 1009;
const CLOSE_DEAD = 4000;
const CLOSE_NOT_AUTHENTICATED = 4401;
/** Closes after which another try would end in the same way, each with its code, sentence and status. */
const FINAL = new Map(
  /** @type {const} */ ([
    [4403, ["not_allowed", "error.not_allowed.origin", 403]],
    [4404, ["not_found", "error.not_found.live", 404]],
    [4408, ["not_allowed", "error.not_allowed.too_many_places", 403]],
  ]),
);

/**
 * @typedef {import("./types.js").Answer} Answer
 * @typedef {import("./types.js").Connection} Connection
 *
 * @typedef {object} SocketOptions
 * @property {() => Promise<string>} url the address for one connection; may fetch a ticket
 * @property {boolean} hasTickets whether `url` proves who we are, so that it, not a closed socket, says "signed out"
 * @property {() => object} hello the first frame
 * @property {() => Record<string, number>} held the revisions to sync; not empty means that a call is open
 * @property {(frame: import("./types.js").Frame) => void} onFrame every frame down but results
 * @property {(connection: Connection, error: CallInvitationError | null) => void} onConnection
 * @property {typeof globalThis.WebSocket | undefined} WebSocket undefined where there is none
 * @property {import("./types.js").Wakeups} wakeups
 * @property {import("./types.js").Clock} clock
 * @property {() => number} random
 */

/** The socket at `/ws/v1/live`, for as long as somebody wants it. */
export class LiveSocket {
  #options;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Connection} */
  #connection = "closed";
  #attempt = 0;
  /** Raised whenever a connection or an attempt is given up, so that its late callbacks find themselves outdated. */
  #generation = 0;
  #lastRequest = 0;
  /** @type {Map<string, {resolve: (answer: Answer) => void, reject: (error: CallInvitationError) => void, timer: unknown}>} */
  #requests = new Map();
  /** @type {unknown} */
  #syncTimer = null;
  /** @type {unknown} */
  #deadTimer = null;
  /** @type {unknown} */
  #retryTimer = null;
  #lastSyncAt = 0;
  #stopWakeups = () => {};

  /**
   * @param {SocketOptions} options
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * @returns {boolean} whether the snapshot is in and requests may be sent
   */
  get isOpen() {
    return this.#connection === "open";
  }

  /**
   * @returns {Connection}
   */
  get connection() {
    return this.#connection;
  }

  /**
   * Connects, and goes on doing so until `stop`, unless signed out or refused.
   *
   * @returns {void}
   */
  start() {
    if (this.#connection === "connecting" || this.#connection === "open") {
      return;
    }
    this.#stopWakeups();
    this.#stopWakeups = this.#options.wakeups(() => this.wake());
    this.#attempt = 0;
    this.#connect();
  }

  /**
   * Closes, for good until `start`.
   *
   * @returns {void}
   */
  stop() {
    this.#stopWakeups();
    this.#stopWakeups = () => {};
    this.#drop(CLOSE_NORMAL);
    this.#become("closed", null);
  }

  /**
   * Closes, because it was learnt by another way that there is no use in it.
   *
   * @param {CallInvitationError} error
   * @returns {void}
   */
  giveUp(error) {
    this.#drop(CLOSE_NORMAL);
    this.#failed(error);
  }

  /**
   * Sends a verb and waits for its result.
   *
   * @param {import("./types.js").Asked} asked
   * @returns {Promise<Answer>}
   * @throws {CallInvitationError} refused, `too_large`, or `unreachable` if the answer got lost with the socket
   */
  request({ verb, callID, attempt, body, key }) {
    this.#lastRequest += 1;
    const id = String(this.#lastRequest);
    const frame = { type: "request", id, verb, ...given({ call_id: callID, attempt, idempotency_key: key }), body };
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimeout(() => this.#unanswered(id), ANSWER_MS);
      this.#requests.set(id, { resolve, reject, timer });
      this.#tell(frame, (error) => this.#settle(id)?.reject(error));
    });
  }

  /**
   * Sends a frame that has no answer.
   *
   * @param {object} frame
   * @returns {boolean} whether it was handed to the open socket
   */
  send(frame) {
    let isSent = true;
    this.#tell(frame, () => {
      isSent = false;
    });
    return isSent;
  }

  /**
   * Looks at the connection at once: tries again if it waits to do so, else asks whether the socket still lives.
   *
   * @returns {void}
   */
  wake() {
    if (this.#connection === "waiting") {
      this.#attempt = 0;
      this.#connect();
    } else {
      this.syncNow();
    }
  }

  /**
   * Syncs now instead of when it is due, unless an answer is owed already.
   *
   * @returns {boolean} whether there is an open socket to do so
   */
  syncNow() {
    if (this.isOpen && this.#deadTimer === null) {
      this.#sync();
    }
    return this.isOpen;
  }

  /**
   * Puts the next sync where it belongs after calls came or went.
   *
   * @returns {void}
   */
  callsChanged() {
    const { clock } = this.#options;
    clock.clearTimeout(this.#syncTimer);
    if (!this.isOpen || this.#deadTimer !== null) {
      return;
    }
    const due = this.#lastSyncAt + (this.#isBusy() ? SYNC_BUSY_MS : SYNC_IDLE_MS);
    this.#syncTimer = clock.setTimeout(() => this.#sync(), Math.max(0, due - clock.now()));
  }

  async #connect() {
    const { clock, url, WebSocket } = this.#options;
    clock.clearTimeout(this.#retryTimer);
    this.#generation += 1;
    const generation = this.#generation;
    if (WebSocket === undefined) {
      this.#become("waiting", CallInvitationError.unreachable());
      return;
    }
    this.#become("connecting", null);
    try {
      const address = await url();
      if (generation === this.#generation) {
        this.#open(new WebSocket(address));
      }
    } catch (error) {
      if (generation === this.#generation) {
        this.#failed(error instanceof CallInvitationError ? error : CallInvitationError.unreachable());
      }
    }
  }

  /**
   * @param {WebSocket} socket
   */
  #open(socket) {
    const { clock, hello } = this.#options;
    this.#socket = socket;
    this.#deadTimer = clock.setTimeout(() => this.#lost(CLOSE_DEAD), CONNECT_MS);
    /** @param {() => void} react */
    const current = (react) => {
      if (this.#socket === socket) {
        react();
      }
    };
    socket.addEventListener("open", () => current(() => socket.send(JSON.stringify(hello()))));
    socket.addEventListener("message", (event) => current(() => this.#read(event.data)));
    socket.addEventListener("close", (event) => current(() => this.#lost(event.code)));
    // A close event follows every error; without a listener some implementations throw.
    socket.addEventListener("error", () => {});
  }

  /**
   * @param {string} data
   */
  #read(data) {
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof frame?.type !== "string") {
      return;
    }
    switch (frame.type) {
      case "result":
        this.#answered(frame);
        break;
      case "error":
        // A request that the server could not read has no result.
        this.#settle(frame.id)?.reject(new CallInvitationError(frame.code, frame.detail, { status: 400 }));
        this.#options.onFrame(frame);
        break;
      case "snapshot":
        this.#alive();
        this.#options.onFrame(frame);
        this.#become("open", null);
        this.callsChanged();
        break;
      case "synced":
        this.#attempt = 0;
        this.#alive();
        this.#options.onFrame(frame);
        this.callsChanged();
        break;
      default:
        this.#options.onFrame(frame);
    }
  }

  #sync() {
    const { clock, held } = this.#options;
    clock.clearTimeout(this.#syncTimer);
    this.#lastSyncAt = clock.now();
    this.#deadTimer = clock.setTimeout(() => this.#lost(CLOSE_DEAD), ANSWER_MS);
    this.send({ type: "sync", calls: held() });
  }

  #alive() {
    this.#options.clock.clearTimeout(this.#deadTimer);
    this.#deadTimer = null;
    this.#lastSyncAt = this.#options.clock.now();
  }

  /**
   * @param {object} frame
   * @param {(error: CallInvitationError) => void} refuse
   */
  #tell(frame, refuse) {
    if (!this.isOpen || this.#socket?.readyState !== OPEN) {
      refuse(CallInvitationError.unreachable());
      return;
    }
    const text = JSON.stringify(frame);
    if (new TextEncoder().encode(text).length > FRAME_BYTES_MAX) {
      refuse(new CallInvitationError("too_large", say("error.too_large"), { status: 413 }));
      return;
    }
    this.#socket.send(text);
  }

  /**
   * @param {{id: string} & Answer} result
   */
  #answered({ id, status, body }) {
    const request = this.#settle(id);
    if (status < 400) {
      request?.resolve({ status, body });
    } else {
      request?.reject(CallInvitationError.fromProblem(status, body));
    }
  }

  /**
   * @param {string} id
   */
  #unanswered(id) {
    this.#settle(id)?.reject(CallInvitationError.unreachable());
    this.syncNow();
  }

  /**
   * @param {string} id
   */
  #settle(id) {
    const request = this.#requests.get(id);
    this.#options.clock.clearTimeout(request?.timer);
    this.#requests.delete(id);
    return request;
  }

  /**
   * @param {number} code with which the socket closed, or is closed now because it is dead
   */
  #lost(code) {
    this.#drop(code);
    const final = FINAL.get(/** @type {4403 | 4404 | 4408} */ (code));
    if (code === CLOSE_NOT_AUTHENTICATED && !this.#options.hasTickets) {
      this.#failed(new CallInvitationError("not_authenticated", say("error.not_authenticated"), { status: 401 }));
    } else if (final !== undefined) {
      const [reason, sentence, status] = final;
      this.#become("closed", new CallInvitationError(reason, say(sentence), { status }));
    } else if (code === CLOSE_TOO_LARGE) {
      this.#failed(new CallInvitationError("too_large", say("error.too_large"), { status: 413 }));
    } else {
      this.#failed(CallInvitationError.unreachable());
    }
  }

  /**
   * @param {CallInvitationError} error why there is no connection
   */
  #failed(error) {
    if (error.code === "not_authenticated") {
      this.#become("signed_out", error);
      return;
    }
    if (error.code === "not_allowed") {
      this.#become("closed", error);
      return;
    }
    const { clock, random } = this.#options;
    const [first, cap] = this.#isBusy() ? RETRY_BUSY_MS : RETRY_IDLE_MS;
    this.#retryTimer = clock.setTimeout(() => this.#connect(), delayMs(this.#attempt, random, cap, first));
    this.#attempt += 1;
    this.#become("waiting", error);
  }

  /**
   * Forgets the socket and everything that waits for it.
   *
   * @param {number} code
   */
  #drop(code) {
    const { clock } = this.#options;
    const socket = this.#socket;
    this.#socket = null;
    this.#generation += 1;
    [this.#syncTimer, this.#deadTimer, this.#retryTimer].forEach((timer) => clock.clearTimeout(timer));
    this.#deadTimer = null;
    if (this.#connection === "open") {
      // Before the requests fail: what is tried again at once must not find this socket open.
      this.#connection = "connecting";
    }
    [...this.#requests.keys()].forEach((id) => this.#settle(id)?.reject(CallInvitationError.unreachable()));
    // On a dead network the closing handshake would take minutes: its end is not waited for.
    socket?.close(code === CLOSE_DEAD ? CLOSE_DEAD : CLOSE_NORMAL);
  }

  /**
   * @param {Connection} connection
   * @param {CallInvitationError | null} error
   */
  #become(connection, error) {
    this.#connection = connection;
    this.#options.onConnection(connection, error);
  }

  #isBusy() {
    return Object.keys(this.#options.held()).length > 0;
  }
}
