/**
 * Calls that the person has hung up. They are over here at once, whenever the server learns of it: it is told again and
 * again until it answers.
 */

const RETRY_MS = 2_000;

/**
 * @typedef {import("../client/types.js").Call} Call
 * @typedef {"leave" | "cancel" | "end"} PartingVerb
 */

/** The calls that this page has left, until the server says so too. */
export class Partings {
  #service;
  #clock;
  /** @type {Set<string>} */
  #open = new Set();

  /**
   * @param {import("../client/index.js").CallInvitationService} service
   * @param {import("../client/types.js").Clock} clock
   */
  constructor(service, clock) {
    this.#service = service;
    this.#clock = clock;
  }

  /**
   * @param {Call} call
   * @returns {boolean} whether the person has hung it up, and the server may not know
   */
  has(call) {
    return this.#open.has(keyOf(call));
  }

  /**
   * The person goes back into a call: nothing tells the server any more that they have left it.
   *
   * @param {string} callID
   */
  forget(callID) {
    for (const key of this.#open) {
      if (key.startsWith(`${callID} `)) {
        this.#open.delete(key);
      }
    }
  }

  /**
   * The page goes, and with it the call: the browser tells the server.
   *
   * @param {Call} call
   */
  partWithPage(call) {
    this.#open.add(keyOf(call));
    this.#service.leaveWithPage(call.call_id);
  }

  /**
   * Tells the server until it knows.
   *
   * @param {Call} call
   * @param {PartingVerb} verb
   * @returns {Promise<boolean>} false if the server refused: the call goes on here, and `lastError` says why
   */
  async part(call, verb) {
    const key = keyOf(call);
    if (this.#open.has(key)) {
      return true;
    }
    this.#open.add(key);
    let done = false;
    while (!done && this.#open.has(key) && this.#isIn(call)) {
      done = await this.#tell(call.call_id, verb);
      if (!done && !this.#service.lastError?.isTemporary) {
        break;
      }
      if (!done) {
        await new Promise((resolve) => {
          this.#clock.setTimeout(() => resolve(undefined), RETRY_MS);
        });
      }
    }
    this.#open.delete(key);
    return done || !this.#isIn(call);
  }

  /**
   * @param {string} callID
   * @param {PartingVerb} verb
   * @returns {Promise<boolean>}
   */
  #tell(callID, verb) {
    switch (verb) {
      case "cancel":
        return this.#service.cancel({ callID });
      case "end":
        return this.#service.end(callID);
      case "leave":
        return this.#service.leave(callID);
    }
  }

  /**
   * @param {Call} call
   * @returns {boolean} whether this device is in it as far as the server has said
   */
  #isIn(call) {
    const { active, outgoing, connection } = this.#service.state;
    return connection !== "signed_out" && [active, outgoing].some((each) => each && keyOf(each) === keyOf(call));
  }
}

/**
 * @param {Call} call
 * @returns {string}
 */
function keyOf(call) {
  return `${call.call_id} ${call.attempt}`;
}
