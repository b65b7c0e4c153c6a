/**
 * Whether this browser is woken for calls while no page is open: worker, permission, subscription, and the server's
 * knowledge of them. Knows no elements and shows nothing.
 *
 * Must never ask for the permission but from a click, and never leave the server with an address of somebody else's.
 */

import { CallInvitationError } from "../client/index.js";
import { lenient, pageStorage } from "../client/storage.js";
import { obstacleIn, sameKey } from "./browser.js";

const WISH = "callinvite.push";
const WORKER = "service-worker.js";
const READY_MS = 10_000;
const SIGN_OUT_MS = 1500;
/** How often the server is told that all is well. */
const PROVE_MS = 24 * 60 * 60 * 1000;
const ALL_WELL = "granted true";
/** The same in the worker, for browsers that wake one without a push. */
const PROOF = "callinvite.proof";

/**
 * @typedef {"unsupported" | "denied" | "off" | "working" | "on" | "failed"} EnrolmentState
 *
 * @typedef {import("./browser.js").Obstacle | "no_keys" | "private" | "push_service" | "worker" | "server"} Reason
 *
 * @typedef {object} EnrolmentOptions
 * @property {import("../client/rest.js").RestClient} rest
 * @property {import("./notes.js").Notes} notes
 * @property {string} deviceId
 * @property {string} label the device's name for people
 * @property {string} userId who is signed in
 * @property {string} [language] of the page, and so of its notifications
 * @property {string} base the worker's scope, absolute, with a slash at its end: where the app is mounted
 * @property {string} [worker] the address of the worker's script, if it is a site's own; beside the app by default
 * @property {import("./browser.js").Scope} [scope] the global object
 */

/** Fires `change` whenever `state`, `reason` or `error` changes, and `proved` when the server was told how it stands. */
export class Enrolment extends EventTarget {
  #rest;
  #notes;
  #deviceId;
  #label;
  #userId;
  #language;
  #base;
  /** @type {string | null} */
  #worker;
  #scope;
  #storage;
  /** @type {EnrolmentState} */
  #state = "working";
  /** @type {Reason | null} */
  #reason = null;
  /** @type {CallInvitationError | null} */
  #error = null;
  /** What is under way: one thing after another. @type {Promise<void>} */
  #last = Promise.resolve();

  /**
   * @param {EnrolmentOptions} options
   */
  constructor({ rest, notes, deviceId, label, userId, base, worker, language = "", scope = globalThis }) {
    super();
    this.#rest = rest;
    this.#notes = notes;
    this.#deviceId = deviceId;
    this.#label = label;
    this.#userId = userId;
    this.#language = language;
    this.#base = base;
    this.#worker = worker ?? null;
    this.#scope = scope;
    this.#storage = lenient(pageStorage("localStorage", scope));
  }

  /** @returns {EnrolmentState} `working` until the first look is over */
  get state() {
    return this.#state;
  }

  /** @returns {Reason | null} why it is `unsupported` or `failed` */
  get reason() {
    return this.#reason;
  }

  /** @returns {CallInvitationError | null} what the server said, if that was why it failed */
  get error() {
    return this.#error;
  }

  /** @returns {boolean} whether the person asked for it in this browser; it stays so over signing out and in again */
  get wanted() {
    return this.#wish === "on";
  }

  /** @returns {boolean} whether the person asked not to have it in this browser */
  get refused() {
    return this.#wish === "off";
  }

  /**
   * Begins: looks at once, and again when the browser's permission changes.
   *
   * @returns {Promise<void>} when the first look is over
   */
  async start() {
    this.#watchPermission();
    await this.check();
  }

