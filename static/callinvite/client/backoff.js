/**
 * How long to wait before trying again: exponential with full jitter, so that thousands of clients
 * that lost the same server do not come back in the same moment.
 */

const BASE_MS = 500;

/**
 * The wait before one more attempt.
 *
 * @param {number} attempt how many attempts failed in a row before this one, from 0
 * @param {() => number} random 0 to 1
 * @param {number} capMs the longest wait in milliseconds
 * @returns {number} milliseconds, `random() * min(capMs, 500 * 2^attempt)`
 */
export function delayMs(attempt, random, capMs) {
  return random() * Math.min(capMs, BASE_MS * 2 ** Math.min(attempt, 30));
}
