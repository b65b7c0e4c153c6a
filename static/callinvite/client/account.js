/**
 * The signed-in user's account over REST: profile, people, devices, apps that are signed in, ring resources, and the calls
 * that were.
 */

import { CallInvitationError } from "./errors.js";
import { given } from "./body.js";
import { ContactBook } from "./contacts.js";
import { Requests } from "./requests.js";

/**
 * @typedef {import("./types.js").Call} Call
 *
 * @typedef {object} AccountOptions
 * @property {import("./rest.js").RestClient} rest
 * @property {import("./attempts.js").Attempts} attempts
 * @property {(types: readonly string[]) => number} heard how often frames of these types have come
 * @property {(count: number) => void} onMissedUnseen the server has said how many missed calls were not seen yet
 * @property {(me: import("./types.js").Me) => void} onMe the server has said what this user's settings are
 */

/** The frames that tell of something that is part of `Me`, too. */
const TELL_OF_ME = ["me", "contact", "history", "call", "snapshot"];
const TELL_OF_MISSED = ["me", "history", "call", "snapshot"];
/** How often settings are read again at most that something overtook on their way. */
const AGAIN_MOST = 2;

/** What a client can read and change that is no act in a call. A read that fails gives null, a change false or null. */
export class Account extends ContactBook {
  #rest;
  #attempts;
  #requests;
  #onMissedUnseen;
  #onMe;
  #heard;
  /** How many changes of the own settings have ended. */
  #changed = 0;
  /** The last of them that has begun: one after the other. @type {Promise<unknown>} */
  #changing = Promise.resolve();
  /** The life of the client that they belong to. @type {AbortSignal | null} */
  #changingIn = null;

  /**
   * @internal
   * @param {AccountOptions} options
   */
  constructor({ rest, attempts, heard, onMissedUnseen, onMe }) {
    const requests = new Requests({ rest, attempts });
    super(requests);
    this.#rest = rest;
    this.#attempts = attempts;
    this.#requests = requests;
    this.#onMissedUnseen = onMissedUnseen;
    this.#onMe = onMe;
    this.#heard = heard;
  }

  /** @returns {import("./errors.js").CallInvitationError | null} why the last verb or read gave `false` or `null`; null after a success */
  get lastError() {
    return this.#attempts.lastError;
  }

  /**
   * Reads one page of one's own calls, newest first.
   *
   * @param {import("./types.js").HistoryFilters} [filters]
   * @returns {Promise<import("./types.js").Page<Call> | null>}
   */
  history({ isVideoCall, pageSize, ...filters } = {}) {
    const query = { ...filters, is_video_call: isVideoCall, page_size: pageSize };
    return this.#requests.readPage("calls", query);
  }

  /**
   * Reads one page of people one may call.
   *
   * @param {import("./types.js").UserFilters} [filters]
   * @returns {Promise<import("./types.js").Page<import("./types.js").Presence> | null>}
   */
  users({ pageSize, ...filters } = {}) {
    return this.#requests.readPage("users", { ...filters, page_size: pageSize });
  }

  /**
   * Reads one page of one's own devices.
   *
   * @param {{cursor?: string | null, pageSize?: number}} [filters]
   * @returns {Promise<import("./types.js").Page<import("./types.js").Device> | null>}
   */
  devices({ cursor, pageSize } = {}) {
    return this.#requests.readPage("devices", { cursor, page_size: pageSize });
  }

  /**
   * Makes one of one's own devices known, or names it anew.
   *
   * @param {string} deviceId
   * @param {import("./types.js").DeviceChanges} changes
   * @returns {Promise<import("./types.js").Device | null>} null if it could not be saved
   */
  saveDevice(deviceId, { label, kind, push }) {
    // Left out, the address stays; null, which `given` drops, takes it away.
    const address = push === undefined ? {} : { push };
    const body = { ...given({ label, kind }), ...address };
    return this.#requests.change("PUT", `devices/${encodeURIComponent(deviceId)}`, body, "device_id");
  }

  /**
   * Forgets one of one's own devices.
   *
   * @param {string} deviceId
   * @returns {Promise<boolean>}
   */
  removeDevice(deviceId) {
    return this.#requests.act("DELETE", `devices/${encodeURIComponent(deviceId)}`);
  }

  /**
   * Makes a code that connects a phone, in pages that are signed in by a session. A former code ends.
   *
   * @returns {Promise<import("./types.js").PairingCode | null>}
   */
  makePairingCode() {
    return this.#requests.change("POST", "auth/pairing", {}, "pairing_code");
  }

  /**
   * Reads what became of the code that connects a phone.
   *
   * @returns {Promise<import("./types.js").Pairing | null>} null if there is none, too
   */
  pairing() {
    return this.#requests.read("auth/pairing", {}, "state");
  }

  /**
   * Takes the code back that connects a phone.
   *
   * @returns {Promise<boolean>}
   */
  withdrawPairingCode() {
    return this.#requests.act("DELETE", "auth/pairing");
  }

  /**
   * Reads one page of one's own apps that are signed in, the newest first.
   *
   * @param {{cursor?: string | null, pageSize?: number}} [filters]
   * @returns {Promise<import("./types.js").Page<import("./types.js").SignedInApp> | null>}
   */
  signedInApps({ cursor, pageSize } = {}) {
    return this.#requests.readPage("auth/tokens", { cursor, page_size: pageSize });
  }

  /**
   * Signs one of one's own apps out.
   *
   * @param {string} id as `signedInApps` lists it
   * @returns {Promise<boolean>}
   */
  signOutApp(id) {
    return this.#requests.act("DELETE", `auth/tokens/${encodeURIComponent(id)}`);
  }

