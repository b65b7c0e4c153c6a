/** The sounds of the pages as scores, and the instrument that plays them into samples. Made for this project.
 *
 *  Everything is computed, so there is no file to load and nothing to wait for when it rings. */

/** @typedef {{at: number, pitch: number, length?: number, loud?: number}} Note seconds, and MIDI numbers (69 is 440 Hz)
 *  @typedef {{seconds: number, voice: "mallet" | "hum", notes: Note[]}} Score a loop of `seconds` */

/** A rising call that answers itself lower: friendly first, and never shrill.
 *  @type {Score} */
const ringtone = {
  seconds: 4.2,
  voice: "mallet",
  notes: [
    { at: 0.0, pitch: 67 }, { at: 0.18, pitch: 74 }, { at: 0.36, pitch: 71, loud: 0.8 }, { at: 0.54, pitch: 78 },
    { at: 0.9, pitch: 76, loud: 0.9 }, { at: 1.08, pitch: 71, loud: 0.7 },
    { at: 1.5, pitch: 64 }, { at: 1.68, pitch: 71 }, { at: 1.86, pitch: 69, loud: 0.8 }, { at: 2.04, pitch: 74 },
    { at: 2.4, pitch: 71, loud: 0.9 }, { at: 2.4, pitch: 55, loud: 0.6 },
  ],
};

/** Two soft swells and a breath: it rings over there.
 *  @type {Score} */
const ringback = {
  seconds: 4,
  voice: "hum",
  notes: [
    { at: 0.05, pitch: 64, length: 0.55 }, { at: 0.05, pitch: 71, length: 0.55, loud: 0.6 },
    { at: 0.85, pitch: 64, length: 0.55 }, { at: 0.85, pitch: 71, length: 0.55, loud: 0.6 },
  ],
};

/** A second call while one talks: two quiet drops, rarely.
 *  @type {Score} */
const waiting = {
  seconds: 5,
  voice: "mallet",
  notes: [{ at: 0, pitch: 79, loud: 0.45 }, { at: 0.2, pitch: 74, loud: 0.45 }],
};

/** Once, when somebody has accepted.
 *  @type {Score} */
const joined = {
  seconds: 0.9,
  voice: "mallet",
  notes: [{ at: 0, pitch: 67, loud: 0.6 }, { at: 0.12, pitch: 74, loud: 0.6 }],
};

/** Once, when a call is over.
 *  @type {Score} */
const over = {
  seconds: 1,
  voice: "mallet",
  notes: [{ at: 0, pitch: 71, loud: 0.5 }, { at: 0.15, pitch: 64, loud: 0.5 }],
};

export const SCORES = Object.freeze({ ringtone, ringback, waiting, joined, over });

/** Play a score into samples.
 *  @param {Score} score
 *  @param {number} sampleRate per second
 *  @returns {Float32Array} mono, never beyond -1 to 1 */
export function render(score, sampleRate) {
  const samples = new Float32Array(Math.round(score.seconds * sampleRate));
  const play = score.voice === "mallet" ? mallet : hum;
  for (const note of score.notes) {
    play(samples, sampleRate, note);
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

/** A wooden bar: the fourth partial dies first. The tail goes round into the loop's beginning.
 *  @param {Float32Array} samples @param {number} sampleRate @param {Note} note */
function mallet(samples, sampleRate, { at, pitch, loud = 1 }) {
  const turn = (2 * Math.PI * frequency(pitch)) / sampleRate;
  const start = Math.round(at * sampleRate);
  const length = Math.min(Math.round(1.4 * sampleRate), samples.length);
  for (let index = 0; index < length; index += 1) {
    const time = index / sampleRate;
    const attack = Math.min(1, time / 0.004);
    const tone = Math.sin(turn * index) * Math.exp(-time * 4.2)
      + 0.32 * Math.sin(turn * 3.98 * index) * Math.exp(-time * 16)
      + 0.1 * Math.sin(turn * 9.2 * index) * Math.exp(-time * 42);
    samples[(start + index) % samples.length] += 0.42 * loud * attack * tone;
  }
}

/** A held tone that swells and fades.
 *  @param {Float32Array} samples @param {number} sampleRate @param {Note} note */
function hum(samples, sampleRate, { at, pitch, length = 0.5, loud = 1 }) {
  const turn = (2 * Math.PI * frequency(pitch)) / sampleRate;
  const start = Math.round(at * sampleRate);
  const count = Math.round(length * sampleRate);
  for (let index = 0; index < count && start + index < samples.length; index += 1) {
    const swell = Math.sin((Math.PI * index) / count) ** 0.7;
    samples[start + index] += 0.13 * loud * swell * (Math.sin(turn * index) + 0.2 * Math.sin(2 * turn * index));
  }
}
