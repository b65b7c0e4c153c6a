/** Makes the sounds, and knows honestly whether this page can be heard.
 *
 *  Browsers allow sound only after a gesture; of several open pages of one browser only one may ring. The page that
 *  holds the lock is that one; when it closes, the browser hands the lock to the next. */

import { AudioFiles } from "./audio-files.js";
import { Ringtones } from "./ringtones.js";
import { SCORES, render } from "./tones.js";

const LOCK = "callinvite.audible-page";
const WISH = "callinvite.ringing";
/** How long a ring is silent at most because its file is not there yet. */
const FILE_WAIT_MS = 1000;
const PREVIEW_SECONDS = 6;

/** @typedef {import("./ringtones.js").Tone} Tone
 *  @typedef {{name: string, tone: Tone}} Loop
 *  @typedef {{source: AudioBufferSourceNode, gain: GainNode}} Sound
 *  @typedef {{sound: Sound | null, context: AudioContext, end: () => void}} Preview */

/** Fires `change` whenever `wanted`, `unlocked` or `audible` changes. */
export class Ringer extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  #holdsLock = false;
  #asksForLock = false;
  /** @type {{name: string, heard: string, sound: Sound} | null} */
  #playing = null;
  /** @type {Loop | null} */
  #wantedLoop = null;
  /** The loop whose file is being waited for. @type {Loop | null} */
  #loading = null;
  /** What is played for the person to choose by. @type {Preview | null} */
  #preview = null;
  /** @type {Map<string, AudioBuffer>} */
  #buffers = new Map();
  #files;
  #storage;
  #ringtones;

  /** @param {{storage?: Storage | null, ringtones?: Ringtones, files?: AudioFiles}} [options] `storage` is where the wish
   *    to hear rings is kept */
  constructor({
    storage = globalThis.localStorage ?? null,
    ringtones = new Ringtones({ storage }),
    files = new AudioFiles(),
  } = {}) {
    super();
    this.#storage = storage;
    this.#ringtones = ringtones;
    this.#files = files;
    ringtones.addEventListener("change", () => {
      this.#prepare();
    });
  }

  /** Which ringtone this browser plays. @returns {Ringtones} */
  get ringtones() {
    return this.#ringtones;
  }

  /** Whether the person asked for sound in this browser. @returns {boolean} */
  get wanted() {
    return this.#storage?.getItem(WISH) === "on";
  }

  /** Whether the browser lets this page sound. @returns {boolean} */
  get unlocked() {
    return this.#context?.state === "running";
  }

  /** Whether another page of this browser rings in this one's place. @returns {boolean} */
  get elsewhere() {
    return this.unlocked && !this.#holdsLock;
  }

  /** Whether a ring would be heard from this very page. @returns {boolean} */
  get audible() {
    return this.unlocked && this.#holdsLock;
  }

  /** The loop that sounds now. @returns {string | null} */
  get playing() {
    return this.#playing?.name ?? null;
  }

  /** What it sounds like: the name of a score, or the address of a file. @returns {string | null} */
  get heard() {
    return this.#playing?.heard ?? null;
  }

  /** Whether a ringtone is played to choose by. @returns {boolean} */
  get previewing() {
    return this.#preview !== null;
  }

  /** Try to sound without a gesture, as browsers allow some pages; else with the first gesture that comes. */
  resume() {
    if (!this.wanted) {
      return;
    }
    const unlock = () => {
      this.#unlock();
    };
    for (const gesture of ["pointerdown", "keydown"]) {
      addEventListener(gesture, unlock, { capture: true, once: true });
    }
    // Before any gesture a browser may refuse, and Chromium then writes a warning: ask only where it may agree.
    if (navigator.userActivation === undefined || navigator.userActivation.hasBeenActive || mayPlayAtOnce()) {
      this.#unlock();
    }
  }

  /** Unlock the sound; call it in a click.
   *  @returns {Promise<boolean>} whether it worked */
  async enable() {
    this.#storage?.setItem(WISH, "on");
    await this.#unlock();
    return this.unlocked;
  }

  /** Be silent in this browser until asked again. */
  async disable() {
    this.#storage?.setItem(WISH, "off");
    this.#silence();
    await this.#context?.suspend();
    this.#tell();
  }

  /** Play a sound over and over until `stop` or another loop. Starts by itself if the page becomes audible meanwhile.
   *  @param {"ringtone" | "ringback" | "waiting"} name
   *  @param {{ringtone_url?: string | null} | null} [call] whose ringtone it is, where the person has it so */
  loop(name, call = null) {
    const tone = name === "ringtone" ? this.#ringtones.toneFor(call) : { score: name, url: null };
    if (this.#isWanted(name, tone) && (this.#playing || this.#loading || !this.#canPlay(name))) {
      return;
    }
    this.#silence();
    this.stopPreview();
    this.#wantedLoop = { name, tone };
    this.#begin();
  }

  /** Stop the loop, softly. */
  stop() {
    this.#wantedLoop = null;
    this.#silence();
  }

  /** Play a sound once.
   *  @param {"joined" | "over"} name */
  once(name) {
    if (this.#canPlay(name)) {
      const context = /** @type {AudioContext} */ (this.#context);
      this.#start(context, this.#score(name, context));
    }
  }

  /** Let the person hear the ringtone once, whichever page is the audible one. */
  try() {
    if (this.unlocked) {
      this.preview(this.#ringtones.choice);
    }
  }

  /** Let the person hear a ringtone to choose by; also where this page is not to ring. Call it in a click.
   *  @param {import("./ringtones.js").Choice} choice
   *  @returns {Promise<boolean>} at its end; false if its file could not be played, and nothing was */
  async preview(choice) {
    this.stopPreview();
    const tone = this.#ringtones.toneFor(null, choice);
    // A page that shall be silent does not count as audible because of this.
    const context = this.unlocked ? /** @type {AudioContext} */ (this.#context) : new AudioContext();
    context.resume();
    /** @type {Preview} */
    const mine = { sound: null, context, end: () => {} };
    this.#preview = mine;
    const buffer = tone.url ? await this.#files.load(tone.url, context) : this.#score(tone.score, context);
    if (!buffer || this.#preview !== mine) {
      this.#endPreview(mine);
      return buffer !== null;
    }
    const sound = this.#start(context, buffer);
    mine.sound = sound;
    sound.gain.gain.setTargetAtTime(0, context.currentTime + PREVIEW_SECONDS - 0.5, 0.15);
    sound.source.stop(context.currentTime + PREVIEW_SECONDS);
    await new Promise((resolve) => {
      mine.end = () => {
        resolve(undefined);
      };
      sound.source.onended = mine.end;
    });
    this.#endPreview(mine);
    return true;
  }

  /** Stop what `preview` plays. */
  stopPreview() {
    const preview = this.#preview;
    this.#preview = null;
    if (preview?.sound) {
      fade(preview.sound, preview.context);
      preview.end();
    }
  }

  /** @param {{context: AudioContext}} preview */
  #endPreview(preview) {
    if (this.#preview === preview) {
      this.#preview = null;
    }
    if (preview.context !== this.#context) {
      // The fading is to be heard.
      setTimeout(() => {
        preview.context.close();
      }, 300);
    }
  }

  /** What one's own click caused may always be heard here; what others cause only in the one audible page.
   *  @param {string} name */
  #canPlay(name) {
    return name === "ringtone" || name === "waiting" ? this.audible : this.unlocked;
  }

  async #unlock() {
    if (!this.wanted) {
      return;
    }
    if (!this.#context) {
      this.#context = new AudioContext({ latencyHint: "interactive" });
      this.#context.addEventListener("statechange", () => {
        this.#changed();
      });
    }
    // A context that may not run yet leaves resume() pending for ever: do not wait for it alone.
    await Promise.race([
      this.#context.resume(),
      new Promise((resolve) => {
        setTimeout(resolve, 500);
      }),
    ]);
    this.#changed();
  }

  #changed() {
    if (this.unlocked) {
      this.#askForLock();
      this.#prepare();
    }
    this.#tell();
  }

  #askForLock() {
    if (this.#asksForLock) {
      return;
    }
    this.#asksForLock = true;
    if (!navigator.locks) {
      this.#holdsLock = true;
      return;
    }
    navigator.locks
      .request(LOCK, () => {
        this.#holdsLock = true;
        this.#tell();
        return new Promise(() => {});
      })
      .catch(() => {
        this.#asksForLock = false;
      });
  }

  /** Have the ringtone ready before it is needed. */
  #prepare() {
    setTimeout(() => {
      const context = this.#context;
      if (!context || !this.unlocked) {
        return;
      }
      const { score, url } = this.#ringtones.toneFor(null);
      this.#score(score, context);
      if (url) {
        this.#files.load(url, context);
      }
    });
  }

  #tell() {
    if (this.#wantedLoop && !this.#playing && !this.#loading) {
      this.#begin();
    }
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} name @param {Tone} tone */
  #isWanted(name, tone) {
    const wanted = this.#wantedLoop;
    return wanted?.name === name && wanted.tone.score === tone.score && wanted.tone.url === tone.url;
  }

  /** Sound the wanted loop, if this page may. */
  async #begin() {
    const wanted = /** @type {Loop} */ (this.#wantedLoop);
    if (!this.#canPlay(wanted.name)) {
      return;
    }
    const context = /** @type {AudioContext} */ (this.#context);
    const { score, url } = wanted.tone;
    let file = null;
    if (url) {
      this.#loading = wanted;
      file = await Promise.race([
        this.#files.load(url, context),
        new Promise((resolve) => {
          setTimeout(resolve, FILE_WAIT_MS, null);
        }),
      ]);
      if (this.#loading !== wanted) {
        return;
      }
      this.#loading = null;
    }
    if (this.#canPlay(wanted.name)) {
      const sound = this.#start(context, file ?? this.#score(score, context), true);
      this.#playing = { name: wanted.name, heard: file ? /** @type {string} */ (url) : score, sound };
    }
  }

  /** @param {AudioContext} context @param {AudioBuffer} buffer @param {boolean} [loop] @returns {Sound} */
  #start(context, buffer, loop = false) {
    const source = context.createBufferSource();
    const gain = context.createGain();
    source.buffer = buffer;
    source.loop = loop;
    source.connect(gain).connect(context.destination);
    source.start();
    return { source, gain };
  }

  #silence() {
    this.#loading = null;
    if (this.#playing && this.#context) {
      fade(this.#playing.sound, this.#context);
      this.#playing = null;
    }
  }

  /** @param {string} name @param {AudioContext} context @returns {AudioBuffer} */
  #score(name, context) {
    let buffer = this.#buffers.get(name);
    if (!buffer) {
      const samples = render(SCORES[/** @type {keyof typeof SCORES} */ (name)], context.sampleRate);
      buffer = context.createBuffer(1, samples.length, context.sampleRate);
      buffer.copyToChannel(samples, 0);
      this.#buffers.set(name, buffer);
    }
    return buffer;
  }
}

/** End a sound; cutting a wave in the middle clicks.
 *  @param {Sound} sound @param {AudioContext} context */
function fade({ source, gain }, context) {
  gain.gain.cancelScheduledValues(context.currentTime);
  gain.gain.setTargetAtTime(0, context.currentTime, 0.03);
  source.stop(context.currentTime + 0.2);
}

/** @typedef {Navigator & {getAutoplayPolicy?: (kind: string) => string}} WithPolicy (Autoplay Policy Detection) */

/** Firefox says it; Chromium lets pages sound that were reached from a used page of the same site, and does not say so. */
function mayPlayAtOnce() {
  const policy = /** @type {WithPolicy} */ (navigator).getAutoplayPolicy?.("audiocontext");
  return policy === undefined || policy === "allowed";
}
