/**
 * What the states of the connection mean.
 */

/**
 * Whether what is shown is what the server holds, by a socket or by asking again and again.
 *
 * @param {import("./types.js").Connection} connection
 * @returns {boolean}
 */
export function isUp(connection) {
  return connection === "open" || connection === "polling";
}
