/**
 * Whether this page has been cut off from its call: neither the server nor anybody else has been there for long.
 */

/** After so long there is no call any more: its lease has lapsed. */
const CUT_OFF_MS = 45_000;

/** Nobody may stay before an open camera for a call that is long over everywhere else. */
export class CutOff {
  #clock;
  #onCutOff;
  /** @type {unknown} */
  #timer;
  #isCutOff = false;

  /**
   * @param {import("../client/types.js").Clock} clock
   * @param {() => void} onCutOff
   */
  constructor(clock, onCutOff) {
    this.#clock = clock;
    this.#onCutOff = onCutOff;
  }

  /** @returns {boolean} */
  get isCutOff() {
    return this.#isCutOff;
  }

  /**
   * @param {boolean} isAlone whether neither the server nor anybody in the call can be reached now
   */
  follow(isAlone) {
    if (!isAlone) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#isCutOff = true;
      this.#onCutOff();
    }, CUT_OFF_MS);
  }

  /** The call is there again, or another one is. */
  forget() {
    this.#isCutOff = false;
  }
}
