/**
 * Rings while no page is open: shows what the server pushes, says so to the server, and does what is clicked.
 *
 * Keeps no page for offline use and answers no request of pages. Never answers a call by itself: only a page does, and
 * only because of the accept button.
 */

"use strict";

importScripts(
  "service-worker/catalogue.js",
  "service-worker/home.js",
  "service-worker/say.js",
  "service-worker/notes.js",
  "service-worker/notices.js",
  "service-worker/requests.js",
  "service-worker/turns.js",
);

self.addEventListener("install", (event) => {
  event.waitUntil(self.skipWaiting());
});
self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});
self.addEventListener("push", (event) => {
  event.waitUntil(received(messageOf(event.data)));
});
self.addEventListener("notificationclick", (event) => {
  event.waitUntil(clicked(event.notification, event.action));
});
self.addEventListener("periodicsync", (/** @type {any} */ event) => {
  event.waitUntil(proveAddress());
});
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(subscribeAgain(event));
});

/**
 * A push came. Browsers take the permission away from who shows nothing: every way through here shows something.
 *
 * @param {Message} message
 */
async function received(message) {
  switch (message.kind) {
    case "ring":
      await ring(message);
      break;
    case "stop":
      await show(stopNotice(message));
      await setBadge(message.missed_unseen);
      break;
    case "contact":
      await show(contactNotice(message));
      await setBadge(message.missed_unseen);
      break;
    case "test":
      await show(testNotice(message));
      await acknowledgeTest(message);
      break;
    default:
      await show(genericNotice());
  }
}

/** @param {Message} message */
async function ring(message) {
  const looks = ringNotice(message);
  const { tag, silent } = looks.options;
  const how = { audible: !silent };
  if (seemsLate(message, Date.now()) || (await shown(tag, "stop")).length > 0) {
    const { status, body } = await acknowledge(message, how);
    await show(status === 200 ? looks : overNotice(message, body));
    return;
  }
  await show(looks);
  await tellPages({ type: "shown", call_id: message.call_id });
  const { status, body } = await acknowledge(message, how);
  if (status !== 410) {
    await learn(message, looks, body?.call?.call_id);
    return;
  }
  // What was dismissed, clicked or replaced meanwhile stays so.
  const rings = await shown(tag, "ring");
  if (wasAnsweredHere(body)) {
    rings.forEach((each) => {
      each.close();
    });
  } else if (rings.length > 0) {
    await show(overNotice(message, body));
  }
}

/**
 * Note in a notification that says nothing which call it is for: pages close notifications by it. Nobody sees it.
 *
 * @param {Message} message
 * @param {Notice} looks as it is shown
 * @param {unknown} callID what the server says
 */
async function learn(message, { title, options }, callID) {
  if (message.call_id || typeof callID !== "string") {
    return;
  }
  if ((await shown(options.tag, "ring")).length > 0) {
    const quietly = { renotify: false };
    await show({ title, options: { ...options, ...quietly, data: { ...options.data, call_id: callID } } });
  }
  await tellPages({ type: "shown", call_id: callID });
}

/**
 * @param {Notification} notification
 * @param {string} action empty: the body
 */
async function clicked(notification, action) {
  const data = notification.data ?? {};
  notification.close();
  if (action === "reject") {
    await decline(data);
    return;
  }
  const { kind, caller, is_video_call } = data;
  const call_id = data.call_id ?? (kind === "ring" ? await calledBy(data) : null);
  if (kind === "ring" && !call_id) {
    await open({ type: "show", call_id, kind: "unknown" }, data);
  } else if (action === "accept") {
    await open({ type: "answer", call_id }, data);
  } else if (action === "call_back") {
    await open({ type: "call_back", call_id, caller, is_video_call }, data);
  } else {
    await open({ type: "show", call_id, kind }, data);
  }
}

/**
 * Which call a notification is for that does not know it, if the server can be reached.
 *
 * @param {Memory} data
 * @returns {Promise<string | null>}
 */
async function calledBy(data) {
  const { body } = await acknowledge(data, { audible: false });
  return body?.call?.call_id ?? null;
}

/** @param {Memory} data */
async function decline(data) {
  const { status } = await reject(data);
  // 410: it was over already, and the server tells how.
  if (status !== 200 && status !== 410) {
    await show(notRejectedNotice(data));
  }
}

