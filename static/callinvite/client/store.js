/**
 * Keeps the client's state: feeds the reducer, tells what came of it, and watches rings whose end is not told.
 */

import { isRingingFor, ringDeadline } from "./call.js";
import { initialModel } from "./model.js";
import { heldRevisions, overdueRings, reduce } from "./state.js";

/** How long after a ring's deadline its end may be on its way before this client looks for it. */
const OVERDUE_GRACE_MS = 500;
const OVERDUE_AGAIN_MS = 2_000;

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").ServiceEvents} ServiceEvents
 *
 * @typedef {<Name extends keyof ServiceEvents>(name: Name, detail: ServiceEvents[Name]) => void} Tell
 *
 * @typedef {object} StoreOptions
 * @property {string} deviceId
 * @property {import("./types.js").Clock} clock
 * @property {Tell} tell
 * @property {() => void} onCallsChanged
 * @property {() => boolean} sync asks the server for what is new; false if it is out of reach
 * @property {(callID: string) => Promise<Call | null | undefined>} read one call by its id; null if it
 *   cannot be read, undefined if nobody wants to know any more
 */

/** The state over time. */
export class Store {
  #options;
  #model;
  /** @type {unknown} */
  #ringTimer = null;

  /**
   * @param {StoreOptions} options
   */
  constructor(options) {
    this.#options = options;
    this.#model = initialModel(options.deviceId);
  }

  /** @returns {import("./types.js").State} */
  get state() {
    return this.#model.state;
  }

  /**
   * The revisions held, as `sync` names them.
   *
   * @returns {Record<string, number>}
   */
  revisions() {
    return heldRevisions(this.#model);
  }

  /**
   * Which of the calls under an id is meant: the one that is held.
   *
   * @param {string | null} callID
   * @returns {number | null} null if none is held, so that the server decides
   */
  attemptOf(callID) {
    return this.held(callID)?.attempt ?? null;
  }

  /**
   * The server's time as this client knows it.
   *
   * @returns {number} unix milliseconds
   */
  serverNow() {
    return this.#options.clock.now() + this.state.serverOffsetMs;
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
   * Who sent a signal, by the name under which the call is held: they may have been renamed since.
   *
   * @param {string} callID
   * @param {import("./types.js").Peer} from
   * @returns {import("./types.js").Peer}
   */
  senderOf(callID, from) {
    const inside = this.held(callID)?.participants ?? [];
    const onDevice = inside.filter((each) => each.left_at === null && each.device_id === from.device_id);
    const isKnown = inside.some((each) => each.user.id === from.user);
    return isKnown || onDevice.length !== 1 ? from : { ...from, user: onDevice[0].user.id };
  }

  /**
   * Takes in a frame that carries state.
   *
   * @param {import("./types.js").StateFrame} frame
   * @param {import("./types.js").NamedEvent[]} [own] what this client has done itself, if that is why the call is as it is
   * @returns {void}
   */
  take(frame, own = []) {
    const serverTime = frame.type === "call" ? frame.call.server_time : frame.server_time;
    this.#readClock(serverTime, frame.type === "snapshot");
    switch (frame.type) {
      case "snapshot":
        this.dispatch({ type: "snapshot", user: frame.user, calls: frame.calls, missedUnseen: frame.missed_unseen });
        this.dispatch({
          type: "standing",
          requests: frame.requests,
          doNotDisturbUntil: frame.do_not_disturb_until,
          quietUntil: frame.quiet_until,
        });
        break;
      case "call":
        if (frame.user) {
          this.dispatch({ type: "renamed", user: frame.user });
        }
        this.dispatch({ type: "call", call: frame.call, own });
        break;
      case "synced":
        this.dispatch({ type: "synced", calls: frame.calls, gone: frame.gone });
        break;
      case "history":
        this.dispatch({ type: "missedUnseen", count: frame.missed_unseen });
        break;
      default:
      // A newer server may say more than this client knows.
    }
  }

  /**
   * Takes in the call that came with an answer, if one did.
   *
   * @param {Call | null | undefined} call
   * @param {import("./types.js").NamedEvent[]} own what this client has done itself, told before what came of it
   * @returns {void}
   */
  learn(call, own) {
    if (call) {
      this.take({ type: "call", call }, own);
    } else {
      own.forEach(({ name, detail }) => this.#options.tell(name, detail));
    }
  }

  /**
   * The call that is held under an id.
   *
   * @param {string | null} callID
   * @returns {Call | undefined}
   */
  held(callID) {
    return this.state.calls.find((call) => call.call_id === callID);
  }

  /**
   * One step of the reducer. The state is in place before anybody is told.
   *
   * @param {import("./state.js").Action} action
   * @returns {void}
   */
  dispatch(action) {
    const { tell, onCallsChanged } = this.#options;
    const previous = this.state;
    const step = reduce(this.#model, action);
    this.#model = step.model;
    const { state } = this;
    if (state.calls !== previous.calls) {
      onCallsChanged();
      this.#watchRings();
    }
    if (state !== previous) {
      tell("change", { state, previous });
    }
    step.events.forEach(({ name, detail }) => tell(name, detail));
    step.departed.forEach((callID) => this.#settle(callID));
  }

  /**
   * Watches no more.
   *
   * @returns {void}
   */
  stop() {
    this.#options.clock.clearTimeout(this.#ringTimer);
  }

  /**
   * @param {string | undefined} serverTime
   * @param {boolean} fresh whether earlier readings no longer count
   */
  #readClock(serverTime, fresh) {
    if (serverTime !== undefined) {
      this.dispatch({ type: "time", serverTime, now: this.#options.clock.now(), fresh });
    }
  }

  /**
   * Sets a timer for the moment in which the next ring is over, told or not.
   *
   * @param {number} [leastMs]
   */
  #watchRings(leastMs = 0) {
    const { clock } = this.#options;
    clock.clearTimeout(this.#ringTimer);
    const rings = this.state.calls.filter((call) => isRingingFor(call, this.state.user?.id));
    if (rings.length === 0) {
      return;
    }
    const nextMs = Math.min(...rings.map((call) => this.remainingMs(call))) + OVERDUE_GRACE_MS;
    this.#ringTimer = clock.setTimeout(() => this.#ringsOver(), Math.max(leastMs, nextMs));
  }

  #ringsOver() {
    const callIDs = overdueRings(this.state, this.serverNow());
    if (callIDs.length > 0 && !this.#options.sync()) {
      this.dispatch({ type: "overdue", callIDs });
      return;
    }
    this.#watchRings(OVERDUE_AGAIN_MS);
  }

  /**
   * Learns what became of a call that is no longer ours.
   *
   * @param {string} callID
   */
  async #settle(callID) {
    const call = await this.#options.read(callID);
    if (call !== undefined) {
      this.dispatch({ type: "settled", callID, call, serverNow: this.serverNow() });
    }
  }
}
