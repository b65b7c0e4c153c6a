/** The sounds of the pages as scores, and the instrument that plays them into samples. Made for this project.
 *
 *  Everything is computed, so there is no file to load and nothing to wait for when it rings. */

/** @typedef {{at: number, pitch: number, length?: number, loud?: number}} Note seconds, and MIDI numbers (69 is 440 Hz)
 *  @typedef {"mallet" | "marimba" | "glass" | "chip"} Struck what is hit once and dies away
 *  @typedef {{seconds: number, voice: Struck | "hum", notes: Note[]}} Score a loop of `seconds` */

/** A rising call that answers itself lower: friendly first, and never shrill.
 *  @type {Score} */
const ringtone = {
  seconds: 4.2,
  voice: "mallet",
  notes: [
    { at: 0.0, pitch: 67 },
    { at: 0.18, pitch: 74 },
    { at: 0.36, pitch: 71, loud: 0.8 },
    { at: 0.54, pitch: 78 },
    { at: 0.9, pitch: 76, loud: 0.9 },
    { at: 1.08, pitch: 71, loud: 0.7 },
    { at: 1.5, pitch: 64 },
    { at: 1.68, pitch: 71 },
    { at: 1.86, pitch: 69, loud: 0.8 },
    { at: 2.04, pitch: 74 },
    { at: 2.4, pitch: 71, loud: 0.9 },
    { at: 2.4, pitch: 55, loud: 0.6 },
  ],
};

/** A bouncing figure low on the wood, twice, the second time a step down.
 *  @type {Score} */
const marimba = {
  seconds: 3.84,
  voice: "marimba",
  notes: [0, -2].flatMap((down, turn) =>
    [60, 67, 72, 64, 67, 76, 74, 67].map((pitch, step) => ({
      at: turn * 1.28 + step * 0.16,
      pitch: pitch + down,
      loud: step % 3 === 0 ? 1 : 0.7,
    })),
  ),
};

/** Slow bells of glass that melt into a chord.
 *  @type {Score} */
const soft = {
  seconds: 5.6,
  voice: "glass",
  notes: [
    { at: 0.0, pitch: 64 },
    { at: 0.5, pitch: 71, loud: 0.9 },
    { at: 1.0, pitch: 75, loud: 0.8 },
    { at: 1.5, pitch: 78, loud: 0.9 },
    { at: 2.6, pitch: 61 },
    { at: 3.1, pitch: 69, loud: 0.9 },
    { at: 3.6, pitch: 73, loud: 0.8 },
    { at: 4.1, pitch: 76, loud: 0.7 },
  ],
};

/** A quick little run like an old game, two times, and a rest.
 *  @type {Score} */
const digital = {
  seconds: 2.8,
  voice: "chip",
  notes: [0, 0.96].flatMap((start) =>
    [72, 76, 79, 84, 79, 84, 88].map((pitch, step) => ({ at: start + step * 0.1, pitch, loud: step === 6 ? 1 : 0.8 })),
  ),
};

/** Two soft swells and a breath: it rings over there.
 *  @type {Score} */
const ringback = {
  seconds: 4,
  voice: "hum",
  notes: [
    { at: 0.05, pitch: 64, length: 0.55 },
    { at: 0.05, pitch: 71, length: 0.55, loud: 0.6 },
    { at: 0.85, pitch: 64, length: 0.55 },
    { at: 0.85, pitch: 71, length: 0.55, loud: 0.6 },
  ],
};

/** A second call while one talks: two quiet drops, rarely.
 *  @type {Score} */
const waiting = {
  seconds: 5,
  voice: "mallet",
  notes: [
    { at: 0, pitch: 79, loud: 0.45 },
    { at: 0.2, pitch: 74, loud: 0.45 },
  ],
};

/** Once, when somebody has accepted.
 *  @type {Score} */
const joined = {
  seconds: 0.9,
  voice: "mallet",
  notes: [
    { at: 0, pitch: 67, loud: 0.6 },
    { at: 0.12, pitch: 74, loud: 0.6 },
  ],
};

/** Once, when a call is over.
 *  @type {Score} */
const over = {
  seconds: 1,
  voice: "mallet",
  notes: [
    { at: 0, pitch: 71, loud: 0.5 },
    { at: 0.15, pitch: 64, loud: 0.5 },
  ],
};

