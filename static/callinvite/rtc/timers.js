/**
 * Timers by name, each at most once: what is expected by a moment, until it is no longer.
 */

/** All of them end together with what they belong to. */
export class Timers {
  #clock;
  /** @type {Map<string, unknown>} */
  #running = new Map();

  /**
   * @param {import("../client/types.js").Clock} clock
   */
  constructor(clock) {
    this.#clock = clock;
  }

  /**
   * @param {string} name
   * @returns {boolean} whether it runs
   */
  has(name) {
    return this.#running.has(name);
  }

  /**
   * Starts one, in the place of one of this name that runs.
   *
   * @param {string} name
   * @param {number} ms
   * @param {() => void} act if it has not been ended by then
   */
  start(name, ms, act) {
    this.end(name);
    const timer = this.#clock.setTimeout(() => {
      this.#running.delete(name);
      act();
    }, ms);
    this.#running.set(name, timer);
  }

  /**
   * @param {string} name
   */
  end(name) {
    this.#clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  /** Ends all of them. */
  endAll() {
    for (const timer of this.#running.values()) {
      this.#clock.clearTimeout(timer);
    }
    this.#running.clear();
  }
}
