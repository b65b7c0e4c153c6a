/** The sound of a call: one player for each of the others, and a button where the browser wants a click first. */

import { h, keep, setText } from "../elements/dom.js";
import { say } from "../words/say.js";

export class Voices {
  #players = h("div", { hidden: true });
  #ask = h("button", { type: "button", class: "plain plain--loud", part: "button hear-button", hidden: true });

  constructor() {
    this.#ask.addEventListener("click", () => {
      this.#ask.hidden = true;
      for (const player of this.#players.querySelectorAll("audio")) {
        this.#start(player);
      }
    });
    this.node = h("div", { class: "voices" }, this.#players, this.#ask);
  }

  /** Play whoever is to be heard now.
   *  @param {import("../rtc/index.js").Talk} talk */
  play(talk) {
    setText(this.#ask, say("media.hear"));
    const sounds = talk.state.peers
      .map(({ key }) => ({ key, stream: talk.streamsOf(key)?.audio ?? null }))
      .filter(({ stream }) => stream !== null && stream.getTracks().length > 0);
    keep(
      this.#players,
      sounds,
      ({ key }) => key,
      () => {
        const player = h("audio", { autoplay: true });
        return {
          node: player,
          update: ({ stream }) => {
            player.muted = talk.state.local.hold;
            if (player.srcObject !== stream) {
              player.srcObject = stream;
              this.#start(player);
            }
          },
        };
      },
    );
    if (sounds.length === 0) {
      this.#ask.hidden = true;
    }
  }

  /** @param {HTMLAudioElement} player */
  async #start(player) {
    try {
      await player.play();
    } catch (error) {
      // Others mean that it was taken away again.
      if (error instanceof Error && error.name === "NotAllowedError") {
        this.#ask.hidden = false;
      }
    }
  }
}
