/** The parameters of `send`, read from the attributes of an element: in kebab case, each by its own name. */

/** @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../client/types.js").SendOptions} SendOptions */

/** The attributes, all of them. */
export const SEND_ATTRIBUTES = /** @type {const} */ ([
  "invitees",
  "is-video-call",
  "custom-data",
  "call-id",
  "resource-id",
  "notification-title",
  "notification-message",
  "timeout-seconds",
  "urgent",
  "end-when-caller-leaves",
]);

/** Whether an attribute says yes: the value "false" means the same as its absence.
 *  @param {Element} element
 *  @param {string} name
 *  @returns {boolean} */
export function isOn(element, name) {
  return element.hasAttribute(name) && element.getAttribute(name) !== "false";
}

/** People as an attribute names them: ids by comma; `bob:Bob` gives a name.
 *  @param {string | null} text
 *  @returns {Person[]} */
export function peopleIn(text) {
  return (text ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean)
    .map((each) => {
      const [id, ...name] = each.split(":");
      return { id, name: name.join(":") || id };
    });
}

/** What an element's attributes say to `send`, invitees apart.
 *  @param {Element} element
 *  @returns {Omit<SendOptions, "invitees">} */
export function sendOptionsOf(element) {
  const text = (/** @type {string} */ name) => element.getAttribute(name) ?? undefined;
  const seconds = text("timeout-seconds");
  return {
    isVideoCall: isOn(element, "is-video-call"),
    customData: text("custom-data"),
    callID: text("call-id") || undefined,
    resourceID: text("resource-id"),
    notificationTitle: text("notification-title"),
    notificationMessage: text("notification-message"),
    timeoutSeconds: seconds === undefined ? undefined : Number(seconds),
    urgent: isOn(element, "urgent") || undefined,
    endWhenCallerLeaves: isOn(element, "end-when-caller-leaves") || undefined,
  };
}