/** Once, when everybody who was called is busy: the three beeps that telephones have for it.
 *  @type {Score} */
const busy = {
  seconds: 1.6,
  voice: "hum",
  notes: [0, 0.5, 1].map((at) => ({ at: at + 0.02, pitch: 68, length: 0.28 })),
};

export const SCORES = Object.freeze({ ringtone, marimba, soft, digital, ringback, waiting, joined, over, busy });

/** What a voice is made of: its partials are `[times the pitch, how loud, how fast each dies per second]`.
 *  @type {Record<Struck, {attackSeconds: number, seconds: number, loud: number, partials: [number, number, number][]}>} */
const VOICES = {
  // A wooden bar: the fourth partial dies first.
  mallet: {
    attackSeconds: 0.004,
    seconds: 1.4,
    loud: 0.42,
    partials: [
      [1, 1, 4.2],
      [3.98, 0.32, 16],
      [9.2, 0.1, 42],
    ],
  },
  // A longer one over its pipe: dry, deep, and tuned an octave twice.
  marimba: {
    attackSeconds: 0.003,
    seconds: 0.9,
    loud: 0.5,
    partials: [
      [1, 1, 6.5],
      [4, 0.25, 20],
      [10, 0.07, 55],
    ],
  },
  glass: {
    attackSeconds: 0.03,
    seconds: 3.2,
    loud: 0.3,
    partials: [
      [1, 1, 1.5],
      [2, 0.3, 2.4],
      [3.01, 0.07, 4],
    ],
  },
  // The odd partials of a square wave.
  chip: {
    attackSeconds: 0.002,
    seconds: 0.4,
    loud: 0.34,
    partials: [
      [1, 1, 8],
      [3, 0.3, 10],
      [5, 0.14, 13],
      [7, 0.06, 17],
    ],
  },
};

/** Play a score into samples.
 *  @param {Score} score
 *  @param {number} sampleRate per second
 *  @returns {Float32Array<ArrayBuffer>} mono, never beyond -1 to 1 */
export function render(score, sampleRate) {
  const samples = new Float32Array(Math.round(score.seconds * sampleRate));
  for (const note of score.notes) {
    if (score.voice === "hum") {
      hum(samples, sampleRate, note);
    } else {
      strike(samples, sampleRate, note, VOICES[score.voice]);
    }
  }
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = Math.tanh(samples[index]);
  }
  return samples;
}

/** @param {number} pitch @returns {number} Hz */
function frequency(pitch) {
  return 440 * 2 ** ((pitch - 69) / 12);
}

/** Hit a voice once. The tail goes round into the loop's beginning.
 *  @param {Float32Array<ArrayBuffer>} samples @param {number} sampleRate @param {Note} note @param {typeof VOICES[Struck]} voice */
function strike(samples, sampleRate, { at, pitch, loud = 1 }, { attackSeconds, seconds, loud: voiceLoud, partials }) {
  const turn = (2 * Math.PI * frequency(pitch)) / sampleRate;
  const start = Math.round(at * sampleRate);
  const length = Math.min(Math.round(seconds * sampleRate), samples.length);
  for (const [times, share, fading] of partials) {
    const step = Math.exp(-fading / sampleRate);
    let level = voiceLoud * loud * share;
    for (let index = 0; index < length; index += 1) {
      const attack = Math.min(1, index / (attackSeconds * sampleRate));
      samples[(start + index) % samples.length] += level * attack * Math.sin(turn * times * index);
      level *= step;
    }
  }
}

/** A held tone that swells and fades.
 *  @param {Float32Array<ArrayBuffer>} samples @param {number} sampleRate @param {Note} note */
function hum(samples, sampleRate, { at, pitch, length = 0.5, loud = 1 }) {
  const turn = (2 * Math.PI * frequency(pitch)) / sampleRate;
  const start = Math.round(at * sampleRate);
  const count = Math.round(length * sampleRate);
  for (let index = 0; index < count && start + index < samples.length; index += 1) {
    const swell = Math.sin((Math.PI * index) / count) ** 0.7;
    samples[start + index] += 0.13 * loud * swell * (Math.sin(turn * index) + 0.2 * Math.sin(2 * turn * index));
  }
}
