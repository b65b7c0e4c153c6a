/**
 * Who speaks: from loudness, several times a second, to one name that does not flicker. Pure.
 */

/** Below this nobody speaks; 0 to 1, as `audioLevel` of RTCRtpSynchronizationSource. */
const SILENCE = 0.02;
const SMOOTHING = 0.4;
/** A new speaker must be this much louder while the former one still speaks. */
const LOUDER = 1.6;
const KEEPS_MS = 1_500;

/**
 * @typedef {object} Hearing
 * @property {ReadonlyMap<string, number>} levels smoothed, 0 to 1, by whose they are
 * @property {string | null} speaker who spoke last
 * @property {number} spokeAt when the speaker was heard last, in the clock's milliseconds
 */

/** @type {Hearing} */
export const SILENT = Object.freeze({ levels: new Map(), speaker: null, spokeAt: -Infinity });

/**
 * One step.
 *
 * @param {Hearing} before
 * @param {ReadonlyMap<string, number>} loudness as measured now, 0 to 1; those who are gone are left out
 * @param {number} nowMs
 * @returns {Hearing}
 */
export function heard(before, loudness, nowMs) {
  const levels = new Map(
    [...loudness].map(([key, level]) => {
      const old = before.levels.get(key) ?? 0;
      return [key, level > old ? level : old + (level - old) * SMOOTHING];
    }),
  );
  const held = before.speaker !== null && levels.has(before.speaker) ? before.speaker : null;
  const heldLevel = held === null ? 0 : /** @type {number} */ (levels.get(held));
  const spokeAt = heldLevel > SILENCE ? nowMs : before.spokeAt;
  const [loudest, level] = [...levels].reduce((best, each) => (each[1] > best[1] ? each : best), ["", 0]);
  const isNews = level > SILENCE && loudest !== held;
  if (isNews && (held === null || level > heldLevel * LOUDER || nowMs - spokeAt > KEEPS_MS)) {
    return { levels, speaker: loudest, spokeAt: nowMs };
  }
  return { levels, speaker: held, spokeAt };
}
