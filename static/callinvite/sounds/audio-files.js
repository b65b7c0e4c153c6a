/** Ringtones that are files: fetched, decoded and kept, or not at all. A ring never waits for one for long. */

const MOST_BYTES = 4 * 1024 * 1024;
const LONGEST_SECONDS = 60;
const LOAD_MS = 10_000;
const MOST_KEPT = 4;

export class AudioFiles {
  /** By address, the last used last. @type {Map<string, Promise<AudioBuffer | null>>} */
  #kept = new Map();
  #fetch;

  /** @param {{fetch?: typeof globalThis.fetch}} [options] */
  constructor({ fetch: load = (input, init) => globalThis.fetch(input, init) } = {}) {
    this.#fetch = load;
  }

  /** A file as samples, at most its first minute.
   *  @param {string} url
   *  @param {BaseAudioContext} context decodes it
   *  @returns {Promise<AudioBuffer | null>} null if it cannot be loaded, is too large, or is nothing that this browser can play */
  load(url, context) {
    const found = this.#kept.get(url) ?? this.#read(url, context);
    this.#kept.delete(url);
    this.#kept.set(url, found);
    if (this.#kept.size > MOST_KEPT) {
      this.#kept.delete(/** @type {string} */ (this.#kept.keys().next().value));
    }
    return found;
  }

  /** @param {string} url @param {BaseAudioContext} context */
  async #read(url, context) {
    try {
      const response = await this.#fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(LOAD_MS) });
      if (!response.ok) {
        throw new Error(`The ringtone was answered with ${response.status}.`);
      }
      const buffer = await context.decodeAudioData(await bytesOf(response));
      if (buffer.length === 0) {
        throw new Error("The ringtone is empty.");
      }
      return firstMinute(buffer, context);
    } catch {
      // Whatever it was, the built-in tone rings; the next ring tries again.
      this.#kept.delete(url);
      return null;
    }
  }
}

/** @param {Response} response @returns {Promise<ArrayBuffer>} */
async function bytesOf(response) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const parts = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > MOST_BYTES) {
      await reader.cancel();
      throw new Error("The ringtone is too large.");
    }
    parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (part.value));
  }
  return new Blob(parts).arrayBuffer();
}

/** @param {AudioBuffer} buffer @param {BaseAudioContext} context @returns {AudioBuffer} */
function firstMinute(buffer, context) {
  const length = LONGEST_SECONDS * buffer.sampleRate;
  if (buffer.length <= length) {
    return buffer;
  }
  const cut = context.createBuffer(buffer.numberOfChannels, length, buffer.sampleRate);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    cut.copyToChannel(buffer.getChannelData(channel).subarray(0, length), channel);
  }
  return cut;
}
