/** `<own-preview>`: oneself before a call, one that rings or one that is about to be placed: the picture, and what will be
 *  sent once it begins. */

import { setStream } from "./pictures.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { problemWords } from "./media-words.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

export class OwnPreview extends PageElement {
  #parts = this.#made();
  /** What the person wants to send. */
  #intent = { microphone: true, camera: false };
  /** Whether the camera may be shown: not while another call has it. */
  #isFree = true;
  /** @type {(() => void) | null} */
  #stop = null;
  /** @type {MediaStream | null} */
  #stream = null;
  /** Whether a look at the permission is under way for this ring. */
  #turn = 0;

  build() {
    const parts = this.#parts;
    parts.video.muted = true;
    parts.picture.append(parts.video, parts.ask);
    this.replaceChildren(
      parts.picture,
      h(
        "div",
        { class: "preview__switches", role: "group", "aria-label": say("preview.region") },
        parts.mic,
        parts.camera,
      ),
      parts.problem,
    );
  }

  /** Its pieces that change. */
  #made() {
    return {
      video: h("video", {
        class: "preview__video",
        autoplay: true,
        playsinline: true,
        "aria-label": say("tile.video.own"),
      }),
      picture: h("div", { class: "preview__picture" }),
      ask: h(
        "button",
        {
          class: "button button--small button--night preview__ask",
          type: "button",
          onClick: () => {
            this.#look();
          },
        },
        say("preview.look"),
      ),
      mic: h(
        "button",
        {
          class: "button button--round button--night preview__switch",
          type: "button",
          onClick: () => {
            this.#toggle("microphone");
          },
        },
        icon("mic"),
      ),
      camera: h(
        "button",
        {
          class: "button button--round button--night preview__switch",
          type: "button",
          onClick: () => {
            this.#toggle("camera");
          },
        },
        icon("video"),
      ),
      problem: h("p", { class: "preview__problem", role: "status" }),
    };
  }

  attached() {
    this.followTalk(() => {
      this.#show();
    });
    this.hear(document, "visibilitychange", () => {
      if (document.visibilityState !== "visible") {
        this.#close();
      }
    });
  }

  /** @returns {{microphone: boolean, camera: boolean}} what to begin the call with */
  get intent() {
    return { ...this.#intent };
  }

  /** A call rings: begin.
   *  @param {boolean} isVideo
   *  @param {boolean} isFree whether the camera may be shown: not while another call has it */
  async open(isVideo, isFree) {
    this.#isFree = isFree;
    this.#intent = { microphone: true, camera: isVideo };
    this.#turn += 1;
    const turn = this.#turn;
    this.#show();
    // Only where the camera was allowed before: a ring must not be covered by the browser's question.
    if (
      isVideo &&
      isFree &&
      document.visibilityState === "visible" &&
      (await isAllowed("camera")) &&
      turn === this.#turn
    ) {
      this.#look();
    }
  }

  /** Look at oneself now, as before a call that one places; only in a click. */
  look() {
    this.#isFree = true;
    this.#intent = { microphone: true, camera: true };
    this.#look();
    this.#show();
  }

  /** The ring is over. The camera is closed, unless the call has taken it over. */
  close() {
    this.#turn += 1;
    this.#close();
  }

  #look() {
    if (this.#stop === null && this.#isFree) {
      this.#intent.camera = true;
      this.#stop = this.talk.preview({ camera: true });
      this.#show();
    }
  }

  #close() {
    const stop = this.#stop;
    this.#stop = null;
    stop?.();
    this.#show();
  }

  /** @param {"microphone" | "camera"} kind */
  #toggle(kind) {
    this.#intent[kind] = !this.#intent[kind];
    // While another call goes on, its camera is not touched: the choice counts once this one is answered.
    if (kind === "camera" && this.#isFree) {
      if (this.#intent.camera) {
        this.#look();
      } else {
        this.talk.local.setCamera(false);
        this.#close();
      }
    }
    this.#show();
  }

  #show() {
    const { picture, video, ask, mic, camera, problem } = this.#parts;
    const { microphone: speaks, camera: films } = this.#intent;
    const isLooking = this.#stop !== null;
    const track = isLooking ? this.talk.local.cameraTrack : null;
    if ((this.#stream?.getVideoTracks()[0] ?? null) !== track) {
      this.#stream = track ? new MediaStream([track]) : null;
    }
    setStream(video, this.#stream);
    picture.hidden = !films || !this.#isFree;
    ask.hidden = isLooking;
    video.hidden = !this.#stream;
    for (const { button, on, name, kind } of /** @type {const} */ ([
      { button: mic, on: speaks, name: "mic", kind: "microphone" },
      { button: camera, on: films, name: "video", kind: "camera" },
    ])) {
      setAttribute(/** @type {Element} */ (button.firstElementChild), "name", on ? name : `${name}-off`);
      setAttribute(button, "aria-pressed", String(on));
      setAttribute(button, "aria-label", say(`media.kind.${kind}`));
      button.title = say(on ? `preview.${kind}.on` : `preview.${kind}.off`);
      button.classList.toggle("preview__switch--off", !on);
    }
    const trouble = isLooking ? this.talk.state.local.camera.problem : null;
    setText(problem, trouble ? problemWords("camera", trouble) : "");
    problem.hidden = !trouble;
  }
}

/** @param {"camera" | "microphone"} name */
async function isAllowed(name) {
  try {
    return (await navigator.permissions.query({ name })).state === "granted";
  } catch {
    // A browser that does not tell: then it is not shown without being asked for.
    return false;
  }
}

customElements.define("own-preview", OwnPreview);