  /**
   * Asks for the permission and enrols this browser. To be called in a click, before anything is awaited there.
   *
   * @returns {Promise<boolean>} whether it is on now
   */
  async enable() {
    const obstacle = obstacleIn(this.#scope);
    if (obstacle) {
      this.#set("unsupported", obstacle);
      return false;
    }
    this.#wish = "on";
    // Before any wait: browsers ask only in answer to a click.
    const asked = this.#scope.Notification.requestPermission();
    this.#set("working");
    const permission = await asked;
    if (permission !== "granted") {
      this.#set(permission === "denied" ? "denied" : "off");
      return false;
    }
    await this.#next(async () => {
      if (this.wanted) {
        await this.#enrol();
      } else {
        // Turned off while the browser asked.
        this.#settle();
      }
    });
    return this.#state === "on";
  }

  /**
   * Gives the address back, at the server and in the browser, until `enable`.
   *
   * @returns {Promise<void>}
   */
  disable() {
    this.#wish = "off";
    return this.#next(async () => {
      await this.#forget();
      this.#settle();
    });
  }

  /**
   * Looks whether all is as it should be, and heals silently what is not. Asks nobody for anything.
   *
   * @returns {Promise<void>}
   */
  check() {
    return this.#next(async () => {
      const permission = this.#settle();
      if (permission === "unsupported" || !this.wanted) {
        return;
      }
      if (permission === "granted") {
        await this.#enrol();
      } else {
        await this.#prove(permission, false);
      }
    });
  }

  /**
   * Signing out: takes the address away as far as that goes quickly; the server does it too. The wish stays.
   *
   * @returns {Promise<void>} after a second and a half at the latest
   */
  async signOut() {
    await within(
      SIGN_OUT_MS,
      this.#next(() => this.#forget()),
    );
  }

  /** @returns {string | null} */
  get #wish() {
    return this.#storage.getItem(WISH);
  }

  /** @param {string} wish */
  set #wish(wish) {
    this.#storage.setItem(WISH, wish);
  }

  /**
   * @param {() => Promise<void>} act
   * @returns {Promise<void>}
   */
  #next(act) {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {});
    return done;
  }

  /** The state as far as the browser alone decides it.
   *  @returns {NotificationPermission | "unsupported"} */
  #settle() {
    const obstacle = obstacleIn(this.#scope);
    if (obstacle) {
      this.#set("unsupported", obstacle);
      return "unsupported";
    }
    const { permission } = this.#scope.Notification;
    if (permission === "denied") {
      this.#set("denied");
    } else if (permission !== "granted" || !this.wanted) {
      this.#set("off");
    }
    return permission;
  }

  async #enrol() {
    if (this.#state !== "on") {
      this.#set("working");
    }
    const saved = await this.#notes.read("enrolment");
    const registration = await this.#register();
    if (!registration) {
      this.#set("failed", "worker");
      return;
    }
    const isMine = saved?.user === this.#userId && saved.device_id === this.#deviceId;
    try {
      const key = (await this.#rest.request("GET", "push/key", { expects: "public_key" })).body.public_key;
      const device = await this.#device();
      const isDead = device?.health === "disabled";
      const subscription = await subscriptionWith(registration.pushManager, key, saved, isDead);
      const isKnown = isMine && saved.endpoint === subscription.endpoint && saved.public_key === key;
      const isSameLanguage = (saved?.language ?? "") === this.#language;
      if (!isKnown || !isSameLanguage || device?.health !== "ok") {
        await this.#hand(subscription, key, device ? {} : { label: this.#label });
      }
      await this.#prove("granted", true);
      this.#set("on");
      await askToBeWoken(registration);
    } catch (error) {
      await this.#failed(error, registration, isMine);
    }
  }

  /** @returns {Promise<ServiceWorkerRegistration | null>} */
  async #register() {
    const { serviceWorker } = this.#scope.navigator;
    const script = this.#worker ?? `${this.#base}${WORKER}`;
    try {
      const registration = await serviceWorker.register(script, { scope: this.#base, updateViaCache: "none" });
      // Subscribing needs an active worker; `ready` stays pending for ever if its script fails, and so does a page that
      // another worker of its site serves.
      return await within(READY_MS, this.#worker ? activated(registration) : serviceWorker.ready);
    } catch {
      return null;
    }
  }

  /** @returns {Promise<import("../client/types.js").Device | null>} null if the server does not know this device */
  async #device() {
    try {
      return (await this.#rest.request("GET", this.#path, { expects: "device_id" })).body;
    } catch (error) {
      if (error instanceof CallInvitationError && error.status === 404) {
        return null;
      }
      throw error;
    }
  }

  /**
   * @param {PushSubscription} subscription
   * @param {string} key
   * @param {{label?: string}} naming for a device that is new to the server; its owner may have named another one
   */
  async #hand(subscription, key, naming) {
    const { endpoint, keys } = subscription.toJSON();
    const push = { transport: "webpush", endpoint, keys, public_key: key };
    const { body } = await this.#rest.request("PUT", this.#path, {
      body: { ...naming, kind: "browser", push },
      expects: "device_id",
    });
    await this.#notes.keep("enrolment", {
      user: this.#userId,
      device_id: this.#deviceId,
      endpoint: subscription.endpoint,
      public_key: key,
      language: this.#language,
      renewal_token: body.renewal_token ?? null,
    });
    await this.#notes.keep("proof", { endpoint: subscription.endpoint, said: ALL_WELL, at: Date.now() });
  }

  /**
   * @param {unknown} error
   * @param {ServiceWorkerRegistration} registration
   * @param {boolean} isMine
   */
  async #failed(error, registration, isMine) {
    if (!(error instanceof CallInvitationError)) {
      // NotAllowedError, AbortError and others of the browser's: what it means differs from one to the next.
      const denied = this.#scope.Notification.permission === "denied";
      if (!denied && isPrivate(error)) {
        this.#set("unsupported", "private");
        return;
      }
      await this.#prove(this.#scope.Notification.permission, false);
      this.#set(denied ? "denied" : "failed", denied ? null : "push_service");
      return;
    }
    // 404: a server without push at all; a device that it does not know is no failure.
    if (error.status === 404 || (error.code === "unavailable" && error.status === 503)) {
      this.#set("unsupported", "no_keys");
      return;
    }
    // The server cannot be asked now; what was in order the last time will be.
    const isThere = isMine && (await registration.pushManager.getSubscription()) !== null;
    if (error.isTemporary && isThere) {
      this.#set("on");
      return;
    }
    this.#set("failed", "server", error);
  }

  /** Tell the server how it stands with the address that it has of this browser: at once if that is lost, otherwise once
   *  a day. What fails here is said by the next look.
   *  @param {NotificationPermission} permission
   *  @param {boolean} subscribed */
  async #prove(permission, subscribed) {
    const saved = await this.#notes.read("enrolment");
    if (!saved?.renewal_token || saved.user !== this.#userId) {
      return;
    }
    const { endpoint, renewal_token: token } = saved;
    const said = `${permission} ${subscribed}`;
    const last = await this.#notes.read("proof");
    const ageMs = last ? Date.now() - last.at : PROVE_MS;
    if (last?.endpoint === endpoint && last.said === said && ageMs >= 0 && ageMs < PROVE_MS) {
      return;
    }
    try {
      await this.#rest.request("POST", "push/proof", { body: { token, permission, subscribed }, expects: "device_id" });
    } catch (error) {
      // A token that the server does not know is of no use, now or later.
      if (!(error instanceof CallInvitationError) || error.status !== 401) {
        return;
      }
    }
    await this.#notes.keep("proof", { endpoint, said, at: Date.now() });
    this.dispatchEvent(new Event("proved"));
  }

  /** Take the address away, here and at the server, as far as either can be reached. */
  async #forget() {
    if (obstacleIn(this.#scope)) {
      return;
    }
    const registration = await this.#scope.navigator.serviceWorker.getRegistration(this.#base);
    const subscription = await registration?.pushManager.getSubscription();
    const known = await this.#notes.read("enrolment");
    const atServer = known
      ? this.#rest.request("PUT", this.#path, {
          body: { kind: "browser", push: null },
          expects: "device_id",
          timeoutMs: SIGN_OUT_MS,
        })
      : Promise.resolve();
    await Promise.allSettled([atServer, subscription?.unsubscribe()]);
    await this.#notes.remove("enrolment");
    await this.#notes.remove("proof");
    await this.#notes.remove("wish");
  }

  #watchPermission() {
    this.#scope.navigator.permissions
      ?.query({ name: "notifications" })
      .then((/** @type {PermissionStatus} */ status) => {
        status.addEventListener("change", () => {
          this.check();
        });
      })
      // Not every browser can tell; the next page that loads looks again.
      .catch(() => {});
  }

  /** @returns {string} */
  get #path() {
    return `devices/${encodeURIComponent(this.#deviceId)}`;
  }

  /**
   * @param {EnrolmentState} state
   * @param {Reason | null} [reason]
   * @param {CallInvitationError | null} [error]
   */
  #set(state, reason = null, error = null) {
    if (state !== this.#state || reason !== this.#reason || error !== this.#error) {
      this.#state = state;
      this.#reason = reason;
      this.#error = error;
      this.dispatchEvent(new Event("change"));
    }
  }
}

