/** `<media-settings>`: which microphone, camera and speaker calls use in this browser, and a try of each. */

import { setStream } from "./pictures.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { deviceWords, problemWords } from "./media-words.js";
import { PageElement } from "./page-element.js";
import { toast } from "./toast-list.js";
import { SCORES, render } from "../sounds/tones.js";
import { say } from "../words/say.js";

/** @typedef {keyof typeof LISTS} Kind
 *  @typedef {{context: AudioContext, track: MediaStreamTrack, read: () => number}} Ear where loudness is measured */

const LISTS = /** @type {const} */ ({ microphone: "microphones", camera: "cameras", speaker: "speakers" });
const ICONS = { microphone: "mic", camera: "video", speaker: "speaker" };
const KINDS = /** @type {Kind[]} */ (Object.keys(LISTS));
const LEVEL_MS = 60;
/** How long a sound is heard to judge a speaker by. */
const SOUND_MS = 2500;

export class MediaSettings extends PageElement {
  #parts = this.#made();
  #rows = { microphone: this.#row("microphone"), camera: this.#row("camera"), speaker: this.#row("speaker") };
  #isShown = false;
  /** Ends what is tried. @type {(() => void) | null} */
  #stop = null;
  /** What is tried. @type {"microphone" | "camera" | null} */
  #tried = null;
  /** @type {Ear | null} */
  #ear = null;
  /** @type {MediaStream | null} */
  #stream = null;

  build() {
    const { microphone, camera, speaker } = this.#rows;
    const { meter, picture, video, problem, busy } = this.#parts;
    video.muted = true;
    picture.append(video);
    this.replaceChildren(busy, microphone.node, meter, camera.node, picture, speaker.node, problem);
  }

