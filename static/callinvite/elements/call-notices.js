/** `<call-notices>`: what has to be said above the controls of a call: troubles with what to do, hold, an offer of video. */

import { othersInside } from "../client/index.js";
import { h, keep, setAttribute, setText } from "./dom.js";
import { problemWords } from "./media-words.js";
import { PageElement } from "./page-element.js";
import { orExplain } from "./place-call.js";
import { names, others } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call */

export class CallNotices extends PageElement {
  #parts = this.#made();
  /** Troubles that were read and put away, and offers that were declined, in this call. @type {Set<string>} */
  #dismissed = new Set();
  /** @type {Call | null | undefined} */
  #call = null;
  /** What the trouble that is shown is about. @type {{kind: "microphone" | "camera", key: string} | null} */
  #trouble = null;

  build() {
    const { blocked, onHold, hold, trouble, offer } = this.#parts;
    this.replaceChildren(blocked.node, onHold, hold.node, trouble.node, offer.node);
  }

  /** Its pieces that change. */
  #made() {
    const small = (/** @type {string} */ label, /** @type {() => void} */ act) =>
      h("button", { class: "button button--small button--night", type: "button", onClick: act }, label);
    const notice = (/** @type {HTMLElement[]} */ ...actions) => {
      const words = h("p", { class: "call__notice-words" });
      const asked = actions.length ? [h("div", { class: "call__notice-actions" }, ...actions)] : [];
      return { node: h("div", { class: "call__notice", role: "status", hidden: true }, words, ...asked), words };
    };
    return {
      blocked: notice(),
      onHold: h("div", { class: "call__on-hold", hidden: true }),
      trouble: notice(
        small(say("button.try_again"), () => {
          this.#retry();
        }),
        small(say("button.dismiss"), () => {
          this.#putAway(this.#trouble?.key ?? "");
        }),
      ),
      hold: notice(
        small(say("notice.resume"), () => {
          this.talk.setHold(false);
        }),
      ),
      offer: notice(
        small(say("notice.start_video"), () => {
          this.talk.toggleCamera();
        }),
        small(say("button.not_now"), () => {
          this.#putAway("offer");
        }),
      ),
    };
  }

  attached() {
    this.followTalk(() => {
      this.#show();
    });
  }

  /** Say what concerns this call.
   *  @param {Call | null | undefined} call null while it is being placed, undefined for none */
  show(call) {
    if ((call?.call_id ?? null) !== (this.#call?.call_id ?? null) && this.#call) {
      this.#dismissed.clear();
    }
    this.#call = call;
    this.#show();
  }

  #show() {
    const { blocked, trouble, hold, offer } = this.#parts;
    const { local, peers } = this.talk.state;
    const isOn = this.#call !== undefined;
    this.#showOnHold(isOn ? this.talk.onHold : []);
    const kind = /** @type {const} */ (["microphone", "camera"]).find(
      (each) => local[each].problem && !this.#dismissed.has(`${each} ${local[each].problem}`),
    );
    const problem = kind && local[kind].problem;
    this.#trouble = kind ? { kind, key: `${kind} ${problem}` } : null;
    trouble.node.hidden = !isOn || !problem;
    setText(trouble.words, kind && problem ? problemWords(kind, problem) : "");
    // Sound and picture are agreed on over the socket.
    const isBlocked = this.service.state.connection === "polling" && !peers.some(({ state }) => state === "connected");
    blocked.node.hidden = !isOn || !isBlocked;
    setText(blocked.words, isBlocked ? say("notice.no_live_connection") : "");
    hold.node.hidden = !isOn || !local.hold;
    setText(hold.words, local.hold ? say("notice.on_hold") : "");
    const call = this.#call;
    const films = peers.length === 1 && peers[0].media.camera && !local.camera.wanted && call?.is_video_call === false;
    offer.node.hidden = !isOn || !films || this.#dismissed.has("offer");
    const [other] = films && call ? othersInside(call, this.userId) : [];
    setText(offer.words, films ? startedWords(other?.user.name) : "");
  }

  /** @param {Call[]} calls */
  #showOnHold(calls) {
    this.#parts.onHold.hidden = calls.length === 0;
    keep(
      this.#parts.onHold,
      calls,
      (call) => call.call_id,
      (first) => {
        const words = h("p", { class: "call__notice-words" });
        const button = (/** @type {string} */ label, /** @type {() => void} */ act) =>
          h("button", { class: "button button--small button--night", type: "button", onClick: act }, label);
        const back = button(say("notice.switch"), () => {
          this.service.switchTo(first.call_id);
        });
        const end = button(say("notice.end"), () => {
          orExplain(this.service, this.service.leave(first.call_id));
        });
        const actions = h("div", { class: "call__notice-actions" }, back, end);
        const node = h("div", { class: "call__notice", role: "status" }, words, actions);
        return {
          node,
          update: (/** @type {Call} */ call) => {
            const who = { names: names(others(call, this.userId)) };
            setText(words, say("notice.other_on_hold", who));
            setAttribute(back, "aria-label", say("notice.switch.named", who));
            setAttribute(end, "aria-label", say("notice.end.named", who));
          },
        };
      },
    );
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

/** @param {string | undefined} name */
function startedWords(name) {
  return name ? say("notice.video_started", { name }) : say("notice.video_started.someone");
}

customElements.define("call-notices", CallNotices);
