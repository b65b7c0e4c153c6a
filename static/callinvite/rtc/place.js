/**
 * Where the call of this device is: in this page, in another page of the same browser, or in none any more.
 *
 * The page where a person acts has the call from then on. A page that has just loaded takes one that no other page has.
 */

/** How long another page waits for the page with the call to come back from a reload, before it asks. */
const RELOAD_MS = 6_000;
/** How long nobody may answer that question before the call is given up. */
const ORPHAN_MS = 20_000;
/** A page that did not act waits for the one that did. */
const DEFER_MS = 400;
const TRIES = { afterLoading: 3, otherwise: 2 };
const RETURN_PAUSE_MS = 100;

/**
 * @typedef {"none" | "here" | "other_page" | "nowhere"} Where `nowhere`: the page that had the call is gone
 */

/**
 * Fires `here` when the call has come to this page, `away` when another one has taken it, `orphaned` when nobody wants it
 * any more, and `change` for everything else that is worth showing.
 */
export class CallPlace extends EventTarget {
  #tab;
  #clock;
  /** @type {string | null} */
  #callID = null;
  /** @type {Where} */
  #where = "none";
  /** @type {unknown} */
  #orphanTimer;

  /**
   * @param {import("./tab.js").CallTab} tab
   * @param {import("../client/types.js").Clock} clock
   */
  constructor(tab, clock) {
    super();
    this.#tab = tab;
    this.#clock = clock;
    tab.addEventListener("lost", () => this.#lost());
    tab.addEventListener("free", () => this.#free());
  }

  /** @returns {Where} */
  get where() {
    return this.#where;
  }

  /** @returns {string | null} the call that this device is in, in whichever page */
  get callID() {
    return this.#callID;
  }

  /**
   * This device is in a call.
   *
   * @param {string} callID
   * @param {{acts: boolean, isLoaded: boolean}} how `acts`: this page leads into it; `isLoaded`: it has just been loaded
   * @returns {Promise<void>}
   */
  async enter(callID, { acts, isLoaded }) {
    this.#callID = callID;
    if (acts) {
      this.claim();
      return;
    }
    this.#where = "other_page";
    if (!isLoaded) {
      await this.#pause(DEFER_MS);
    }
    for (let tries = isLoaded ? TRIES.afterLoading : TRIES.otherwise; tries > 0 && this.#isAway(callID); tries -= 1) {
      if (await this.#takeIfFree(callID)) {
        return;
      }
      await this.#pause(RETURN_PAUSE_MS);
    }
    if (this.#isAway(callID)) {
      this.#tab.watch();
    }
  }

  /** This page has acted: the call is here from this moment on, wherever it was. */
  claim() {
    this.#tab.take({ steal: true });
    this.#arrive();
  }

  /** This device is in no call any more. */
  leave() {
    this.#callID = null;
    this.#where = "none";
    this.#clock.clearTimeout(this.#orphanTimer);
    this.#tab.leave();
  }

  /**
   * @param {string} callID
   * @returns {Promise<boolean>}
   */
  async #takeIfFree(callID) {
    const taken = await this.#tab.take({ steal: false });
    if (taken && this.#callID !== callID) {
      this.#tab.leave();
      return false;
    }
    if (taken) {
      this.#arrive();
    }
    return taken;
  }

  #arrive() {
    if (this.#where !== "here" && this.#callID !== null) {
      this.#where = "here";
      this.#clock.clearTimeout(this.#orphanTimer);
      this.#tell("here");
    }
  }

  /** Another page has taken the call. */
  #lost() {
    this.#where = this.#callID === null ? "none" : "other_page";
    this.#tell("away");
    if (this.#callID !== null) {
      this.#tab.watch();
    }
  }

  /** The page that had the call has closed or reloads. */
  #free() {
    const callID = this.#callID;
    this.#clock.clearTimeout(this.#orphanTimer);
    this.#orphanTimer = this.#clock.setTimeout(async () => {
      if (callID === null || !this.#isAway(callID)) {
        return;
      }
      if (!(await this.#tab.take({ steal: false }))) {
        this.#tab.watch();
        return;
      }
      // Held, so that only one page asks; nothing is opened before the person says so.
      this.#where = "nowhere";
      this.#tell("change");
      this.#orphanTimer = this.#clock.setTimeout(() => {
        if (this.#where === "nowhere" && this.#callID === callID) {
          this.#tell("orphaned");
        }
      }, ORPHAN_MS);
    }, RELOAD_MS);
  }

  /**
   * @param {string} callID
   * @returns {boolean} whether it is still this call that another page has
   */
  #isAway(callID) {
    return this.#callID === callID && this.#where === "other_page";
  }

  /**
   * @param {number} ms
   * @returns {Promise<void>}
   */
  #pause(ms) {
    return new Promise((resolve) => {
      this.#clock.setTimeout(() => resolve(), ms);
    });
  }

  /**
   * @param {string} name
   */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}
