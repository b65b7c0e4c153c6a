/**
 * The ICE candidates of one connection: found here and sent in batches, or come from the other side, perhaps too early.
 *
 * Both sides may miss messages, so all that was found since the last start of ICE can be sent again (RFC 8838, trickle).
 */

import { CANDIDATES_MAX } from "./messages.js";

const BATCH_MS = 15;
const EARLY_MAX = 128;
const BATCH = "candidates";

/** @typedef {RTCIceCandidateInit | null} Candidate null says that there are no more */

/** Candidates in both directions. */
export class Candidates {
  #pc;
  #timers;
  #send;
  /** Theirs that came before the description they belong to. @type {Candidate[]} */
  #early = [];
  /** This side's since the last start of ICE. @type {Candidate[]} */
  #gathered = [];
  /** @type {Candidate[]} */
  #unsent = [];

  /**
   * @param {RTCPeerConnection} pc
   * @param {import("./timers.js").Timers} timers
   * @param {(body: {kind: "candidates", candidates: Candidate[]}) => void} send
   */
  constructor(pc, timers, send) {
    this.#pc = pc;
    this.#timers = timers;
    this.#send = send;
    pc.onicecandidate = ({ candidate }) => this.#found(candidate);
  }

  /** ICE starts anew: what was found before is worth nothing any more. */
  startOver() {
    this.#gathered = [];
  }

  /** Sends all that was found since the last start of ICE once more. */
  resend() {
    this.#sendAll(this.#gathered);
  }

  /**
   * Takes theirs, or keeps them until there is a description that they belong to.
   *
   * @param {Candidate[]} candidates
   * @param {() => void} onBad one could not be used
   */
  async take(candidates, onBad) {
    if (this.#pc.remoteDescription === null) {
      this.#early = [...this.#early, ...candidates].slice(-EARLY_MAX);
      return;
    }
    for (const candidate of candidates) {
      try {
        await this.#pc.addIceCandidate(candidate ?? undefined);
      } catch {
        // One that cannot be read must not cost the others.
        onBad();
      }
    }
  }

  /**
   * Takes those that came too early: their description is here.
   *
   * @param {() => void} onBad one could not be used
   */
  async takeEarly(onBad) {
    await this.take(this.#early.splice(0), onBad);
  }

  /** Finds and sends nothing more. */
  close() {
    this.#pc.onicecandidate = null;
  }

  /**
   * @param {RTCIceCandidate | null} candidate
   */
  #found(candidate) {
    const found = candidate === null || candidate.candidate === "" ? null : candidate.toJSON();
    this.#gathered.push(found);
    this.#unsent.push(found);
    if (!this.#timers.has(BATCH)) {
      this.#timers.start(BATCH, BATCH_MS, () => this.#sendAll(this.#unsent.splice(0)));
    }
  }

  /**
   * @param {Candidate[]} candidates
   */
  #sendAll(candidates) {
    for (let at = 0; at < candidates.length; at += CANDIDATES_MAX) {
      this.#send({ kind: "candidates", candidates: candidates.slice(at, at + CANDIDATES_MAX) });
    }
  }
}
