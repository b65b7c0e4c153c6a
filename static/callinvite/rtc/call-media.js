/**
 * The media of one call on this device: a peer for each other device in it, and what is sent to them all.
 *
 * Follows the participants as the server names them. A peer comes and goes with its participant, never by a guess.
 */

import { othersInside } from "../client/call.js";
import { videoBudget } from "./budget.js";
import { keyOf, Peer } from "./peer.js";
import { heard, SILENT } from "./speaker.js";

const LEVELS_MS = 200;
const QUALITY_MS = 2_000;

/**
 * @typedef {import("../client/types.js").Call} Call
 * @typedef {import("../client/types.js").Peer} Address
 *
 * @typedef {object} CallMediaOptions
 * @property {string} callID
 * @property {Address} me
 * @property {import("./local-media.js").LocalMedia} local
 * @property {(to: Address, data: object) => boolean} signal
 * @property {() => RTCConfiguration} configuration
 * @property {import("../client/types.js").Clock} clock
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} connect
 * @property {() => void} onChange
 * @property {() => void} onLevels
 * @property {(code: string) => void} onBadSignal
 */

/** All links of one call. */
export class CallMedia {
  #options;
  /** @type {Map<string, Peer>} */
  #peers = new Map();
  /** @type {import("./speaker.js").Hearing} */
  #hearing = SILENT;
  #levelsTimer;
  #qualityTimer;
  #closed = false;
  #isOnHold = false;
  #told = "";

  /**
   * @param {CallMediaOptions} options
   */
  constructor(options) {
    this.#options = options;
    this.#levelsTimer = setInterval(() => this.#listen(), LEVELS_MS);
    this.#qualityTimer = setInterval(() => this.#measure(), QUALITY_MS);
  }

  /** @returns {string} */
  get callID() {
    return this.#options.callID;
  }

  /** @returns {import("./peer.js").PeerState[]} in the order of their joining */
  get peers() {
    return [...this.#peers.values()].map((peer) => peer.state);
  }

  /** @returns {import("./speaker.js").Hearing} how loud everybody is, by their keys */
  get hearing() {
    return this.#hearing;
  }

  /** @returns {boolean} whether anybody's media has come through */
  get isUp() {
    return this.peers.some((peer) => peer.hasMedia);
  }

  /**
   * @param {string} key
   * @returns {{audio: MediaStream, video: MediaStream} | null} what they send
   */
  streamsOf(key) {
    const link = this.#peers.get(key)?.link;
    return link ? { audio: link.audioStream, video: link.videoStream } : null;
  }

  /**
   * @param {string} key
   * @returns {Promise<RTCStatsReport | null>}
   */
  async statsOf(key) {
    return (await this.#peers.get(key)?.link?.stats()) ?? null;
  }

  /**
   * Takes over who is in the call.
   *
   * @param {Call} call
   */
  follow(call) {
    const { me } = this.#options;
    const wanted = new Map(
      othersInside(call, me.user)
        .map((each) => ({ user: each.user.id, device_id: each.device_id }))
        .map((address) => [keyOf(address), address]),
    );
    for (const [key, peer] of this.#peers) {
      if (!wanted.has(key)) {
        peer.close();
        this.#peers.delete(key);
      }
    }
    for (const [key, address] of wanted) {
      if (!this.#peers.has(key)) {
        this.#welcome(key, address);
      }
    }
    this.refresh();
  }

  /**
   * Takes a `signal` frame.
   *
   * @param {Address} from
   * @param {unknown} data
   */
  hear(from, data) {
    // Who is not known as a participant yet says hello again when their frame has come.
    this.#peers.get(keyOf(from))?.hear(data);
  }

  /** Sends what this device has now, and says so. */
  refresh() {
    const budget = this.#budget();
    for (const peer of this.#peers.values()) {
      peer.setTracks(this.#tracks, budget);
    }
    const media = JSON.stringify(this.#sent);
    if (media !== this.#told) {
      this.#told = media;
      this.#peers.forEach((peer) => peer.tellMedia());
    }
  }

  /**
   * Sends nothing, and says so, while this device is in another call.
   *
   * @param {boolean} isOnHold
   */
  setOnHold(isOnHold) {
    this.#isOnHold = isOnHold;
    this.refresh();
  }

  /** Signalling works again. */
  resume() {
    this.#peers.forEach((peer) => peer.resume());
  }

  /** The network of this device has changed. */
  restart() {
    this.#peers.forEach((peer) => peer.restart());
  }

  /** Ends all links. */
  close() {
    this.#closed = true;
    clearInterval(this.#levelsTimer);
    clearInterval(this.#qualityTimer);
    this.#peers.forEach((peer) => peer.close());
    this.#peers.clear();
  }

  /** @returns {import("./lines.js").Tracks} */
  get #tracks() {
    return this.#isOnHold ? { audio: null, video: null } : this.#options.local.tracks;
  }

  /** @returns {import("./messages.js").MediaState} */
  get #sent() {
    const { media } = this.#options.local;
    return this.#isOnHold ? { ...media, camera: false, screen: false, hold: true } : media;
  }

  /**
   * @param {string} key
   * @param {Address} address
   */
  #welcome(key, address) {
    const { me, signal, configuration, clock, connect, onChange, onBadSignal } = this.#options;
    const peer = new Peer({
      me,
      them: address,
      signal: (data) => signal(address, data),
      media: () => this.#sent,
      tracks: this.#tracks,
      budget: this.#budget(),
      configuration,
      clock,
      connect,
      onChange,
      onBadSignal,
    });
    this.#peers.set(key, peer);
    peer.start();
  }

  #budget() {
    return videoBudget(Math.max(1, this.#peers.size), this.#options.local.screenTrack !== null);
  }

  async #listen() {
    const loudness = new Map([...this.#peers].map(([key, peer]) => [key, peer.loudness()]));
    const own = await this.#ownLoudness();
    if (this.#closed) {
      return;
    }
    loudness.set(keyOf(this.#options.me), own);
    this.#hearing = heard(this.#hearing, loudness, this.#options.clock.now());
    this.#options.onLevels();
  }

  /**
   * @returns {Promise<number>} how loud this device's own microphone is, 0 to 1
   */
  async #ownLoudness() {
    if (this.#options.local.media.microphone !== "on" || this.#isOnHold) {
      return 0;
    }
    const [peer] = this.#peers.values();
    const stats = await peer?.link?.audioSender?.getStats().catch(() => null);
    for (const each of stats?.values() ?? []) {
      if (each.type === "media-source") {
        return each.audioLevel ?? 0;
      }
    }
    return 0;
  }

  #measure() {
    this.#peers.forEach((peer) => {
      peer.measure();
    });
  }
}
