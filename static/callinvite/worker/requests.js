/**
 * What the worker asks the server: short requests, none repeated, so that no event waits for long.
 *
 * Never throws: no answer is status 0.
 */

"use strict";

const REQUEST_MS = 5000;

/**
 * @typedef {{status: number, body: any}} Reply
 */

/**
 * This device shows the ring. Also the question whether it still rings: 410 says why not.
 *
 * @param {Message | Memory} message
 * @param {{audible: boolean}} how
 * @returns {Promise<Reply>}
 */
function acknowledge(message, { audible }) {
  return act(`calls/${addressOf(message)}/ringing`, text(message.action_token), { audible });
}

/**
 * Reject the ring: works signed out, for the token is proof enough.
 *
 * @param {Memory} data what the ring's notification carried
 * @returns {Promise<Reply>}
 */
function reject(data) {
  return act(`calls/${addressOf(data)}/reject`, data.action_token, {});
}

/**
 * The test ring has come.
 *
 * @param {Message} message
 * @returns {Promise<Reply>}
 */
function acknowledgeTest(message) {
  return act(
    `devices/${encodeURIComponent(text(message.device_id))}/test-ring/ringing`,
    text(message.action_token),
    {},
  );
}

/**
 * The ring's call as it stands in an address; `current` where the message did not tell, for the token knows.
 *
 * @param {Message | Memory} message
 */
function addressOf(message) {
  return encodeURIComponent(text(message.call_id) || "current");
}

/**
 * @returns {Promise<string | null>} the server's key as it is now; null if it does not tell, for instance signed out
 */
async function publicKey() {
  const { status, body } = await request("push/key", { credentials: "same-origin" });
  return status === 200 ? (body?.public_key ?? null) : null;
}

/**
 * Tell the server this device's new address.
 *
 * @param {string | null} token
 * @param {object} push
 * @returns {Promise<Reply>}
 */
function renew(token, push) {
  return request("push/renew", posted({ token, push }));
}

/**
 * Tell the server how it stands with this device's push address.
 *
 * @param {string | null} token
 * @param {NotificationPermission} permission
 * @param {boolean} subscribed
 * @returns {Promise<Reply>}
 */
function prove(token, permission, subscribed) {
  return request("push/proof", posted({ token, permission, subscribed }));
}

/**
 * @param {string} path
 * @param {string | null} token
 * @param {object} body
 * @returns {Promise<Reply>}
 */
function act(path, token, body) {
  if (!token) {
    return Promise.resolve({ status: 0, body: null });
  }
  return request(path, posted(body, { Authorization: `Invitation ${token}` }));
}

/**
 * @param {object} body
 * @param {Record<string, string>} [headers]
 * @returns {RequestInit} without cookies: the token alone says whose invitation it is
 */
function posted(body, headers = {}) {
  return {
    method: "POST",
    credentials: "omit",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
}

/**
 * @param {string} path below the API
 * @param {RequestInit} how
 * @returns {Promise<Reply>}
 */
async function request(path, how) {
  try {
    const answer = await fetch(new URL(`api/v1/${path}`, serverAddress()), {
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(REQUEST_MS),
      ...how,
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}
