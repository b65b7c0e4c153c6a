/** `<call-stage>`: everybody of a call as tiles. Two people: one large, one small. More: a grid, in which one's own picture
 *  is small as long as there are only two others, or somebody large: who is pinned, or who shares a screen. */

import { isOver, may, othersInside, pendingInvitations } from "../client/index.js";
import { keyOf } from "../rtc/index.js";
import { CallTile } from "./call-tile.js";
import { h, keep } from "./dom.js";
import { PageElement } from "./page-element.js";
import { columnsFor } from "./tile-grid.js";
import { nameOf } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Call} Call
 *  @typedef {import("../client/types.js").Invitation} Invitation
 *  @typedef {import("../client/types.js").Participant} Participant
 *  @typedef {import("../rtc/talk.js").TalkState} TalkState
 *  @typedef {import("./call-tile.js").TileState} TileState
 *  @typedef {"none" | "own" | "pair" | "grid" | "spotlight"} Layout
 *
 *  @typedef {object} Rings
 *  @property {(call: Call, invitation: Invitation) => string} words
 *  @property {(call: Call, invitation: Invitation) => boolean} mayCancel
 *  @property {(person: Person) => void} cancel
 *  @property {(person: Person) => void} remove take somebody out of the call
 *
 *  @typedef {import("../client/types.js").Person} Person */

export class CallStage extends PageElement {
  #list = h("ul", { class: "stage", "aria-label": say("call.people") });
  /** @type {Map<string, CallTile>} */
  #tiles = new Map();
  #swapped = false;
  /** The tile that the person has made large. @type {string | null} */
  #pinned = null;
  /** How many tiles share the grid. */
  #inGrid = 0;
  /** @type {Call | null} */
  #call = null;
  /** @type {MediaStream | null} */
  #ownStream = null;
  /** What the screen knows better: words for an invitation, whether its ring may be stopped, and how.
   *  @type {Rings | null} */
  rings = null;

