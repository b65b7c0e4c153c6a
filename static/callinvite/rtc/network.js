/**
 * This device's network: tells when it is another one.
 */

/** Networks report a change several times over. */
const SETTLES_MS = 500;

/** @typedef {Navigator & {connection?: EventTarget & {type?: string}}} WithNetwork (Network Information API) */

/**
 * Follows the network for as long as the page lives.
 *
 * @param {import("../client/types.js").Clock} clock
 * @param {() => void} onChange once for each change, when it has settled
 */
export function followNetwork(clock, onChange) {
  /** @type {unknown} */
  let timer;
  const changed = () => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(onChange, SETTLES_MS);
  };
  globalThis.addEventListener?.("online", changed);
  const network = /** @type {WithNetwork | undefined} */ (globalThis.navigator)?.connection;
  let type = network?.type;
  network?.addEventListener?.("change", () => {
    // It tells of every new guess of the speed as well; only another kind of network is another network.
    if (network.type !== type) {
      type = network.type;
      changed();
    }
  });
}
