/**
 * The one kind of failure that the client reports: a code from the closed list, a sentence, and what came with it.
 */

import { say } from "../words/say.js";

const TEMPORARY_STATUS = new Set([0, 502, 503, 504]);

/**
 * Why something was not done. Codes are those of the server's closed list, and three of the client:
 * `unreachable` (no answer in time), `closed` (the service was closed), `no_current_call` (no call it could mean).
 */
export class CallInvitationError extends Error {
  /**
   * @param {string} code
   * @param {string} detail a sentence for people
   * @param {object} [more]
   * @param {number} [more.status] HTTP status; 0 if the server did not answer
   * @param {import("./types.js").Call | null} [more.call] the call concerned, where one may see it
   * @param {import("./types.js").Problem["errors"] | null} [more.errors] per field or per invitee
   * @param {number | null} [more.retryAfterSeconds]
   * @param {boolean} [more.reauthenticate] it would be done for somebody who had just signed in
   */
  constructor(
    code,
    detail,
    { status = 0, call = null, errors = null, retryAfterSeconds = null, reauthenticate = false } = {},
  ) {
    super(detail);
    this.name = "CallInvitationError";
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.call = call;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
    this.reauthenticate = reauthenticate;
  }

  /**
   * From a problem body (RFC 9457), however little of it there is: proxies answer in HTML.
   *
   * @param {number} status
   * @param {Partial<import("./types.js").Problem> | null} problem the parsed body, or null
   * @param {string | null} [retryAfter] the header of that name
   * @returns {CallInvitationError}
   */
  static fromProblem(status, problem, retryAfter = null) {
    const code = typeof problem?.code === "string" ? problem.code : "unavailable";
    const detail = problem?.detail ?? problem?.title ?? say("error.unavailable");
    const seconds = Number(problem?.retry_after_seconds ?? retryAfter ?? Number.NaN);
    return new CallInvitationError(code, detail, {
      status,
      call: problem?.call ?? null,
      errors: problem?.errors ?? null,
      retryAfterSeconds: Number.isFinite(seconds) ? seconds : null,
      reauthenticate: problem?.reauthenticate === true,
    });
  }

  /**
   * @returns {CallInvitationError} the server did not answer in time
   */
  static unreachable() {
    return new CallInvitationError("unreachable", say("error.unreachable"));
  }

  /**
   * @returns {CallInvitationError} something else than the server answered, such as the sign-in page of a network
   */
  static strange() {
    return new CallInvitationError("unreachable", say("error.unreachable.strange"));
  }

  /**
   * @returns {CallInvitationError} the service was closed meanwhile
   */
  static closed() {
    return new CallInvitationError("closed", say("error.closed"));
  }

  /**
   * What was wrong with each field; empty where the refusal was about something else.
   *
   * @returns {import("./types.js").FieldErrors}
   */
  get fields() {
    return this.errors === null || Array.isArray(this.errors) ? {} : this.errors;
  }

  /**
   * Why each of several people was left out; empty where the refusal was about something else.
   *
   * @returns {import("./types.js").InviteeError[]}
   */
  get invitees() {
    return Array.isArray(this.errors) ? this.errors : [];
  }

  /**
   * Whether the same request may well succeed a moment later.
   *
   * @returns {boolean}
   */
  get isTemporary() {
    return TEMPORARY_STATUS.has(this.status) && (this.code === "unreachable" || this.code === "unavailable");
  }
}
