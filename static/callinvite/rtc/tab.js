/**
 * Which page of this browser carries the call: all its pages are one device, and one of them has the microphone.
 *
 * The page that holds a Web Lock is the one. Acting in another page takes the lock away from it.
 */

const LOCK = "callinvite.call-media";

/** The place of this page; fires `lost` when another one takes the call, `free` when the one that had it is gone. */
export class CallTab extends EventTarget {
  #locks;
  #holds = false;
  /** @type {(() => void) | null} */
  #release = null;
  /** @type {AbortController | null} */
  #waiting = null;
  /** Which taking counts: an answer to an earlier one comes too late. */
  #turn = 0;

  /**
   * @param {LockManager | undefined} [locks] undefined where the browser has none: then every page is alone
   */
  constructor(locks = globalThis.navigator?.locks) {
    super();
    this.#locks = locks;
  }

  /** @returns {boolean} */
  get holds() {
    return this.#holds;
  }

  /**
   * Makes this page the one.
   *
   * @param {{steal: boolean}} how `steal`: also if another page has the call
   * @returns {Promise<boolean>} whether it is
   */
  take({ steal }) {
    if (this.#holds || !this.#locks) {
      this.#holds = true;
      return Promise.resolve(true);
    }
    this.#stopWaiting();
    this.#turn += 1;
    const turn = this.#turn;
    const locks = this.#locks;
    return new Promise((resolve) => {
      const options = steal ? { steal: true } : { ifAvailable: true };
      locks
        .request(LOCK, options, (lock) => {
          if (lock === null || turn !== this.#turn) {
            resolve(false);
            return undefined;
          }
          this.#holds = true;
          resolve(true);
          return new Promise((release) => {
            this.#release = () => release(undefined);
          });
        })
        .catch(() => {
          // Stolen, or the page is being closed.
          resolve(false);
          if (turn === this.#turn && this.#holds) {
            this.#holds = false;
            this.#release = null;
            this.dispatchEvent(new Event("lost"));
          }
        });
    });
  }

  /** Gives the call up. */
  leave() {
    this.#stopWaiting();
    this.#turn += 1;
    this.#holds = false;
    this.#release?.();
    this.#release = null;
  }

  /** Waits, while another page has the call, for that page to be gone. */
  watch() {
    if (this.#holds || this.#waiting !== null || !this.#locks) {
      return;
    }
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#locks
      // Shared and given back at once: it is only to know, and must not stand in a reloading page's way.
      .request(LOCK, { mode: "shared", signal: waiting.signal }, () => undefined)
      .then(
        () => {
          if (this.#waiting === waiting) {
            this.#waiting = null;
            this.dispatchEvent(new Event("free"));
          }
        },
        () => {},
      );
  }

  #stopWaiting() {
    this.#waiting?.abort();
    this.#waiting = null;
  }
}
