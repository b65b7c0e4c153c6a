/**
 * One RTCPeerConnection to one device: perfect negotiation, trickled candidates, ICE restarts.
 *
 * The first offer carries one audio and one video line for good. Microphone, camera and screen come and go in them by
 * `replaceTrack`, so nothing a person does in a call is ever negotiated again; later offers only restart ICE.
 * See W3C WebRTC 10.7 (perfect negotiation) and RFC 8829 (JSEP).
 */

import { CANDIDATES_MAX } from "./messages.js";

const OFFER_AGAIN_MS = 2_000;
const BATCH_MS = 15;
/** How long a connection may be disturbed before it is mended: the one who offers first goes first. */
const PATIENCE_MS = { disconnected: { offers: 1_500, waits: 4_500 }, failed: { offers: 0, waits: 2_500 } };
/** How long a start or a restart of ICE may take before it is tried again. */
const ATTEMPT_MS = 7_000;
/**
 * Browsers begin with a guess of 300 kbit/s. A full picture squeezed into that makes the encoder step down, from where it
 * climbs back for 20 seconds. A smaller one for the first moments, while the line is measured, is whole after two.
 */
const COLD_SCALE = 2;
const WARM_MS = 1_800;
/** After so many restarts in vain the link is given up, and a new one made. */
const RESTARTS_MAX = 2;
const EARLY_MAX = 128;

