/**
 * The service worker's real scripts in a scope of the test's making: notifications, windows and notes that can be looked at,
 * and a server with scripted answers.
 */

import { readFileSync } from "node:fs";
import vm from "node:vm";

const STATIC = new URL("../../../static/callinvite/", import.meta.url);
export const ORIGIN = "https://calls.example";

/** Where an imported address lies in the tree. */
function fileOf(address) {
  return new URL(address.replace(/^service-worker\//, "worker/"), STATIC);
}

/** One notification as a browser keeps it. */
class Shown {
  constructor(title, options, list) {
    Object.assign(this, { title, ...structuredClone(options) });
    this.close = () => {
      const at = list.indexOf(this);
      if (at !== -1) {
        list.splice(at, 1);
      }
    };
  }
}

/** Cache Storage with nothing but what notes need. */
export class FakeCaches {
  #kept = new Map();

  async open() {
    const kept = this.#kept;
    return {
      put: async (key, response) => {
        kept.set(key, await response.text());
      },
      match: async (key) => (kept.has(key) ? new Response(kept.get(key)) : undefined),
      delete: async (key) => kept.delete(key),
    };
  }

  /** What is kept under a name. */
  note(name) {
    const text = this.#kept.get(`${ORIGIN}/service-worker/notes/${name}`);
    return text === undefined ? null : JSON.parse(text);
  }
}

/** A worker that has started. */
export class FakeWorker {
  /** What is shown, oldest first. */
  shown = [];
  /** Every title that was ever shown. */
  titles = [];
  /** Requests that were made: `[method, path, body, headers, credentials]`. */
  asked = [];
  /** Answers by the end of the path: `{status, body}` or a function of the request. */
  answers = new Map();
  /** The origins that were asked. @type {Set<string>} */
  servers = new Set();
  windows = [];
  opened = [];
  badges = [];
  caches = new FakeCaches();
  subscribed = [];
  refusesToOpen = false;
  refusesOptions = [];
  #listeners = new Map();

  /** @param {{maxActions?: number, locks?: any, now?: number, site?: {baseUrl: string, page?: string} | null}} [options] */
  constructor({ maxActions = 2, locks = null, now = Date.parse("2026-11-26T12:00:00Z"), site = null } = {}) {
    /** @type {any} */
    const scope = {
      // What the worker of another site says of itself.
      ...(site && { callinvite: site, location: new URL("https://site.example/calls/worker.js") }),
      URL,
      Response,
      AbortSignal,
      console,
      Map,
      JSON,
      registration: {
        scope: site ? "https://site.example/calls/" : `${ORIGIN}/`,
        showNotification: async (title, options) => {
          if (this.refusesOptions.some((name) => name in options)) {
            throw new TypeError("not here");
          }
          this.shown.filter((each) => each.tag === options.tag).forEach((each) => each.close());
          this.titles.push(title);
          this.shown.push(new Shown(title, options, this.shown));
        },
        getNotifications: async ({ tag }) => this.shown.filter((each) => each.tag === tag),
        pushManager: {
          subscribe: async (options) => {
            this.subscribed.push(options);
            return { toJSON: () => ({ endpoint: "https://push.example/new", keys: { p256dh: "P", auth: "A" } }) };
          },
        },
      },
      clients: {
        claim: async () => {},
        matchAll: async () => this.windows,
        openWindow: async (address) => {
          if (this.refusesToOpen) {
            throw new Error("no activation");
          }
          this.opened.push(address);
        },
      },
      navigator: {
        setAppBadge: async (count) => {
          this.badges.push(count);
        },
        clearAppBadge: async () => {
          this.badges.push(0);
        },
        ...(locks && { locks }),
      },
      Notification: { maxActions },
      caches: this.caches,
      fetch: (address, how) => this.#answer(address, how),
      skipWaiting: async () => {},
      addEventListener: (name, listener) => this.#listeners.set(name, listener),
    };
    scope.self = scope;
    const context = vm.createContext(scope);
    vm.runInContext(`Date.now = () => ${now}`, context);
    scope.importScripts = (...addresses) => {
      addresses.forEach((address) => vm.runInContext(readFileSync(fileOf(address), "utf8"), context));
    };
    vm.runInContext(readFileSync(fileOf("service-worker.js"), "utf8"), context);
  }

  /** A push with an object, or a text as it is. */
  push(message) {
    const data =
      message === undefined
        ? null
        : { json: () => JSON.parse(typeof message === "string" ? message : JSON.stringify(message)) };
    return this.event("push", { data });
  }

  /** Press a button of what is shown; without a name, click its body. */
  click(notification, action = "") {
    return this.event("notificationclick", { notification, action });
  }

  /** Everything that an event waits for. */
  async event(name, properties) {
    const waits = [];
    this.#listeners.get(name)({
      ...properties,
      waitUntil: (promise) => {
        waits.push(promise);
      },
    });
    await Promise.all(waits);
  }

  async #answer(address, { method = "GET", body, headers, credentials }) {
    const path = new URL(address).pathname.replace("/api/v1/", "");
    this.asked.push({ method, path, body: body && JSON.parse(body), headers, credentials });
    this.servers.add(new URL(address).origin);
    const found = [...this.answers].find(([end]) => path.endsWith(end));
    if (found === undefined) {
      throw new TypeError("no network");
    }
    const answer = typeof found[1] === "function" ? await found[1]() : found[1];
    return new Response(JSON.stringify(answer.body ?? {}), { status: answer.status });
  }
}

/** A window of the app. */
export function appWindow({ url = `${ORIGIN}/`, focused = false, visibilityState = "hidden" } = {}) {
  /** @type {any} */
  const page = { url, focused, visibilityState, heard: [], wasFocused: false };
  page.postMessage = (message) => {
    page.heard.push(structuredClone(message));
  };
  page.focus = async () => {
    page.wasFocused = true;
  };
  return page;
}

/** A ring as the server sends it. */
export function ringMessage(more = {}) {
  return {
    web_push: 8030,
    notification: {
      title: "Alice",
      body: "Incoming video call",
      navigate: `${ORIGIN}/?call=call_alice_1`,
      lang: "en",
      silent: false,
    },
    kind: "ring",
    shows: "everything",
    call_id: "call_alice_1",
    attempt: 1,
    reason: null,
    is_video_call: true,
    urgent: false,
    caller: { id: "alice", name: "Alice" },
    from_contact: true,
    custom_data: "",
    ringtone_url: null,
    expires_at: "2026-11-26T12:01:00Z",
    server_time: "2026-11-26T12:00:00Z",
    tag: "ring-1",
    action_token: "ring:1:phone:signature",
    renotify: false,
    device_id: "phone",
    api: "/api/v1/",
    look: { vibrate: [300, 100, 300], require_interaction: true, accent: null },
    ...more,
  };
}

/** What the server sends to somebody who wants notifications to show nothing. */
export const NOTHING = {
  notification: { title: "Incoming call", body: "", navigate: `${ORIGIN}/`, lang: "en", silent: false },
  shows: "nothing",
  call_id: null,
  attempt: null,
  is_video_call: null,
  caller: null,
  from_contact: null,
  custom_data_omitted: true,
};

/** The end of that ring. */
export function stopMessage(more = {}) {
  return {
    ...ringMessage(),
    notification: { title: "Missed call", body: "Alice, video call", lang: "en", silent: true },
    kind: "stop",
    reason: "cancelled",
    action_token: null,
    missed: true,
    missed_unseen: 3,
    look: undefined,
    ...more,
  };
}
