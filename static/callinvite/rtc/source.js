/**
 * One source of media: wanted, being opened, open, or known not to come.
 *
 * Every attempt to open it has a turn, and only the last one counts: a track that arrives after it is no longer wanted is
 * stopped in the same moment.
 */

import { problemOf } from "./problems.js";

/** @typedef {import("./problems.js").Problem} Problem */

/** A microphone, a camera or a screen. */
export class Source {
  wanted = false;
  #starting = false;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {Problem | null} */
  problem = null;
  #turn = 0;

  /** @returns {boolean} whether it is being opened */
  get starting() {
    return this.#starting;
  }

  /** @returns {MediaStreamTrack | null} */
  get track() {
    return this.#track;
  }

  /** @returns {number} which attempt to open it counts */
  get turn() {
    return this.#turn;
  }

  /** @returns {{wanted: boolean, starting: boolean, live: boolean, problem: Problem | null}} as it is shown */
  get state() {
    return { wanted: this.wanted, starting: this.#starting, live: this.#track !== null, problem: this.problem };
  }

  /** @returns {number} the turn of the attempt that begins now */
  begin() {
    this.wanted = true;
    this.#starting = true;
    this.problem = null;
    this.#turn += 1;
    return this.#turn;
  }

  /**
   * Takes a track that was opened, or stops it if nobody wants it any more.
   *
   * @param {number} turn
   * @param {MediaStreamTrack} track
   * @param {() => void} onEnded it stopped by itself: unplugged, taken away, stopped in the browser's own bar
   */
  keep(turn, track, onEnded) {
    if (this.#turn !== turn || !this.wanted) {
      track.stop();
      return;
    }
    this.#starting = false;
    this.problem = null;
    this.#track = track;
    track.onended = () => {
      if (this.#track === track) {
        onEnded();
      }
    };
  }

  /**
   * An attempt came to nothing.
   *
   * @param {number} turn
   * @param {unknown} error
   * @param {Problem} [problem]
   */
  fail(turn, error, problem = problemOf(error)) {
    if (this.#turn === turn) {
      this.#starting = false;
      this.problem = problem;
    }
  }

  /** Closes it; it may be opened again. */
  release() {
    this.#turn += 1;
    this.#starting = false;
    if (this.#track !== null) {
      this.#track.onended = null;
      this.#track.stop();
      this.#track = null;
    }
  }

  /** Closes it, for it is no longer wanted. */
  drop() {
    this.wanted = false;
    this.release();
  }
}
