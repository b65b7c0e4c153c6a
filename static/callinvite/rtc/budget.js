/**
 * How much video a device sends to each of the others: in a mesh it uploads as many times as there are others.
 */

/**
 * @typedef {object} VideoBudget
 * @property {{maxBitrate: number, maxFramerate: number, scaleResolutionDownBy: number}} encoding
 * @property {"maintain-framerate" | "maintain-resolution" | "balanced"} preference what to give up last
 */

/** With more people than this in a call, everybody included, video starts switched off: no home line carries it. */
export const VIDEO_PEOPLE_MAX = 6;

/** By the number of others: bits a second for each of them, and by how much a picture of 1280 by 720 is made smaller. */
const CAMERA = [
  { others: 1, maxBitrate: 2_000_000, scale: 1, maxFramerate: 30 },
  { others: 2, maxBitrate: 900_000, scale: 1.5, maxFramerate: 30 },
  { others: 3, maxBitrate: 600_000, scale: 2, maxFramerate: 25 },
  { others: 5, maxBitrate: 350_000, scale: 2.5, maxFramerate: 20 },
  { others: Infinity, maxBitrate: 150_000, scale: 4, maxFramerate: 15 },
];
const SCREEN = [
  { others: 1, maxBitrate: 2_500_000, scale: 1, maxFramerate: 15 },
  { others: 3, maxBitrate: 1_200_000, scale: 1, maxFramerate: 10 },
  { others: Infinity, maxBitrate: 600_000, scale: 1, maxFramerate: 5 },
];

/**
 * What to send to each of the others.
 *
 * @param {number} others how many other devices are in the call
 * @param {boolean} isScreen whether a screen is shown: there letters matter, not motion
 * @returns {VideoBudget}
 */
export function videoBudget(others, isScreen) {
  const row = /** @type {typeof CAMERA[0]} */ ((isScreen ? SCREEN : CAMERA).find((each) => others <= each.others));
  return {
    encoding: { maxBitrate: row.maxBitrate, maxFramerate: row.maxFramerate, scaleResolutionDownBy: row.scale },
    preference: isScreen ? "maintain-resolution" : "maintain-framerate",
  };
}
