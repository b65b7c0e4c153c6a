/** `<call-notices>`: what has to be said above the controls of a call: troubles with what to do, hold, an offer of video. */

import { othersInside } from "../client/index.js";
import { h, setText } from "./dom.js";
import { problemWords } from "./media-words.js";
import { ServiceElement } from "./service-element.js";

export class CallNotices extends ServiceElement {
  /** @type {Record<string, any>} */
  #parts = {};
  /** Troubles that were read and put away, and offers that were declined, in this call. @type {Set<string>} */
  #dismissed = new Set();
  /** @type {any} */
  #call = null;
  /** What the trouble that is shown is about. @type {{kind: "microphone" | "camera", key: string} | null} */
  #trouble = null;

  build() {
    const small = (/** @type {string} */ label, /** @type {() => void} */ act) =>
      h("button", { class: "button button--small button--night", type: "button", onClick: act }, label);
    const notice = (/** @type {HTMLElement} */ words, /** @type {HTMLElement[]} */ ...actions) =>
      h(
        "div",
        { class: "call__notice", role: "status", hidden: true },
        words,
        h("div", { class: "call__notice-actions" }, ...actions),
      );
    const words = () => h("p", { class: "call__notice-words" });
    const parts = (this.#parts = { troubleWords: words(), holdWords: words(), offerWords: words() });
    parts.trouble = notice(
      parts.troubleWords,
      small("Try again", () => {
        this.#retry();
      }),
      small("Dismiss", () => {
        this.#putAway(this.#trouble?.key ?? "");
      }),
    );
    parts.hold = notice(
      parts.holdWords,
      small("Go on", () => {
        this.talk.setHold(false);
      }),
    );
    parts.offer = notice(
      parts.offerWords,
      small("Start my video", () => {
        this.talk.toggleCamera();
      }),
      small("Not now", () => {
        this.#putAway("offer");
      }),
    );
    this.replaceChildren(parts.hold, parts.trouble, parts.offer);
  }

  attached() {
    this.followTalk(() => {
      this.#show();
    });
  }

  /** Say what concerns this call.
   *  @param {any} call null while it is being placed, undefined for none */
  show(call) {
    if ((call?.call_id ?? null) !== (this.#call?.call_id ?? null) && this.#call) {
      this.#dismissed.clear();
    }
    this.#call = call;
    this.#show();
  }

  #show() {
    const parts = this.#parts;
    const { local, peers } = this.talk.state;
    const isOn = this.#call !== undefined;
    const kind = /** @type {const} */ (["microphone", "camera"]).find(
      (each) => local[each].problem && !this.#dismissed.has(`${each} ${local[each].problem}`),
    );
    const problem = kind && local[kind].problem;
    this.#trouble = kind ? { kind, key: `${kind} ${problem}` } : null;
    parts.trouble.hidden = !isOn || !problem;
    setText(parts.troubleWords, kind && problem ? problemWords(kind, problem) : "");
    parts.hold.hidden = !isOn || !local.hold;
    setText(parts.holdWords, local.hold ? "You put the call on hold. The others neither hear nor see you." : "");
    const films =
      peers.length === 1 && peers[0].media.camera && !local.camera.wanted && this.#call?.is_video_call === false;
    parts.offer.hidden = !isOn || !films || this.#dismissed.has("offer");
    const [other] = films ? othersInside(this.#call, this.service.state.user?.id) : [];
    setText(parts.offerWords, films ? `${other?.user.name || "The other side"} started video.` : "");
  }

  #retry() {
    if (this.#trouble) {
      this.talk.local.open({ [this.#trouble.kind]: true });
    }
  }

  /** @param {string} about */
  #putAway(about) {
    this.#dismissed.add(about);
    this.#show();
  }
}

customElements.define("call-notices", CallNotices);
