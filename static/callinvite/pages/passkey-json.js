/** The browser's passkeys in JSON (Web Authentication level 3, sections 5.1.7 to 5.1.9), also in browsers that know only
 *  buffers: Chrome before 129 and Safari before 18.4. */

/** @typedef {Record<string, any>} Json */

/** @returns {boolean} whether this page can ask for passkeys: it has the interface, and a secure context */
export function isSupported() {
  return "PublicKeyCredential" in globalThis && Boolean(navigator.credentials);
}

/** A new passkey.
 *  @param {Json} options PublicKeyCredentialCreationOptionsJSON
 *  @param {AbortSignal} signal
 *  @returns {Promise<Json>} RegistrationResponseJSON */
export async function created(options, signal) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(/** @type {any} */ (options)) ?? {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: described(options.excludeCredentials),
  };
  return json(await navigator.credentials.create({ publicKey: /** @type {any} */ (publicKey), signal }));
}

/** What a passkey signs.
 *  @param {Json} options PublicKeyCredentialRequestOptionsJSON
 *  @param {{signal: AbortSignal, mediation?: CredentialMediationRequirement}} how
 *  @returns {Promise<Json>} AuthenticationResponseJSON */
export async function used(options, how) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(/** @type {any} */ (options)) ?? {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: described(options.allowCredentials),
  };
  return json(await navigator.credentials.get({ publicKey: /** @type {any} */ (publicKey), ...how }));
}

/** @param {Json[] | undefined} credentials */
function described(credentials) {
  return (credentials ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
}

/** @param {Credential | null} credential
 *  @returns {Json} */
function json(credential) {
  const made = /** @type {any} */ (credential);
  if (typeof made.toJSON === "function") {
    return made.toJSON();
  }
  const { id, type, rawId, response } = made;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const said = parts.filter((name) => response[name]).map((name) => [name, text(response[name])]);
  return {
    id,
    type,
    rawId: text(rawId),
    response: Object.fromEntries(said),
    clientExtensionResults: made.getClientExtensionResults(),
  };
}

/** @param {string} base64url @returns {Uint8Array} */
function bytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (each) => each.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer @returns {string} base64url, without padding */
function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
