/** Where somebody is signed in or can be rung, as one list: devices, and browsers in which no device has said hello. */

import { deviceLabel } from "../client/identity.js";
import { deviceName } from "./device-words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Device} Device
 *  @typedef {import("../client/types.js").SignedInApp} SignedInApp
 *  @typedef {import("../client/types.js").SignedInBrowser} SignedInBrowser
 *
 *  @typedef {object} Place
 *  @property {string} id of the device, or of the session where there is none
 *  @property {string} called a name that no other has
 *  @property {string} label what it is called, as its owner or the browser says
 *  @property {Device | null} device
 *  @property {SignedInBrowser | null} browser the session, if there is one and it is known
 *  @property {boolean} isHere whether it is this very browser
 *  @property {boolean | null} isSignedIn null where that is not known, or not a matter of its own */

/** @param {Device[]} devices
 *  @param {SignedInBrowser[] | null} browsers null if they could not be read
 *  @param {SignedInApp[] | null} apps
 *  @param {string} hereId the id of this very device
 *  @returns {Place[]} this browser first, then where one is signed in, then what was in use last */
export function placesOf(devices, browsers, apps, hereId) {
  const isKnown = browsers !== null && apps !== null;
  const places = devices.map((device) => {
    const id = device.device_id;
    const isHere = id === hereId;
    const came = browsers?.find((browser) => browser.device_ids.includes(id));
    // A page that was open before somebody signed in again has not said so yet.
    const browser = came ?? (isHere ? browsers?.find(({ current }) => current) : undefined) ?? null;
    const isSignedIn = browser !== null || (apps ?? []).some((app) => app.device_id === id);
    // What this browser was before it forgot its id: it is signed in here, and not there.
    const isFormer = browser?.current === true && !isHere;
    const known = (isKnown || isSignedIn) && !isFormer ? isSignedIn : null;
    return { id, label: device.label, device, browser, isHere, isSignedIn: known };
  });
  const shown = new Set(places.map(({ browser }) => browser));
  const others = (browsers ?? []).filter((browser) => browser.device_ids.length === 0 && !shown.has(browser));
  return toldApart([
    ...places,
    ...others.map((browser) => ({
      id: browser.id,
      label: browser.user_agent ? deviceLabel(browser.user_agent) : say("device.browser"),
      device: null,
      browser,
      isHere: browser.current,
      isSignedIn: true,
    })),
  ]).sort((a, b) => rank(b) - rank(a) || seenAt(b) - seenAt(a));
}

/** @param {Place} place */
function rank({ isHere, isSignedIn }) {
  return isHere ? 2 : isSignedIn === false ? 0 : 1;
}

/** @param {Place} place */
function seenAt({ device, browser }) {
  return Date.parse(device?.last_seen_at ?? browser?.last_used_at ?? "") || 0;
}

/** Those that are called alike are numbered, the oldest first.
 *  @param {Array<Omit<Place, "called">>} places
 *  @returns {Place[]} */
function toldApart(places) {
  const age = (/** @type {Omit<Place, "called">} */ { device, browser }) =>
    Date.parse(device?.created_at ?? browser?.created_at ?? "") || 0;
  const oldestFirst = [...places].sort((a, b) => age(a) - age(b));
  return places.map((place) => {
    const alike = oldestFirst.filter(({ label }) => label === place.label);
    return { ...place, called: deviceName(place, alike.length > 1 ? alike.indexOf(place) + 1 : 0) };
  });
}
