/**
 * Why a microphone, a camera or a screen is not there, as one word of a closed list.
 */

/**
 * @typedef {"denied" | "missing" | "in_use" | "unplugged" | "insecure" | "failed"} Problem
 *   `denied`: by the person, the browser or the system; `missing`: no such device; `in_use`: another program has it;
 *   `unplugged`: it went away during the call; `insecure`: the page was not loaded by https
 */

/** @type {ReadonlyMap<unknown, Problem>} names of DOMExceptions of getUserMedia (W3C mediacapture-streams 10.3) */
const NAMES = new Map([
  ["NotAllowedError", "denied"],
  ["PermissionDeniedError", "denied"],
  ["SecurityError", "denied"],
  ["NotFoundError", "missing"],
  ["DevicesNotFoundError", "missing"],
  ["OverconstrainedError", "missing"],
  ["NotReadableError", "in_use"],
  ["TrackStartError", "in_use"],
  ["AbortError", "in_use"],
]);

/**
 * The problem behind an error of getUserMedia or getDisplayMedia.
 *
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  return NAMES.get(/** @type {Error | undefined} */ (error)?.name) ?? "failed";
}