  /**
   * Reads the browsers in which this user is signed in, all on one page, the one that was used last first.
   *
   * @returns {Promise<import("./types.js").Page<import("./types.js").SignedInBrowser> | null>}
   */
  signedInBrowsers() {
    return this.#requests.readPage("auth/sessions", {});
  }

  /**
   * Signs one of one's own browsers out.
   *
   * @param {string} id as `signedInBrowsers` lists it
   * @returns {Promise<boolean>}
   */
  signOutBrowser(id) {
    return this.#requests.act("DELETE", `auth/sessions/${encodeURIComponent(id)}`);
  }

  /**
   * Ends every other session and app of this user.
   *
   * @returns {Promise<boolean>}
   */
  signOutEverywhere() {
    return this.#requests.act("POST", "auth/sign-out-everywhere", {});
  }

  /**
   * Rings one of one's own devices for a test, by push, with nobody behind it.
   *
   * @param {string} deviceId
   * @returns {Promise<import("./types.js").TestRing | null>} null if it was refused, such as without a push address
   */
  testRing(deviceId) {
    return this.#requests.change("POST", `devices/${encodeURIComponent(deviceId)}/test-ring`, {}, "test_id");
  }

  /**
   * Reads how far the latest test ring of a device has come.
   *
   * @param {string} deviceId
   * @returns {Promise<import("./types.js").TestRing | null>} null if there is none, too
   */
  lastTestRing(deviceId) {
    return this.#requests.read(`devices/${encodeURIComponent(deviceId)}/test-ring`, {}, "test_id");
  }

  /**
   * Reads one page of the ring resources: what `resourceID` may name, and how it sounds and looks.
   *
   * @param {{cursor?: string | null, pageSize?: number}} [filters]
   * @returns {Promise<import("./types.js").Page<import("./types.js").Resource> | null>}
   */
  resources({ cursor, pageSize } = {}) {
    return this.#requests.readPage("resources", { cursor, page_size: pageSize });
  }

  /**
   * Reads one call.
   *
   * @param {string} callID
   * @returns {Promise<Call | null>}
   */
  call(callID) {
    return this.#requests.read(`calls/${encodeURIComponent(callID)}`, {}, "call_id");
  }

  /**
   * Reads what happened in a call, in order and in words.
   *
   * @param {string} callID
   * @returns {Promise<import("./types.js").Timeline | null>}
   */
  timeline(callID) {
    return this.#requests.read(`calls/${encodeURIComponent(callID)}/timeline`, {}, "entries");
  }

  /**
   * Reads the STUN and TURN servers for media. TURN ones are given only while one is in an open call or is being rung.
   *
   * @returns {Promise<import("./types.js").IceServers | null>}
   */
  iceServers() {
    return this.#requests.read("ice-servers", {}, "ice_servers");
  }

  /**
   * Reads the own profile and settings, and with them the badges.
   *
   * @returns {Promise<import("./types.js").Me | null>}
   */
  async me() {
    for (let again = 0; ; again += 1) {
      const before = this.#changed + this.#heard(TELL_OF_ME);
      const me = await this.#requests.read("me", {}, "id");
      if (before === this.#changed + this.#heard(TELL_OF_ME) || again === AGAIN_MOST) {
        return this.#learned(me);
      }
    }
  }

  /**
   * Changes the own profile or settings. What is left out stays as it is; null goes back to the server's own choice, or
   * ends what it is about. Several changes are made one after the other.
   *
   * @param {import("./types.js").MeChanges} changes
   * @returns {Promise<import("./types.js").Me | null>}
   */
  updateMe(changes) {
    const { signal } = this.#attempts;
    if (this.#changingIn !== signal) {
      this.#changingIn = signal;
      this.#changing = Promise.resolve();
    }
    const change = this.#changing.then(() => this.#change(changes, signal));
    this.#changing = change.catch(() => {});
    return change;
  }

  /**
   * Reads whether calls reach this user, in a sentence and device by device.
   *
   * @returns {Promise<import("./types.js").Reachability | null>}
   */
  reachability() {
    return this.#requests.read("me/reachability", {}, "state");
  }

  /**
   * Deletes this account for good, if its owner has just signed in: otherwise `lastError.reauthenticate` is true.
   *
   * @returns {Promise<boolean>}
   */
  deleteMe() {
    return this.#requests.act("DELETE", "me");
  }

  /**
   * Clears the badge on all devices of this user.
   *
   * @returns {Promise<boolean>}
   */
  markHistorySeen() {
    return this.#attempts.settled(async () => {
      const { signal } = this.#attempts;
      const before = this.#heard(TELL_OF_MISSED);
      const options = { body: {}, expects: "missed_unseen", signal };
      const { body } = await this.#rest.request("POST", "history/seen", options);
      // What was told meanwhile may be of a later one.
      if (before === this.#heard(TELL_OF_MISSED)) {
        this.#onMissedUnseen(body.missed_unseen);
      }
    });
  }

  /**
   * @param {import("./types.js").MeChanges} changes
   * @param {AbortSignal} signal of when it was asked for
   * @returns {Promise<import("./types.js").Me | null>}
   */
  async #change(changes, signal) {
    if (signal.aborted) {
      this.#attempts.note(CallInvitationError.closed());
      return null;
    }
    const before = this.#heard(["me"]);
    const me = await this.#requests.change("PATCH", "me", changes, "id");
    this.#changed += 1;
    // A frame that came meanwhile tells of this change, of a later one, or is followed by the one that does.
    return before === this.#heard(["me"]) ? this.#learned(me) : me;
  }

  /**
   * @param {import("./types.js").Me | null} me
   * @returns {import("./types.js").Me | null}
   */
  #learned(me) {
    if (me) {
      this.#onMe(me);
    }
    return me;
  }
}
