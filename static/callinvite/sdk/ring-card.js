/** The card of a ring: who calls, what they say, how long it still rings, and the buttons that answer. Does nothing itself. */

import { h, keep, relabel, setText } from "../elements/dom.js";
import { drawing } from "../elements/drawings.js";
import { hueOf, initials } from "../elements/faces.js";
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
} from "../elements/words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Person} Person
 *  @typedef {{accept: (call: Call, how?: {camera?: boolean}) => void, decline: (call: Call) => void}} Acts */

/** Initials on the colour of a person.
 *  @param {Person} person
 *  @returns {HTMLElement} */
export function face(person) {
  const hue = String(hueOf(person.id));
  return h(
    "span",
    { class: "face", part: "face", "data-hue": hue, "aria-hidden": "true" },
    initials(person.name || person.id),
  );
}

/** A button with a picture above its word.
 *  @param {{name: string, icon: string, act: () => void}} options
 *  @returns {{button: HTMLButtonElement, show: (icon: string, label: string) => void}} */
export function disc({ name, icon, act }) {
  const picture = h("span", { class: "disc", part: "icon" });
  const label = h("span", { class: "disc__label" });
  const button = h("button", { type: "button", class: `round round--${name}`, part: `button ${name}-button` });
  button.append(picture, label);
  button.addEventListener("click", act);
  const show = (/** @type {string} */ now, /** @type {string} */ words) => {
    // Firefox sends no click if what the button was pressed on is exchanged before it is let go.
    if (picture.dataset.name !== now) {
      picture.dataset.name = now;
      picture.replaceChildren(drawing(now));
    }
    setText(label, words);
  };
  show(icon, "");
  return { button, show };
}

export class RingCard {
  /** @type {Call | null} */
  #call = null;
  #acts;
  #parts;

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
    const withCall = (/** @type {(call: Call) => void} */ act) => () => this.#call && act(this.#call);
    this.#parts = {
      kind: h("p", { class: "kind", part: "kind" }),
      face: h("div", { class: "card__face" }),
      name: h("h2", { class: "name", part: "name", id: "ring-name", tabindex: "-1" }),
      stranger: h("p", { class: "soft", part: "stranger", id: "ring-stranger" }),
      about: h("p", { class: "soft", part: "about", id: "ring-about" }),
      words: h("blockquote", { class: "words", part: "words", tabindex: "0", dir: "auto" }),
      note: h("p", { class: "note", part: "note" }),
      left: h("p", { class: "soft", part: "left" }),
      decline: disc({ name: "decline", icon: "hang-up", act: withCall((call) => acts.decline(call)) }),
      accept: disc({ name: "accept", icon: "phone-solid", act: withCall((call) => acts.accept(call)) }),
      quietly: h("button", { type: "button", class: "plain", part: "button no-video-button" }),
      others: h("ul", { class: "others", part: "others" }),
    };
    const { kind, name, stranger, about, words, note, left, decline, accept, quietly } = this.#parts;
    quietly.addEventListener(
      "click",
      withCall((call) => acts.accept(call, { camera: false })),
    );
    this.node = h(
      "section",
      {
        class: "card",
        part: "ring",
        role: "alertdialog",
        "aria-labelledby": "ring-name",
        "aria-describedby": "ring-stranger ring-about",
        hidden: true,
      },
      kind,
      this.#parts.face,
      name,
      stranger,
      about,
      words,
      note,
      left,
      h("div", { class: "rounds" }, decline.button, accept.button),
      quietly,
      this.#parts.others,
    );
  }

  /** Where the focus goes when it begins to ring. @returns {HTMLElement} */
  get heading() {
    return this.#parts.name;
  }

  /** Show a ring.
   *  @param {Call | null} call null: none rings
   *  @param {object} around
   *  @param {string | undefined} around.userId
   *  @param {Call[]} around.more others that ring as well
   *  @param {Call | null} around.current the call that is left by accepting
   *  @param {ReadonlySet<string>} around.answering whose answer is on its way */
  show(call, { userId, more, current, answering }) {
    this.node.hidden = call === null;
    const isNew = call?.call_id !== this.#call?.call_id;
    this.#call = call;
    if (!call) {
      return;
    }
    const parts = this.#parts;
    const inviter = rangBy(call, userId);
    const company = others(call, userId).filter((person) => person.id !== inviter.id);
    if (isNew) {
      parts.face.replaceChildren(face(inviter));
    }
    const what = say(`call.incoming.${kindOf(call, company.length > 0)}`);
    setText(parts.kind, call.you?.urgent ? say("ring.urgent", { what }) : what);
    setText(parts.name, nameOf(inviter));
    setText(parts.stranger, strangerWords(call, userId));
    setText(parts.about, company.length ? say("incoming.with", { names: names(company) }) : "");
    this.#showWords(call);
    setText(parts.note, current ? say("incoming.leaves", { names: names(others(current, userId)) }) : "");
    parts.decline.show("hang-up", say("call.decline"));
    parts.accept.show(call.is_video_call ? "video-solid" : "phone-solid", say("call.accept"));
    setText(parts.quietly, say("incoming.without_video"));
    parts.quietly.hidden = !call.is_video_call;
    for (const button of [parts.decline.button, parts.accept.button, parts.quietly]) {
      button.disabled = answering.has(call.call_id);
    }
    this.#showMore(more, userId);
  }

  /** @param {number} remainingMs */
  tick(remainingMs) {
    if (this.#call) {
      setText(this.#parts.left, say("incoming.left", { time: clockTime(Math.ceil(remainingMs / 1000)) }));
    }
  }

  /** @param {Call} call */
  #showWords(call) {
    const { words } = this.#parts;
    const said = textOf(call);
    words.hidden = said.length === 0;
    if (words.dataset.said !== said.join("\n")) {
      words.dataset.said = said.join("\n");
      words.setAttribute("aria-label", say("incoming.words"));
      words.replaceChildren(...said.map((each) => h("p", { dir: "auto" }, each)));
    }
  }

  /** @param {Call[]} calls @param {string | undefined} userId */
  #showMore(calls, userId) {
    this.#parts.others.hidden = calls.length === 0;
    this.#parts.others.setAttribute("aria-label", say("incoming.also"));
    keep(
      this.#parts.others,
      calls,
      (call) => call.call_id,
      (first) => {
        let call = first;
        const words = h("span", { class: "others__words" });
        const button = (/** @type {string} */ icon, /** @type {() => void} */ act) => {
          const made = h("button", { type: "button", class: "small", part: "button" }, drawing(icon));
          made.addEventListener("click", act);
          return made;
        };
        const decline = button("hang-up", () => this.#acts.decline(call));
        const accept = button("phone-solid", () => this.#acts.accept(call));
        return {
          node: h("li", { class: "others__call" }, words, decline, accept),
          update: (/** @type {Call} */ now) => {
            call = now;
            const name = calledIn(now, userId)(rangBy(now, userId));
            setText(words, `${name} · ${kindOfCall(now, others(now, userId).length > 1)}`);
            relabel(decline, say("incoming.decline.named", { name }));
            relabel(accept, say("incoming.accept.named", { name }));
          },
        };
      },
    );
  }
}
