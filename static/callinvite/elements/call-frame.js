/** The face of the call's screen: puts a scene into the document, and decides nothing. */

import { CallControls } from "./call-controls.js";
import { CallNotices } from "./call-notices.js";
import { mayCancel, showPeople } from "./call-people.js";
import { CallStage } from "./call-stage.js";
import { qualityMark, showLevel, showQuality } from "./call-tile.js";
import { h, icon, iconButton, setText } from "./dom.js";
import { hueOf } from "./faces.js";
import { avatarOf, avatarStack } from "./person-avatar.js";
import { clockTime, invitationWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("./call-scenes.js").Scene} Scene
 *
 *  @typedef {object} Acts what its buttons do
 *  @property {() => void} minimise
 *  @property {() => void} dismiss
 *  @property {() => void} add
 *  @property {() => void} again
 *  @property {(person: Person) => void} cancel one person's ring
 *  @property {(person: Person) => void} remove take somebody out of the call
 *
 *  @typedef {object} View what is drawn
 *  @property {Scene} scene
 *  @property {Call | null} call null while it is being placed
 *  @property {string | undefined} userId who looks at it
 *  @property {import("../rtc/quality.js").Quality | null} quality of the connection of a call of two */

export class CallFrame {
  #host;
  #acts;
  #parts;

  /** @param {HTMLElement} host the screen
   *  @param {Acts} acts */
  constructor(host, acts) {
    this.#host = host;
    this.#acts = acts;
    this.#parts = madeParts(acts);
  }

  /** @returns {CallStage} */
  get stage() {
    return this.#parts.stage;
  }

  /** @returns {CallControls} */
  get controls() {
    return this.#parts.controls;
  }

  /** Where the focus starts, and where it goes when its button is gone. @returns {HTMLElement} */
  get heading() {
    return this.#parts.name;
  }

  /** Lay it out; once. */
  build() {
    const parts = this.#parts;
    this.#host.replaceChildren(
      h(
        "div",
        { class: "call" },
        parts.stage,
        h(
          "div",
          { class: "call__top" },
          parts.minimise,
          h("p", { class: "call__kind" }, parts.kindIcon, parts.kind, parts.quality),
          parts.add,
          parts.close,
        ),
        h(
          "div",
          { class: "call__head" },
          parts.face,
          parts.name,
          parts.stranger,
          parts.status,
          parts.timer,
          parts.note,
        ),
        parts.people,
        parts.notices,
        h("div", { class: "call__actions" }, parts.done, parts.again),
        parts.controls,
      ),
    );
    parts.controls.mainVideo = () => parts.stage.mainVideo;
  }

  /** @param {View} view */
  draw({ scene, call, userId, quality }) {
    const { people, notices, stage } = this.#parts;
    const { cancel, remove } = this.#acts;
    this.#host.dataset.phase = scene.phase;
    this.#drawHead(scene);
    this.#drawButtons(scene);
    showQuality(this.#parts.quality, scene.hangUp ? quality : null);
    notices.show(scene.hangUp ? call : undefined);
    showPeople(people, scene.rows, { userId, cancel });
    stage.rings = {
      words: (_call, invitation) => invitationWords(invitation),
      mayCancel: (ringing, invitation) => mayCancel(ringing, invitation, userId),
      cancel,
      remove,
    };
    stage.show(scene.phase === "ended" ? null : call);
  }

  /** How long the call goes on.
   *  @param {number} milliseconds */
  drawTime(milliseconds) {
    setText(this.#parts.timer, clockTime(milliseconds / 1000));
  }

  /** How loud the other one is.
   *  @param {number} level 0 to 1 */
  hear(level) {
    showLevel(this.#parts.face, level);
  }

  /** @param {Scene} scene */
  #drawHead(scene) {
    const { face, name, stranger, kind, kindIcon, status, timer, note } = this.#parts;
    const { people } = scene;
    const key = people.map((person) => person.id).join(" ");
    if (face.dataset.people !== key) {
      face.dataset.people = key;
      face.replaceChildren(people.length === 1 ? avatarOf(people[0]) : avatarStack(people));
      this.#host.dataset.hue = String(hueOf(people[0]?.id ?? ""));
    }
    setText(name, scene.name);
    setText(kind, scene.kind);
    kindIcon.setAttribute("name", scene.isVideoCall ? "video" : "phone");
    status.classList.toggle("dots", scene.isUnderWay);
    for (const { line, words } of [
      { line: stranger, words: scene.stranger },
      { line: status, words: scene.status },
      { line: note, words: scene.note },
    ]) {
      setText(line, words);
      line.hidden = !words;
    }
    timer.hidden = !scene.isTimed;
  }

  /** @param {Scene} scene */
  #drawButtons({ phase, hangUp, mayEnd, ...scene }) {
    const parts = this.#parts;
    parts.controls.hidden = !hangUp;
    parts.controls.offer({ isActive: phase === "active", hangUp, mayEnd });
    parts.add.hidden = !scene.mayAdd;
    parts.again.hidden = scene.again === null;
    setText(parts.againWords, say(scene.again === "join" ? "call.rejoin" : "call.again"));
    parts.done.hidden = parts.close.hidden = !scene.mayClose;
    parts.minimise.hidden = !scene.mayMinimise;
  }
}

/** Its pieces that change.
 *  @param {Acts} acts */
function madeParts(acts) {
  const againWords = h("span");
  return {
    minimise: iconButton({
      icon: "down",
      label: say("call.back_to_app"),
      className: "button--night",
      onClick: () => {
        acts.minimise();
      },
    }),
    close: iconButton({
      icon: "close",
      label: say("button.close"),
      className: "button--night",
      onClick: () => {
        acts.dismiss();
      },
    }),
    add: iconButton({
      icon: "add-person",
      label: say("call.add_people"),
      className: "button--night",
      onClick: () => {
        acts.add();
      },
    }),
    kind: h("span"),
    kindIcon: icon("phone"),
    quality: qualityMark(),
    face: h("div", { class: "call__face" }),
    name: h("h2", { class: "call__name", id: "call-name", tabindex: "-1", "data-first-focus": true }),
    status: h("p", { class: "call__status", role: "status" }),
    timer: h("p", { class: "call__status call__status--timer", role: "timer" }),
    stranger: h("p", { class: "call__stranger" }),
    note: h("p", { class: "call__note" }),
    people: h("ul", { class: "call__people", "aria-label": say("shell.people") }),
    stage: new CallStage(),
    controls: new CallControls(),
    notices: new CallNotices(),
    againWords,
    again: answerButton("accept", "phone-solid", againWords, () => {
      acts.again();
    }),
    done: answerButton("plain", "close", h("span", {}, say("button.close")), () => {
      acts.dismiss();
    }),
  };
}

/** @param {string} kind @param {string} name of the icon @param {Node} label @param {() => void} act */
function answerButton(kind, name, label, act) {
  return h(
    "button",
    { class: `answer answer--${kind}`, type: "button", onClick: act },
    h("span", { class: "answer__disc" }, icon(name)),
    label,
  );
}
