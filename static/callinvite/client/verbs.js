/**
 * The verbs of calls: what people do to a call, each under the name that the API gives it.
 *
 * Says which call is meant and what is asked. Holds no rule of calling: the server decides.
 */

import { Account } from "./account.js";
import { given, idOf, invitationBody } from "./body.js";
import { isOver, may, myInvitation } from "./call.js";
import { CallInvitationError } from "./errors.js";
import { about } from "./events.js";
import { say } from "../words/say.js";

/**
 * @typedef {import("./types.js").Call} Call
 * @typedef {import("./types.js").Person} Person
 *
 * @typedef {object} VerbsOptions
 * @property {import("./account.js").AccountOptions} account
 * @property {import("./performing.js").Performer} performer
 * @property {import("./store.js").Store} store
 * @property {import("./device.js").OwnDevice} device
 * @property {import("./store.js").Tell} tell
 */

/** What a client can do in calls. Each act resolves to true once it is done, else to false, and `lastError` says why. */
export class CallVerbs extends Account {
  #attempts;
  #performer;
  #store;
  #device;
  #tell;

  /**
   * @internal
   * @param {VerbsOptions} options
   */
  constructor({ account, performer, store, device, tell }) {
    super(account);
    this.#attempts = account.attempts;
    this.#performer = performer;
    this.#store = store;
    this.#device = device;
    this.#tell = tell;
  }

  /** @returns {import("./types.js").VerbResult | null} the body that the last successful verb was answered with */
  get lastResult() {
    return this.#performer.lastResult;
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
      const call = (await this.#performer.perform("send", null, body))?.call;
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
    const { outgoing, active } = this.#store.state;
    const body = given({ callees: callees?.map(idOf), custom_data: customData });
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
    const target = callID ?? this.#store.state.incoming?.call_id ?? "current";
    this.#store.dispatch({ type: "rejecting", callID: target });
    return this.#attempts.settled(async () => {
      try {
        await this.#performer.perform("reject", target, given({ custom_data: customData, reason, block }));
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
    const target = callID ?? this.#store.state.incoming?.call_id ?? "current";
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
    return this.#performer.entering;
  }

  /**
   * Leaves a call with the page that it is in: to be called while the page goes (`pagehide`).
   *
   * @param {string} callID
   * @returns {void}
   */
  leaveWithPage(callID) {
    this.#performer.handOver("leave", callID);
  }

  /**
   * Takes somebody out of a call that one has started, or takes back the ring that would let them in.
   *
   * @param {Person | string} person
   * @param {string} [callID] the active call by default, else the outgoing one
   * @returns {Promise<boolean>}
   */
  remove(person, callID = this.#currentCallID()) {
    return this.#on("remove", callID, { user: idOf(person) });
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
  ringing(callID = this.#store.state.incoming?.call_id, { audible = this.#device.audible } = {}) {
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
   * @param {Call} call that was missed
   * @returns {Promise<boolean>}
   */
  #callBack(call) {
    if (may(call, "join")) {
      return this.join(call.call_id);
    }
    const { inviter } = myInvitation(call, this.#store.state.user?.id) ?? { inviter: call.caller };
    return this.send({ invitees: [inviter], isVideoCall: call.is_video_call });
  }

  /**
   * @returns {string | undefined} the call one is in on this device
   */
  #currentCallID() {
    const { active, outgoing } = this.#store.state;
    return (active ?? outgoing)?.call_id;
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
      await this.#performer.perform(verb, callID, body);
    });
  }
}
