/**
 * The microphone, camera and screen of this device: opened when wanted, and every one of them closed again.
 *
 * Knows nothing of calls.
 */

import { Choices } from "./choices.js";
import { Source } from "./source.js";

/**
 * @typedef {import("./problems.js").Problem} Problem
 * @typedef {import("./choices.js").Kind} Kind
 *
 * @typedef {object} LocalState what there is and what is sent
 * @property {{wanted: boolean, starting: boolean, live: boolean, muted: boolean, speaks: boolean,
 *   problem: Problem | null}} microphone `speaks`: it is there or coming, and not muted
 * @property {{wanted: boolean, starting: boolean, live: boolean, problem: Problem | null}} camera
 * @property {{starting: boolean, live: boolean, problem: Problem | null}} screen
 * @property {boolean} hold
 */

const KINDS = /** @type {const} */ ({ microphone: "audio", camera: "video" });
/** Letters need the screen's own size, but more than this nobody can send to several others. */
const SCREEN = {
  video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 15, max: 30 } },
  audio: false,
};

/** Fires `change` whenever something of `state` or of the tracks changes. */
export class LocalMedia extends EventTarget {
  #devices;
  #choices;
  /** @type {Record<Kind, Source>} */
  #sources = { microphone: new Source(), camera: new Source() };
  #screen = new Source();
  #muted = false;
  #hold = false;
  #onDevices = () => this.#devicesChanged();

  /**
   * @param {object} [options]
   * @param {MediaDevices | undefined} [options.devices] undefined where the page may not touch any
   * @param {import("../client/types.js").KeyValues | null} [options.storage] where the chosen devices are kept
   */
  constructor({ devices = globalThis.navigator?.mediaDevices, storage = null } = {}) {
    super();
    this.#devices = devices;
    this.#choices = new Choices(storage);
  }

