/** `<incoming-call>`: who calls, how long it still rings, and every way to answer. Several callers at once are all shown. */

import { isRingingFor } from "../client/index.js";
import { tellBlocked } from "./block-ask.js";
import { withdrawQuestion } from "./call-ask.js";
import { OwnPreview } from "./own-preview.js";
import { h, icon, iconButton, keep, relabel, setAttribute, setText } from "./dom.js";
import { declineReplies } from "./incoming-replies.js";
import { closeLayer, isOnTop, openLayer } from "./layers.js";
import { hueOf } from "./faces.js";
import { avatarOf } from "./person-avatar.js";
import { orExplain } from "./place-call.js";
import { PageElement } from "./page-element.js";
import {
  calledIn,
  clockTime,
  kindOf,
  kindOfCall,
  nameOf,
  names,
  others,
  rangBy,
  strangerWords,
  textOf,
} from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").State} State
 *  @typedef {import("../rtc/intent.js").Intent} Intent */

/** Somebody who is typing must not answer by the key that they were about to press. */
const TYPING_GUARD_MS = 700;

export class IncomingCall extends PageElement {
  #parts = this.#made();
  /** @type {Call | null} */
  #call = null;
  /** @type {Set<string>} */
  #answering = new Set();
  #deafUntil = 0;

  build() {
    this.setAttribute("role", "alertdialog");
    this.setAttribute("aria-modal", "true");
    this.setAttribute("aria-labelledby", "incoming-name");
    this.setAttribute("aria-describedby", "incoming-stranger incoming-about");
    const parts = this.#parts;
    parts.accept.setAttribute("data-first-focus", "");
    parts.waiting.append(h("h3", { class: "waiting__title" }, say("incoming.also")), parts.waitingList);
    this.replaceChildren(
      h(
        "div",
        { class: "incoming" },
        h(
          "div",
          { class: "incoming__who" },
          h("p", { class: "incoming__kind" }, parts.kindIcon, parts.kind),
          parts.face,
          parts.name,
          parts.stranger,
          parts.about,
          parts.text,
          parts.note,
          h(
            "div",
            { class: "incoming__left" },
            parts.left,
            h("div", { class: "incoming__meter", "aria-hidden": "true" }, parts.bar),
          ),
        ),
        h(
          "div",
          { class: "incoming__what" },
          parts.preview,
          h("div", { class: "incoming__answers" }, parts.reject, parts.accept),
          parts.hold,
          parts.withoutVideo,
          parts.replies.node,
        ),
        parts.waiting,
      ),
    );
    parts.accept.addEventListener("click", () => {
      this.#accept(this.#call, this.#parts.preview.intent);
    });
    parts.hold.addEventListener("click", () => {
      this.#accept(this.#call, this.#parts.preview.intent, { hold: true });
    });
    parts.withoutVideo.addEventListener("click", () => {
      this.#accept(this.#call, { ...this.#parts.preview.intent, camera: false });
    });
    parts.reject.addEventListener("click", () => {
      this.#reject(this.#call, {});
    });
  }

