/**
 * One at a time, with the pages: Chromium forgets a notification that is shown while somebody asks which ones there are,
 * and its buttons then do nothing. `push/turns.js` is the same for pages, which are modules; this is not, because not
 * every browser runs a worker that is one.
 */

"use strict";

const TURN = "callinvite.notifications";
/** A page that hangs must not keep a call from ringing. */
const TURN_MS = 500;

/**
 * Show notifications, or ask for them, while nobody else does.
 *
 * @template T
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
async function inTurn(act) {
  const { locks } = self.navigator;
  if (!locks) {
    return act();
  }
  let begun = false;
  try {
    return await locks.request(TURN, { signal: AbortSignal.timeout(TURN_MS) }, () => {
      begun = true;
      return act();
    });
  } catch (error) {
    if (begun) {
      throw error;
    }
    return act();
  }
}
