/**
 * Time as the client uses it: monotonic, so that setting the device's clock moves no deadline.
 */

/**
 * The system's monotonic clock and timers.
 *
 * @type {import("./types.js").Clock}
 */
export const systemClock = Object.freeze({
  now: () => performance.now(),
  setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
  clearTimeout: (timer) => globalThis.clearTimeout(/** @type {number | undefined} */ (timer)),
});