  /** @returns {LocalState} */
  get state() {
    const { microphone, camera } = this.#sources;
    return {
      microphone: { ...microphone.state, muted: this.#muted, speaks: this.#speaks() },
      camera: camera.state,
      screen: this.#screen.state,
      hold: this.#hold,
    };
  }

  /** @returns {import("./messages.js").MediaState} what the others are told */
  get media() {
    const { microphone, camera } = this.#sources;
    const sends = !this.#muted && !this.#hold;
    return {
      microphone: microphone.track !== null ? (sends ? "on" : "muted") : microphone.problem === null ? "muted" : "none",
      camera: camera.track !== null && !this.#hold,
      screen: this.#screen.track !== null && !this.#hold,
      hold: this.#hold,
    };
  }

  /**
   * Who is muted sends no sound at all: a disabled track would go on sending, and not always the purest silence.
   *
   * @returns {import("./lines.js").Tracks} what is sent now
   */
  get tracks() {
    return {
      audio: this.#muted || this.#hold ? null : this.#sources.microphone.track,
      video: this.#hold ? null : (this.#screen.track ?? this.#sources.camera.track),
    };
  }

  /** @returns {MediaStreamTrack | null} the own picture */
  get cameraTrack() {
    return this.#sources.camera.track;
  }

  /** @returns {MediaStreamTrack | null} */
  get microphoneTrack() {
    return this.#sources.microphone.track;
  }

  /** @returns {MediaStreamTrack | null} the screen that is shared */
  get screenTrack() {
    return this.#screen.track;
  }

  /** @returns {boolean} whether this browser can share a screen at all; phones cannot */
  get canShareScreen() {
    return typeof this.#devices?.getDisplayMedia === "function";
  }

  /**
   * Opens what is wanted and not there yet; closes nothing.
   *
   * @param {{microphone?: boolean, camera?: boolean}} wanted
   * @returns {Promise<void>} when it is there, or known not to come; never rejects
   */
  async open({ microphone = false, camera = false }) {
    const kinds = /** @type {Kind[]} */ ([microphone && "microphone", camera && "camera"].filter(Boolean));
    for (const kind of kinds) {
      this.#sources[kind].wanted = true;
    }
    this.#watch();
    await this.#acquire(kinds.filter((kind) => this.#sources[kind].track === null && !this.#sources[kind].starting));
  }

  /**
   * Starts from what a person wants to be sent: opens what is wanted, in one question, and closes what is not.
   *
   * @param {{microphone: boolean, camera: boolean, hold?: boolean}} wanted
   * @returns {Promise<void>} as `open`
   */
  async begin({ microphone, camera, hold = false }) {
    this.#muted = !microphone;
    this.#hold = hold;
    if (!camera) {
      this.#sources.camera.drop();
    }
    this.#applyMuted();
    this.#changed();
    await this.open({ microphone, camera });
  }

  /**
   * Mutes or unmutes. The microphone stays open while muted, so that speaking again costs no time; one that was never
   * opened is opened by unmuting.
   *
   * @param {boolean} muted
   * @returns {Promise<void>}
   */
  async setMuted(muted) {
    this.#muted = muted;
    this.#applyMuted();
    this.#changed();
    if (!muted) {
      await this.open({ microphone: true });
    }
  }

  /**
   * Switches the camera on or off. Off means closed: its light goes out.
   *
   * @param {boolean} on
   * @returns {Promise<void>}
   */
  async setCamera(on) {
    if (on) {
      await this.open({ camera: true });
      return;
    }
    this.#sources.camera.drop();
    this.#changed();
  }

  /** @returns {string | null} "user" or "environment": where the camera looks to; null where it is not open, or says not */
  get facing() {
    return this.#sources.camera.track?.getSettings().facingMode ?? null;
  }

  /**
   * Takes the camera on the other side of a phone.
   *
   * @returns {Promise<boolean>} false if there is none; then the former one is taken again
   */
  async flipCamera() {
    const { facing } = this;
    const source = this.#sources.camera;
    if (facing === null) {
      return false;
    }
    const wanted = facing === "user" ? "environment" : "user";
    // Closed first, as in `choose`.
    source.release();
    await this.#acquire(["camera"], wanted);
    const isTaken = this.facing === wanted;
    if (isTaken) {
      this.#choices.remember("camera", /** @type {string} */ (source.track?.getSettings().deviceId));
    } else if (source.wanted && source.track === null) {
      await this.#acquire(["camera"]);
    }
    return isTaken;
  }

  /**
   * Puts the call on hold: nothing is sent, nothing is closed.
   *
   * @param {boolean} hold
   */
  setHold(hold) {
    this.#hold = hold;
    this.#applyMuted();
    this.#changed();
  }

  /**
   * Shares a screen, a window or a tab; the browser asks which. To be called in a click.
   *
   * @returns {Promise<boolean>} false if the person changed their mind, or it cannot be done
   */
  async shareScreen() {
    const source = this.#screen;
    if (source.track !== null || source.starting || !this.canShareScreen) {
      return source.track !== null;
    }
    const turn = source.begin();
    this.#changed();
    try {
      const stream = await /** @type {MediaDevices} */ (this.#devices).getDisplayMedia(SCREEN);
      const [track] = stream.getVideoTracks();
      source.keep(turn, track, () => this.stopScreen());
      if (source.track !== null) {
        track.contentHint = "detail";
      }
    } catch (error) {
      source.fail(turn, error);
      if (source.turn === turn) {
        source.wanted = false;
        // A person who closes the browser's question has only changed their mind.
        source.problem = source.problem === "denied" ? null : source.problem;
      }
    }
    this.#changed();
    return source.track !== null;
  }

  /** Stops sharing the screen. */
  stopScreen() {
    this.#screen.drop();
    this.#changed();
  }

  /**
   * What can be chosen from. Names are empty until the person has allowed a device once.
   *
   * @returns {Promise<{microphones: MediaDeviceInfo[], cameras: MediaDeviceInfo[], speakers: MediaDeviceInfo[]}>}
   */
  async list() {
    const all = (await this.#devices?.enumerateDevices?.().catch(() => [])) ?? [];
    const of = (/** @type {string} */ kind) => all.filter((each) => each.kind === kind && each.deviceId !== "");
    return { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") };
  }

  /**
   * The device in use, or chosen for the next time.
   *
   * @param {Kind | "speaker"} kind
   * @returns {string | null}
   */
  chosen(kind) {
    const own = kind === "speaker" ? undefined : this.#sources[kind].track?.getSettings().deviceId;
    return own ?? this.#choices.of(kind);
  }

  /**
   * Takes another device, at once if it is in use, and remembers it.
   *
   * @param {Kind | "speaker"} kind
   * @param {string} deviceId
   * @returns {Promise<boolean>} false if it could not be opened; then the former one is taken again
   */
  async choose(kind, deviceId) {
    const former = this.chosen(kind);
    this.#choices.remember(kind, deviceId);
    if (kind === "speaker") {
      this.#changed();
      return true;
    }
    const source = this.#sources[kind];
    if (!source.wanted) {
      return true;
    }
    // Closed first: many phones cannot open two cameras at once.
    source.release();
    await this.#acquire([kind]);
    const isTaken = source.track !== null || source.problem === null;
    if (!isTaken && former !== null && former !== deviceId) {
      this.#choices.remember(kind, former);
      await this.#acquire([kind]);
    }
    return isTaken;
  }

  /** Closes everything. What is still being opened will be closed when it comes. */
  stop() {
    for (const source of [...Object.values(this.#sources), this.#screen]) {
      source.drop();
      source.problem = null;
    }
    this.#muted = this.#hold = false;
    this.#devices?.removeEventListener?.("devicechange", this.#onDevices);
    this.#changed();
  }

  /**
   * @param {Kind[]} kinds
   * @param {string | null} [facing] as `constraints` takes it
   * @returns {Promise<void>}
   */
  async #acquire(kinds, facing = null) {
    if (kinds.length === 0) {
      return;
    }
    const turns = kinds.map((kind) => this.#sources[kind].begin());
    this.#changed();
    if (!this.#devices?.getUserMedia) {
      for (const [at, kind] of kinds.entries()) {
        this.#sources[kind].fail(turns[at], null, "insecure");
      }
      this.#changed();
      return;
    }
    try {
      const stream = await this.#ask(this.#devices, kinds, facing);
      kinds.forEach((kind, at) => {
        const track = stream.getTracks().find((each) => each.kind === KINDS[kind]);
        this.#sources[kind].keep(turns[at], /** @type {MediaStreamTrack} */ (track), () => this.#lost(kind));
      });
    } catch (error) {
      if (kinds.length > 1) {
        // Both were asked for in one question. One of them may be there all the same, if it is still wanted when its
        // turn comes: while the first is asked for, the second may be switched off, or the call be over.
        for (const [at, kind] of kinds.entries()) {
          const { turn, track } = this.#sources[kind];
          if (turn === turns[at] && track === null) {
            await this.#acquire([kind]);
          }
        }
        return;
      }
      this.#sources[kinds[0]].fail(turns[0], error);
    }
    this.#applyMuted();
    this.#changed();
  }

  /**
   * Asks for the chosen devices; for any others where those are gone.
   *
   * @param {MediaDevices} devices
   * @param {Kind[]} kinds
   * @param {string | null} facing
   * @returns {Promise<MediaStream>}
   */
  async #ask(devices, kinds, facing) {
    try {
      return await devices.getUserMedia(this.#choices.constraints(kinds, facing));
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "OverconstrainedError") {
        throw error;
      }
      return await devices.getUserMedia(this.#choices.constraints(kinds, facing, "ideal"));
    }
  }

  /**
   * @param {Kind} kind
   */
  async #lost(kind) {
    const source = this.#sources[kind];
    source.release();
    source.problem = "unplugged";
    this.#changed();
    // Another microphone will do for going on; another camera would show what nobody chose to show.
    if (kind === "microphone") {
      await this.#acquire([kind]);
      if (/** @type {string | null} */ (source.problem) === "missing") {
        source.problem = "unplugged";
        this.#changed();
      }
    }
  }

  /** A device came or went. One that is missed is tried again. */
  async #devicesChanged() {
    for (const kind of /** @type {Kind[]} */ (Object.keys(this.#sources))) {
      // Looked at when its turn comes: it may have come meanwhile, or not be wanted any more.
      if (this.#isMissed(kind)) {
        await this.#acquire([kind]);
      }
    }
    this.#changed();
  }

  /**
   * @param {Kind} kind
   * @returns {boolean}
   */
  #isMissed(kind) {
    const { wanted, track, starting, problem } = this.#sources[kind];
    const isGone = problem === "missing" || (kind === "microphone" && problem === "unplugged");
    return wanted && track === null && !starting && isGone;
  }

  #speaks() {
    const { track, starting } = this.#sources.microphone;
    return (track !== null || starting) && !this.#muted;
  }

  #watch() {
    this.#devices?.addEventListener?.("devicechange", this.#onDevices);
  }

  #applyMuted() {
    const { track } = this.#sources.microphone;
    if (track !== null) {
      track.enabled = !this.#muted && !this.#hold;
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
