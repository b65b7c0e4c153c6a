/**
 * One RTCPeerConnection to one device: perfect negotiation, trickled candidates, ICE restarts.
 *
 * The first offer carries the two lines of `lines.js` for good: nothing a person does in a call is ever negotiated again,
 * and later offers only restart ICE.
 * See W3C WebRTC 10.7 (perfect negotiation) and RFC 8829 (JSEP).
 */

import { Candidates } from "./candidates.js";
import { Lines } from "./lines.js";
import { Timers } from "./timers.js";

const OFFER_AGAIN_MS = 2_000;
/** How long a connection may be disturbed before it is mended: the one who offers first goes first. */
const PATIENCE_MS = { disconnected: { offers: 1_500, waits: 4_500 }, failed: { offers: 0, waits: 2_500 } };
/** How long a start or a restart of ICE may take before it is tried again. */
const ATTEMPT_MS = 7_000;
/** How long it takes to learn what a line carries. */
const WARM_MS = 1_800;
/** After so many restarts in vain the link is given up, and a new one made. */
const RESTARTS_MAX = 2;

/**
 * @typedef {import("./lines.js").Tracks} Tracks
 * @typedef {import("./budget.js").VideoBudget} VideoBudget
 *
 * @typedef {object} LinkOptions
 * @property {boolean} offers whether this side makes the first offer; it is the impolite one, too
 * @property {RTCConfiguration} configuration
 * @property {Tracks} tracks
 * @property {VideoBudget} budget
 * @property {(body: import("./messages.js").Body) => boolean} send hands a description or candidates to the other side; false: not now
 * @property {import("../client/types.js").Clock} clock
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} connect
 * @property {() => void} onChange its state or its media changed
 * @property {(text: string) => void} onText something came by the data channel
 * @property {() => void} onLost restarting did not help: only a new link can
 * @property {(code: string) => void} onBadSignal something came that could not be used, and was dropped
 */

/** A connection from the first offer to its close. */
export class Link {
  #options;
  #pc;
  #channel;
  #lines;
  #timers;
  #candidates;
  /** Everything that changes the connection's description, one after the other. */
  #tail = Promise.resolve();
  #closed = false;
  #wasUp = false;
  #offerId = 0;
  #wantsOffer = false;
  /** The last offer of theirs that was answered. @type {number | null} */
  #answeredId = null;
  #lastAnswer = "";
  #ignoresOffer = false;
  #restarts = 0;

  /**
   * @param {LinkOptions} options
   */
  constructor(options) {
    this.#options = options;
    const pc = options.connect(options.configuration);
    this.#pc = pc;
    this.#lines = new Lines(pc, options.tracks, options.budget, () => options.onChange());
    this.#timers = new Timers(options.clock);
    this.#candidates = new Candidates(pc, this.#timers, options.send);
    // Agreed on both sides beforehand: it needs no negotiation of its own. It works while the server is away.
    this.#channel = pc.createDataChannel("state", { negotiated: true, id: 0 });
    this.#channel.onopen = () => options.onChange();
    this.#channel.onmessage = ({ data }) => typeof data === "string" && options.onText(data);
    pc.onconnectionstatechange = () => this.#moved();
    pc.oniceconnectionstatechange = () => this.#moved();
  }

  /** @returns {"connecting" | "connected" | "reconnecting" | "closed"} */
  get state() {
    if (this.#closed) {
      return "closed";
    }
    if (this.#isUp()) {
      return "connected";
    }
    return this.#wasUp ? "reconnecting" : "connecting";
  }

  /** @returns {boolean} whether anything was ever received */
  get hasMedia() {
    return this.#lines.hasMedia;
  }

  /** @returns {boolean} whether texts can be sent now */
  get canTalk() {
    return this.#channel.readyState === "open";
  }

  /** @returns {MediaStream} what they say; empty until the first negotiation */
  get audioStream() {
    return this.#lines.audioStream;
  }

  /** @returns {MediaStream} what they show; empty until the first negotiation */
  get videoStream() {
    return this.#lines.videoStream;
  }

  /** @returns {RTCRtpReceiver | null} */
  get audioReceiver() {
    return this.#lines.audioReceiver;
  }

