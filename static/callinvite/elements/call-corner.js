/** `<call-corner>`: the call that goes on, small in the corner, while one uses the rest of the app. */

import { othersInside } from "../client/index.js";
import { setStream } from "./pictures.js";
import { h, iconButton, relabel, setAttribute, setText } from "./dom.js";
import { avatarStack } from "./person-avatar.js";
import { PageElement } from "./page-element.js";
import { clockTime, names, others, sideBySide } from "./words.js";
import { say } from "../words/say.js";

export class CallCorner extends PageElement {
  #parts = this.#made();

  build() {
    const parts = this.#parts;
    parts.video.muted = true;
    parts.picture.append(parts.face, parts.video);
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", say("call.ongoing"));
    this.hidden = true;
    this.replaceChildren(
      parts.picture,
      parts.words,
      h("div", { class: "corner__actions" }, parts.mic, parts.show, parts.hangUp),
    );
  }

  /** Its pieces that change. */
  #made() {
    return {
      picture: h("div", {
        class: "corner__picture",
        onClick: () => {
          this.page.screen.restore();
        },
      }),
      video: h("video", { class: "corner__video", autoplay: true, playsinline: true }),
      face: h("div", { class: "corner__face" }),
      words: h("p", { class: "corner__words" }),
      mic: iconButton({
        icon: "mic",
        label: say("call.mute"),
        className: "button--night",
        onClick: () => {
          this.talk.toggleMicrophone();
        },
      }),
      show: h(
        "button",
        {
          class: "button button--small button--night",
          type: "button",
          onClick: () => {
            this.page.screen.restore();
          },
        },
        say("news.show"),
      ),
      hangUp: iconButton({
        icon: "hang-up",
        label: say("call.hang_up"),
        className: "corner__hang-up",
        onClick: () => {
          this.page.screen.hangUp();
        },
      }),
    };
  }

  attached() {
    this.hear(document, "call-minimised", () => {
      this.#show();
    });
    this.followTalk(() => {
      this.#show();
    });
    this.every(1000, () => {
      this.#show();
    });
  }

  update() {
    this.#show();
  }

  #show() {
    const { service, screen } = this.page;
    const { state } = service;
    const call = screen.minimised ? this.talk.current : null;
    const parts = this.#parts;
    this.hidden = call === null;
    const source = call && screen.mainVideo;
    setStream(parts.video, /** @type {MediaStream | null} */ (source?.srcObject ?? null));
    setAttribute(parts.video, "aria-label", source?.getAttribute("aria-label"));
    parts.video.hidden = !source;
    if (call === null) {
      return;
    }
    const inside = othersInside(call, state.user?.id).map(({ user }) => user);
    const people = call.state === "active" && inside.length > 0 ? inside : others(call, state.user?.id);
    const key = people.map((person) => person.id).join(" ");
    if (parts.face.dataset.people !== key) {
      parts.face.dataset.people = key;
      parts.face.replaceChildren(avatarStack(people));
    }
    const who = { names: names(people) };
    setText(
      parts.words,
      call.state === "active"
        ? sideBySide(say("call.in_call_with", who), clockTime(service.elapsedMs(call) / 1000))
        : say("call.calling", who),
    );
    const { speaks } = this.talk.state.local.microphone;
    relabel(parts.mic, say(speaks ? "call.mute" : "call.unmute"));
    setAttribute(/** @type {Element} */ (parts.mic.firstElementChild), "name", speaks ? "mic" : "mic-off");
    relabel(parts.hangUp, say(call.state === "active" ? "call.hang_up" : "button.cancel"));
  }
}

customElements.define("call-corner", CallCorner);
