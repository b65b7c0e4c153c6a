/**
 * The microphone and the camera, open for as long as something needs them: the call that is in this page, an act that leads
 * into one, or a preview. What is sent is what the person wants in that call.
 */

import { Intents } from "./intent.js";

/**
 * @typedef {import("../client/types.js").Call} Call
 * @typedef {import("./intent.js").Intent} Intent
 *
 * @typedef {object} OpenDevicesOptions
 * @property {import("./local-media.js").LocalMedia} local
 * @property {import("./intent.js").Store | null} storage shared by all pages of the browser
 * @property {() => boolean} isHere whether the call of this device is in this page
 * @property {() => Call | null} call the call that this device is in, in whichever page
 * @property {() => void} onSettled it has been seen to that nothing is open without need
 */

/** Opens devices, and closes them. */
export class OpenDevices {
  #local;
  #intents;
  #isHere;
  #call;
  #onSettled;
  /** How many previews are shown. */
  #previews = 0;

  /**
   * @param {OpenDevicesOptions} options
   */
  constructor({ local, storage, isHere, call, onSettled }) {
    this.#local = local;
    this.#intents = new Intents(storage);
    this.#isHere = isHere;
    this.#call = call;
    this.#onSettled = onSettled;
  }

  /** @returns {boolean} whether an act that leads into a call is under way */
  get isActing() {
    return this.#intents.isActing;
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
    if (!this.#isHere()) {
      // The devices of a call that one is in are that call's, until it is left.
      this.#local.begin(wished);
    }
    try {
      return await verb();
    } finally {
      this.#intents.endAct();
      this.settle();
    }
  }

  /** The person has changed their mind about a call that is being placed: nothing is open from this moment on. */
  abandon() {
    if (!this.#isHere()) {
      this.#intents.abandon();
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
    if (this.#isHere()) {
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
        this.settle();
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

  /** Switches the camera off. */
  pauseCamera() {
    this.#local.setCamera(false);
    this.#want({ camera: false });
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

  /**
   * The call has come to this page.
   *
   * @param {Call} call
   * @returns {boolean} whether it was here, or in another page of this browser, before
   */
  arrive(call) {
    const { intent, isBack } = this.#intents.arrive(call);
    this.#local.begin({ hold: false, ...intent });
    return isBack;
  }

  /**
   * Opens again what is wanted in the call that is here.
   *
   * @param {Call} call
   */
  reopen(call) {
    this.#local.begin({ hold: false, ...this.#intents.of(call) });
  }

  /**
   * The call is left, or another one is turned to.
   *
   * @param {string} callID
   * @param {Call | null} onHold the same call if it is gone back to, without a hold that the person had asked for before
   */
  leave(callID, onHold) {
    const intent = onHold && this.#intents.of(onHold);
    this.#intents.forget(callID);
    // A screen shown to some must not be shown to others, whatever comes next.
    this.#local.stopScreen();
    this.#local.setHold(false);
    if (onHold && intent) {
      this.#intents.keep({ ...intent, hold: false }, onHold);
    }
  }

  /**
   * @param {string} callID that is over
   */
  forget(callID) {
    this.#intents.forget(callID);
  }

  /** Closes the devices if nothing needs them. */
  settle() {
    if (!(this.#isHere() || this.#intents.isActing || this.#previews > 0)) {
      this.#local.stop();
    }
    this.#onSettled();
  }

  /**
   * Remembers what the person has just chosen, for this call or for the one that is being begun.
   *
   * @param {Partial<Intent>} change
   */
  #want(change) {
    const call = this.#call();
    if (!this.#isHere()) {
      this.#intents.wish(change);
    } else if (call !== null) {
      this.#intents.keep(change, call);
    }
  }
}