  build() {
    this.replaceChildren(this.#list);
    new ResizeObserver(() => {
      this.#fill();
    }).observe(this.#list);
  }

  attached() {
    this.followTalk(() => {
      this.show(this.#call);
    });
    this.followTalk(() => {
      this.#hear();
    }, "levels");
  }

  /** @returns {Layout} how the tiles lie */
  get layout() {
    return /** @type {Layout | undefined} */ (this.dataset.layout) ?? "none";
  }

  /** The picture of the other person, or of the one who speaks: for a small window.
   *  @returns {HTMLVideoElement | null} */
  get mainVideo() {
    const shown = [...this.#tiles.values()].filter(
      (tile) => tile.node.classList.contains("tile--video") && !tile.node.classList.contains("tile--self"),
    );
    const main = shown.find((tile) => tile.node.matches(".tile--main, .tile--speaks")) ?? shown[0];
    return main?.video ?? null;
  }

  /** Show this call, or nothing.
   *  @param {Call | null} call null: none, or one that is only being placed */
  show(call) {
    if (call?.call_id !== this.#call?.call_id) {
      this.#swapped = false;
      this.#pinned = null;
    }
    this.#call = call;
    const { state } = this.talk;
    const tiles = this.#tilesOf(call, state);
    if (!tiles.some((tile) => tile.key === this.#pinned)) {
      this.#pinned = null;
    }
    this.dataset.layout = this.#layoutOf(call, tiles);
    this.hidden = this.dataset.layout === "none";
    const main = this.#mainOf(tiles);
    const list = this.#list;
    const isOwnSmall = this.layout === "grid" && tiles.length === 3;
    list.classList.toggle("stage--own-small", isOwnSmall);
    list.style.setProperty("--others", String(tiles.length - 1));
    this.#inGrid = this.layout === "grid" ? tiles.length - Number(isOwnSmall) : 0;
    this.#fill();
    for (const tile of tiles) {
      tile.isMain = tile === main;
      const canSwap = this.layout === "pair" && !tile.isMain;
      tile.onSwap = canSwap
        ? () => {
            this.#swapped = !this.#swapped;
            this.show(this.#call);
          }
        : null;
      const canPin = tiles.length > 2 && !tile.isSelf && tile.media !== null;
      tile.isPinned = tile.key === this.#pinned;
      tile.onPin = canPin
        ? () => {
            this.#pinned = tile.isPinned ? null : tile.key;
            this.show(this.#call);
          }
        : null;
    }
    const placed = this.hidden ? [] : tiles;
    keep(
      list,
      placed,
      (tile) => tile.key,
      (first) => {
        const tile = new CallTile(first.person);
        this.#tiles.set(first.key, tile);
        return {
          node: tile.node,
          update: (/** @type {TileState} */ now) => {
            tile.update(now);
          },
        };
      },
    );
    for (const key of this.#tiles.keys()) {
      if (!placed.some((tile) => tile.key === key)) {
        this.#tiles.delete(key);
      }
    }
    this.dispatchEvent(new Event("layout"));
  }

  /** @param {Call | null} call @param {TalkState} state @returns {TileState[]} */
  #tilesOf(call, state) {
    const own = this.#ownTile(state);
    if (!call || isOver(call) || call.state !== "active") {
      return [own];
    }
    const { userId } = this;
    const inside = othersInside(call, userId);
    // Of two, one hangs up.
    const mayRemove = inside.length > 1 && may(call, "remove");
    const people = inside.map((each) => this.#peerTile(each, state, mayRemove));
    const present = new Set(inside.map((each) => each.user.id));
    const rings = pendingInvitations(call).filter(
      (each) => each.invitee.id !== userId && !present.has(each.invitee.id),
    );
    return [...people, ...rings.map((each) => this.#waitingTile(call, each)), own];
  }

  /** @param {TalkState} state @returns {TileState} */
  #ownTile(state) {
    const { local } = this.talk;
    const track = local.screenTrack ?? local.cameraTrack;
    if (this.#ownStream?.getVideoTracks()[0] !== (track ?? undefined)) {
      this.#ownStream = track ? new MediaStream([track]) : null;
    }
    const user = this.service.state.user ?? { id: "", name: "" };
    return {
      key: "self",
      person: user,
      isSelf: true,
      link: undefined,
      media: local.media,
      quality: null,
      stream: this.#ownStream,
      isMirrored: !local.screenTrack && local.facing !== "environment",
      words: state.local.camera.starting ? say("camera.starting") : "",
      statusWords: say("person.you"),
    };
  }

  /** @param {Participant} participant @param {TalkState} state @param {boolean} mayRemove @returns {TileState} */
  #peerTile({ user, device_id }, state, mayRemove) {
    const key = keyOf({ user: user.id, device_id });
    const peer = state.peers.find((each) => each.key === key);
    return {
      key,
      person: user,
      isSelf: false,
      link: peer?.state ?? "waiting",
      media: peer?.media ?? { microphone: "on", camera: false, screen: false, hold: false },
      quality: peer?.quality ?? null,
      stream: this.talk.streamsOf(key)?.video ?? null,
      words: "",
      statusWords: say("call.inside"),
      cancelLabel: mayRemove ? say("call.remove", { name: user.name || user.id }) : undefined,
      onCancel: () => {
        this.rings?.remove(user);
      },
    };
  }

  /** @param {Call} call @param {Invitation} invitation @returns {TileState} */
  #waitingTile(call, invitation) {
    const { invitee } = invitation;
    const may = this.rings?.mayCancel(call, invitation);
    return {
      key: `waiting ${invitee.id}`,
      person: invitee,
      isSelf: false,
      link: undefined,
      media: null,
      quality: null,
      stream: null,
      words: this.rings?.words(call, invitation) ?? "",
      statusWords: "",
      cancelLabel: may ? say("call.stop_calling", { name: nameOf(invitee) }) : undefined,
      onCancel: () => {
        this.rings?.cancel(invitee);
      },
    };
  }

  /** @param {Call | null} call @param {TileState[]} tiles
   *  @returns {Layout} */
  #layoutOf(call, tiles) {
    const own = /** @type {TileState} */ (tiles.at(-1));
    const sees = (/** @type {TileState} */ tile) => Boolean(tile.media && (tile.media.camera || tile.media.screen));
    if (tiles.length === 1) {
      return sees(own) && (!call || !isOver(call)) ? "own" : "none";
    }
    if (tiles.length === 2) {
      // Somebody who still rings has a tile that can be reached. Without pictures the screen shows the face by itself.
      if (!tiles[0].media) {
        return "grid";
      }
      return tiles.some(sees) ? "pair" : "none";
    }
    return this.#largeOf(tiles) ? "spotlight" : "grid";
  }

  /** @param {TileState[]} tiles */
  #mainOf(tiles) {
    if (this.layout === "pair") {
      return tiles[this.#swapped ? 1 : 0];
    }
    return this.layout === "spotlight" ? this.#largeOf(tiles) : undefined;
  }

  /** Who is large among several: the one who is pinned, else a screen that is shared.
   *  @param {TileState[]} tiles */
  #largeOf(tiles) {
    const pinned = tiles.find((tile) => tile.key === this.#pinned);
    return pinned ?? tiles.find((tile) => tile.media?.screen && !tile.isSelf);
  }

  /** Let the tiles of a grid fill their room. */
  #fill() {
    if (this.#inGrid > 0) {
      const columns = columnsFor(this.#inGrid, { width: this.#list.clientWidth, height: this.#list.clientHeight });
      this.#list.style.setProperty("--columns", String(columns));
      this.#list.style.setProperty("--rows", String(Math.ceil(this.#inGrid / columns)));
    }
  }

  #hear() {
    const { hearing, state } = this.talk;
    for (const [key, tile] of this.#tiles) {
      const of = key === "self" ? state.ownKey : key;
      tile.hear(hearing.levels.get(of) ?? 0, hearing.speaker === of && (hearing.levels.get(of) ?? 0) > 0.02);
    }
  }
}

customElements.define("call-stage", CallStage);
