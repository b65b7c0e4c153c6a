/**
 * How long to wait before trying again: exponential with full jitter, so that thousands of clients
 * that lost the same server do not come back in the same moment.
 */

/**
 * The wait before one more attempt.
 *
 * @param {number} attempt how many attempts failed in a row before this one, from 0
 * @param {() => number} random 0 to 1
 * @param {number} capMs the longest wait in milliseconds
 * @param {number} [firstMs] the longest first wait in milliseconds
 * @returns {number} milliseconds, `random() * min(capMs, firstMs * 2^attempt)`
 */
export function delayMs(attempt, random, capMs, firstMs = 500) {
  return random() * Math.min(capMs, firstMs * 2 ** Math.min(attempt, 30));
}
