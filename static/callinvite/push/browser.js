/**
 * What this browser lacks to be woken by a push, and the small differences between browsers around it.
 */

/**
 * @typedef {"insecure" | "home_screen" | "no_worker" | "no_push"} Obstacle
 *
 * @typedef {object} Scope what of the global object is asked; browsers lack this and that of it
 * @property {boolean} isSecureContext
 * @property {Navigator & {standalone?: boolean}} navigator
 * @property {CacheStorage} caches
 * @property {import("../client/types.js").KeyValues} [localStorage] reading it throws where it is forbidden
 * @property {Pick<typeof Notification, "permission" | "requestPermission">} Notification
 */

/**
 * Why pushes cannot come here.
 *
 * @param {Scope} scope
 * @returns {Obstacle | null} null if nothing is in the way
 */
export function obstacleIn(scope) {
  const { navigator } = scope;
  if (!scope.isSecureContext) {
    return "insecure";
  }
  const isWhole = "PushManager" in scope && "Notification" in scope && typeof scope.caches === "object";
  if (navigator.serviceWorker && isWhole) {
    return null;
  }
  // iPhones and iPads have it all, but only in apps on the home screen; no other browser has this property.
  if (navigator.standalone === false) {
    return "home_screen";
  }
  return navigator.serviceWorker ? "no_push" : "no_worker";
}

/**
 * Whether a subscription was made with this key.
 *
 * @param {ArrayBuffer | string | null | undefined} subscribed as the browser or an earlier page keeps it
 * @param {string} key base64url without padding
 * @returns {boolean} false where it is not known
 */
export function sameKey(subscribed, key) {
  if (!subscribed) {
    return false;
  }
  return (typeof subscribed === "string" ? subscribed : base64url(subscribed)) === key;
}

/**
 * @param {ArrayBuffer} bytes
 * @returns {string} without padding
 */
function base64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