  /** @returns {RTCRtpSender | null} */
  get audioSender() {
    return this.#lines.audioSender;
  }

  /** Makes the first offer, if it is for this side to make it. */
  start() {
    this.#expect("up", ATTEMPT_MS, () => this.#tryAgain());
    if (this.#options.offers) {
      this.#lines.lay();
      this.#offer();
    }
  }

  /**
   * Takes what came from the other side.
   *
   * @param {import("./messages.js").Description | import("./messages.js").Candidates} message
   */
  hear(message) {
    this.#run(async () => {
      if (message.kind === "description") {
        await this.#takeDescription(message);
      } else {
        await this.#candidates.take(message.candidates, () => this.#badCandidate());
      }
    });
  }

  /**
   * Sends other tracks, or none.
   *
   * @param {Tracks} tracks
   */
  setTracks(tracks) {
    const before = this.#lines.tracks;
    if (tracks.audio === before.audio && tracks.video === before.video) {
      // Told with every change of the call, of which few are about what is sent.
      return;
    }
    if (this.#wasUp && tracks.video !== null && before.video === null) {
      // Without a picture nobody knew what the line carries.
      this.#lines.setWarm(false);
      this.#expect("warm", WARM_MS, () => this.#warm());
    }
    this.#lines.setTracks(tracks);
    this.#run(() => this.#lines.place());
  }

  /**
   * @param {VideoBudget} budget
   */
  setBudget(budget) {
    if (this.#lines.setBudget(budget)) {
      this.#run(() => this.#lines.keepBudget());
    }
  }

  /**
   * @param {RTCConfiguration} configuration with fresh credentials, for the next start of ICE
   */
  setConfiguration(configuration) {
    if (!this.#closed) {
      this.#pc.setConfiguration(configuration);
    }
  }

  /**
   * @param {string} text for the other side
   * @returns {boolean} whether it was sent
   */
  say(text) {
    if (!this.canTalk) {
      return false;
    }
    this.#channel.send(text);
    return true;
  }

  /** Finds new ways to the other side: the network here has changed, or media stopped. */
  restart() {
    this.#run(async () => {
      if (this.#pc.remoteDescription === null) {
        this.#resend();
        return;
      }
      this.#pc.restartIce();
      this.#offer();
    });
    this.#expect("up", ATTEMPT_MS, () => this.#tryAgain());
  }

  /** Says again what may not have arrived: signalling was interrupted. */
  resume() {
    this.#run(async () => {
      this.#resend();
      await this.#offerIfWanted();
    });
    if (this.state === "reconnecting") {
      this.restart();
    }
  }

  /** @returns {Promise<RTCStatsReport | null>} */
  async stats() {
    return this.#closed ? null : this.#pc.getStats();
  }

  /** Ends it. Tracks that were sent go on: they are not the link's. */
  close() {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#timers.endAll();
    this.#candidates.close();
    const pc = this.#pc;
    pc.onconnectionstatechange = pc.oniceconnectionstatechange = null;
    this.#channel.onopen = this.#channel.onmessage = null;
    pc.close();
    this.#lines.close();
  }

  /**
   * @param {() => Promise<void> | void} act
   */
  #run(act) {
    this.#tail = this.#tail
      .then(() => (this.#closed ? undefined : act()))
      .catch((error) => {
        if (!this.#closed) {
          this.#options.onBadSignal(error?.name === "InvalidStateError" ? "unexpected_signal" : "malformed_signal");
        }
      });
  }

  #offer() {
    this.#wantsOffer = true;
    this.#run(() => this.#offerIfWanted());
  }

  async #offerIfWanted() {
    if (!this.#wantsOffer || this.#pc.signalingState !== "stable") {
      return;
    }
    this.#wantsOffer = false;
    this.#candidates.startOver();
    await this.#pc.setLocalDescription();
    this.#offerId += 1;
    await this.#lines.keepBudget();
    this.#sendDescription();
  }

  #sendDescription() {
    const description = this.#pc.localDescription;
    if (description === null) {
      return;
    }
    const { type, sdp } = description;
    const isOffer = type === "offer";
    const id = isOffer ? this.#offerId : (this.#answeredId ?? 0);
    this.#options.send({ kind: "description", type: isOffer ? type : "answer", sdp, id });
    if (isOffer) {
      this.#expect("answer", OFFER_AGAIN_MS, () => this.#run(() => this.#resend()));
    }
  }

  /**
   * @param {import("./messages.js").Description} message
   */
  async #takeDescription({ type, sdp, id }) {
    const pc = this.#pc;
    if (type === "answer" && (pc.signalingState !== "have-local-offer" || id !== this.#offerId)) {
      // The answer to an offer that was withdrawn, or the same one once more.
      return;
    }
    if (type === "offer" && id === this.#answeredId) {
      // Asked once more: the answer did not arrive, however well media may flow meanwhile, and even if this side has
      // an offer of its own by now, which they cannot take before they have this answer.
      this.#options.send({ kind: "description", type: "answer", sdp: this.#lastAnswer, id });
      this.#candidates.resend();
      return;
    }
    // Both offered at once: the impolite one insists, the polite one takes its own back.
    this.#ignoresOffer = type === "offer" && pc.signalingState !== "stable" && this.#options.offers;
    if (this.#ignoresOffer) {
      return;
    }
    await pc.setRemoteDescription({ type, sdp });
    this.#timers.end("answer");
    if (type === "offer") {
      await this.#lines.place();
      this.#candidates.startOver();
      await pc.setLocalDescription();
      this.#answeredId = id;
      this.#lastAnswer = pc.localDescription?.sdp ?? "";
      this.#sendDescription();
      await this.#lines.keepBudget();
    }
    await this.#candidates.takeEarly(() => this.#badCandidate());
    await this.#offerIfWanted();
  }

  /** Those of an offer that was refused do not fit either, and are no fault of theirs. */
  #badCandidate() {
    if (!this.#ignoresOffer && !this.#closed) {
      this.#options.onBadSignal("malformed_candidate");
    }
  }

  /** What may be missing over there: the last description as long as it is not settled, and the candidates. */
  #resend() {
    const { signalingState, localDescription, connectionState } = this.#pc;
    const isAnswer = localDescription?.type === "answer";
    if (signalingState === "have-local-offer" || (isAnswer && connectionState !== "connected")) {
      this.#sendDescription();
    }
    if (connectionState !== "connected") {
      this.#candidates.resend();
    }
  }

  #isUp() {
    const { connectionState, iceConnectionState } = this.#pc;
    return connectionState === "connected" && iceConnectionState !== "disconnected";
  }

  #moved() {
    const { connectionState, iceConnectionState } = this.#pc;
    const side = this.#options.offers ? "offers" : "waits";
    if (this.#isUp()) {
      if (!this.#wasUp) {
        this.#expect("warm", WARM_MS, () => this.#warm());
      }
      this.#wasUp = true;
      this.#restarts = 0;
      this.#timers.end("up");
      this.#timers.end("mend");
    } else if (connectionState === "failed") {
      this.#expect("mend", PATIENCE_MS.failed[side], () => this.restart());
    } else if (iceConnectionState === "disconnected" || connectionState === "disconnected") {
      this.#expect("mend", PATIENCE_MS.disconnected[side], () => this.restart());
    }
    this.#options.onChange();
  }

  #warm() {
    this.#lines.setWarm(true);
    this.#run(() => this.#lines.keepBudget());
  }

  /** A start or restart of ICE has led nowhere. */
  #tryAgain() {
    if (this.#isUp()) {
      return;
    }
    this.#restarts += 1;
    if (this.#restarts > RESTARTS_MAX) {
      this.#options.onLost();
      return;
    }
    if (this.#options.offers) {
      this.restart();
      return;
    }
    this.resume();
    this.#expect("up", ATTEMPT_MS, () => this.#tryAgain());
  }

  /**
   * @param {string} what
   * @param {number} ms
   * @param {() => void} act if it has not been ended by then
   */
  #expect(what, ms, act) {
    if (this.#closed) {
      return;
    }
    this.#timers.start(what, ms, () => {
      if (!this.#closed) {
        act();
      }
    });
  }
}
