/** Makes the sounds, and knows honestly whether this page can be heard.
 *
 *  Browsers allow sound only after a gesture; of several open pages of one browser only one may ring. The page that
 *  holds the lock is that one. It gives the lock back when it closes, is silenced or interrupted, and the browser hands
 *  it to the next page that can be heard. */

import { lenient, pageStorage } from "../client/storage.js";
import { AudioFiles } from "./audio-files.js";
import { Ringtones } from "./ringtones.js";
import { SCORES, render } from "./tones.js";

const LOCK = "callinvite.audible-page";
/** Where the wish to hear rings is kept. */
export const WISH = "callinvite.ringing";
const VOLUME = "callinvite.ringing-volume";
/** How long a ring is silent at most because its file is not there yet. */
const FILE_WAIT_MS = 1000;
/** How long a browser may take to let a page sound. */
const RESUME_MS = 500;
/** Which of them counts as a gesture differs between mouse, finger and keyboard, and between browsers. */
const GESTURES = /** @type {const} */ (["pointerdown", "pointerup", "keydown", "click"]);
const PREVIEW_SECONDS = 6;

/** @typedef {import("./ringtones.js").Tone} Tone
 *  @typedef {{name: string, tone: Tone}} Loop
 *  @typedef {{source: AudioBufferSourceNode, gain: GainNode}} Sound
 *  @typedef {{sound: Sound | null, context: AudioContext, end: () => void}} Preview */

