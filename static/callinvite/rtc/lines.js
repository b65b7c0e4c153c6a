/**
 * What a connection carries: one line of audio and one of video, for good, with what is sent and received in them.
 *
 * Microphone, camera and screen come and go by `replaceTrack`; nothing here is ever negotiated. What fits into the line
 * is a budget, kept small while the line is still being measured.
 */

/** Browsers begin with a guess of 300 kbit/s. A full picture squeezed into that makes the encoder step down, from where it
 * climbs back for 20 seconds. A smaller one for the first moments, while the line is measured, is whole after two.
 */
const COLD_SCALE = 2;
const KINDS = /** @type {Array<"audio" | "video">} */ (["audio", "video"]);

/**
 * @typedef {object} Tracks what this device sends
 * @property {MediaStreamTrack | null} audio
 * @property {MediaStreamTrack | null} video camera or screen
 *
 * @typedef {import("./budget.js").VideoBudget} VideoBudget
 */

/** The two lines of one connection, until it is closed. */
export class Lines {
  #pc;
  /** @type {Tracks} */
  #tracks;
  /** @type {VideoBudget} */
  #budget;
  #onMedia;
  #audioStream = new MediaStream();
  #videoStream = new MediaStream();
  #hasMedia = false;
  #isWarm = false;
  #isClosed = false;

  /**
   * @param {RTCPeerConnection} pc
   * @param {Tracks} tracks
   * @param {VideoBudget} budget
   * @param {() => void} onMedia something came, stopped coming, or came again
   */
  constructor(pc, tracks, budget, onMedia) {
    this.#pc = pc;
    this.#tracks = tracks;
    this.#budget = budget;
    this.#onMedia = onMedia;
    pc.ontrack = ({ track }) => this.#took(track);
  }

  /** @returns {Tracks} what is sent, or will be with the next `place` */
  get tracks() {
    return this.#tracks;
  }

  /** @returns {boolean} whether anything was ever received */
  get hasMedia() {
    return this.#hasMedia;
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

  /** Lays both lines, for whichever side makes the first offer. */
  lay() {
    for (const kind of KINDS) {
      this.#pc.addTransceiver(this.#tracks[kind] ?? kind, { direction: "sendrecv" });
    }
  }

  /**
   * @param {Tracks} tracks to be sent from the next `place` on
   */
  setTracks(tracks) {
    this.#tracks = tracks;
  }

  /**
   * @param {VideoBudget} budget
   * @returns {boolean} whether it is another one than before; it counts from the next `keepBudget` on
   */
  setBudget(budget) {
    const isNew = JSON.stringify(budget) !== JSON.stringify(this.#budget);
    this.#budget = budget;
    return isNew;
  }

  /**
   * @param {boolean} isWarm whether it is known by now what the line carries
   */
  setWarm(isWarm) {
    this.#isWarm = isWarm;
  }

  /** Sends the tracks in their lines. */
  async place() {
    for (const kind of KINDS) {
      const transceiver = this.#transceiver(kind);
      if (transceiver === null) {
        continue;
      }
      transceiver.direction = "sendrecv";
      if (transceiver.sender.track !== this.#tracks[kind]) {
        await transceiver.sender.replaceTrack(this.#tracks[kind]);
      }
    }
    await this.keepBudget();
  }

  /** Holds the picture that is sent to its budget. */
  async keepBudget() {
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

  /** Lets go of what came. Tracks that were sent go on: they are not the connection's. */
  close() {
    this.#isClosed = true;
    this.#pc.ontrack = null;
    for (const stream of [this.#audioStream, this.#videoStream]) {
      for (const track of stream.getTracks()) {
        track.onunmute = track.onmute = null;
        stream.removeTrack(track);
      }
    }
  }

  /**
   * @param {MediaStreamTrack} track
   */
  #took(track) {
    const stream = track.kind === "audio" ? this.#audioStream : this.#videoStream;
    for (const old of stream.getTracks()) {
      stream.removeTrack(old);
    }
    stream.addTrack(track);
    track.onunmute = () => {
      this.#hasMedia = true;
      this.#onMedia();
    };
    track.onmute = () => this.#onMedia();
    if (!track.muted) {
      this.#hasMedia = true;
    }
    this.#onMedia();
  }

  /**
   * @param {"audio" | "video"} kind
   * @returns {RTCRtpTransceiver | null}
   */
  #transceiver(kind) {
    const all = this.#isClosed ? [] : this.#pc.getTransceivers();
    return all.find((each) => each.receiver.track.kind === kind && each.currentDirection !== "stopped") ?? null;
  }
}
