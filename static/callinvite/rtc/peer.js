/**
 * One other device in the call: finds it by saying hello, keeps a link to it, makes a new one when either side starts anew.
 *
 * A session is one life of one side: a reloaded page, another tab or a link given up begins the next. What was meant for
 * an earlier life is never mistaken for this one.
 */

import { Link } from "./link.js";
import { NOTHING_KNOWN, readMedia, readMessage, VERSION } from "./messages.js";
import { qualityOf, sampleOf } from "./quality.js";

const HELLO_AGAIN_MS = [300, 700, 1_500, 3_000];
/** Messages that may wait to be worked on; a flood beyond it is dropped. */
const WAITING_MAX = 200;
const REPLIES_PER_SECOND = 5;
/** New lives of theirs that are believed: each costs a connection. */
const LIVES = { most: 6, withinMs: 10_000 };

/**
 * @typedef {import("./messages.js").MediaState} MediaState
 * @typedef {import("../client/types.js").Peer} Address
 *
 * @typedef {object} PeerOptions
 * @property {Address} me
 * @property {Address} them
 * @property {(data: object) => boolean} signal sends data to them; false: it could not be sent now
 * @property {() => MediaState} media what this device says of itself
 * @property {import("./lines.js").Tracks} tracks
 * @property {import("./budget.js").VideoBudget} budget
 * @property {() => RTCConfiguration} configuration
 * @property {import("../client/types.js").Clock} clock
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} connect
 * @property {() => void} onChange
 * @property {(code: string) => void} onBadSignal
 *
 * @typedef {object} PeerState
 * @property {string} key
 * @property {Address} address
 * @property {"waiting" | "connecting" | "connected" | "reconnecting" | "closed"} state `waiting`: they have not answered yet
 * @property {MediaState} media as they say
 * @property {import("./quality.js").Quality | null} quality null before anything was measured
 * @property {boolean} hasMedia whether anything of theirs ever arrived, or they say that they send nothing
 */

/**
 * @param {Address} address
 * @returns {string} one name for a user on a device
 */
export function keyOf({ user, device_id: deviceId }) {
  return `${user} ${deviceId}`;
}

/** Keeps in touch with one device until it is closed. */
export class Peer {
  #options;
  #key;
  #isImpolite;
  #session = newSession();
  /** @type {string | null} */
  #theirs = null;
  /** @type {Link | null} */
  #link = null;
  #closed = false;
  /** @type {MediaState} */
  #media = NOTHING_KNOWN;
  #mediaSerial = -1;
  #ownSerial = 0;
  #hellos = 0;
  /** @type {unknown} */
  #helloTimer;
  #helloTimes = /** @type {number[]} */ ([]);
  #lives = /** @type {number[]} */ ([]);
  #burst = 0;
  /** @type {import("./quality.js").Sample | null} */
  #sample = null;
  /** @type {import("./quality.js").Quality | null} */
  #quality = null;
  #couldTalk = false;
  #wasUp = false;

  /**
   * @param {PeerOptions} options
   */
  constructor(options) {
    this.#options = options;
    this.#key = keyOf(options.them);
    // Both sides come to the same answer without asking.
    this.#isImpolite = keyOf(options.me) < this.#key;
  }

  /** @returns {PeerState} */
  get state() {
    return {
      key: this.#key,
      address: this.#options.them,
      state: this.#shownState(),
      media: this.#media,
      quality: this.#shownState() === "reconnecting" ? "poor" : this.#quality,
      hasMedia: this.#hasMedia(),
    };
  }

