/**
 * The REST half: one JSON request, answered or refused with a reason. Knows addresses and headers, no calls.
 */

import { CallInvitationError } from "./errors.js";

/**
 * @typedef {import("./types.js").Answer} Answer
 * @typedef {Record<string, string | number | boolean | null | undefined>} Query what is null or undefined is left out
 *
 * @typedef {object} RestOptions
 * @property {string} baseUrl without a trailing slash
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./types.js").Clock} clock
 * @property {import("./types.js").Secret} [csrfToken]
 * @property {string} [csrfHeader] the header that carries it; Django's own by default
 * @property {import("./types.js").Secret} [token]
 */

const NO_CONTENT = 204;
/** The members of answers that are lists. */
const LISTS = new Set(["calls", "results", "entries", "ice_servers"]);

/** Speaks JSON with `<baseUrl>/api/v1/`. */
export class RestClient {
  #options;

  /**
   * @param {RestOptions} options
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * One request.
   *
   * @param {"GET" | "POST" | "PATCH" | "PUT" | "DELETE"} method
   * @param {string} path below `/api/v1/`, without a leading slash
   * @param {object} [how]
   * @param {object} [how.body] sent as JSON
   * @param {Query} [how.query]
   * @param {string} [how.key] by which the server knows a repeat
   * @param {string} [how.expects] a member that every answer of ours to this request has; left out, there is no body
   * @param {number} [how.timeoutMs]
   * @param {AbortSignal} [how.signal] ends the request with the code `closed`
   * @param {boolean} [how.keepalive] sent even if the page is gone by then
   * @returns {Promise<Answer>}
   * @throws {CallInvitationError} refused, or `unreachable`
   */
  async request(method, path, { body, query = {}, key, expects, timeoutMs = 10_000, signal, keepalive } = {}) {
    const { fetch, clock } = this.#options;
    const address = `${this.#options.baseUrl}/api/v1/${path}${queryString(query)}`;
    const abort = new AbortController();
    const stop = () => abort.abort();
    const timer = clock.setTimeout(stop, timeoutMs);
    signal?.addEventListener("abort", stop);
    try {
      signal?.throwIfAborted();
      const init = await this.#init(method, body, key);
      return await read(await fetch(address, { ...init, keepalive, signal: abort.signal }), expects);
    } catch (error) {
      if (error instanceof CallInvitationError) {
        throw error;
      }
      throw signal?.aborted ? CallInvitationError.closed() : CallInvitationError.unreachable();
    } finally {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  /**
   * @param {string} method
   * @param {object | undefined} body
   * @param {string | undefined} key
   * @returns {Promise<RequestInit>}
   */
  async #init(method, body, key) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json, application/problem+json" };
    const token = await revealed(this.#options.token);
    const csrfToken = method === "GET" || token ? null : await revealed(this.#options.csrfToken);
    if (token) {
      headers.Authorization = `Bearer ${token}`;
    }
    if (csrfToken) {
      headers[this.#options.csrfHeader ?? "X-CSRFToken"] = csrfToken;
    }
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    if (key !== undefined) {
      headers["Idempotency-Key"] = key;
    }
    return {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: token ? "omit" : "same-origin",
      cache: "no-store",
    };
  }
}

/**
 * The query of an address.
 *
 * @param {Query} query
 * @returns {string} empty, or from the question mark on
 */
export function queryString(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const pairs = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return given.length === 0 ? "" : `?${pairs}`;
}

/**
 * A page whose `next` and `previous` are cursors instead of addresses.
 *
 * @template T
 * @param {{results: T[], next: string | null, previous: string | null}} body as the server gives it
 * @returns {import("./types.js").Page<T>}
 */
export function pageOf({ results, next, previous }) {
  return { results, next: cursorOf(next), previous: cursorOf(previous) };
}

/**
 * @param {string | null} address
 * @returns {string | null}
 */
function cursorOf(address) {
  return address === null ? null : new URL(address, "http://server.invalid/").searchParams.get("cursor");
}

/**
 * @param {import("./types.js").Secret | undefined} secret
 * @returns {Promise<string | null>}
 */
async function revealed(secret) {
  return (typeof secret === "function" ? await secret() : secret) ?? null;
}

/**
 * @param {Response} response
 * @param {string} [expects]
 * @returns {Promise<Answer>}
 * @throws {CallInvitationError} a refusal, or no answer of ours: a portal says 200 to everything, a proxy cuts short
 */
async function read(response, expects) {
  const body = parsed(await response.text());
  if (!response.ok) {
    throw CallInvitationError.fromProblem(response.status, body, response.headers.get("Retry-After"));
  }
  const member = expects === undefined ? undefined : body?.[expects];
  const isOurs =
    expects === undefined ? response.status === NO_CONTENT : member !== undefined && isList(expects, member);
  if (!isOurs) {
    throw CallInvitationError.strange();
  }
  return { status: response.status, body };
}

/**
 * @param {string} name
 * @param {unknown} member
 * @returns {boolean} whether it is a list, if it must be one
 */
function isList(name, member) {
  return Array.isArray(member) || !LISTS.has(name);
}

/**
 * @param {string} text
 * @returns {any} JSON of the server's own making; null for what is not JSON
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
