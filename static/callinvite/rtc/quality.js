/**
 * How good a connection is, in three steps, from what `getStats` says now and said last time. Pure.
 */

/**
 * @typedef {"good" | "fair" | "poor"} Quality
 *
 * @typedef {RTCStats & Partial<Omit<RTCTransportStats, keyof RTCStats>> & Partial<Omit<RTCInboundRtpStreamStats, keyof RTCStats>>
 *   & Partial<Omit<RTCIceCandidatePairStats, keyof RTCStats>>
 *   & {totalFreezesDuration?: number, lastPacketReceivedTimestamp?: number, fractionLost?: number, roundTripTime?: number,
 *     selected?: boolean}} Stat one entry of a report, of whichever type
 *
 * @typedef {object} Sample counters of one connection at one moment
 * @property {number} received packets of theirs that came, audio and video
 * @property {number} lost packets of theirs that did not
 * @property {number} bytes of theirs that came
 * @property {number | null} roundTripMs
 * @property {number} jitterMs
 * @property {number} freezeMs how long their picture stood still, in all
 * @property {number | null} farLossShare 0 to 1: what they miss of ours
 */

const FAIR = { loss: 0.03, roundTripMs: 300, jitterMs: 60, freezeMs: 400 };
const POOR = { loss: 0.1, roundTripMs: 700, jitterMs: 150, freezeMs: 1_200 };
/** Where nothing flows any more, browsers go on giving the last figures. Reports of the other side come every 5 s at most. */
const STALE_MS = 6_000;

/**
 * The counters in a report.
 *
 * @param {Iterable<Stat>} stats the values of an RTCStatsReport (W3C webrtc-stats)
 * @returns {Sample}
 */
export function sampleOf(stats) {
  /** @type {Sample} */
  const sample = {
    received: 0,
    lost: 0,
    bytes: 0,
    roundTripMs: null,
    jitterMs: 0,
    freezeMs: 0,
    farLossShare: null,
  };
  const all = [...stats];
  const inUse = all.find((each) => each.type === "transport" && each.selectedCandidatePairId)?.selectedCandidatePairId;
  const nowMs = Math.max(...all.map((each) => each.timestamp ?? 0));
  for (const each of all) {
    if (each.type === "inbound-rtp") {
      sample.received += each.packetsReceived ?? 0;
      sample.lost += Math.max(0, each.packetsLost ?? 0);
      sample.bytes += each.bytesReceived ?? 0;
      sample.freezeMs += (each.totalFreezesDuration ?? 0) * 1000;
      if (!(nowMs - (each.lastPacketReceivedTimestamp ?? nowMs) > STALE_MS)) {
        sample.jitterMs = Math.max(sample.jitterMs, (each.jitter ?? 0) * 1000);
      }
    } else if (each.type === "remote-inbound-rtp" && !(nowMs - each.timestamp > STALE_MS)) {
      sample.farLossShare = Math.max(sample.farLossShare ?? 0, each.fractionLost ?? 0);
      // Older Firefox measures the round trip here, and not with the pair.
      const seconds = each.roundTripTime ?? -1;
      sample.roundTripMs ??= seconds >= 0 ? Math.round(seconds * 1000) : null;
    }
  }
  const pair = all.find((each) => isPairInUse(each) && (!inUse || each.id === inUse));
  if (pair?.currentRoundTripTime !== undefined) {
    sample.roundTripMs = Math.round(pair.currentRoundTripTime * 1000);
  }
  return sample;
}

/**
 * The step for the time between two samples.
 *
 * @param {Sample | null} before
 * @param {Sample} now
 * @param {{moves?: boolean}} [theirs] `moves`: whether they send a picture that ought to move; a shared page stands still,
 *   and Firefox sends a black picture once a second for a camera that is off
 * @returns {Quality}
 */
export function qualityOf(before, now, { moves = true } = {}) {
  // Counters that went back have begun anew.
  const since = before !== null && before.received <= now.received ? before : null;
  const received = now.received - (since?.received ?? 0);
  const lost = Math.max(0, now.lost - (since?.lost ?? 0));
  const loss = Math.max(received + lost > 0 ? lost / (received + lost) : 0, now.farLossShare ?? 0);
  const seen = {
    loss,
    roundTripMs: now.roundTripMs ?? 0,
    jitterMs: now.jitterMs,
    freezeMs: moves ? Math.max(0, now.freezeMs - (before?.freezeMs ?? now.freezeMs)) : 0,
  };
  if (exceeds(seen, POOR)) {
    return "poor";
  }
  return exceeds(seen, FAIR) ? "fair" : "good";
}

/**
 * @param {Stat} stat
 * @returns {boolean}
 */
function isPairInUse(stat) {
  const isUsed = Boolean(stat.nominated || stat.selected);
  const isMeasured = (stat.currentRoundTripTime ?? -1) >= 0;
  return stat.type === "candidate-pair" && stat.state === "succeeded" && isUsed && isMeasured;
}

/**
 * @param {Record<string, number>} seen
 * @param {Record<string, number>} limits
 * @returns {boolean} whether any of them is over its limit
 */
function exceeds(seen, limits) {
  return Object.entries(limits).some(([name, limit]) => seen[name] > limit);
}