  /** Its pieces that change. */
  #made() {
    return {
      busy: h("p", { class: "settings__help", role: "status", hidden: true }, say("settings.media.in_call")),
      meter: h("meter", { class: "media-level", max: "1", "aria-label": say("settings.media.level"), hidden: true }),
      picture: h("div", { class: "media-picture", hidden: true }),
      video: h("video", { class: "preview__video", autoplay: true, playsinline: true }),
      problem: h("p", { class: "notice notice--wrong", role: "alert", hidden: true }),
    };
  }

  /** The choice of one kind of device, and its try.
   *  @param {Kind} kind */
  #row(kind) {
    const select = h("select", {
      class: "input",
      id: `settings-${kind}`,
      onChange: () => {
        this.#choose(kind, select.value);
      },
    });
    const words = h("span");
    const trial = h(
      "button",
      {
        class: "button media-try",
        type: "button",
        onClick: () => {
          kind === "speaker" ? this.#sound() : this.#try(this.#tried === kind ? null : kind);
        },
      },
      icon(ICONS[kind]),
      words,
    );
    const label = h("label", { class: "field__label", for: select.id }, say(`media.kind.${kind}`));
    const node = h(
      "div",
      { class: "settings__row settings__row--end" },
      h("div", { class: "field" }, label, select),
      trial,
    );
    return { node, select, trial, words };
  }

  attached() {
    this.followTalk(() => {
      this.#show();
    });
    if (navigator.mediaDevices) {
      this.hear(navigator.mediaDevices, "devicechange", () => {
        this.#list();
      });
    }
    this.hear(document, "visibilitychange", () => {
      if (document.visibilityState !== "visible") {
        this.#try(null);
      }
    });
    this.every(LEVEL_MS, () => {
      this.#measure();
    });
  }

  /** Somebody looks at the view that this is in. */
  entered() {
    this.#isShown = true;
    this.#list();
  }

  /** Nobody does any more: nothing stays open. */
  left() {
    this.#isShown = false;
    this.#try(null);
  }

  async #list() {
    if (!this.#isShown) {
      return;
    }
    const { local } = this.talk;
    const lists = await local.list();
    for (const kind of KINDS) {
      const { select } = this.#rows[kind];
      const found = lists[LISTS[kind]];
      const chosen = local.chosen(kind);
      select.replaceChildren(
        ...found.map((device, index) => h("option", { value: device.deviceId }, deviceWords(device, index, kind))),
      );
      if (found.length === 0) {
        // Until one was allowed, browsers name none; and many give no choice of speakers.
        select.append(h("option", { value: "" }, say("settings.media.usual")));
      }
      select.value = found.some(({ deviceId }) => deviceId === chosen) ? String(chosen) : (found[0]?.deviceId ?? "");
      setAttribute(select, "disabled", found.length === 0);
    }
  }

  /** @param {Kind} kind @param {string} deviceId */
  async #choose(kind, deviceId) {
    if (!(await this.talk.local.choose(kind, deviceId))) {
      toast(say(`controls.unusable.${kind}`), { kind: "wrong" });
    }
    this.#list();
  }

  /** @param {"microphone" | "camera" | null} kind null: nothing more */
  #try(kind) {
    if (kind === this.#tried) {
      return;
    }
    const stop = this.#stop;
    this.#tried = kind;
    this.#stop = kind && this.talk.preview({ camera: kind === "camera", microphone: kind === "microphone" });
    stop?.();
    this.#show();
  }

  /** A sound from the chosen speaker. */
  async #sound() {
    const context = new AudioContext();
    const player = new Audio();
    const samples = render(SCORES.ringtone, context.sampleRate);
    const buffer = context.createBuffer(1, samples.length, context.sampleRate);
    buffer.copyToChannel(samples, 0);
    const [source, end] = [context.createBufferSource(), context.createMediaStreamDestination()];
    source.buffer = buffer;
    source.connect(end);
    player.srcObject = end.stream;
    const { trial } = this.#rows.speaker;
    const speaker = this.talk.local.chosen("speaker");
    setAttribute(trial, "aria-busy", "true");
    try {
      if (speaker && typeof player.setSinkId === "function") {
        await player.setSinkId(speaker);
      }
      source.start();
      await player.play();
      await new Promise((resolve) => {
        setTimeout(resolve, SOUND_MS);
      });
    } catch {
      toast(say("controls.unusable.speaker"), { kind: "wrong" });
    }
    player.pause();
    await context.close();
    setAttribute(trial, "aria-busy", null);
  }

  #show() {
    const { local, current } = this.talk;
    const { meter, picture, video, problem, busy } = this.#parts;
    if (current !== null && this.#tried !== null) {
      // In a call the others would see and hear it.
      this.#try(null);
      return;
    }
    const tried = this.#tried;
    busy.hidden = current === null;
    for (const kind of KINDS) {
      const { trial, words } = this.#rows[kind];
      setText(words, say(kind === tried ? "settings.media.stop" : `settings.media.try.${kind}`));
      setAttribute(trial, "disabled", current !== null && kind !== "speaker");
    }
    const track = tried === "camera" ? local.cameraTrack : null;
    if ((this.#stream?.getVideoTracks()[0] ?? null) !== track) {
      this.#stream = track ? new MediaStream([track]) : null;
    }
    setStream(video, this.#stream);
    picture.hidden = this.#stream === null;
    this.#listen(tried === "microphone" ? local.microphoneTrack : null);
    meter.hidden = this.#ear === null;
    const trouble = tried && local.state[tried].problem;
    setText(problem, tried && trouble ? problemWords(tried, trouble) : "");
    problem.hidden = !trouble;
    if (tried && (this.#stream || this.#ear) && this.#rows[tried].select.disabled) {
      // Allowed now: the devices have names.
      this.#list();
    }
  }

  /** @param {MediaStreamTrack | null} track */
  #listen(track) {
    if ((this.#ear?.track ?? null) === track) {
      return;
    }
    this.#ear?.context.close();
    this.#ear = track && earOf(track);
  }

  #measure() {
    if (this.#ear) {
      // Loudness is felt as its root, roughly; it falls more slowly than it rises, so that eyes can follow.
      const { meter } = this.#parts;
      meter.value = Math.max(Math.min(1, Math.sqrt(this.#ear.read()) * 1.4), meter.value * 0.85);
    }
  }
}

/** @param {MediaStreamTrack} track
 *  @returns {Ear} */
function earOf(track) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const read = () => {
    analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);
  };
  return { context, track, read };
}

customElements.define("media-settings", MediaSettings);