/**
 * Whether the browser refuses a push address although the person has allowed notifications. Chromium does so in private
 * windows, and tells it by nothing else.
 *
 * @param {unknown} error of `subscribe`
 * @returns {boolean}
 */
function isPrivate(error) {
  return error instanceof Error && /permission denied/i.test(error.message);
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<ServiceWorkerRegistration>} once it has an active worker
 */
function activated(registration) {
  return new Promise((resolve) => {
    const look = () => {
      if (registration.active) {
        resolve(registration);
      }
    };
    (registration.installing ?? registration.waiting)?.addEventListener("statechange", look);
    look();
  });
}

/**
 * The subscription there is, if it is as good as a new one; else a new one.
 *
 * @param {PushManager} pushManager
 * @param {string} key
 * @param {import("./notes.js").Enrolled | null} saved what is known of the address that was handed over last
 * @param {boolean} isDead whether the server knows that one to be no more
 * @returns {Promise<PushSubscription>}
 */
async function subscriptionWith(pushManager, key, saved, isDead) {
  const current = await pushManager.getSubscription();
  if (current !== null) {
    const subscribed = current.options?.applicationServerKey ?? saved?.public_key;
    if (sameKey(subscribed, key) && !(isDead && saved?.endpoint === current.endpoint)) {
      return current;
    }
    await current.unsubscribe();
  }
  return await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/**
 * Have the worker woken once a day, where the browser does that: Chromium, once the app is installed.
 *
 * @param {ServiceWorkerRegistration & {periodicSync?: {register: (tag: string, options: object) => Promise<void>}}} registration
 */
async function askToBeWoken({ periodicSync }) {
  // Not allowed in most; then pages alone look.
  await periodicSync?.register(PROOF, { minInterval: PROVE_MS }).catch(() => {});
}

/**
 * @template T
 * @param {number} ms
 * @param {Promise<T>} promise
 * @returns {Promise<T | null>} null if it takes longer
 */
async function within(ms, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
