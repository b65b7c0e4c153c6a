/** Makes the sounds, and knows honestly whether this page can be heard.
 *
 *  Browsers allow sound only after a gesture; of several open pages of one browser only one may ring. The page that
 *  holds the lock is that one; when it closes, the browser hands the lock to the next. */

import { SCORES, render } from "./tones.js";

const LOCK = "callinvite.audible-page";
const WISH = "callinvite.ringing";

/** Fires `change` whenever `wanted`, `unlocked` or `audible` changes. */
export class Ringer extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  #holdsLock = false;
  #asksForLock = false;
  /** @type {{name: string, source: AudioBufferSourceNode, gain: GainNode} | null} */
  #playing = null;
  /** @type {string | null} */
  #wantedLoop = null;
  /** @type {Map<string, AudioBuffer>} */
  #buffers = new Map();
  #storage;

  /** @param {{storage?: Storage | null}} [options] where the wish to hear rings is kept */
  constructor({ storage = globalThis.localStorage ?? null } = {}) {
    super();
    this.#storage = storage;
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

  /** Try to sound without a gesture, as browsers allow some pages; else with the first gesture that comes. */
  resume() {
    if (!this.wanted) {
      return;
    }
    const unlock = () => { this.#unlock(); };
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
   *  @param {"ringtone" | "ringback" | "waiting"} name */
  loop(name) {
    if (this.#wantedLoop === name && (this.#playing || !this.#canPlay(name))) {
      return;
    }
    this.#wantedLoop = name;
    this.#silence();
    if (this.#canPlay(name)) {
      this.#playing = { name, ...this.#start(name, true) };
    }
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
      this.#start(name, false);
    }
  }

  /** Let the person hear the ringtone once, whichever page is the audible one. */
  try() {
    if (this.unlocked) {
      this.#start("ringtone", false);
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
      this.#context.addEventListener("statechange", () => { this.#changed(); });
    }
    // A context that may not run yet leaves resume() pending for ever: do not wait for it alone.
    await Promise.race([this.#context.resume(), new Promise((resolve) => { setTimeout(resolve, 500); })]);
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
    navigator.locks.request(LOCK, () => {
      this.#holdsLock = true;
      this.#tell();
      return new Promise(() => {});
    }).catch(() => { this.#asksForLock = false; });
  }

  /** Compute the ringtone before it is needed. */
  #prepare() {
    setTimeout(() => { this.#buffer("ringtone"); });
  }

  #tell() {
    if (this.#wantedLoop && !this.#playing) {
      this.loop(/** @type {"ringtone"} */ (this.#wantedLoop));
    }
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} name @param {boolean} loop */
  #start(name, loop) {
    const context = /** @type {AudioContext} */ (this.#context);
    const source = context.createBufferSource();
    const gain = context.createGain();
    source.buffer = this.#buffer(name);
    source.loop = loop;
    source.connect(gain).connect(context.destination);
    source.start();
    return { source, gain };
  }

  #silence() {
    if (!this.#playing || !this.#context) {
      return;
    }
    const { source, gain } = this.#playing;
    // Cutting a wave in the middle clicks.
    gain.gain.setTargetAtTime(0, this.#context.currentTime, 0.03);
    source.stop(this.#context.currentTime + 0.2);
    this.#playing = null;
  }

  /** @param {string} name @returns {AudioBuffer} */
  #buffer(name) {
    let buffer = this.#buffers.get(name);
    if (!buffer) {
      const context = /** @type {AudioContext} */ (this.#context);
      const samples = render(SCORES[/** @type {keyof typeof SCORES} */ (name)], context.sampleRate);
      buffer = context.createBuffer(1, samples.length, context.sampleRate);
      buffer.copyToChannel(/** @type {any} */ (samples), 0);
      this.#buffers.set(name, buffer);
    }
    return buffer;
  }
}

/** Firefox says it; Chromium lets pages sound that were reached from a used page of the same site, and does not say so. */
function mayPlayAtOnce() {
  const policy = /** @type {any} */ (navigator).getAutoplayPolicy?.("audiocontext");
  return policy === undefined || policy === "allowed";
}
