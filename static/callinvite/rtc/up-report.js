/**
 * Tells the server that media of a call is up, until it knows.
 */

import { myParticipant } from "../client/call.js";

const AGAIN_MS = 2_000;

/** One report at a time, repeated while the server does not take it. */
export class UpReport {
  #service;
  #clock;
  #isUp;
  #isUnderWay = false;

  /**
   * @param {import("../client/index.js").CallInvitationService} service
   * @param {import("../client/types.js").Clock} clock
   * @param {() => import("../client/types.js").Call | null} isUp the call whose media is up in this page, if any is
   */
  constructor(service, clock, isUp) {
    this.#service = service;
    this.#clock = clock;
    this.#isUp = isUp;
  }

  /** Reports if there is anything to report that the server does not know. */
  async send() {
    const call = this.#isUp();
    if (this.#isUnderWay || call === null) {
      return;
    }
    const mine = myParticipant(call, this.#service.state.user?.id, this.#service.deviceId);
    if (mine === null || mine.connected_at !== null) {
      return;
    }
    this.#isUnderWay = true;
    const isDone = await this.#service.connected(call.call_id);
    if (!isDone) {
      await new Promise((resolve) => {
        this.#clock.setTimeout(() => resolve(undefined), AGAIN_MS);
      });
    }
    this.#isUnderWay = false;
    if (!isDone) {
      this.send();
    }
  }
}
