/** Whether this browser rings, in words: what works, what is missing and why, and the one click that helps. */

import { deviceLabel } from "../client/index.js";
import { errorWords } from "./words.js";
import { say, sayKnown } from "../words/say.js";

/** @typedef {{wanted: boolean, unlocked: boolean, elsewhere: boolean}} Sound
 *  @typedef {import("../client/index.js").CallInvitationError} CallInvitationError
 *  @typedef {{state: string, reason: string | null, error: CallInvitationError | null, refused: boolean}} Push
 *  @typedef {{rings: "always" | "open" | "never", title: string, help: string, button: string | null}} RingingWords
 *    `rings`: also without a page, only while one is open, or not at all; `button`: what the click that helps is called */

/** What to say of this browser, and what a click can do about it.
 *  @param {Sound} sound
 *  @param {Push} push
 *  @returns {RingingWords} */
export function ringingWords(sound, push) {
  const rings = push.state === "on";
  if (!sound.wanted) {
    const button = say("ringing.turn_on");
    if (sound.elsewhere) {
      const title = say("ringing.open.elsewhere.title");
      return { rings: rings ? "always" : "open", title, help: say("ringing.none.elsewhere"), button };
    }
    return rings
      ? { rings: "always", title: say("ringing.muted.title"), help: say("ringing.muted"), button }
      : { rings: "never", title: say("ringing.none.title"), help: say("ringing.none"), button };
  }
  if (!sound.unlocked) {
    return rings
      ? { rings: "always", title: say("ringing.always.title"), help: say("ringing.click_for_sound"), button: null }
      : {
          rings: "never",
          title: say("ringing.locked.title"),
          help: say("ringing.locked"),
          button: say("ringing.turn_on"),
        };
  }
  if (rings) {
    const help = say(sound.elsewhere ? "ringing.always.elsewhere" : "ringing.always");
    return { rings: "always", title: say("ringing.always.title"), help, button: null };
  }
  const title = say(sound.elsewhere ? "ringing.open.elsewhere.title" : "ringing.open.title");
  return { rings: "open", title, ...missingPush(push) };
}

/** Why a closed page does not ring.
 *  @param {Push} push
 *  @returns {{help: string, button: string | null}} */
export function missingPush({ state, reason, error }) {
  switch (state) {
    case "working":
      return { help: say("ringing.working"), button: null };
    case "denied":
      return { help: `${say("ringing.denied")} ${howToAllow()}`, button: null };
    case "unsupported":
      return { help: sayKnown(`ringing.unsupported.${reason}`, "ringing.unsupported.no_push"), button: null };
    case "failed":
      return { help: `${say("ringing.failed")} ${failedWords(reason, error)}`, button: say("button.try_again") };
    default:
      return { help: say("ringing.off"), button: say("ringing.turn_on.closed") };
  }
}

/** @param {string | null} reason @param {CallInvitationError | null} error */
function failedWords(reason, error) {
  const refused = error?.fields.push ?? [];
  if (refused.length) {
    return refused.join(" ");
  }
  if (reason === "worker") {
    return say("ringing.failed.worker");
  }
  return reason === "push_service" ? say("ringing.failed.push_service") : errorWords(error);
}

/** Where this very browser keeps the switch.
 *  @param {string} [label] as `deviceLabel` gives it
 *  @returns {string} */
export function howToAllow(label = deviceLabel()) {
  if (/iPhone|iPad/.test(label)) {
    return say("ringing.allow.ios");
  }
  if (/Android/.test(label)) {
    return say("ringing.allow.android");
  }
  if (/Safari/.test(label)) {
    return say("ringing.allow.safari");
  }
  return say(/Firefox/.test(label) ? "ringing.allow.firefox" : "ringing.allow.other");
}
