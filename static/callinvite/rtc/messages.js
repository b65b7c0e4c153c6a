/**
 * What two devices in a call say to each other by signalling, and the check of what came in.
 *
 * The other end may be another version, another app or hostile: what does not fit is nothing, never an exception.
 */

export const VERSION = 1;

const SDP_CHARS = 60_000;
/** How many candidates one message may hold. */
export const CANDIDATES_MAX = 64;
const CANDIDATE_CHARS = 2_000;
/** Of a media line's and an ICE generation's name (RFC 8839: 4 to 256). */
const MARK_CHARS = 256;
const SESSION = /^[A-Za-z0-9._~-]{1,64}$/;

/**
 * @typedef {object} MediaState what one device sends, as it says itself
 * @property {"on" | "muted" | "none"} microphone `none`: it has none, or may not use it
 * @property {boolean} camera
 * @property {boolean} screen
 * @property {boolean} hold it neither sends nor plays anything for the time being
 *
 * @typedef {{session: string, to: string | null}} Envelope whose session speaks, and to which session of the receiver
 *
 * @typedef {Envelope & {kind: "hello", media: MediaState, serial: number}} Hello
 * @typedef {Envelope & {kind: "description", type: "offer" | "answer", sdp: string, id: number}} Description
 *   an answer bears the `id` of its offer
 * @typedef {Envelope & {kind: "candidates", candidates: Array<RTCIceCandidateInit | null>}} Candidates
 *   null is the end of them
 * @typedef {Envelope & {kind: "media", media: MediaState, serial: number}} Media
 * @typedef {Hello | Description | Candidates | Media} Message
 * @typedef {Omit<Hello, keyof Envelope> | Omit<Description, keyof Envelope> | Omit<Candidates, keyof Envelope>
 *   | Omit<Media, keyof Envelope>} Body a message without its envelope
 */

/**
 * A media state that says: nothing is known yet.
 *
 * @type {MediaState}
 */
export const NOTHING_KNOWN = Object.freeze({ microphone: "on", camera: false, screen: false, hold: false });

/**
 * Checks what came in.
 *
 * @param {unknown} data of a `signal` frame
 * @returns {Message | null} null for what is no message of this version
 */
export function readMessage(data) {
  if (!isObject(data) || data.v !== VERSION || !isSession(data.session)) {
    return null;
  }
  if (data.to !== null && !isSession(data.to)) {
    return null;
  }
  const body = readBody(data);
  return body === null ? null : { session: data.session, to: data.to, ...body };
}

/**
 * Checks a media state, as it comes by signalling or by the data channel.
 *
 * @param {unknown} media
 * @returns {MediaState | null}
 */
export function readMedia(media) {
  if (!isObject(media)) {
    return null;
  }
  const { microphone, camera, screen, hold } = media;
  const switches = { camera, screen, hold };
  if (!isMicrophone(microphone) || !areBooleans(switches)) {
    return null;
  }
  return { microphone, ...switches };
}

/**
 * @param {Record<string, unknown>} data
 * @returns {Body | null}
 */
function readBody({ kind, media, serial, type, sdp, id, candidates }) {
  switch (kind) {
    case "hello":
    case "media": {
      const state = readMedia(media);
      return state && isWhole(serial) ? { kind, media: state, serial } : null;
    }
    case "description": {
      if (typeof sdp !== "string" || sdp.length > SDP_CHARS || !isWhole(id)) {
        return null;
      }
      return type === "offer" || type === "answer" ? { kind, type, sdp, id } : null;
    }
    case "candidates": {
      const fits = Array.isArray(candidates) && candidates.length <= CANDIDATES_MAX && candidates.every(isCandidate);
      return fits ? { kind, candidates: candidates.map(candidateOnly) } : null;
    }
    default:
      return null;
  }
}

/**
 * @param {unknown} value
 * @returns {value is MediaState["microphone"]}
 */
function isMicrophone(value) {
  return value === "on" || value === "muted" || value === "none";
}

/**
 * @template {string} Name
 * @param {Record<Name, unknown>} values
 * @returns {values is Record<Name, boolean>}
 */
function areBooleans(values) {
  return Object.values(values).every((each) => typeof each === "boolean");
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isWhole(value) {
  return Number.isSafeInteger(value);
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isSession(value) {
  // Only a text: `test` would take the number 5 for "5", and null for "null".
  return typeof value === "string" && SESSION.test(value);
}

/**
 * @param {unknown} value
 * @returns {value is RTCIceCandidateInit | null}
 */
function isCandidate(value) {
  if (value === null) {
    return true;
  }
  if (!isObject(value) || typeof value.candidate !== "string" || value.candidate.length > CANDIDATE_CHARS) {
    return false;
  }
  const { sdpMid = null, sdpMLineIndex = null, usernameFragment = null } = value;
  const isIndexed = sdpMLineIndex === null || (Number.isInteger(sdpMLineIndex) && Number(sdpMLineIndex) >= 0);
  return isIndexed && [sdpMid, usernameFragment].every((each) => each === null || isShort(each));
}

/**
 * @param {unknown} value
 * @returns {boolean}
 */
function isShort(value) {
  return typeof value === "string" && value.length <= MARK_CHARS;
}

/**
 * @param {RTCIceCandidateInit | null} checked
 * @returns {RTCIceCandidateInit | null}
 */
function candidateOnly(checked) {
  if (checked === null) {
    return null;
  }
  const { candidate, sdpMid = null, sdpMLineIndex = null, usernameFragment = null } = checked;
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