  /** Once the other side has been there, it is shown as being looked for again, however many links that takes. */
  #shownState() {
    if (this.#closed) {
      return "closed";
    }
    const state = this.#link?.state ?? "waiting";
    return this.#wasUp && state !== "connected" ? "reconnecting" : state;
  }

  /** @returns {Link | null} */
  get link() {
    return this.#link;
  }

  /** Says hello until they answer. */
  start() {
    this.#hello();
  }

  /**
   * Takes the data of a `signal` frame of theirs.
   *
   * @param {unknown} data
   */
  hear(data) {
    if (this.#closed) {
      return;
    }
    if (this.#burst >= WAITING_MAX) {
      this.#options.onBadSignal("too_many_signals");
      return;
    }
    this.#countBurst();
    const message = readMessage(data);
    if (message === null) {
      this.#options.onBadSignal("malformed_signal");
      return;
    }
    if (message.kind === "hello") {
      this.#hearHello(message);
      return;
    }
    if (message.to !== this.#session) {
      // They speak to an earlier life of this side.
      this.#sayHelloSparingly();
      return;
    }
    if (this.#theirs === null && !this.#meet(message.session)) {
      return;
    }
    if (message.session !== this.#theirs) {
      return;
    }
    if (message.kind === "media") {
      this.#takeMedia(message.media, message.serial);
      return;
    }
    this.#link?.hear(message);
  }

  /**
   * @param {import("./lines.js").Tracks} tracks
   * @param {import("./budget.js").VideoBudget} budget
   */
  setTracks(tracks, budget) {
    this.#options = { ...this.#options, tracks, budget };
    this.#link?.setTracks(tracks);
    this.#link?.setBudget(budget);
  }

  /** Tells them what this device sends now. */
  tellMedia() {
    this.#ownSerial += 1;
    /** @type {import("./messages.js").Body} */
    const body = { kind: "media", media: this.#options.media(), serial: this.#ownSerial };
    if (!this.#link?.say(JSON.stringify(body)) && this.#theirs !== null) {
      this.#send(body);
    }
  }

  /** Signalling works again after an interruption: what was said meanwhile may be lost. */
  resume() {
    this.#hello();
    this.#link?.setConfiguration(this.#options.configuration());
    this.#link?.resume();
  }

  /** The network of this device has changed. */
  restart() {
    if (this.#link !== null) {
      this.#link.setConfiguration(this.#options.configuration());
      this.#link.restart();
    }
  }

  /**
   * @returns {number} how loud they are right now, 0 to 1
   */
  loudness() {
    const source = this.#link?.audioReceiver?.getSynchronizationSources()[0];
    return source?.audioLevel ?? 0;
  }

  /** Measures the connection once more. */
  async measure() {
    const link = this.#link;
    const stats = await link?.stats();
    if (!stats || link !== this.#link || link?.state !== "connected") {
      return;
    }
    const sample = sampleOf(stats.values());
    const { camera, screen, hold } = this.#media;
    const quality = qualityOf(this.#sample, sample, { moves: camera && !screen && !hold });
    this.#sample = sample;
    if (quality !== this.#quality) {
      this.#quality = quality;
      this.#options.onChange();
    }
  }

  /** Ends it for good. */
  close() {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#helloTimer);
    this.#link?.close();
    this.#link = null;
  }

  /**
   * @param {import("./messages.js").Hello} message
   */
  #hearHello({ session, to, media, serial }) {
    if (session !== this.#theirs && !this.#meet(session)) {
      return;
    }
    this.#takeMedia(media, serial);
    if (to !== this.#session) {
      this.#sayHelloSparingly();
    }
  }

  /**
   * They are there, in this life of theirs.
   *
   * @param {string} session
   * @returns {boolean} false if they have had too many lives lately
   */
  #meet(session) {
    const now = this.#options.clock.now();
    this.#lives = [...this.#lives.filter((each) => now - each < LIVES.withinMs), now].slice(-LIVES.most - 1);
    if (this.#lives.length > LIVES.most) {
      this.#options.onBadSignal("too_many_signals");
      return false;
    }
    this.#theirs = session;
    this.#mediaSerial = -1;
    this.#sample = this.#quality = null;
    this.#couldTalk = false;
    this.#link?.close();
    const { configuration, tracks, budget, clock, connect, onBadSignal } = this.#options;
    const link = new Link({
      offers: this.#isImpolite,
      configuration: configuration(),
      tracks,
      budget,
      clock,
      connect,
      onBadSignal,
      send: (body) => this.#send(body),
      onChange: () => this.#linkChanged(),
      onText: (text) => this.#hearText(text),
      onLost: () => this.#startAnew(),
    });
    this.#link = link;
    link.start();
    this.#options.onChange();
    return true;
  }

  #linkChanged() {
    this.#wasUp ||= this.#link?.state === "connected";
    const canTalk = this.#link?.canTalk ?? false;
    if (canTalk && !this.#couldTalk) {
      this.tellMedia();
    }
    this.#couldTalk = canTalk;
    this.#options.onChange();
  }

  /** Nothing helps any more: a new life on this side makes one on the other. */
  #startAnew() {
    this.#session = newSession();
    this.#theirs = null;
    this.#link?.close();
    this.#link = null;
    this.#hellos = 0;
    this.#hello();
    this.#options.onChange();
  }

  #hello() {
    this.#options.clock.clearTimeout(this.#helloTimer);
    this.#ownSerial += 1;
    this.#send({ kind: "hello", media: this.#options.media(), serial: this.#ownSerial });
    const pauseMs = HELLO_AGAIN_MS[Math.min(this.#hellos, HELLO_AGAIN_MS.length - 1)];
    this.#hellos += 1;
    this.#helloTimer = this.#options.clock.setTimeout(() => {
      // Without a description from them a polite side cannot know that its hello arrived.
      if (!this.#closed && this.#link?.state !== "connected" && !this.#link?.audioReceiver) {
        this.#hello();
      }
    }, pauseMs);
  }

  #sayHelloSparingly() {
    const now = this.#options.clock.now();
    this.#helloTimes = this.#helloTimes.filter((each) => now - each < 1_000);
    if (this.#helloTimes.length < REPLIES_PER_SECOND) {
      this.#helloTimes.push(now);
      this.#hello();
    }
  }

  /**
   * @param {import("./messages.js").Body} body
   * @returns {boolean}
   */
  #send(body) {
    return this.#options.signal({ v: VERSION, session: this.#session, to: this.#theirs, ...body });
  }

  /**
   * @param {string} text from the data channel, which only this life of theirs can write to
   */
  #hearText(text) {
    let body;
    try {
      body = JSON.parse(text.slice(0, 10_000));
    } catch {
      body = null;
    }
    const media = body?.kind === "media" ? readMedia(body.media) : null;
    if (media === null || !Number.isSafeInteger(body.serial)) {
      this.#options.onBadSignal("malformed_signal");
      return;
    }
    this.#takeMedia(media, body.serial);
  }

  /**
   * @param {MediaState} media
   * @param {number} serial by which a late one is known
   */
  #takeMedia(media, serial) {
    if (serial <= this.#mediaSerial) {
      return;
    }
    this.#mediaSerial = serial;
    const isSame = JSON.stringify(media) === JSON.stringify(this.#media);
    this.#media = media;
    if (!isSame) {
      this.#options.onChange();
    }
  }

  #hasMedia() {
    const { microphone, camera, screen, hold } = this.#media;
    // Who is muted sends nothing: then the connection itself is all that can be had.
    const sendsNothing = hold || (microphone !== "on" && !camera && !screen);
    return this.#link?.state === "connected" && (this.#link.hasMedia || sendsNothing);
  }

  #countBurst() {
    this.#burst += 1;
    if (this.#burst === 1) {
      this.#options.clock.setTimeout(() => {
        this.#burst = 0;
      }, 1_000);
    }
  }
}

/**
 * @returns {string}
 */
function newSession() {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