  /** Its pieces that change. */
  #made() {
    const acceptIcon = icon("phone-solid");
    return {
      kind: h("span"),
      kindIcon: icon("phone"),
      face: h("div", { class: "incoming__face" }),
      name: h("h2", { class: "incoming__name", id: "incoming-name" }),
      about: h("p", { class: "incoming__with", id: "incoming-about" }),
      stranger: h("p", { class: "incoming__stranger", id: "incoming-stranger" }),
      text: h("blockquote", {
        class: "incoming__text",
        dir: "auto",
        tabindex: "0",
        "aria-label": say("incoming.words"),
      }),
      note: h("p", { class: "incoming__note" }),
      left: h("span"),
      bar: h("span"),
      preview: new OwnPreview(),
      acceptIcon,
      accept: this.#answerButton("accept", say("call.accept"), acceptIcon),
      hold: h("button", { class: "replies__toggle", type: "button" }, icon("pause"), say("incoming.hold")),
      withoutVideo: h(
        "button",
        { class: "replies__toggle", type: "button" },
        icon("video-off"),
        say("incoming.without_video"),
      ),
      reject: this.#answerButton("reject", say("call.decline"), icon("hang-up")),
      waiting: h("section", { class: "waiting", "aria-label": say("incoming.also") }),
      waitingList: h("ul"),
      replies: declineReplies((how) => {
        this.#reject(this.#call, how);
      }),
    };
  }

  attached() {
    this.every(250, () => {
      this.#tick();
    });
    this.follow("incomingCallReceived", () => {
      this.#guardTyping();
    });
    this.hear(
      document,
      "keydown",
      (event) => {
        this.#key(/** @type {KeyboardEvent} */ (event));
      },
      { capture: true },
    );
  }

  /** @param {State} state */
  update(state) {
    const rings = state.calls.filter((call) => isRingingFor(call, state.user?.id));
    if (!state.incoming || state.connection === "signed_out") {
      this.#call = null;
      this.#answering.clear();
      this.#parts.preview.close();
      closeLayer(this);
      return;
    }
    this.#showCall(state.incoming, state);
    this.#showWaiting(
      rings.filter((call) => call !== state.incoming),
      state,
    );
    this.#tick();
    if (this.hidden) {
      this.#guardTyping();
      withdrawQuestion();
      openLayer(this, this.#parts.accept);
    }
  }

  /** @param {Call} call @param {State} state */
  #showCall(call, state) {
    const parts = this.#parts;
    const userId = state.user?.id;
    const isNew = this.#call?.call_id !== call.call_id;
    this.#call = call;
    const inviter = rangBy(call, userId);
    const company = others(call, userId).filter((person) => person.id !== inviter.id);
    if (isNew) {
      parts.face.replaceChildren(avatarOf(inviter));
      this.dataset.hue = String(hueOf(inviter.id));
      this.classList.toggle("incoming-call--accented", call.accent !== null);
      this.style.setProperty("--accent-of-ring", call.accent ?? "");
      parts.replies.fold();
      parts.preview.close();
      parts.preview.open(call.is_video_call, !state.active && !state.outgoing);
    }
    parts.kindIcon.setAttribute("name", call.is_video_call ? "video" : "phone");
    const what = say(`call.incoming.${kindOf(call, company.length > 0)}`);
    setText(parts.kind, call.you?.urgent ? say("ring.urgent", { what }) : what);
    parts.kind.classList.toggle("incoming__urgent", call.you?.urgent === true);
    setText(parts.name, nameOf(inviter));
    const stranger = strangerWords(call, userId);
    setText(parts.stranger, stranger);
    parts.stranger.hidden = !stranger;
    parts.replies.offerBlock(stranger !== "");
    setText(
      parts.about,
      company.length ? say("incoming.with", { names: names(company) }) : say("incoming.calling_you"),
    );
    this.#showText(call);
    const current = state.active ?? state.outgoing;
    setText(parts.note, current ? say("incoming.leaves", { names: names(others(current, userId)) }) : "");
    parts.note.hidden = !current;
    const busy = this.#answering.has(call.call_id);
    setAttribute(parts.accept, "disabled", busy);
    setAttribute(parts.reject, "disabled", busy);
    setAttribute(parts.withoutVideo, "disabled", busy);
    setAttribute(parts.hold, "disabled", busy);
    // Only the page that has the call can say to the others that it holds it.
    parts.hold.hidden = !state.active || this.talk.state.place !== "here";
    parts.withoutVideo.hidden = !call.is_video_call;
    parts.acceptIcon.setAttribute("name", call.is_video_call ? "video-solid" : "phone-solid");
  }

  /** @param {Call} call */
  #showText(call) {
    const said = textOf(call);
    const { text } = this.#parts;
    if (text.dataset.said !== said.join("\n")) {
      text.dataset.said = said.join("\n");
      // Title and message, each keeping its direction to itself.
      text.replaceChildren(...said.map((each) => h("p", { dir: "auto" }, each)));
    }
    text.hidden = said.length === 0;
  }

  /** @param {Call[]} calls @param {State} state */
  #showWaiting(calls, state) {
    this.#parts.waiting.hidden = calls.length === 0;
    keep(
      this.#parts.waitingList,
      calls,
      (call) => call.call_id,
      (first) => {
        let call = first;
        const name = h("strong");
        const kind = h("span", { class: "waiting__kind" });
        const accept = iconButton({
          icon: "phone-solid",
          label: "",
          className: "waiting__button waiting__button--accept",
          onClick: () => {
            this.#accept(call, intentOf(call));
          },
        });
        const reject = iconButton({
          icon: "hang-up",
          label: "",
          className: "waiting__button waiting__button--reject",
          onClick: () => {
            this.#reject(call, {});
          },
        });
        const node = h(
          "li",
          { class: "waiting__call" },
          avatarOf(rangBy(first, state.user?.id)),
          h("span", { class: "waiting__words" }, name, kind),
          reject,
          accept,
        );
        return {
          node,
          update: (/** @type {Call} */ now) => {
            call = now;
            const userId = state.user?.id;
            const who = calledIn(now, userId)(rangBy(now, userId));
            setText(name, who);
            const what = kindOfCall(now, others(now, userId).length > 1);
            setText(kind, now.you?.urgent ? say("ring.urgent", { what }) : what);
            relabel(accept, say("incoming.accept.named", { name: who }));
            relabel(reject, say("incoming.decline.named", { name: who }));
          },
        };
      },
    );
  }

  #tick() {
    if (!this.#call || this.hidden) {
      return;
    }
    const left = this.service.remainingMs(this.#call);
    const whole = (this.#call.timeout_seconds || 60) * 1000;
    setText(this.#parts.left, say("incoming.left", { time: clockTime(Math.ceil(left / 1000)) }));
    this.#parts.bar.style.setProperty("--left", String(Math.min(1, left / whole)));
  }

  /** Accept a call that rings, as its button here would.
   *  @param {string} callID */
  async accept(callID) {
    const call = this.service.state.calls.find((each) => each.call_id === callID);
    if (call && isRingingFor(call, this.userId)) {
      await this.#accept(call, call === this.#call ? this.#parts.preview.intent : intentOf(call));
    }
  }

  /** @param {Call | null} call @param {Intent} intent @param {{hold?: boolean}} [how] */
  async #accept(call, intent, how = {}) {
    await this.#answer(call, (callID) => this.talk.during(intent, () => this.service.accept({ callID, ...how })));
  }

  /** @param {Call | null} call @param {import("./incoming-replies.js").How} how */
  async #reject(call, how) {
    const done = await this.#answer(call, (callID) => this.service.reject({ callID, ...how }));
    if (!call || !how.block) {
      return;
    }
    const caller = rangBy(call, this.userId);
    // A ring that was over already cannot be declined any more, but whoever rang can still be blocked.
    if (done || (await this.page.contacts.block(caller.id))) {
      tellBlocked(this.page, caller);
    }
  }

  /** @param {Call | null} call @param {(callID: string) => Promise<boolean>} verb
   *  @returns {Promise<boolean>} */
  async #answer(call, verb) {
    if (!call || this.#answering.has(call.call_id)) {
      return false;
    }
    this.#answering.add(call.call_id);
    // The ring stops at the click, not when the server has answered.
    this.dispatchEvent(new CustomEvent("answering", { bubbles: true, detail: { callID: call.call_id } }));
    this.update(this.service.state);
    const done = await orExplain(this.service, verb(call.call_id));
    this.#answering.delete(call.call_id);
    this.dispatchEvent(new CustomEvent("answered", { bubbles: true, detail: { callID: call.call_id } }));
    this.update(this.service.state);
    return done;
  }

  #guardTyping() {
    const typing = document.activeElement?.matches("input:not([type=checkbox]), textarea, [contenteditable]");
    if (this.hidden && typing) {
      this.#deafUntil = performance.now() + TYPING_GUARD_MS;
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.hidden || !isOnTop(this)) {
      return;
    }
    if (performance.now() < this.#deafUntil || event.repeat) {
      if (["Enter", " ", "Escape"].includes(event.key)) {
        event.preventDefault();
        event.stopPropagation();
      }
      return;
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#reject(this.#call, {});
    }
  }

  /** @param {string} kind @param {string} label @param {HTMLElement} picture */
  #answerButton(kind, label, picture) {
    return h(
      "button",
      { class: `answer answer--${kind}`, type: "button" },
      h("span", { class: "answer__disc" }, picture),
      label,
    );
  }
}

/** @param {Call} call */
function intentOf(call) {
  return { microphone: true, camera: call.is_video_call };
}

customElements.define("incoming-call", IncomingCall);
