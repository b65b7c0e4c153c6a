/**
 * What goes into the body of a request.
 */

/**
 * @typedef {import("./types.js").Person} Person
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

/**
 * Who is meant.
 *
 * @param {Person | string} person
 * @returns {string} their id
 */
export function idOf(person) {
  return typeof person === "string" ? person : person.id;
}

/**
 * What `send` and `invite` have in common on the wire.
 *
 * @param {Omit<import("./types.js").InviteOptions, "callID">} options
 * @returns {Record<string, unknown>}
 */
export function invitationBody({ invitees, ...options }) {
  const { customData, resourceID, notificationTitle, notificationMessage, timeoutSeconds, urgent } = options;
  return given({
    invitees: invitees.map(idOf),
    custom_data: customData,
    resource_id: resourceID,
    notification_title: notificationTitle,
    notification_message: notificationMessage,
    timeout_seconds: timeoutSeconds,
    urgent,
  });
}
