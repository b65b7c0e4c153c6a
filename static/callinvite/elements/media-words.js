/** What the pages say about microphones, cameras, screens and connections: each trouble with what to do about it. */

/** @typedef {"microphone" | "camera" | "screen"} Kind */

const NAMES = { microphone: "microphone", camera: "camera", screen: "screen" };

const CONSEQUENCES = {
  microphone: "The others cannot hear you.",
  camera: "The call goes on without your picture.",
  screen: "Nothing is shared.",
};

/** What is different about a screen: it is no device that one plugs in. @type {Record<string, string>} */
const SCREEN = {
  denied:
    "Your system does not let this browser see the screen. Allow it in the system's privacy settings, then try again.",
  missing: "There is no screen or window to share. Open one, then try again.",
  in_use: "The screen cannot be seen right now. Try again, or share a window instead.",
  unplugged: "The screen or window that you shared was closed. Choose another one.",
  failed: "The screen could not be shared. Try again, or share a window instead.",
};

/** One trouble with a device, and the way out.
 *  @param {Kind} kind
 *  @param {string} problem of rtc/problems.js
 *  @returns {string} */
export function problemWords(kind, problem) {
  const name = NAMES[kind];
  const what =
    (kind === "screen" ? SCREEN[problem] : undefined) ??
    {
      denied: `This page may not use your ${name}. Allow it at the left end of the address bar, then try again.`,
      missing: `No ${name} was found. Plug one in; it is used as soon as it is there.`,
      in_use: `Your ${name} is in use by another program. Close that program, then try again.`,
      unplugged: `Your ${name} was unplugged or taken away. Plug it in again or choose another one.`,
      insecure: `Browsers lend a ${name} only to pages loaded by https. Ask whoever runs this site.`,
      failed: `Your ${name} could not be started. Try again, or choose another one.`,
    }[problem] ??
    `Your ${name} could not be started.`;
  return `${what} ${CONSEQUENCES[kind]}`;
}

/** What a person does, for the ones who cannot see the pictures on a tile.
 *  @param {{microphone: string, camera: boolean, screen: boolean, hold: boolean}} media
 *  @returns {string} */
export function mediaWords({ microphone, camera, screen, hold }) {
  if (hold) {
    return "on hold";
  }
  const words = [{ on: "", muted: "muted", none: "without a microphone" }[microphone] ?? ""];
  words.push(screen ? "sharing the screen" : camera ? "with video" : "");
  return words.filter(Boolean).join(", ");
}

/** Why the other one is not to be heard, if that is so.
 *  @param {{microphone: string, hold: boolean}} media
 *  @returns {string} */
export function silenceWords({ microphone, hold }) {
  if (hold) {
    return "On hold";
  }
  return { muted: "Muted", none: "Without a microphone" }[microphone] ?? "";
}

/** A connection in words.
 *  @param {string | null} quality
 *  @returns {string} */
export function qualityWords(quality) {
  return { good: "Good connection", fair: "Fair connection", poor: "Poor connection" }[quality ?? ""] ?? "";
}

/** The state of the link to one person, where it is worth a word.
 *  @param {string | undefined} state
 *  @returns {string} */
export function linkWords(state) {
  return { waiting: "Connecting", connecting: "Connecting", reconnecting: "Reconnecting" }[state ?? "waiting"] ?? "";
}

/** A name for a device in a list of choices.
 *  @param {{label: string}} device
 *  @param {number} index
 *  @param {Kind | "speaker"} kind
 *  @returns {string} */
export function deviceWords(device, index, kind) {
  return device.label || `${kind[0].toUpperCase()}${kind.slice(1)} ${index + 1}`;
}
