/**
 * The worker's memory: small JSON notes that outlive it, shared with the pages by Cache Storage.
 *
 * Only this origin can write them. `push/notes.js` is the same for pages, which are modules; this is not, because not
 * every browser runs a worker that is one.
 */

"use strict";

const NOTES = "callinvite.notes";

/**
 * @param {string} name
 * @returns {string} the key; nothing is ever fetched there
 */
function noteAddress(name) {
  return new URL(`service-worker/notes/${name}`, self.registration.scope).href;
}

/**
 * @typedef {import("../push/notes.js").Contents} Contents
 */

/**
 * Keep a note in the place of an earlier one of its name.
 *
 * @template {keyof Contents} Name
 * @param {Name} name
 * @param {Contents[Name]} value
 */
async function keepNote(name, value) {
  const cache = await self.caches.open(NOTES);
  await cache.put(noteAddress(name), new Response(JSON.stringify(value)));
}

/**
 * @template {keyof Contents} Name
 * @param {Name} name
 * @returns {Promise<Contents[Name] | null>} null if there is none, or none that can be read
 */
async function readNote(name) {
  try {
    const kept = await (await self.caches.open(NOTES)).match(noteAddress(name));
    return kept ? await kept.json() : null;
  } catch {
    return null;
  }
}
