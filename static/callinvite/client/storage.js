/**
 * The browser's storage as it can be relied on: full or forbidden, it only forgets sooner.
 */

/**
 * A storage that never throws: what it cannot take is remembered for as long as the page lasts.
 *
 * @param {import("./types.js").KeyValues | null | undefined} storage null where there is none
 * @returns {import("./types.js").KeyValues}
 */
export function lenient(storage) {
  /** @type {Map<string, string>} */
  const held = new Map();
  return {
    getItem(key) {
      const own = held.get(key);
      if (own !== undefined) {
        return own;
      }
      try {
        return storage?.getItem(key) ?? null;
      } catch {
        return null;
      }
    },
    setItem(key, value) {
      held.delete(key);
      try {
        if (storage) {
          storage.setItem(key, value);
          return;
        }
      } catch {
        // Full, or forbidden.
      }
      held.set(key, value);
    },
  };
}

/**
 * A storage of this page, where there is one that may be touched: merely naming it can throw.
 *
 * @param {"localStorage" | "sessionStorage"} name
 * @param {object} [scope] the global object
 * @returns {Storage | null}
 */
export function pageStorage(name, scope = globalThis) {
  try {
    return /** @type {typeof globalThis} */ (scope)[name] ?? null;
  } catch {
    return null;
  }
}
