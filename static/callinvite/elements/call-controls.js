/** `<call-controls>`: the row of buttons below a call, and the panel behind "More": devices, hold, picture in picture. */

import { h, icon, setAttribute, setText } from "./dom.js";
import { deviceWords, problemWords } from "./media-words.js";
import { canFloat, float, isFloating, stopFloating } from "./picture-in-picture.js";
import { PageElement } from "./page-element.js";
import { toast } from "./toast-list.js";
import { say } from "../words/say.js";

/** @typedef {{button: HTMLElement, label: HTMLElement}} Control */

const LISTS = /** @type {const} */ ({ microphone: "microphones", camera: "cameras", speaker: "speakers" });

/** @param {string} name @param {string} iconName @param {() => void} act */
function disc(name, iconName, act) {
  const label = h("span", { class: "control__label" });
  const button = h(
    "button",
    { class: `control control--${name}`, type: "button", onClick: act },
    h("span", { class: "control__disc" }, icon(iconName)),
    label,
  );
  return { button, label };
}

export class CallControls extends PageElement {
  #parts = this.#made();
  #choices = {
    microphone: this.#choice("microphone"),
    camera: this.#choice("camera"),
    speaker: this.#choice("speaker"),
  };
  /** Whether the call goes on already; before that there is nothing to share. */
  #isActive = false;
  /** What is floated: the tile that matters. @type {() => HTMLVideoElement | null} */
  mainVideo = () => null;

  build() {
    const parts = this.#parts;
    parts.more.button.setAttribute("aria-expanded", "false");
    parts.more.button.setAttribute("aria-controls", "call-menu");
    const { microphone, camera, speaker } = this.#choices;
    parts.menu.append(microphone.field, camera.field, speaker.field, parts.hold, parts.float, parts.end);
    setText(parts.more.label, say("controls.more"));
    this.replaceChildren(
      h(
        "div",
        { class: "controls", role: "group", "aria-label": say("controls.region") },
        ...[parts.mic, parts.camera, parts.flip, parts.screen, parts.more].map(({ button }) => button),
        // Right behind its button, for those who go on by the Tab key.
        parts.menu,
        parts.hangUp.button,
      ),
    );
  }

  /** Its pieces that change. */
  #made() {
    const words = { hold: h("span"), float: h("span") };
    return {
      words,
      mic: disc("mic", "mic", () => {
        this.talk.toggleMicrophone();
      }),
      camera: disc("camera", "video", () => {
        this.talk.toggleCamera();
      }),
      flip: disc("flip", "flip", () => {
        this.#flip();
      }),
      screen: disc("screen", "screen", () => {
        this.share();
      }),
      more: disc("more", "more", () => {
        this.#toggleMenu();
      }),
      hangUp: disc("hang-up", "hang-up", () => {
        this.dispatchEvent(new CustomEvent("hang-up", { bubbles: true }));
      }),
      menu: h("div", {
        class: "call-menu",
        id: "call-menu",
        role: "group",
        "aria-label": say("controls.more"),
        hidden: true,
      }),
      hold: h(
        "button",
        {
          class: "button button--night call-menu__action",
          type: "button",
          onClick: () => {
            this.#hold();
          },
        },
        icon("pause"),
        words.hold,
      ),
      float: h(
        "button",
        {
          class: "button button--night call-menu__action",
          type: "button",
          onClick: () => {
            this.#float();
          },
        },
        icon("corner"),
        words.float,
      ),
      end: h(
        "button",
        {
          class: "button button--night call-menu__action",
          type: "button",
          onClick: () => {
            this.dispatchEvent(new CustomEvent("end-for-all", { bubbles: true }));
          },
        },
        icon("close"),
        say("call.end_for_everyone"),
      ),
    };
  }

  /** One choice of a device in the panel.
   *  @param {keyof typeof LISTS} kind */
  #choice(kind) {
    const select = h("select", {
      class: "input",
      id: `call-${kind}`,
      onChange: () => {
        this.#choose(kind, select.value);
      },
    });
    const label = h("label", { class: "field__label", for: `call-${kind}` }, say(`media.kind.${kind}`));
    return { field: h("div", { class: "field call-menu__field" }, label, select), select };
  }

  attached() {
    this.followTalk(() => {
      this.#show();
    });
    if (navigator.mediaDevices) {
      this.hear(navigator.mediaDevices, "devicechange", () => {
        this.#fillMenu();
      });
    }
    this.hear(document, "pointerdown", (event) => {
      if (!this.contains(/** @type {Node} */ (event.target))) {
        this.closeMenu();
      }
    });
  }

  /** What can be done now.
   *  @param {{isActive: boolean, hangUp: string, mayEnd: boolean}} wanted `hangUp`: what the red button is called; "" hides it */
  offer({ isActive, hangUp, mayEnd }) {
    const parts = this.#parts;
    this.#isActive = isActive;
    parts.hangUp.button.hidden = !hangUp;
    setText(parts.hangUp.label, hangUp);
    parts.end.hidden = !mayEnd;
    if (!isActive) {
      this.closeMenu();
    }
    this.#show();
  }

  /** Share the screen, or stop it. */
  async share() {
    const { local } = this.talk;
    if (local.screenTrack) {
      local.stopScreen();
      return;
    }
    if (!local.canShareScreen) {
      toast(say("controls.cannot_share"));
      return;
    }
    const shared = await local.shareScreen();
    const { problem } = local.state.screen;
    if (!shared && problem) {
      toast(problemWords("screen", problem), { kind: "wrong" });
    }
  }

  /** @returns {boolean} whether it was open */
  closeMenu() {
    const { menu, more } = this.#parts;
    const wasOpen = !menu.hidden;
    if (menu.contains(document.activeElement)) {
      more.button.focus({ preventScroll: true });
    }
    menu.hidden = true;
    more.button.setAttribute("aria-expanded", "false");
    return wasOpen;
  }

  #toggleMenu() {
    if (!this.closeMenu()) {
      this.#fillMenu();
      this.#parts.menu.hidden = false;
      this.#parts.more.button.setAttribute("aria-expanded", "true");
    }
  }

  async #fillMenu() {
    const { local } = this.talk;
    const lists = await local.list();
    for (const kind of /** @type {(keyof typeof LISTS)[]} */ (Object.keys(LISTS))) {
      const { field, select } = this.#choices[kind];
      const found = lists[LISTS[kind]];
      // One loudspeaker is no choice, and most phones name none at all.
      field.hidden = found.length === 0 || (kind === "speaker" && found.length < 2);
      select.replaceChildren(
        ...found.map((device, index) => h("option", { value: device.deviceId }, deviceWords(device, index, kind))),
      );
      select.value = local.chosen(kind) ?? found[0]?.deviceId ?? "";
    }
    this.#parts.float.hidden = !canFloat();
  }

  #show() {
    const parts = this.#parts;
    const { microphone, camera, screen, hold } = this.talk.state.local;
    const { speaks } = microphone;
    this.#press(parts.mic, {
      off: !speaks,
      icon: speaks ? "mic" : "mic-off",
      label: say(microphone.problem ? "controls.no_microphone" : speaks ? "call.mute" : "call.unmute"),
      about: say(speaks ? "controls.mute.key" : "controls.unmute.key"),
      trouble: microphone.problem && problemWords("microphone", microphone.problem),
    });
    const films = camera.live || camera.starting;
    this.#press(parts.camera, {
      off: !films,
      icon: films ? "video" : "video-off",
      label: say(films ? "controls.video.stop" : "controls.video.start"),
      about: say(films ? "controls.video.stop.key" : "controls.video.start.key"),
      trouble: camera.problem && problemWords("camera", camera.problem),
    });
    // Only phones say where a camera looks to.
    parts.flip.button.hidden = !camera.live || this.talk.local.facing === null;
    this.#press(parts.flip, {
      off: false,
      icon: "flip",
      label: say("controls.flip"),
      about: say("controls.flip.about"),
      trouble: null,
    });
    parts.screen.button.hidden = !this.#isActive || !this.talk.local.canShareScreen;
    this.#press(parts.screen, {
      off: false,
      icon: screen.live ? "screen-off" : "screen",
      label: say(screen.live ? "controls.share.stop" : "controls.share"),
      about: say(screen.live ? "controls.share.stop.key" : "controls.share.key"),
      trouble: null,
    });
    parts.screen.button.classList.toggle("control--on", screen.live);
    parts.more.button.hidden = !this.#isActive;
    setText(parts.words.hold, say(hold ? "controls.resume" : "controls.hold"));
    parts.hold.setAttribute("aria-pressed", String(hold));
    setText(parts.words.float, say(isFloating() ? "controls.unfloat" : "controls.float"));
  }

  /** @param {Control} control
   *  @param {{off: boolean, icon: string, label: string, about: string, trouble: string | null}} how */
  #press({ button, label }, { off, icon: name, label: words, about, trouble }) {
    const picture = /** @type {HTMLElement} */ (button.querySelector("ui-icon"));
    setAttribute(picture, "name", name);
    setText(label, words);
    button.title = trouble ?? about;
    button.classList.toggle("control--off", off);
    button.classList.toggle("control--trouble", Boolean(trouble));
  }

  async #flip() {
    const { button } = this.#parts.flip;
    setAttribute(button, "disabled", true);
    const isDone = await this.talk.local.flipCamera();
    setAttribute(button, "disabled", false);
    if (!isDone) {
      toast(say("controls.flip.none"), { kind: "wrong" });
    }
  }

  #hold() {
    this.talk.setHold(!this.talk.state.local.hold);
    this.closeMenu();
  }

  /** @param {keyof typeof LISTS} kind @param {string} deviceId */
  async #choose(kind, deviceId) {
    if (!(await this.talk.local.choose(kind, deviceId))) {
      toast(say(`controls.unusable.${kind}`), { kind: "wrong" });
      this.#fillMenu();
    }
  }

  async #float() {
    if (isFloating()) {
      stopFloating();
      return;
    }
    if (!(await float(this.mainVideo))) {
      toast(say("controls.nothing_to_float"));
    }
    this.closeMenu();
    this.#show();
  }
}

customElements.define("call-controls", CallControls);
