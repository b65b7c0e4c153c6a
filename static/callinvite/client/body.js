/**
 * What goes into the body of a request.
 */

/**
 * Leaves out what was left out, so that the server's defaults hold.
 *
 * @param {Record<string, unknown>} values
 * @returns {Record<string, unknown>} without undefined and null
 */
export function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}
