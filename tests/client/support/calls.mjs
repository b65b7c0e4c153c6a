/**
 * Call objects as the server would give them, built by hand for tests.
 */

export const NOON = Date.parse("2026-11-23T12:00:00.000Z");

/** A moment some seconds after noon, as on the wire. */
export function at(seconds) {
  return new Date(NOON + seconds * 1000).toISOString();
}

/**
 * @typedef {import("../../../static/callinvite/client/types.js").Call} Call
 * @typedef {import("../../../static/callinvite/client/types.js").Invitation} Invitation
 * @typedef {import("../../../static/callinvite/client/types.js").Participant} Participant
 */

/** @returns {import("../../../static/callinvite/client/types.js").Person} */
export function person(id) {
  return { id, name: id[0].toUpperCase() + id.slice(1) };
}

/**
 * Where an invitation of this state stands, as the server would say.
 *
 * @param {Partial<Invitation>} invitation
 * @returns {import("../../../static/callinvite/client/types.js").Standing}
 */
function standingOf({ state = "pending", progress = "sent" }) {
  /** @type {Record<string, import("../../../static/callinvite/client/types.js").Standing>} */
  const closed = {
    accepted: "accepted",
    rejected: "declined",
    busy: "busy",
    cancelled: "cancelled",
    timed_out: "no_answer",
  };
  return state === "pending" ? (progress === "ringing" ? "ringing" : "calling") : closed[state];
}

/**
 * @param {string} invitee
 * @param {Partial<Invitation>} [more]
 * @returns {Invitation}
 */
export function invitation(invitee, more = {}) {
  return {
    invitee: person(invitee),
    inviter: person("alice"),
    state: "pending",
    progress: "sent",
    standing: standingOf(more),
    ringing_on: null,
    ringing_devices: 0,
    ringing_audibly: false,
    reject_reason: null,
    custom_data: "",
    expires_at: at(60),
    responded_at: null,
    answered_on: null,
    ...more,
  };
}

/**
 * @param {string} user
 * @param {Partial<Participant>} [more]
 * @returns {Participant}
 */
export function participant(user, more = {}) {
  return {
    user: person(user),
    device_id: `${user}-device`,
    joined_at: at(0),
    connected_at: null,
    left_at: null,
    left_reason: null,
    ...more,
  };
}

/**
 * Alice rings Bob, unless told otherwise.
 *
 * @param {Partial<Call>} [more]
 * @returns {Call}
 */
export function makeCall(more = {}) {
  return {
    call_id: "call_alice_1",
    attempt: 1,
    revision: 1,
    state: "ringing",
    end_reason: null,
    is_video_call: true,
    caller: person("alice"),
    custom_data: "",
    resource_id: null,
    ringtone_url: null,
    silent: false,
    vibration: [],
    accent: null,
    notification_title: "Alice (@alice)",
    notification_message: "Incoming video call",
    sender_title: "",
    sender_message: "",
    timeout_seconds: 60,
    created_at: at(0),
    ring_expires_at: at(60),
    remaining_ms: 60000,
    server_time: at(0),
    answered_at: null,
    ended_at: null,
    duration_seconds: null,
    invitations: [invitation("bob")],
    participants: [participant("alice")],
    you: {
      role: "invitee",
      state: "pending",
      can: ["accept", "reject"],
      missed: false,
      duration_seconds: null,
      verdict: "rings",
      from_contact: true,
      urgent: false,
    },
    ...more,
  };
}

/** How somebody stands to a call that they did not answer.
 *  @type {import("../../../static/callinvite/client/types.js").You} */
export const MISSED = {
  role: "invitee",
  state: "timed_out",
  can: [],
  missed: true,
  duration_seconds: null,
  verdict: "rings",
  from_contact: true,
  urgent: false,
};
