/**
 * One at a time, with the worker: Chromium forgets a notification that is shown while somebody asks which ones there are,
 * and its buttons then do nothing. `worker/turns.js` is the same for the worker.
 */

const TURN = "callinvite.notifications";
/** A page that hangs must not keep a call from ringing. */
const TURN_MS = 500;

/**
 * Ask for notifications while nobody else does, or shows one.
 *
 * @template T
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
export async function inTurn(act) {
  const { locks } = navigator;
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
