/**
 * A clock that moves when a test says so.
 */

/** Timers run in order of their moment while the clock is advanced. */
export class HandClock {
  #now = 1000;
  #timers = new Map();
  #last = 0;

  now = () => this.#now;

  setTimeout = (callback, ms) => {
    this.#last += 1;
    this.#timers.set(this.#last, { at: this.#now + ms, callback });
    return this.#last;
  };

  clearTimeout = (timer) => {
    this.#timers.delete(timer);
  };

  /** Moves on, running what is due on the way. */
  advance(ms) {
    const until = this.#now + ms;
    for (let next = this.#due(until); next !== null; next = this.#due(until)) {
      this.#timers.delete(next.id);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
  }

  /** How long until the next timer, in milliseconds; null if there is none. */
  get nextInMs() {
    const moments = [...this.#timers.values()].map(({ at }) => at - this.#now);
    return moments.length === 0 ? null : Math.min(...moments);
  }

  #due(until) {
    const due = [...this.#timers].map(([id, timer]) => ({ id, ...timer })).filter(({ at }) => at <= until);
    return due.sort((a, b) => a.at - b.at)[0] ?? null;
  }
}
