/** One person of a call as a tile: picture or face, name, what they send, how well they come through. */

import { h, icon, iconButton, relabel, setAttribute, setText } from "./dom.js";
import { linkWords, mediaWords, qualityWords } from "./media-words.js";
import { avatarOf } from "./person-avatar.js";
import { setStream } from "./pictures.js";
import { listOf } from "./words.js";
import { say } from "../words/say.js";

/** How much of a picture must stay for its tile to be filled; else it is shown whole, with bars. */
const LEAST_KEPT = { main: 0.5, other: 0.28 };

/** @typedef {object} TileState
 *  @property {string} key
 *  @property {import("../client/types.js").Person} person
 *  @property {boolean} isSelf
 *  @property {import("../rtc/peer.js").PeerState["state"] | undefined} link the state of the link to them; undefined for oneself and for people who still ring
 *  @property {import("../rtc/messages.js").MediaState | null} media
 *  @property {import("../rtc/quality.js").Quality | null} quality
 *  @property {MediaStream | null} stream
 *  @property {string} words what is to be said in place of a picture, such as "Ringing"
 *  @property {string} statusWords for readers
 *  @property {string} [cancelLabel] where their ring can be stopped, or they can be taken out of the call
 *  @property {boolean} [isMirrored] as one sees oneself in a mirror
 *  @property {boolean} [isMain] the large one
 *  @property {(() => void) | null} [onSwap] what a tap does
 *  @property {boolean} [isPinned] kept large by the person
 *  @property {(() => void) | null} [onPin] where it can be
 *  @property {() => void} [onCancel] */

/** The bars of a connection, one to three.
 *  @returns {HTMLElement} */
export function qualityMark() {
  return h("span", { class: "quality", role: "img" }, icon("signal"));
}

/** @param {HTMLElement} mark @param {import("../rtc/quality.js").Quality | null} quality */
export function showQuality(mark, quality) {
  mark.hidden = !quality;
  mark.dataset.quality = quality ?? "";
  relabel(mark, qualityWords(quality));
}

export class CallTile {
  #parts;
  /** @type {TileState | null} */
  #state = null;

  /** @param {import("../client/types.js").Person} person */
  constructor(person) {
    const video = h("video", {
      class: "tile__video",
      autoplay: true,
      playsinline: true,
      disablepictureinpicture: false,
    });
    // Sound comes from <remote-audio>: a picture without sound may always play by itself.
    video.muted = true;
    this.#parts = {
      video,
      face: h("div", { class: "tile__face" }, avatarOf(person)),
      words: h("p", { class: "tile__words" }),
      name: h("span", { class: "tile__name" }),
      status: h("span", { class: "for-readers" }),
      mic: icon("mic-off"),
      hold: icon("pause"),
      quality: qualityMark(),
      cancel: iconButton({
        icon: "close",
        label: "",
        className: "button--night tile__cancel",
        onClick: () => {
          this.#state?.onCancel?.();
        },
      }),
      pin: iconButton({
        icon: "pin",
        label: "",
        className: "button--night tile__pin",
        onClick: () => {
          this.#state?.onPin?.();
        },
      }),
      swap: h("button", {
        class: "tile__swap",
        type: "button",
        hidden: true,
        onClick: () => {
          this.#state?.onSwap?.();
        },
      }),
    };
    const { face, words, name, status, mic, hold, quality, cancel, pin, swap } = this.#parts;
    this.node = h(
      "li",
      { class: "tile" },
      video,
      h("div", { class: "tile__middle" }, face, words),
      swap,
      h("div", { class: "tile__bar" }, mic, hold, name, quality),
      status,
      pin,
      cancel,
    );
    for (const event of ["loadedmetadata", "resize"]) {
      video.addEventListener(event, () => {
        this.fit();
      });
    }
    new ResizeObserver(() => {
      this.fit();
    }).observe(this.node);
  }

  /** @returns {HTMLVideoElement} */
  get video() {
    return this.#parts.video;
  }

  /** @param {TileState} state */
  update(state) {
    const parts = this.#parts;
    const { person, media, isSelf } = state;
    this.#state = state;
    const shows = Boolean(state.stream && media && (media.camera || media.screen) && !media.hold);
    setStream(parts.video, shows ? state.stream : null);
    const name = isSelf ? say("person.you") : person.name || person.id;
    setText(parts.name, name);
    const picture = media?.screen ? "screen" : "video";
    setAttribute(parts.video, "aria-label", isSelf ? say(`tile.${picture}.own`) : say(`tile.${picture}`, { name }));
    const trouble = linkWords(isSelf || !media ? "connected" : state.link);
    const words = trouble || (media?.hold ? say("media.silent.hold") : state.words);
    setText(parts.words, words);
    parts.words.classList.toggle("dots", Boolean(trouble));
    parts.words.hidden = !words;
    setText(parts.status, listOf(state.statusWords, media ? mediaWords(media) : ""));
    parts.mic.hidden = !media || media.microphone === "on";
    parts.hold.hidden = !media?.hold;
    showQuality(parts.quality, isSelf ? null : state.quality);
    parts.cancel.hidden = !state.cancelLabel;
    relabel(parts.cancel, state.cancelLabel ?? "");
    parts.pin.hidden = !state.onPin;
    parts.pin.setAttribute("aria-pressed", String(Boolean(state.isPinned)));
    relabel(parts.pin, say("tile.pin", { name }));
    parts.swap.hidden = !state.onSwap;
    relabel(parts.swap, isSelf ? say("tile.enlarge.own") : say("tile.enlarge", { name }));
    setAttribute(this.node, "data-key", state.key);
    this.node.classList.toggle("tile--self", isSelf);
    this.node.classList.toggle("tile--mirrored", Boolean(state.isMirrored));
    this.node.classList.toggle("tile--video", shows);
    this.node.classList.toggle("tile--screen", Boolean(media?.screen));
    this.node.classList.toggle("tile--waiting", !media);
    this.node.classList.toggle("tile--lost", Boolean(trouble) && shows);
    this.node.classList.toggle("tile--main", Boolean(state.isMain));
    this.node.classList.toggle("tile--quiet", Boolean(media && (media.microphone !== "on" || media.hold)));
    this.fit();
  }

  /** How loud they are.
   *  @param {number} level 0 to 1
   *  @param {boolean} speaks */
  hear(level, speaks) {
    showLevel(this.#parts.face, level);
    this.node.classList.toggle("tile--speaks", speaks);
  }

  /** Fill the tile with the picture, unless that would cut away too much of it. */
  fit() {
    const { video } = this.#parts;
    const { videoWidth, videoHeight } = video;
    const { clientWidth, clientHeight } = this.node;
    if (!videoWidth || !videoHeight || !clientWidth || !clientHeight) {
      return;
    }
    const [picture, tile] = [videoWidth / videoHeight, clientWidth / clientHeight];
    const kept = Math.min(picture / tile, tile / picture);
    const least = this.#state?.isMain ? LEAST_KEPT.main : LEAST_KEPT.other;
    this.node.classList.toggle("tile--whole", kept < least || Boolean(this.#state?.media?.screen));
  }
}

/** Show how loud somebody is. Loudness is felt as its root, roughly; whispering should be seen, too.
 *  @param {HTMLElement} face
 *  @param {number} level 0 to 1 */
export function showLevel(face, level) {
  face.style.setProperty("--level", Math.min(1, Math.sqrt(level) * 1.4).toFixed(2));
}
