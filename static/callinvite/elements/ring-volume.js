/** `<ring-volume>`: how loud rings and signals are in this browser. */

import { h } from "./dom.js";
import { PageElement } from "./page-element.js";
import { say } from "../words/say.js";

export class RingVolume extends PageElement {
  #slider = h("input", { class: "range", id: "ring-volume", type: "range", min: "0.05", max: "1", step: "0.05" });

  build() {
    const label = h("label", { class: "field__label", for: "ring-volume" }, say("ringing.volume"));
    this.replaceChildren(h("div", { class: "field" }, label, this.#slider));
  }

  attached() {
    const { ringer } = this.page;
    this.#slider.value = String(ringer.volume);
    this.hear(this.#slider, "input", () => {
      ringer.volume = Number(this.#slider.value);
    });
    // Only once it stays where it is: a new sound for each step would be a stutter.
    this.hear(this.#slider, "change", () => {
      ringer.try();
    });
  }
}

customElements.define("ring-volume", RingVolume);
