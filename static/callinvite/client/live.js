/**
 * The connection to the server for as long as somebody wants it: a socket, or REST in its place where none opens.
 *
 * Decides only which of the two it is, and when it counts as made; what comes by either is handed on.
 */

import { CallInvitationError } from "./errors.js";
import { Poller } from "./polling.js";
import { LiveSocket } from "./socket.js";

/** How long the first connection may take, and how long one that was lost may stay away, before REST stands in for it. */
const FIRST_MS = 1_500;
const AGAIN_BUSY_MS = 3_000;
/** Longer than the longest first wait of the socket's: so many must not ask by REST while they wait for their turn. */
const AGAIN_IDLE_MS = 5_000;

/**
 * @typedef {import("./types.js").Connection} Connection
 *
 * @typedef {object} LiveOptions
 * @property {string} baseUrl
 * @property {import("./rest.js").RestClient} rest
 * @property {import("./attempts.js").Attempts} attempts
 * @property {import("./device.js").OwnDevice} device
 * @property {boolean} hasTickets whether the socket needs one, because no session of a browser says who we are
 * @property {boolean} polls whether REST may stand in for the socket
 * @property {() => Record<string, number>} held the revisions of the open calls
 * @property {() => string[]} inside the calls that this device is in, by their ids
 * @property {(frame: import("./types.js").Frame) => void} onFrame
 * @property {(connection: Connection) => void} onConnection
 * @property {(error: CallInvitationError) => void} onError why there is no connection, where that is worth a word
 * @property {typeof globalThis.WebSocket | undefined} WebSocket undefined where there is none
 * @property {import("./types.js").Wakeups} wakeups
 * @property {import("./types.js").Clock} clock
 * @property {() => number} random
 */

/** The socket and its stand-in. */
export class LiveConnection {
  #options;
  #socket;
  #poller;
  /** Whether there has been a live connection since `start`. */
  #wasOpen = false;
  /** Why the socket is not open, until REST has been asked. @type {CallInvitationError | null} */
  #socketError = null;
  /** Those who wait for the first snapshot. @type {Array<(isThere: boolean) => void>} */
  #starts = [];

  /**
   * @param {LiveOptions} options
   */
  constructor(options) {
    const { rest, device, hasTickets, held, inside, onFrame, WebSocket, wakeups, clock, random } = options;
    this.#options = options;
    this.#socket = new LiveSocket({
      url: () => this.#socketAddress(),
      hasTickets,
      hello: () => device.hello(),
      held,
      onFrame,
      onConnection: (connection, error) => this.#connected(connection, error),
      WebSocket,
      wakeups: (wake) =>
        wakeups(() => {
          wake();
          this.#poller.now();
        }),
      clock,
      random,
    });
    this.#poller = new Poller({
      rest,
      clock,
      deviceId: device.id,
      inside,
      isBusy: () => this.#isBusy,
      onSnapshot: onFrame,
      onAsked: (error) => this.#polled(error),
    });
  }

  /** @returns {LiveSocket} for what is sent by it while it is open */
  get socket() {
    return this.#socket;
  }

  /**
   * Connects, and goes on trying by itself until `stop`, unless signed out or refused.
   *
   * @returns {Promise<boolean>} true when the first snapshot is in; false when the first attempt failed
   */
  start() {
    if (this.#socket.isOpen || this.#poller.isUp) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#starts.push(resolve);
      this.#socket.start();
    });
  }

  /**
   * Closes, for good until `start`.
   *
   * @returns {void}
   */
  stop() {
    this.#poller.stop();
    this.#wasOpen = false;
    this.#socket.stop();
  }

  /**
   * Asks what is new, by whichever way is up.
   *
   * @returns {boolean} false if the server is out of reach
   */
  sync() {
    return this.#socket.syncNow() || (this.#poller.isUp && this.#poller.now());
  }

  /**
   * Asks for what a verb has changed, where no socket tells it.
   *
   * @returns {void}
   */
  verbDone() {
    this.#poller.now();
  }

  /**
   * @returns {Promise<string>}
   */
  async #socketAddress() {
    const { baseUrl, rest, attempts, hasTickets } = this.#options;
    const address = `${baseUrl.replace(/^http/, "ws")}/ws/v1/live`;
    if (!hasTickets) {
      return address;
    }
    const { signal } = attempts;
    const { body } = await rest.request("POST", "live/ticket", { body: {}, expects: "ticket", signal });
    return `${address}?ticket=${encodeURIComponent(body.ticket)}`;
  }

  /**
   * The socket's connection is in another state.
   *
   * @param {Connection} connection
   * @param {CallInvitationError | null} error
   */
  #connected(connection, error) {
    const { onConnection, onError } = this.#options;
    this.#socketError = error;
    if (connection === "connecting" || connection === "waiting") {
      this.#standIn(connection);
    } else {
      this.#wasOpen = connection === "open";
      this.#poller.stop();
    }
    onConnection(this.#poller.isUp ? "polling" : connection);
    if (error !== null && error.code !== "unreachable" && error.code !== "not_authenticated") {
      onError(error);
    }
    // Where REST is to be asked first, its answer decides.
    if (connection !== "connecting" && !(connection === "waiting" && this.#isPolling)) {
      this.#settleStarts(connection === "open", error);
    }
  }

  /** Whether any call is open. */
  get #isBusy() {
    return Object.keys(this.#options.held()).length > 0;
  }

  /** Whether REST stands in for the socket, or is about to. */
  get #isPolling() {
    return this.#options.polls && !this.#wasOpen;
  }

  /**
   * Lets REST stand in for the socket: soon, or at once where none could be opened at all.
   *
   * @param {"connecting" | "waiting"} connection
   */
  #standIn(connection) {
    if (!this.#options.polls) {
      return;
    }
    const again = this.#isBusy ? AGAIN_BUSY_MS : AGAIN_IDLE_MS;
    this.#poller.start(this.#wasOpen ? again : FIRST_MS);
    if (connection === "waiting" && !this.#wasOpen && !this.#poller.isUp) {
      this.#poller.now();
    }
  }

  /**
   * REST was asked for everything that is open.
   *
   * @param {CallInvitationError | null} error
   */
  #polled(error) {
    if (error?.code === "not_authenticated") {
      this.#socket.giveUp(error);
      return;
    }
    this.#options.onConnection(error === null ? "polling" : this.#socket.connection);
    this.#settleStarts(error === null, this.#socketError ?? error);
  }

  /**
   * Tells those who wait for the first snapshot.
   *
   * @param {boolean} isThere
   * @param {CallInvitationError | null} error
   */
  #settleStarts(isThere, error) {
    if (this.#starts.length > 0) {
      this.#options.attempts.note(isThere ? null : (error ?? CallInvitationError.closed()));
    }
    this.#starts.splice(0).forEach((resolve) => resolve(isThere));
  }
}
