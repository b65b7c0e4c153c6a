/**
 * Which microphone, camera and loudspeaker a person has chosen, kept in the browser, and what can be chosen from.
 */

const KEY = "callinvite.media_devices";
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

/** @typedef {"microphone" | "camera"} Kind */

/** The choices of one browser. */
export class Choices {
  #storage;

  /**
   * @param {Pick<Storage, "getItem" | "setItem"> | null} storage
   */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * @param {Kind | "speaker"} kind
   * @returns {string | null} the device chosen for the next time
   */
  of(kind) {
    return this.#all()[kind] ?? null;
  }

  /**
   * @param {Kind | "speaker"} kind
   * @param {string} deviceId
   */
  remember(kind, deviceId) {
    try {
      this.#storage?.setItem(KEY, JSON.stringify({ ...this.#all(), [kind]: deviceId }));
    } catch {
      // A full storage forgets the choice, no more.
    }
  }

  /**
   * @param {Kind[]} kinds
   * @param {string | null} [facing] "user" or "environment": the side that the camera is to look to, whichever was chosen
   * @param {"exact" | "ideal"} [how] `ideal` takes others where the chosen devices are gone; Chromium then often takes its
   *   own default even where they are there
   * @returns {MediaStreamConstraints} what to ask for
   */
  constraints(kinds, facing = null, how = "exact") {
    const device = (/** @type {Kind} */ kind) => {
      const chosen = this.of(kind);
      return chosen ? { deviceId: { [how]: chosen } } : {};
    };
    const chosen = this.of("camera") ? device("camera") : { facingMode: "user" };
    return {
      audio: kinds.includes("microphone") && { ...AUDIO, ...device("microphone") },
      video: kinds.includes("camera") && { ...VIDEO, ...(facing ? { facingMode: facing } : chosen) },
    };
  }

  /**
   * @returns {Record<string, string>}
   */
  #all() {
    try {
      return JSON.parse(this.#storage?.getItem(KEY) ?? "{}") ?? {};
    } catch {
      return {};
    }
  }
}
