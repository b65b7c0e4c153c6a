/** The panel of a call: everybody in it, where it stands, and the buttons for microphone, camera, screen and hanging up.
 *  Does nothing to the call itself. */

import { othersInside, pendingInvitations } from "../client/index.js";
import { setStream } from "../elements/pictures.js";
import { h, keep, relabel, setAttribute, setText } from "../elements/dom.js";
import { drawing } from "../elements/drawings.js";
import { problemWords, silenceWords } from "../elements/media-words.js";
import { clockTime, invitationWords, nameOf, sideBySide } from "../elements/words.js";
import { keyOf } from "../rtc/index.js";
import { say } from "../words/say.js";
import { disc, face } from "./ring-card.js";
import { Voices } from "./voices.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../words/say.js").Code} Code
 *  @typedef {import("../rtc/index.js").Talk} Talk
 *  @typedef {import("../elements/call-scenes.js").Scene} Scene
 *
 *  @typedef {object} Acts
 *  @property {() => void} hangUp
 *  @property {() => void} again
 *  @property {() => void} dismiss
 *  @property {() => void} enlarge
 *  @property {() => void} bring take the call from another page or device
 *
 *  @typedef {object} Tile
 *  @property {string} key
 *  @property {Person} person
 *  @property {MediaStream | null} stream where there is a picture
 *  @property {string} words
 *  @property {boolean} isSelf */

/** What is said of a call that is not in this page, and what its button is called.
 *  @type {Partial<Record<string, {words: Code, bring: Code}>>} */
const AWAY = {
  other_page: { words: "call.in_another_tab", bring: "call.bring_here" },
  nowhere: { words: "call.page_closed", bring: "call.continue_here" },
  elsewhere: { words: "call.on_another_device", bring: "call.move_here" },
};

export class CallPanel {
  #parts;
  #voices = new Voices();
  /** @type {MediaStream | null} */
  #ownStream = null;
  /** @type {Talk | null} */
  #talk = null;