/** Fires `change` whenever `wanted`, `unlocked` or `audible` changes. */
export class Ringer extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  /** Whether it ever sounded: one that has not may only be slow to start, as Firefox is without an own sound card. */
  #hasRun = false;
  #holdsLock = false;
  /** Set while this page holds the lock or stands in the queue for it. @type {AbortController | null} */
  #queue = null;
  #letGo = () => {};
  /** Settled once the lock is given back. @type {Promise<unknown>} */
  #given = Promise.resolve();
  /** Whether another page held the lock when last looked at. */
  #othersRing = false;
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
  /** As the person set it in this page. @type {number | null} */
  #volume = null;
  #files;
  #storage;
  #own;
  #ringtones;

  /** @param {{storage?: Storage | null, own?: Storage | null, ringtones?: Ringtones, files?: AudioFiles}} [options]
   *    `storage` is where the wish to hear rings is kept for pages that are opened later, `own` where it is for this one */
  constructor({
    storage = pageStorage("localStorage"),
    own = pageStorage("sessionStorage"),
    ringtones = new Ringtones({ storage }),
    files = new AudioFiles(),
  } = {}) {
    super();
    this.#storage = lenient(storage);
    this.#own = lenient(own);
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

  /** Whether the person asked for sound in this page, or in this browser before it was opened. @returns {boolean} */
  get wanted() {
    return (this.#own.getItem(WISH) ?? this.#storage.getItem(WISH)) === "on";
  }

  /** Whether the browser lets this page sound. @returns {boolean} */
  get unlocked() {
    return this.#context?.state === "running";
  }

  /** Whether another page of this browser rings in this one's place. @returns {boolean} */
  get elsewhere() {
    return !this.#holdsLock && (this.#queue !== null || this.#othersRing);
  }

  /** Whether a ring would be heard from this very page. @returns {boolean} */
  get audible() {
    return this.unlocked && this.#holdsLock;
  }

  /** How loud it is in this browser. @returns {number} above 0, at most 1 */
  get volume() {
    const kept = this.#volume ?? Number(this.#storage?.getItem(VOLUME) ?? 1);
    return kept > 0 && kept <= 1 ? kept : 1;
  }

  set volume(volume) {
    this.#volume = volume;
    try {
      this.#storage?.setItem(VOLUME, String(volume));
    } catch {
      // A full storage: it lasts as long as the page.
    }
    const sound = this.#playing?.sound ?? this.#preview?.sound;
    if (sound) {
      sound.gain.gain.value = volume;
    }
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

  /** Try to sound without a gesture, as browsers allow some pages; else with the first gesture that comes. Whenever the
   *  sound is interrupted later, by a phone call or by the system, the next gesture brings it back. */
  resume() {
    const unlock = () => {
      if (!this.unlocked) {
        this.#unlock();
      }
    };
    for (const gesture of GESTURES) {
      addEventListener(gesture, unlock, { capture: true });
    }
    document.addEventListener("visibilitychange", () => {
      this.#lookAround();
    });
    if (!this.wanted) {
      this.#lookAround();
      return;
    }
    // What another page of this browser is told later is not meant for this one.
    this.#own.setItem(WISH, "on");
    // Before any gesture a browser may refuse, and Chromium then writes a warning: ask only where it may agree.
    if (navigator.userActivation === undefined || navigator.userActivation.hasBeenActive || mayPlayAtOnce()) {
      this.#unlock();
    }
  }

  /** Unlock the sound; call it in a click.
   *  @returns {Promise<boolean>} whether it worked */
  async enable() {
    this.#wish("on");
    await this.#unlock();
    return this.unlocked;
  }

  /** Be silent in this page and in those that are opened later, until asked again. Another page that is open and can be
   *  heard rings on. */
  async disable() {
    this.#wish("off");
    await this.#context?.suspend();
    this.#changed();
    await this.#given;
    await this.#lookAround();
  }

  /** @param {"on" | "off"} wish */
  #wish(wish) {
    this.#own.setItem(WISH, wish);
    this.#storage.setItem(WISH, wish);
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
   *  @param {"joined" | "over" | "busy"} name */
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
    const context = this.#context ?? this.#newContext();
    // A context that may not run yet leaves resume() pending for ever: do not wait for it alone.
    await Promise.race([
      context.resume().catch(() => {}),
      new Promise((resolve) => {
        setTimeout(resolve, RESUME_MS);
      }),
    ]);
    const isStuck = this.#hasRun && context === this.#context && context.state !== "running";
    if (isStuck && navigator.userActivation?.isActive) {
      // An interruption that a gesture does not end: some browsers never let that context sound again.
      this.#silence();
      context.close().catch(() => {});
      await this.#newContext()
        .resume()
        .catch(() => {});
    }
    this.#changed();
  }

  /** @returns {AudioContext} */
  #newContext() {
    const context = new AudioContext({ latencyHint: "interactive" });
    this.#hasRun = false;
    context.addEventListener("statechange", () => {
      if (context === this.#context) {
        this.#hasRun ||= this.unlocked;
        this.#changed();
      }
    });
    this.#context = context;
    return context;
  }

  #changed() {
    if (this.unlocked && this.wanted) {
      this.#askForLock();
      this.#prepare();
    } else {
      this.#silence();
      this.#giveLock();
    }
    this.#tell();
  }

  #askForLock() {
    if (this.#queue) {
      return;
    }
    const queue = new AbortController();
    this.#queue = queue;
    if (!navigator.locks) {
      this.#holdsLock = true;
      return;
    }
    this.#given = navigator.locks
      .request(LOCK, { signal: queue.signal }, () => {
        if (this.#queue !== queue) {
          return undefined;
        }
        this.#holdsLock = true;
        this.#tell();
        return new Promise((resolve) => {
          this.#letGo = () => {
            resolve(undefined);
          };
        });
      })
      .catch(() => {
        // Given up while it was waited for.
        this.#queue = this.#queue === queue ? null : this.#queue;
      });
  }

  /** Let another page ring. */
  #giveLock() {
    this.#queue?.abort();
    this.#queue = null;
    this.#holdsLock = false;
    this.#letGo();
    this.#letGo = () => {};
  }

  /** A page that does not ring may say that another one does. */
  async #lookAround() {
    const { held = [] } = (await navigator.locks?.query().catch(() => ({ held: [] }))) ?? {};
    const othersRing = !this.#holdsLock && held.some(({ name }) => name === LOCK);
    if (othersRing !== this.#othersRing) {
      this.#othersRing = othersRing;
      this.#tell();
    }
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
    gain.gain.value = this.volume;
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
