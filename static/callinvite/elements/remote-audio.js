/** `<remote-audio>`: plays what the others say, wherever in the app one is, and asks for a tap where the browser wants one. */

import { h, keep } from "./dom.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

export class RemoteAudio extends PageElement {
  /** @type {HTMLElement} */
  #players = h("div", { hidden: true });
  #refused = false;

  build() {
    const ask = h(
      "button",
      {
        class: "hear button button--primary",
        type: "button",
        onClick: () => {
          this.#playAll();
        },
      },
      say("media.hear"),
    );
    ask.hidden = true;
    this.replaceChildren(this.#players, ask);
    this.ask = ask;
  }

  attached() {
    this.followTalk((talk) => {
      this.#show(talk);
    });
    // Any other tap will do as well.
    this.hear(
      document,
      "pointerdown",
      () => {
        if (this.#refused) {
          this.#playAll();
        }
      },
      { capture: true },
    );
  }

  /** @param {import("../rtc/index.js").Talk} talk */
  #show(talk) {
    const { peers } = talk.state;
    const sounds = peers
      .map(({ key }) => ({ key, stream: talk.streamsOf(key)?.audio }))
      .filter(({ stream }) => stream?.getTracks().length);
    keep(
      this.#players,
      sounds,
      ({ key }) => key,
      () => {
        const player = h("audio", { autoplay: true });
        return {
          node: player,
          update: ({ stream }) => {
            player.muted = this.talk.state.local.hold;
            if (player.srcObject !== stream) {
              player.srcObject = stream ?? null;
              this.#play(player);
            }
            this.#route(player, talk.local.chosen("speaker"));
          },
        };
      },
    );
    if (sounds.length === 0) {
      this.#setRefused(false);
    }
  }

  /** @param {HTMLAudioElement} player @param {string | null} speaker */
  #route(player, speaker) {
    // Once for each choice: one that is gone would be refused again and again.
    if (speaker !== null && typeof player.setSinkId === "function" && player.dataset.speaker !== speaker) {
      player.dataset.speaker = speaker;
      // One that is gone: the browser goes on with its own choice.
      player.setSinkId(speaker).catch(() => {});
    }
  }

  /** @param {HTMLAudioElement} player */
  async #play(player) {
    try {
      await player.play();
    } catch (error) {
      if (/** @type {Error} */ (error).name === "NotAllowedError") {
        this.#setRefused(true);
      }
    }
  }

  #playAll() {
    this.#setRefused(false);
    for (const player of this.#players.querySelectorAll("audio")) {
      this.#play(player);
    }
  }

  /** @param {boolean} refused */
  #setRefused(refused) {
    this.#refused = refused;
    if (this.ask) {
      this.ask.hidden = !refused;
    }
  }
}

customElements.define("remote-audio", RemoteAudio);
