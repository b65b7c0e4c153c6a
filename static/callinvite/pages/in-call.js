/** What the page does around a call that goes on: keeps the screen awake, listens to the keys of headsets and keyboards. */

import { toast } from "../elements/toast-list.js";
import { names, others } from "../elements/words.js";
import { say } from "../words/say.js";

/** Follows the media of calls; holds no state of calls of its own. */
export class InCall {
  #service;
  #talk;
  #screen;
  /** @type {WakeLockSentinel | null} */
  #wakeLock = null;
  #asksForWakeLock = false;
  #isIn = false;

  /** @param {import("../elements/page-element.js").Page} page */
  constructor({ service, talk, screen }) {
    this.#service = service;
    this.#talk = talk;
    this.#screen = screen;
  }

  /** Begin. */
  start() {
    this.#talk.addEventListener("change", () => {
      this.#update();
    });
    this.#talk.addEventListener("notice", (event) => {
      if (/** @type {CustomEvent<{code: string}>} */ (event).detail.code === "video_paused") {
        toast(say("news.video_paused"));
      }
    });
    // A page that was hidden has lost its lock.
    document.addEventListener("visibilitychange", () => {
      this.#keepAwake();
    });
  }

  #update() {
    const isIn = this.#talk.state.place === "here";
    if (isIn !== this.#isIn) {
      this.#isIn = isIn;
      this.#keepAwake();
      this.#listenToKeys(isIn);
    }
    if (isIn) {
      this.#showToSystem();
    }
  }

  async #keepAwake() {
    if (!this.#isIn || document.visibilityState !== "visible") {
      const lock = this.#wakeLock;
      this.#wakeLock = null;
      lock?.release().catch(() => {});
      return;
    }
    if (this.#wakeLock?.released === false || this.#asksForWakeLock || !navigator.wakeLock) {
      return;
    }
    this.#asksForWakeLock = true;
    try {
      this.#wakeLock = await navigator.wakeLock.request("screen");
    } catch {
      // A nearly empty battery, or a browser that will not: the call goes on all the same.
      this.#wakeLock = null;
    }
    this.#asksForWakeLock = false;
    if (!this.#isIn) {
      this.#keepAwake();
    }
  }

  /** @param {boolean} on */
  #listenToKeys(on) {
    const actions = {
      hangup: () => {
        this.#screen.hangUp();
      },
      togglemicrophone: () => {
        this.#talk.toggleMicrophone();
      },
      togglecamera: () => {
        this.#talk.toggleCamera();
      },
    };
    for (const [name, act] of Object.entries(actions)) {
      try {
        navigator.mediaSession?.setActionHandler(/** @type {MediaSessionAction} */ (name), on ? act : null);
      } catch {
        // This browser knows no such key.
      }
    }
    if (!on && navigator.mediaSession) {
      navigator.mediaSession.metadata = null;
    }
  }

  #showToSystem() {
    const { mediaSession: session } = navigator;
    const { microphone, camera, hold } = this.#talk.state.local;
    session?.setMicrophoneActive?.(microphone.speaks && !hold);
    session?.setCameraActive?.(camera.live && !hold);
    const { user } = this.#service.state;
    const call = this.#talk.current;
    if (session && call && typeof MediaMetadata === "function") {
      const title = names(others(call, user?.id));
      if (session.metadata?.title !== title) {
        session.metadata = new MediaMetadata({ title, artist: "Callinvite" });
      }
    }
  }
}
