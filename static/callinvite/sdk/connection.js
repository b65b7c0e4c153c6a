/** Connecting a page of another site to a server. */

import { CallInvitationError } from "../client/index.js";
import { Calls } from "./calls.js";
import { current, follow, provide, screen } from "./hub.js";
import { say } from "../words/say.js";

/** @typedef {import("./calls.js").CallsOptions} CallsOptions */

/** Connect this page, as whoever the token belongs to. The elements follow this connection from now on; an earlier one is
 *  closed.
 *  @param {CallsOptions} options
 *    `baseUrl` is where the server is, such as `https://calls.example.org`; `token` a string, or a function that gives one,
 *    also later, when the first has ended
 *  @returns {Promise<Calls>} when the first state of all calls is here
 *  @throws {CallInvitationError} `not_authenticated` (also where `token` gave none), `unreachable` (also where the server does
 *    not let this page's origin in, which browsers do not tell), `not_allowed`, `invalid` */
export function connect(options) {
  // One after the other, so that the one asked for last is the one that stays.
  const opened = former.then(() => open(options));
  former = opened.catch(() => {});
  return opened;
}

/** @type {Promise<unknown>} */
let former = Promise.resolve();

/** @param {CallsOptions} options */
async function open(options) {
  current()?.close();
  provide(null);
  const calls = made(options);
  if (!(await calls.init())) {
    const error = calls.failure;
    calls.close();
    throw error;
  }
  calls.begin();
  provide(calls);
  return calls;
}

/** @param {CallsOptions} options */
function made(options) {
  if (!options?.token) {
    throw invalid("token");
  }
  let baseUrl = "";
  try {
    const { protocol, origin, pathname, search, hash } = new URL(options.baseUrl);
    baseUrl = /^https?:$/.test(protocol) && !search && !hash ? `${origin}${pathname.replace(/\/+$/, "")}` : "";
  } catch {
    // No address.
  }
  if (!baseUrl) {
    throw invalid("baseUrl");
  }
  try {
    return new Calls({ ...options, baseUrl }, { screen, follow });
  } catch (error) {
    throw error instanceof TypeError ? invalid("deviceId") : error;
  }
}

/** @param {string} option */
function invalid(option) {
  const detail = say("error.invalid.option", { option });
  return new CallInvitationError("invalid", detail, { errors: { [option]: [detail] } });
}
