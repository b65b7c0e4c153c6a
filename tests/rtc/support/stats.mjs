/**
 * Reports of `getStats` as browsers give them, cut down to a call of one audio and one video line.
 */

const START_MS = 1_700_000_000_000;

/**
 * @typedef {object} Situation
 * @property {number} [atMs] when the report is made
 * @property {number} [received] packets, audio and video
 * @property {number} [lost]
 * @property {number} [jitterMs]
 * @property {number} [heardAtMs] when the last packet came
 * @property {number} [freezeMs]
 * @property {number} [roundTripMs]
 * @property {number} [farLossShare] of the last report of the other side
 * @property {number} [farAtMs] when that came
 */

/** As Chromium: the pair in use is named by the transport and nominated, never `selected`.
 *  @param {Situation} [situation] */
export function chromium(situation = {}) {
  const { atMs, roundTripMs } = { ...DEFAULTS, ...situation };
  return [
    {
      id: "T01",
      type: "transport",
      timestamp: START_MS + atMs,
      dtlsState: "connected",
      selectedCandidatePairId: "CP2",
    },
    { id: "CP1", type: "candidate-pair", timestamp: START_MS + atMs, state: "waiting", nominated: false },
    {
      ...{
        id: "CP2",
        type: "candidate-pair",
        timestamp: START_MS + atMs,
        state: "succeeded",
        nominated: true,
        writable: true,
      },
      ...{ currentRoundTripTime: roundTripMs / 1000, totalRoundTripTime: 4, availableOutgoingBitrate: 300_000 },
    },
    ...streams(situation),
    { id: "DTLS", type: "certificate", timestamp: START_MS + atMs },
  ];
}

/** As Firefox: the pair in use is `selected` beside `nominated`.
 *  @param {Situation} [situation] */
export function firefox(situation = {}) {
  const { atMs, roundTripMs } = { ...DEFAULTS, ...situation };
  const timestamp = START_MS + atMs;
  return [
    ...streams(situation),
    {
      ...{ id: "aa", type: "candidate-pair", timestamp, state: "succeeded", nominated: true, selected: true },
      ...{ currentRoundTripTime: roundTripMs / 1000 },
    },
    { id: "bb", type: "candidate-pair", timestamp, state: "cancelled", nominated: false, selected: false },
    { id: "cc", type: "transport", timestamp, selectedCandidatePairId: "aa" },
  ];
}

/** As Firefox before it had transports: the round trip is told by the other side's reports alone.
 *  @param {Situation} [situation] */
export function olderFirefox(situation = {}) {
  const { roundTripMs } = { ...DEFAULTS, ...situation };
  return firefox(situation)
    .filter(({ type }) => type !== "transport")
    .map(({ currentRoundTripTime, ...each }) =>
      each.type === "remote-inbound-rtp" ? { ...each, roundTripTime: roundTripMs / 1000 } : each,
    );
}

/** @type {Required<Situation>} */
const DEFAULTS = {
  ...{ atMs: 0, received: 500, lost: 0, jitterMs: 5, heardAtMs: NaN, freezeMs: 0 },
  ...{ roundTripMs: 30, farLossShare: 0, farAtMs: NaN },
};

/** @param {Situation} situation
 *  @returns {any[]} */
function streams(situation) {
  const { atMs, received, lost, jitterMs, heardAtMs, freezeMs, farLossShare, farAtMs } = { ...DEFAULTS, ...situation };
  const timestamp = START_MS + atMs;
  const heard = { lastPacketReceivedTimestamp: START_MS + (Number.isNaN(heardAtMs) ? atMs : heardAtMs) };
  const farTimestamp = START_MS + (Number.isNaN(farAtMs) ? atMs : farAtMs);
  const half = Math.floor(received / 2);
  return [
    {
      ...{ id: "IA", type: "inbound-rtp", kind: "audio", timestamp, packetsReceived: half, packetsLost: 0 },
      ...{ bytesReceived: half * 80, jitter: 0.002, ...heard },
    },
    {
      ...{
        id: "IV",
        type: "inbound-rtp",
        kind: "video",
        timestamp,
        packetsReceived: received - half,
        packetsLost: lost,
      },
      ...{ bytesReceived: half * 1_000, jitter: jitterMs / 1000, totalFreezesDuration: freezeMs / 1000, ...heard },
    },
    { id: "OA", type: "outbound-rtp", kind: "audio", timestamp, packetsSent: 500 },
    {
      id: "RA",
      type: "remote-inbound-rtp",
      kind: "audio",
      timestamp: farTimestamp,
      fractionLost: farLossShare,
      packetsLost: 0,
    },
    { id: "RV", type: "remote-inbound-rtp", kind: "video", timestamp: farTimestamp, fractionLost: 0, packetsLost: 0 },
  ];
}