/**
 * Bring the app to the front and hand it a wish. A page that is open is told; it is never navigated, for it may be in a
 * call. Otherwise the wish waits as a note for the page that opens: an address alone could be any site's link.
 *
 * @param {import("./push/notes.js").Wish} wish
 * @param {Memory} data what the notification carried
 */
async function open(wish, data) {
  const page = await appPage();
  if (page) {
    page.postMessage(wish);
    // Refused where the browser saw no click; the page has heard it all the same.
    await page.focus().catch(() => {});
    return;
  }
  if (wish.type !== "show") {
    await keepNote("wish", { ...wish, at: Date.now() });
  }
  try {
    await self.clients.openWindow(addressFor(data));
  } catch {
    await show(openYourselfNotice(data));
  }
}

/** @param {Memory} data */
function addressFor({ kind, call_id }) {
  const app = homePage().href;
  if (self.callinvite) {
    return app;
  }
  if (kind === "ring" && call_id) {
    return `${app}?call=${encodeURIComponent(call_id)}`;
  }
  const view = { stop: "#recents", test: "#settings" }[/** @type {string} */ (kind)] ?? "";
  return `${app}${view}`;
}

/** @returns {Promise<WindowClient | null>} the app's page that one would look at */
async function appPage() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const worth = (/** @type {WindowClient} */ page) =>
    Number(page.focused) * 2 + Number(page.visibilityState === "visible");
  const pages = windows.filter(({ url }) => isHome(url));
  return pages.sort((one, other) => worth(other) - worth(one))[0] ?? null;
}

/** @param {{type: string, call_id: unknown}} message */
async function tellPages(message) {
  for (const page of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    page.postMessage(message);
  }
}

/** @param {Notice} notice */
async function show({ title, options }) {
  try {
    await inTurn(() => self.registration.showNotification(title, options));
  } catch {
    // A browser that refuses one of the many options must ring all the same.
    const { body, tag, data, icon } = options;
    await inTurn(() => self.registration.showNotification(title, { body, tag, data, icon }));
  }
}

/**
 * @param {string} tag
 * @param {string} kind
 * @returns {Promise<Notification[]>}
 */
async function shown(tag, kind) {
  const all = await inTurn(() => self.registration.getNotifications({ tag }));
  return all.filter((each) => each.data?.kind === kind);
}

/** @param {unknown} missed how many calls were missed and not looked at; undefined: not known */
async function setBadge(missed) {
  const { navigator } = self;
  if (!Number.isInteger(missed) || !navigator.setAppBadge) {
    return;
  }
  try {
    await (Number(missed) > 0 ? navigator.setAppBadge(Number(missed)) : navigator.clearAppBadge?.());
  } catch {
    // Not installed, or not allowed: the notification says it.
  }
}

/**
 * The browser's push service gave this device another address. What fails here is made good by the next page that loads.
 *
 * @param {WorkerGlobalScopeEventMap["pushsubscriptionchange"]} event
 */
async function subscribeAgain({ oldSubscription, newSubscription }) {
  const enrolled = await readNote("enrolment");
  if (!enrolled) {
    return;
  }
  const { pushManager } = self.registration;
  const key = (await publicKey()) ?? oldSubscription?.options?.applicationServerKey ?? enrolled.public_key;
  const subscription =
    newSubscription ?? (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  const { endpoint = "", keys } = subscription.toJSON();
  const public_key = typeof key === "string" ? key : enrolled.public_key;
  const push = { transport: "webpush", endpoint, keys, public_key };
  const { status, body } = await renew(enrolled.renewal_token, push);
  if (status === 200) {
    await keepNote("enrolment", {
      ...enrolled,
      renewal_token: body.renewal_token,
      public_key,
      endpoint,
    });
  }
}

/** Once a day, where the browser wakes the worker for it: say whether a push would still come here. Shows nothing. */
async function proveAddress() {
  const enrolled = await readNote("enrolment");
  if (!enrolled?.renewal_token) {
    return;
  }
  const subscription = await self.registration.pushManager.getSubscription();
  const isThere = subscription?.endpoint === enrolled.endpoint;
  await prove(enrolled.renewal_token, self.Notification.permission, isThere);
}
