/**
 * The moments in which a page does well to look at its connection at once instead of waiting for a timer:
 * the network is back, the page is seen again, the browser thawed it.
 */

/**
 * Wake-ups of the page this runs in; silent where there is no page (Node, workers without these events).
 *
 * @param {EventTarget & {document?: Document}} [scope] the global object
 * @returns {import("./types.js").Wakeups}
 */
export function pageWakeups(scope = globalThis) {
  return (wake) => {
    const seen = () => {
      if (scope.document?.visibilityState === "visible") {
        wake();
      }
    };
    /** @type {Array<[EventTarget | undefined, string, () => void]>} */
    const sources = [
      [scope, "online", wake],
      [scope, "pageshow", wake],
      [scope.document, "visibilitychange", seen],
      [scope.document, "resume", wake],
    ];
    const live = sources.flatMap(([source, name, listener]) =>
      source?.addEventListener ? [{ source, name, listener }] : [],
    );
    live.forEach(({ source, name, listener }) => source.addEventListener(name, listener));
    return () => live.forEach(({ source, name, listener }) => source.removeEventListener(name, listener));
  };
}
