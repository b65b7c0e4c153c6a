/**
 * Which device this is: an id that stays the same for a browser profile, and a label that people recognise.
 */

import { pageStorage } from "./storage.js";
import { say } from "../words/say.js";

const STORAGE_KEY = "callinvite.device_id";
const VALID_ID = /^[A-Za-z0-9._~-]{1,64}$/;

/** @type {Array<[RegExp, string]>} the first match wins, so the ones that also claim to be others come first */
const BROWSERS = [
  [/\bEdgA?\/|\bEdgiOS\//, "Edge"],
  [/\bOPR\/|\bOPiOS\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bHeadlessChrome\/|\bChrome\/|\bChromium\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

/** @type {Array<[RegExp, string]>} */
const SYSTEMS = [
  [/\biPhone\b|\biPod\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMacintosh\b|\bMac OS X\b/, "Mac"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

/**
 * A name for this device that its owner and the people they call understand.
 *
 * @param {string | null | undefined} [userAgent] as in `navigator.userAgent`
 * @returns {string} such as "Chrome on Linux"; "Node" where there is no browser
 */
export function deviceLabel(userAgent = globalThis.navigator?.userAgent) {
  if (!userAgent || /^Node\.js/.test(userAgent)) {
    return "Node";
  }
  const browser = firstMatch(BROWSERS, userAgent) ?? say("device.browser");
  const system = firstMatch(SYSTEMS, userAgent);
  return system === null ? browser : say("device.browser_on", { browser, system });
}

/**
 * A new device id, or key of a request.
 *
 * @returns {string} 32 hexadecimal characters, random
 */
export function randomHex() {
  // Not randomUUID: pages on plain http outside localhost do not have it. It is no secret, so any chance will do.
  const bytes = new Uint8Array(16).map(() => Math.random() * 256);
  globalThis.crypto?.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @returns {string} an id for a call that is about to be placed, which no other call has
 */
export function makeCallID() {
  return `call_${randomHex()}`;
}

/**
 * Whether the server takes this as a device id.
 *
 * @param {string} text
 * @returns {boolean}
 */
export function isDeviceId(text) {
  return VALID_ID.test(text);
}

/**
 * The id of this device, made on first use.
 *
 * @param {import("./types.js").KeyValues | null} [storage] where it is kept; without one it lasts as long as the page
 * @returns {string} 1 to 64 of `[A-Za-z0-9._~-]`
 */
export function rememberedDeviceId(storage = pageStorage("localStorage")) {
  try {
    const kept = storage?.getItem(STORAGE_KEY);
    if (kept && isDeviceId(kept)) {
      return kept;
    }
    const made = randomHex();
    storage?.setItem(STORAGE_KEY, made);
    return made;
  } catch {
    // A full or forbidden storage must not keep anybody from calling.
    return randomHex();
  }
}

/**
 * @param {Array<[RegExp, string]>} table
 * @param {string} text
 * @returns {string | null}
 */
function firstMatch(table, text) {
  return table.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
