/** `<test-ring>`: a real ring to one device with nobody behind it, each hop shown as it happens, and what came of it.
 *  Asks the server for news only while there may be some and somebody is looking. */

import { hopWords, secondsWords, spanWords, verdictWords } from "./device-words.js";
import { h, icon, keep, setText } from "./dom.js";
import { PageElement } from "./page-element.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

const POLL_MS = 500;
const ICONS = { done: "check", failed: "close" };

/** @typedef {import("../client/types.js").TestRing} Test
 *  @typedef {import("./device-words.js").HopWords} HopWords */

/** Fires `over` when a test has come to its end. */
export class TestRing extends PageElement {
  #parts = this.#made();
  /** @type {Test | null} */
  #test = null;
  #deviceId = "";
  /** When nothing more can come of it, by this page's own clock. */
  #lateAt = 0;
  /** When the last hop was learnt of. */
  #changedAt = 0;
  /** Counts tests: what answers for an earlier one is not heard. */
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  build() {
    const parts = this.#parts;
    this.replaceChildren(parts.hops, parts.verdict, h("div", { class: "hops__actions" }, parts.again, parts.close));
  }

  /** Its pieces that change. */
  #made() {
    return {
      hops: h("ol", { class: "hops" }),
      verdict: h("p", { class: "hops__verdict", role: "status" }),
      again: h(
        "button",
        {
          class: "button button--small",
          type: "button",
          onClick: () => {
            this.start(this.#deviceId);
          },
        },
        say("test_ring.again"),
      ),
      close: h(
        "button",
        {
          class: "button button--small button--quiet",
          type: "button",
          onClick: () => {
            this.#close();
          },
        },
        say("button.close"),
      ),
    };
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop();
  }

  /** Whether a test is under way. @returns {boolean} */
  get running() {
    return this.#timer !== undefined;
  }

  /** Ring a device now.
   *  @param {string} deviceId */
  async start(deviceId) {
    this.stop();
    const turn = this.#turn;
    this.hidden = false;
    this.#deviceId = deviceId;
    this.#test = null;
    this.#parts.again.hidden = true;
    this.#parts.verdict.className = "hops__verdict";
    setText(this.#parts.verdict, "");
    this.#showHops([{ code: "planned", how: "under way", words: say("test_ring.asking"), afterMs: null }]);
    const test = await this.service.testRing(deviceId);
    if (turn !== this.#turn) {
      return;
    }
    if (!test) {
      this.#refused(this.service.lastError);
      return;
    }
    this.#lateAt = performance.now() + Date.parse(test.expires_at) - Date.parse(test.created_at);
    this.#take(test);
  }

  /** Ask for no more news. */
  stop() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #close() {
    this.stop();
    this.hidden = true;
    this.dispatchEvent(new CustomEvent("closed", { bubbles: true }));
  }

  async #poll() {
    const turn = this.#turn;
    const test = await this.service.lastTestRing(this.#deviceId);
    if (turn !== this.#turn) {
      return;
    }
    if (!test && this.service.lastError?.code === "not_found") {
      this.#end(say("test_ring.device_gone"), "bad");
      return;
    }
    // No answer may be the network: the next one comes.
    this.#take(test ?? /** @type {Test} */ (this.#test));
  }

  /** @param {Test} test */
  #take(test) {
    if (test.hops.length !== this.#test?.hops.length || test.state !== this.#test.state) {
      this.#changedAt = performance.now();
    }
    this.#test = test;
    const isLate = performance.now() > this.#lateAt;
    const isHere = this.#deviceId === this.service.deviceId;
    this.#showHops(hopWords(test, isLate));
    const verdict = verdictWords(test, isLate, isHere);
    if (verdict) {
      this.#end(verdict, test.state === "arrived" ? "good" : "bad");
      return;
    }
    this.#timer = setTimeout(() => {
      this.#poll();
    }, POLL_MS);
  }

  /** @param {HopWords[]} hops */
  #showHops(hops) {
    keep(
      this.#parts.hops,
      hops,
      ({ code }) => code,
      () => this.#hop(),
    );
  }

  /** @param {import("../client/index.js").CallInvitationError | null} error */
  #refused(error) {
    this.#showHops([]);
    const [why] = Object.values(error?.code === "invalid" ? error.fields : {}).flat();
    this.#end(why ?? (error?.code === "not_found" ? say("test_ring.device_gone") : errorWords(error)), "bad");
  }

  /** @param {string} words @param {"good" | "bad"} how */
  #end(words, how) {
    this.stop();
    const { verdict, again } = this.#parts;
    verdict.className = `hops__verdict hops__verdict--${how}`;
    setText(verdict, words);
    again.hidden = false;
    this.dispatchEvent(new CustomEvent("over", { bubbles: true }));
  }

  #hop() {
    const mark = h("span", { class: "hop__mark", "aria-hidden": "true" });
    const words = h("span", { class: "hop__words" });
    const time = h("span", { class: "hop__time" });
    const node = h("li", { class: "hop" }, mark, words, time);
    return {
      node,
      update: (/** @type {HopWords} */ { how, words: text, afterMs }) => {
        if (node.dataset.how !== how) {
          node.dataset.how = how;
          mark.replaceChildren(how === "under way" ? h("span", { class: "spinner" }) : icon(ICONS[how]));
        }
        setText(words, text);
        const waited = how === "under way" && this.#test ? Math.floor((performance.now() - this.#changedAt) / 1000) : 0;
        setText(time, afterMs !== null ? `+${spanWords(afterMs)}` : waited > 0 ? secondsWords(waited) : "");
      },
    };
  }
}

customElements.define("test-ring", TestRing);