/**
 * @typedef {object} Tracks what this device sends
 * @property {MediaStreamTrack | null} audio
 * @property {MediaStreamTrack | null} video camera or screen
 *
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
  /** @type {Tracks} */
  #tracks;
  /** @type {VideoBudget} */
  #budget;
  #audioStream = new MediaStream();
  #videoStream = new MediaStream();
  /** Everything that changes the connection's description, one after the other. */
  #tail = Promise.resolve();
  #closed = false;
  #hasMedia = false;
  #wasUp = false;
  #isWarm = false;
  #offerId = 0;
  #wantsOffer = false;
  /** The last offer of theirs that was answered. @type {number | null} */
  #answeredId = null;
  #lastAnswer = "";
  #ignoresOffer = false;
  /** Candidates that came before the description they belong to. @type {Array<RTCIceCandidateInit | null>} */
  #early = [];
  /** This side's candidates since the last start of ICE. @type {Array<RTCIceCandidateInit | null>} */
  #gathered = [];
  /** @type {Array<RTCIceCandidateInit | null>} */
  #unsent = [];
  #restarts = 0;
  /** @type {Map<string, unknown>} */
  #timers = new Map();

  /**
   * @param {LinkOptions} options
   */
  constructor(options) {
    this.#options = options;
    this.#tracks = options.tracks;
    this.#budget = options.budget;
    const pc = (this.#pc = options.connect(options.configuration));
    // Agreed on both sides beforehand: it needs no negotiation of its own. It works while the server is away.
    this.#channel = pc.createDataChannel("state", { negotiated: true, id: 0 });
    this.#channel.onopen = () => options.onChange();
    this.#channel.onmessage = ({ data }) => typeof data === "string" && options.onText(data);
    pc.onicecandidate = ({ candidate }) => this.#found(candidate);
    pc.ontrack = ({ track }) => this.#took(track);
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
    return this.#hasMedia;
  }

  /** @returns {boolean} whether texts can be sent now */
  get canTalk() {
    return this.#channel.readyState === "open";
  }

  /** @returns {MediaStream} what they say; empty until the first negotiation */
  get audioStream() {
    return this.#audioStream;
  }

  /** @returns {MediaStream} what they show; empty until the first negotiation */
  get videoStream() {
    return this.#videoStream;
  }

  /** @returns {RTCRtpReceiver | null} */
  get audioReceiver() {
    return this.#transceiver("audio")?.receiver ?? null;
  }

  /** @returns {RTCRtpSender | null} */
  get audioSender() {
    return this.#transceiver("audio")?.sender ?? null;
  }

  /** Makes the first offer, if it is for this side to make it. */
  start() {
    this.#expect("up", ATTEMPT_MS, () => this.#tryAgain());
    if (this.#options.offers) {
      for (const kind of /** @type {Array<"audio" | "video">} */ (["audio", "video"])) {
        this.#pc.addTransceiver(this.#tracks[kind] ?? kind, { direction: "sendrecv" });
      }
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
        await this.#takeCandidates(message.candidates);
      }
    });
  }

  /**
   * Sends other tracks, or none.
   *
   * @param {Tracks} tracks
   */
  setTracks(tracks) {
    if (tracks.audio === this.#tracks.audio && tracks.video === this.#tracks.video) {
      // Told with every change of the call, of which few are about what is sent.
      return;
    }
    if (this.#wasUp && tracks.video !== null && this.#tracks.video === null) {
      // Without a picture nobody knew what the line carries.
      this.#isWarm = false;
      this.#expect("warm", WARM_MS, () => this.#warm());
    }
    this.#tracks = tracks;
    this.#run(() => this.#placeTracks());
  }

  /**
   * @param {VideoBudget} budget
   */
  setBudget(budget) {
    if (JSON.stringify(budget) === JSON.stringify(this.#budget)) {
      return;
    }
    this.#budget = budget;
    this.#run(() => this.#keepBudget());
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
    this.#timers.forEach((timer) => this.#options.clock.clearTimeout(timer));
    this.#timers.clear();
    const pc = this.#pc;
    pc.onicecandidate = pc.ontrack = pc.onconnectionstatechange = pc.oniceconnectionstatechange = null;
    this.#channel.onopen = this.#channel.onmessage = null;
    pc.close();
    for (const stream of [this.#audioStream, this.#videoStream]) {
      stream.getTracks().forEach((track) => {
        track.onunmute = track.onmute = null;
        stream.removeTrack(track);
      });
    }
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
    this.#gathered = [];
    await this.#pc.setLocalDescription();
    this.#offerId += 1;
    await this.#keepBudget();
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
      this.#sendCandidates(this.#gathered);
      return;
    }
    // Both offered at once: the impolite one insists, the polite one takes its own back.
    this.#ignoresOffer = type === "offer" && pc.signalingState !== "stable" && this.#options.offers;
    if (this.#ignoresOffer) {
      return;
    }
    await pc.setRemoteDescription({ type, sdp });
    this.#relax("answer");
    if (type === "offer") {
      await this.#placeTracks();
      this.#gathered = [];
      await pc.setLocalDescription();
      this.#answeredId = id;
      this.#lastAnswer = pc.localDescription?.sdp ?? "";
      this.#sendDescription();
      await this.#keepBudget();
    }
    await this.#takeCandidates(this.#early.splice(0));
    await this.#offerIfWanted();
  }

  /**
   * @param {Array<RTCIceCandidateInit | null>} candidates
   */
  async #takeCandidates(candidates) {
    if (this.#pc.remoteDescription === null) {
      this.#early = [...this.#early, ...candidates].slice(-EARLY_MAX);
      return;
    }
    for (const candidate of candidates) {
      try {
        await this.#pc.addIceCandidate(candidate ?? undefined);
      } catch {
        // One that cannot be read must not cost the others. Those of an offer that was refused do not fit either.
        if (!this.#ignoresOffer && !this.#closed) {
          this.#options.onBadSignal("malformed_candidate");
        }
      }
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
      this.#sendCandidates(this.#gathered);
    }
  }

  /**
   * @param {Array<RTCIceCandidateInit | null>} candidates
   */
  #sendCandidates(candidates) {
    for (let at = 0; at < candidates.length; at += CANDIDATES_MAX) {
      this.#options.send({ kind: "candidates", candidates: candidates.slice(at, at + CANDIDATES_MAX) });
    }
  }

  /**
   * @param {RTCIceCandidate | null} candidate
   */
  #found(candidate) {
    const found = candidate === null || candidate.candidate === "" ? null : candidate.toJSON();
    this.#gathered.push(found);
    this.#unsent.push(found);
    this.#expect("candidates", BATCH_MS, () => {
      this.#sendCandidates(this.#unsent.splice(0));
    });
  }

  /**
   * @param {MediaStreamTrack} track
   */
  #took(track) {
    const stream = track.kind === "audio" ? this.#audioStream : this.#videoStream;
    stream.getTracks().forEach((old) => stream.removeTrack(old));
    stream.addTrack(track);
    track.onunmute = () => {
      this.#hasMedia = true;
      this.#options.onChange();
    };
    track.onmute = () => this.#options.onChange();
    if (!track.muted) {
      this.#hasMedia = true;
    }
    this.#options.onChange();
  }

  async #placeTracks() {
    for (const kind of /** @type {Array<"audio" | "video">} */ (["audio", "video"])) {
      const transceiver = this.#transceiver(kind);
      if (transceiver === null) {
        continue;
      }
      transceiver.direction = "sendrecv";
      if (transceiver.sender.track !== this.#tracks[kind]) {
        await transceiver.sender.replaceTrack(this.#tracks[kind]);
      }
    }
    await this.#keepBudget();
  }

  async #keepBudget() {
    const sender = this.#transceiver("video")?.sender;
    const parameters = sender?.getParameters();
    if (!sender || !parameters?.encodings?.length) {
      return;
    }
    const { encoding, preference } = this.#budget;
    const isWhole = this.#isWarm || preference === "maintain-resolution";
    const scale = encoding.scaleResolutionDownBy * (isWhole ? 1 : COLD_SCALE);
    Object.assign(parameters.encodings[0], encoding, { scaleResolutionDownBy: scale });
    parameters.degradationPreference = preference;
    try {
      await sender.setParameters(parameters);
    } catch {
      // A browser that knows no such limit sends as it likes: a wish, not a condition.
    }
  }

  /**
   * @param {"audio" | "video"} kind
   * @returns {RTCRtpTransceiver | null}
   */
  #transceiver(kind) {
    const all = this.#closed ? [] : this.#pc.getTransceivers();
    return all.find((each) => each.receiver.track.kind === kind && each.currentDirection !== "stopped") ?? null;
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
      this.#relax("up");
      this.#relax("mend");
    } else if (connectionState === "failed") {
      this.#expect("mend", PATIENCE_MS.failed[side], () => this.restart());
    } else if (iceConnectionState === "disconnected" || connectionState === "disconnected") {
      this.#expect("mend", PATIENCE_MS.disconnected[side], () => this.restart());
    }
    this.#options.onChange();
  }

  #warm() {
    this.#isWarm = true;
    this.#run(() => this.#keepBudget());
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
   * @param {() => void} act if it has not been relaxed by then
   */
  #expect(what, ms, act) {
    if (this.#closed || (what === "candidates" && this.#timers.has(what))) {
      return;
    }
    this.#relax(what);
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(what);
      if (!this.#closed) {
        act();
      }
    }, ms);
    this.#timers.set(what, timer);
  }

  /**
   * @param {string} what
   */
  #relax(what) {
    this.#options.clock.clearTimeout(this.#timers.get(what));
    this.#timers.delete(what);
  }
}
