/** Which ringtone this browser plays: what the person chose, kept from one visit to the next. Makes no sound. */

import { pageStorage } from "../client/storage.js";

const KEY = "callinvite.ringtone";

/** @typedef {{kind: "caller"} | {kind: "tone", id: string} | {kind: "resource", id: string, url: string}} Choice
 *    whatever the call says; a tone of the page's own; a ringtone that the admins offer
 *  @typedef {{score: string, url: string | null}} Tone `score` sounds where there is no file at `url`, or none that plays */

/** The tones that need no file, as people choose them, by the names of their scores. */
export const BUILT_IN = Object.freeze(/** @type {const} */ (["ringtone", "marimba", "soft", "digital"]));
const [CLASSIC] = BUILT_IN;

/** Fires `change` whenever `choice` changes. */
export class Ringtones extends EventTarget {
  #storage;
  /** @type {Choice} */
  #choice;

  /** @param {{storage?: Pick<Storage, "getItem" | "setItem"> | null}} [options] where the choice is kept */
  constructor({ storage = pageStorage("localStorage") } = {}) {
    super();
    this.#storage = storage;
    this.#choice = remembered(storage);
    // Of several pages of one browser another one may be the one that rings.
    globalThis.addEventListener?.("storage", (event) => {
      if (event.key === KEY) {
        this.#choice = remembered(storage);
        this.dispatchEvent(new Event("change"));
      }
    });
  }

  /** @returns {Choice} */
  get choice() {
    return this.#choice;
  }

  /** Choose, for all pages of this browser.
   *  @param {Choice} choice */
  choose(choice) {
    this.#choice = choice;
    try {
      this.#storage?.setItem(KEY, JSON.stringify(choice));
    } catch {
      // Forbidden or full: the choice then lasts as long as the page.
    }
    this.dispatchEvent(new Event("change"));
  }

  /** The admins may have given the chosen ringtone another file.
   *  @param {{resource_id: string, ringtone_url: string | null}[]} resources all there are */
  learn(resources) {
    const choice = this.#choice;
    if (choice.kind !== "resource") {
      return;
    }
    const url = resources.find((each) => each.resource_id === choice.id)?.ringtone_url;
    if (url && url !== choice.url) {
      this.choose({ ...choice, url });
    }
  }

  /** What a call sounds like here.
   *  @param {{ringtone_url?: string | null} | null | undefined} call
   *  @param {Choice} [choice]
   *  @returns {Tone} */
  toneFor(call, choice = this.#choice) {
    switch (choice.kind) {
      case "tone":
        return { score: choice.id, url: null };
      case "resource":
        return { score: CLASSIC, url: choice.url };
      default:
        return { score: CLASSIC, url: call?.ringtone_url ?? null };
    }
  }
}

/** @param {Pick<Storage, "getItem"> | null} storage @returns {Choice} */
function remembered(storage) {
  let kept;
  try {
    kept = JSON.parse(storage?.getItem(KEY) ?? "null");
  } catch {
    kept = null;
  }
  if (kept?.kind === "tone" && BUILT_IN.includes(kept.id)) {
    return { kind: "tone", id: kept.id };
  }
  if (kept?.kind === "resource" && typeof kept.id === "string" && typeof kept.url === "string") {
    return { kind: "resource", id: kept.id, url: kept.url };
  }
  return { kind: "caller" };
}