  /** @param {Acts} acts */
  constructor(acts) {
    const talk = (/** @type {(talk: Talk) => void} */ act) => () => this.#talk && act(this.#talk);
    this.#parts = {
      name: h("h2", { class: "name", part: "name", id: "call-name", tabindex: "-1" }),
      status: h("p", { class: "soft", part: "status", role: "status" }),
      time: h("p", { class: "soft time", part: "time" }),
      note: h("p", { class: "note", part: "note" }),
      size: h("button", { type: "button", class: "small", part: "button enlarge-button" }),
      tiles: h("ul", { class: "tiles", part: "tiles" }),
      trouble: h("p", { class: "note", part: "trouble", role: "status" }),
      mic: disc({ name: "mic", icon: "mic", act: talk((each) => each.toggleMicrophone()) }),
      camera: disc({ name: "camera", icon: "video", act: talk((each) => each.toggleCamera()) }),
      screen: disc({ name: "screen", icon: "screen", act: talk((each) => share(each)) }),
      hangUp: disc({ name: "hang-up", icon: "hang-up", act: () => acts.hangUp() }),
      bring: h("button", { type: "button", class: "plain plain--loud", part: "button bring-button" }),
      again: h("button", { type: "button", class: "plain", part: "button again-button" }),
      close: h("button", { type: "button", class: "plain", part: "button close-button" }),
      controls: h("div", { class: "rounds", part: "controls", role: "group" }),
    };
    const { name, status, time, note, size, tiles, trouble, controls, mic, camera, screen, hangUp } = this.#parts;
    const { bring, again, close } = this.#parts;
    size.addEventListener("click", () => acts.enlarge());
    bring.addEventListener("click", () => acts.bring());
    again.addEventListener("click", () => acts.again());
    close.addEventListener("click", () => acts.dismiss());
    controls.append(mic.button, camera.button, screen.button, hangUp.button);
    this.node = h(
      "section",
      { class: "call", part: "call", role: "region", "aria-labelledby": "call-name", hidden: true },
      h(
        "header",
        { class: "head", part: "header" },
        h("div", { class: "head__words" }, name, status, time, note),
        size,
      ),
      tiles,
      trouble,
      this.#voices.node,
      bring,
      controls,
      h("div", { class: "plains" }, again, close),
    );
  }

  /** Where the focus goes when a call begins. @returns {HTMLElement} */
  get heading() {
    return this.#parts.name;
  }

  /** Show a call, or that it is over.
   *  @param {Scene | null} scene null: there is none
   *  @param {object} around
   *  @param {Call | null} around.call null as well while it is on another device
   *  @param {import("../rtc/talk.js").TalkState["place"] | "elsewhere"} around.place where it is
   *  @param {Talk} around.talk
   *  @param {string | undefined} around.userId
   *  @param {boolean} around.isConnected
   *  @param {boolean} around.isLarge
   *  @param {boolean} around.mayEnlarge */
  show(scene, { call, place, talk, userId, isConnected, isLarge, mayEnlarge }) {
    this.#talk = talk;
    this.node.hidden = scene === null;
    const isLive = scene !== null && scene.phase !== "ended";
    const away = isLive ? AWAY[place] : undefined;
    const isAway = away !== undefined;
    this.#voices.play(talk);
    if (!scene) {
      this.#showTiles([]);
      return;
    }
    const parts = this.#parts;
    setText(parts.name, scene.name);
    const lost = isLive && !isConnected ? say("connection.lost") : "";
    const where = away ? say(away.words, { names: scene.name }) : "";
    setText(parts.status, lost || where || sideBySide(scene.status, scene.stranger) || scene.kind);
    parts.time.hidden = !scene.isTimed || isAway;
    setText(parts.note, scene.note);
    parts.size.hidden = !call || !mayEnlarge;
    relabel(parts.size, say(isLarge ? "call.shrink" : "call.enlarge"));
    if (parts.size.dataset.name !== String(isLarge)) {
      parts.size.dataset.name = String(isLarge);
      parts.size.replaceChildren(drawing(isLarge ? "shrink" : "enlarge"));
    }
    this.#showTiles(isLive && call && !isAway ? this.#tilesOf(call, talk, userId) : []);
    parts.bring.hidden = !away;
    setText(parts.bring, away ? say(away.bring) : "");
    parts.again.hidden = scene.again === null;
    setText(parts.again, say(scene.again === "join" ? "call.rejoin" : "call.again"));
    parts.close.hidden = !scene.mayClose && place !== "elsewhere";
    setText(parts.close, say("button.close"));
    parts.controls.hidden = !call;
    parts.controls.setAttribute("aria-label", say("controls.region"));
    this.#showControls(scene, talk, isAway);
  }

  /** @param {number} elapsedMs */
  tick(elapsedMs) {
    setText(this.#parts.time, clockTime(elapsedMs / 1000));
  }

  /** @param {Scene} scene @param {Talk} talk @param {boolean} isAway */
  #showControls(scene, talk, isAway) {
    const { mic, camera, screen, hangUp, trouble } = this.#parts;
    const { local } = talk.state;
    const { speaks } = local.microphone;
    const films = local.camera.live || local.camera.starting;
    mic.show(speaks ? "mic" : "mic-off", say(speaks ? "call.mute" : "call.unmute"));
    camera.show(films ? "video" : "video-off", say(films ? "controls.video.stop" : "controls.video.start"));
    screen.show(
      local.screen.live ? "screen-off" : "screen",
      say(local.screen.live ? "controls.share.stop" : "controls.share"),
    );
    hangUp.show("hang-up", scene.hangUp);
    mic.button.classList.toggle("round--off", !speaks);
    camera.button.classList.toggle("round--off", !films);
    for (const { button } of [mic, camera]) {
      button.hidden = isAway;
    }
    screen.button.hidden = isAway || scene.phase !== "active" || !talk.local.canShareScreen;
    hangUp.button.hidden = !scene.hangUp;
    const troubles = isAway || scene.phase === "ended" ? [] : problemsOf(local);
    setText(trouble, troubles.join(" "));
    trouble.hidden = troubles.length === 0;
  }

  /** @param {Call} call @param {Talk} talk @param {string | undefined} userId
   *  @returns {Tile[]} */
  #tilesOf(call, talk, userId) {
    const peers = new Map(talk.state.peers.map((peer) => [peer.key, peer]));
    const inside = othersInside(call, userId).map((participant) => {
      const key = keyOf({ user: participant.user.id, device_id: participant.device_id });
      const media = peers.get(key)?.media ?? null;
      const shows = media !== null && (media.camera || media.screen) && !media.hold;
      const stream = shows ? (talk.streamsOf(key)?.video ?? null) : null;
      return { key, person: participant.user, stream, words: media ? silenceWords(media) : "", isSelf: false };
    });
    const waiting = pendingInvitations(call)
      .filter(({ invitee }) => invitee.id !== userId && call.state === "active")
      .map((each) => {
        const words = invitationWords(each);
        return { key: `ring ${each.invitee.id}`, person: each.invitee, stream: null, words, isSelf: false };
      });
    const alone = inside.length + waiting.length === 0;
    const called = alone
      ? [{ key: "called", person: firstOf(call, userId), stream: null, words: "", isSelf: false }]
      : [];
    return [...inside, ...waiting, ...called, ...this.#ownTile(talk, userId)];
  }

  /** @param {Talk} talk @param {string | undefined} userId
   *  @returns {Tile[]} */
  #ownTile(talk, userId) {
    const track = talk.local.screenTrack ?? talk.local.cameraTrack;
    if (!track || talk.state.local.hold) {
      this.#ownStream = null;
      return [];
    }
    if (this.#ownStream?.getTracks()[0] !== track) {
      this.#ownStream = new MediaStream([track]);
    }
    const person = { id: userId ?? "", name: say("person.you") };
    return [{ key: "self", person, stream: this.#ownStream, words: "", isSelf: true }];
  }

  /** @param {Tile[]} tiles */
  #showTiles(tiles) {
    this.#parts.tiles.hidden = tiles.length === 0;
    this.#parts.tiles.dataset.count = String(Math.min(9, tiles.filter(({ isSelf }) => !isSelf).length));
    this.#parts.tiles.setAttribute("aria-label", say("call.people"));
    keep(
      this.#parts.tiles,
      tiles,
      ({ key }) => key,
      ({ person, isSelf }) => {
        const video = h("video", { class: "tile__video", part: "video", autoplay: true, playsinline: true });
        // Sound comes from elsewhere: a picture without sound may always play by itself.
        video.muted = true;
        const name = h("span", { class: "tile__name", part: "tile-name" });
        const part = isSelf ? "tile self" : "tile";
        const node = h("li", { class: isSelf ? "tile tile--self" : "tile", part }, face(person), video, name);
        return {
          node,
          update: (/** @type {Tile} */ { person: now, stream, words }) => {
            setStream(video, stream);
            video.hidden = stream === null;
            // As one sees oneself in a mirror; what is shared is not mirrored.
            video.classList.toggle("tile__video--mirrored", isSelf && !this.#talk?.local.screenTrack);
            setAttribute(
              video,
              "aria-label",
              isSelf ? say("tile.video.own") : say("tile.video", { name: nameOf(now) }),
            );
            setText(name, sideBySide(nameOf(now), words));
          },
        };
      },
    );
  }
}

/** @param {Talk} talk */
async function share({ local }) {
  if (local.screenTrack) {
    local.stopScreen();
  } else {
    await local.shareScreen();
  }
}

/** @param {import("../rtc/local-media.js").LocalState} local
 *  @returns {string[]} */
function problemsOf({ microphone, camera, screen }) {
  return [
    microphone.problem ? problemWords("microphone", microphone.problem) : "",
    camera.problem ? problemWords("camera", camera.problem) : "",
    screen.problem ? problemWords("screen", screen.problem) : "",
  ].filter(Boolean);
}

/** Whom a call is with that nobody else is in.
 *  @param {Call} call @param {string | undefined} userId
 *  @returns {Person} */
function firstOf(call, userId) {
  const invitee = call.invitations.find((each) => each.invitee.id !== userId)?.invitee;
  return call.caller.id === userId ? (invitee ?? call.caller) : call.caller;
}
