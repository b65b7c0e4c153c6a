/**
 * A browser as far as enrolment sees it, and a server with scripted answers.
 */

import { CallInvitationError } from "../../../static/callinvite/client/index.js";
import { Enrolment } from "../../../static/callinvite/push/enrolment.js";
import { Notes } from "../../../static/callinvite/push/notes.js";
import { FakeCaches, ORIGIN } from "./worker.mjs";

export const KEY = Buffer.from("the key of the server").toString("base64url");
export const OTHER_KEY = Buffer.from("another key").toString("base64url");

const bytesOf = (key) => new Uint8Array(Buffer.from(key, "base64url")).buffer;

/** One push subscription. */
class FakeSubscription {
  constructor(browser, key) {
    this.browser = browser;
    this.endpoint = `https://push.example/${++browser.subscriptions}`;
    this.options = { applicationServerKey: bytesOf(key) };
  }

  toJSON() {
    return { endpoint: this.endpoint, keys: { p256dh: "P", auth: "A" } };
  }

  async unsubscribe() {
    this.browser.subscription = null;
    this.browser.log.push("unsubscribed");
    return true;
  }
}

/** The global object of a page. */
export class FakeBrowser {
  log = [];
  /** @type {FakeSubscription | null} */
  subscription = null;
  subscriptions = 0;
  /** @type {Error | null} */
  subscribeError = null;
  /** @type {Error | null} */
  registerError = null;
  answer = "granted";
  caches = new FakeCaches();
  #kept = new Map();
  #permissionListeners = [];

  constructor({ permission = "default" } = {}) {
    const browser = this;
    const pushManager = {
      getSubscription: async () => browser.subscription,
      subscribe: async ({ userVisibleOnly, applicationServerKey }) => {
        browser.log.push(`subscribed ${userVisibleOnly}`);
        if (browser.subscribeError) {
          throw browser.subscribeError;
        }
        browser.subscription = new FakeSubscription(browser, applicationServerKey);
        return browser.subscription;
      },
    };
    const registration = { pushManager };
    this.scope = {
      isSecureContext: true,
      caches: this.caches,
      PushManager: class {},
      localStorage: {
        getItem: (key) => browser.#kept.get(key) ?? null,
        setItem: (key, value) => {
          browser.#kept.set(key, value);
        },
      },
      Notification: {
        permission,
        requestPermission() {
          browser.log.push("asked");
          browser.scope.Notification.permission = browser.answer;
          return Promise.resolve(browser.answer);
        },
      },
      navigator: {
        serviceWorker: {
          register: async (address, options) => {
            browser.log.push(`registered ${address} ${options.updateViaCache}`);
            if (browser.registerError) {
              throw browser.registerError;
            }
            return Object.assign(registration, { active: {}, scope: options.scope });
          },
          ready: Promise.resolve(registration),
          getRegistration: async () => registration,
        },
        permissions: {
          query: async () => ({
            addEventListener: (_, listener) => {
              browser.#permissionListeners.push(listener);
            },
          }),
        },
      },
    };
  }

  /** The person changes the permission in the browser's own settings. */
  setPermission(permission) {
    this.scope.Notification.permission = permission;
    this.#permissionListeners.forEach((listener) => listener());
  }

  /** The person asked for ringing here at an earlier time. */
  want() {
    this.scope.localStorage.setItem("callinvite.push", "on");
    return this;
  }
}

/** What the server knows of this device, and how it answers. */
export class FakeServer {
  /** @type {{device_id: string, health: string} | null} */
  device = null;
  key = KEY;
  /** Errors by method and path. */
  errors = new Map();
  asked = [];
  #tokens = 0;

  async request(method, path, { body } = /** @type {{body?: any}} */ ({})) {
    this.asked.push({ method, path, body });
    const error = this.errors.get(`${method} ${path}`) ?? this.errors.get(method);
    if (error) {
      throw error;
    }
    if (path === "push/key") {
      return { status: 200, body: { public_key: this.key } };
    }
    if (path === "push/proof") {
      return { status: 200, body: this.device };
    }
    if (method === "GET") {
      if (this.device === null) {
        throw new CallInvitationError("not_found", "No.", { status: 404 });
      }
      return { status: 200, body: this.device };
    }
    this.device = { device_id: "phone", health: body.push ? "ok" : "no_address" };
    return { status: 200, body: { ...this.device, ...(body.push && { renewal_token: `token ${++this.#tokens}` }) } };
  }

  /** What was said of the push address, in order. */
  get proofs() {
    return this.asked.filter(({ path }) => path === "push/proof").map(({ body }) => body);
  }

  /** What was put, in order. */
  get puts() {
    return this.asked.filter(({ method }) => method === "PUT").map(({ body }) => body);
  }
}

/** A page that has just been loaded. */
export function page(
  browser,
  server,
  { userId = "bob", deviceId = "phone", language = "", worker = /** @type {string | undefined} */ (undefined) } = {},
) {
  const notes = new Notes({ caches: browser.scope.caches, scope: `${ORIGIN}/` });
  const enrolment = new Enrolment({
    rest: server,
    notes,
    deviceId,
    label: "Firefox on Linux",
    userId,
    base: `${ORIGIN}/`,
    language,
    worker,
    scope: browser.scope,
  });
  const states = [];
  enrolment.addEventListener("change", () => {
    states.push(enrolment.state);
  });
  return Object.assign(enrolment, { notes, states });
}
