/** Whether this browser rings, in words: what works, what is missing and why, and the one click that helps. */

import { deviceLabel } from "../client/index.js";
import { errorWords } from "./words.js";

/** @typedef {{wanted: boolean, unlocked: boolean, elsewhere: boolean}} Sound
 *  @typedef {import("../client/index.js").CallInvitationError} CallInvitationError
 *  @typedef {{state: string, reason: string | null, error: CallInvitationError | null, refused: boolean}} Push
 *  @typedef {{rings: "always" | "open" | "never", title: string, help: string, button: string | null}} RingingWords
 *    `rings`: also without a page, only while one is open, or not at all; `button`: what the click that helps is called */

const UNSUPPORTED = {
  insecure: "This page was not loaded over https, so the browser lets it ring only while it is open.",
  home_screen:
    "Add Callinvite to your home screen and open it there: press the share button, then “Add to Home Screen”. On iPhones and iPads only apps on the home screen may ring when closed.",
  no_worker: "This window cannot be woken for a call. Private windows never can; some browsers cannot at all.",
  no_push: "This browser cannot be woken for a call.",
  no_keys: "This server sends no push messages. Whoever runs it can switch them on.",
};

const FAILED = {
  worker: "The part of the app that waits for calls did not start.",
  push_service: "The browser did not get an address from its push service. It may be switched off there, or offline.",
};

/** What to say of this browser, and what a click can do about it.
 *  @param {Sound} sound
 *  @param {Push} push
 *  @returns {RingingWords} */
export function ringingWords(sound, push) {
  const rings = push.state === "on";
  if (!sound.wanted) {
    return rings
      ? {
          rings: "always",
          title: "Calls are shown here, without the ringtone",
          help: "You get a notification, also when this page is closed.",
          button: "Enable ringing",
        }
      : {
          rings: "never",
          title: "This browser does not ring",
          help: "Calls show in this page only, and without a sound.",
          button: "Enable ringing",
        };
  }
  if (!sound.unlocked) {
    return rings
      ? {
          rings: "always",
          title: "This browser rings",
          help: "Click anywhere in this page to hear the ringtone, too; until then you get notifications.",
          button: null,
        }
      : {
          rings: "never",
          title: "This page will not make a sound yet",
          help: "Click anywhere in this page: browsers stay silent until then.",
          button: "Enable ringing",
        };
  }
  if (rings) {
    const also = "You hear it when somebody calls, also when this page is closed.";
    return {
      rings: "always",
      title: "This browser rings",
      help: sound.elsewhere ? `${also} Only one tab makes the sound.` : also,
      button: null,
    };
  }
  const title = sound.elsewhere ? "Another tab rings while it is open" : "This page rings while it is open";
  return { rings: "open", title, ...missingPush(push) };
}

/** Why a closed page does not ring.
 *  @param {Push} push
 *  @returns {{help: string, button: string | null}} */
export function missingPush({ state, reason, error }) {
  switch (state) {
    case "working":
      return { help: "Setting up what rings when it is closed …", button: null };
    case "denied":
      return {
        help: `It cannot ring when it is closed: notifications are blocked for this site. ${howToAllow()}`,
        button: null,
      };
    case "unsupported":
      return {
        help: UNSUPPORTED[/** @type {keyof typeof UNSUPPORTED} */ (reason)] ?? UNSUPPORTED.no_push,
        button: null,
      };
    case "failed":
      return { help: `It cannot ring when it is closed. ${failedWords(reason, error)}`, button: "Try again" };
    default:
      return { help: "Allow notifications, and it rings when it is closed, too.", button: "Ring when closed, too" };
  }
}

/** @param {string | null} reason @param {CallInvitationError | null} error */
function failedWords(reason, error) {
  const refused = error?.fields.push ?? [];
  if (refused.length) {
    return refused.join(" ");
  }
  return FAILED[/** @type {keyof typeof FAILED} */ (reason)] ?? errorWords(error);
}

/** Where this very browser keeps the switch.
 *  @param {string} [label] as `deviceLabel` gives it
 *  @returns {string} */
export function howToAllow(label = deviceLabel()) {
  if (/iPhone|iPad/.test(label)) {
    return "Open Settings, Notifications, Callinvite, and allow them.";
  }
  if (/Android/.test(label)) {
    return "Press the icon left of the address, then Permissions, allow notifications, and load the page again.";
  }
  if (/^Safari/.test(label)) {
    return "Open Safari’s settings, Websites, Notifications, and allow this site.";
  }
  if (/^Firefox/.test(label)) {
    return "Click the crossed-out speech bubble left of the address, take the block away, and click Enable ringing again.";
  }
  return "Click the icon left of the address, allow notifications, and load the page again.";
}
