/** What the pages say about microphones, cameras, screens and connections: each trouble with what to do about it. */

import { listOf } from "./words.js";
import { say, sayKnown } from "../words/say.js";

/** @typedef {"microphone" | "camera" | "screen"} Kind */

/** One trouble with a device, and the way out.
 *  @param {Kind} kind
 *  @param {string} problem of rtc/problems.js
 *  @returns {string} */
export function problemWords(kind, problem) {
  const what = sayKnown(`media.problem.${kind}.${problem}`, `media.problem.${kind}.failed`);
  return `${what} ${say(`media.without.${kind}`)}`;
}

/** What a person does, for the ones who cannot see the pictures on a tile.
 *  @param {{microphone: string, camera: boolean, screen: boolean, hold: boolean}} media
 *  @returns {string} */
export function mediaWords({ microphone, camera, screen, hold }) {
  if (hold) {
    return say("media.doing.hold");
  }
  return listOf(
    microphone === "muted" ? say("media.doing.muted") : "",
    microphone === "none" ? say("media.doing.no_microphone") : "",
    screen ? say("media.doing.screen") : "",
    camera && !screen ? say("media.doing.camera") : "",
  );
}

/** Why the other one is not to be heard, if that is so.
 *  @param {{microphone: string, hold: boolean}} media
 *  @returns {string} */
export function silenceWords({ microphone, hold }) {
  if (hold) {
    return say("media.silent.hold");
  }
  if (microphone === "muted") {
    return say("media.silent.muted");
  }
  return microphone === "none" ? say("media.silent.no_microphone") : "";
}

/** A connection in words.
 *  @param {"good" | "fair" | "poor" | null | undefined} quality
 *  @returns {string} */
export function qualityWords(quality) {
  return quality ? say(`media.quality.${quality}`) : "";
}

/** The state of the link to one person, where it is worth a word.
 *  @param {string | undefined} state
 *  @returns {string} */
export function linkWords(state = "waiting") {
  if (state === "reconnecting") {
    return say("media.link.reconnecting");
  }
  return state === "waiting" || state === "connecting" ? say("media.link.connecting") : "";
}

/** A name for a device in a list of choices.
 *  @param {{label: string}} device
 *  @param {number} index
 *  @param {Exclude<Kind, "screen"> | "speaker"} kind
 *  @returns {string} */
export function deviceWords(device, index, kind) {
  return device.label || say(`media.unnamed.${kind}`, { number: index + 1 });
}
