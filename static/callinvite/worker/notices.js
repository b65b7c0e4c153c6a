/**
 * What a message from the server looks like as a notification. Shows nothing and asks nobody.
 */

"use strict";

const ICON = "/static/callinvite/icons/app-192.png";
const BADGE = "/static/callinvite/icons/badge-96.png";
const VIBRATION = [400, 200, 400, 1400, 400, 200, 400, 1400];

/** What the server calls the end of a ring that was not missed, and the sentence that says so. */
const ENDS = new Map([
  ["answered_elsewhere", "push.answered_elsewhere"],
  ["rejected_elsewhere", "push.rejected_elsewhere"],
  ["already_answered", "push.call_ended"],
]);

/**
 * @typedef {Record<string, unknown>} Untrusted JSON of which nothing is known
 * @typedef {Untrusted & {notification: Untrusted, look: Untrusted, caller: Untrusted}} Message what the server pushed
 *
 * @typedef {object} Look what makes one kind of notification
 * @property {string} title
 * @property {string} body
 * @property {{action: string, title: string}[]} actions the most important first
 * @property {boolean} [missed]
 * @property {boolean} [silent]
 * @property {boolean} [renotify]
 * @property {boolean} [requireInteraction]
 * @property {number[]} [vibrate] milliseconds on, off, on
 *
 * @typedef {object} Memory what a notification carries, in a form that `notice` takes again
 * @property {string} kind
 * @property {boolean} missed
 * @property {string} tag
 * @property {{icon: string, badge: string, lang: string}} notification
 * @property {string} shows how much of the call it may show
 * @property {string | null} call_id
 * @property {import("../client/types.js").Person} caller
 * @property {boolean} from_contact
 * @property {boolean} is_video_call
 * @property {string | null} action_token
 * @property {string | null} server_time
 * @property {number} shown_at unix milliseconds
 *
 * @typedef {{title: string, options: NotificationOptions & {tag: string, data: Memory}}} Notice as `showNotification` takes it
 *
 * @typedef {Partial<import("../client/types.js").Problem>} Problem
 */

/**
 * A push's data, however broken.
 *
 * @param {PushMessageData | null | undefined} data
 * @returns {Message} empty for what is no JSON object
 */
function messageOf(data) {
  /** @type {Untrusted} */
  let message;
  try {
    message = objectOf(data?.json());
  } catch {
    message = {};
  }
  const { notification, look, caller } = message;
  return { ...message, notification: objectOf(notification), look: objectOf(look), caller: objectOf(caller) };
}

/**
 * Whether a ring came after its end, by this device's clock. Clocks may be wrong: ask the server before believing it.
 *
 * @param {Message} message
 * @param {number} nowMs unix milliseconds
 * @returns {boolean}
 */
function seemsLate(message, nowMs) {
  return Date.parse(text(message.expires_at)) <= nowMs;
}

/**
 * A call that rings.
 *
 * @param {Message} message
 * @returns {Notice}
 */
function ringNotice(message) {
  const { notification, look } = message;
  const said = sayer(message);
  const silent = notification.silent === true;
  return notice(message, "ring", {
    title: text(notification.title) || nameOf(message) || said("notification.unknown_caller"),
    body: saysNothing(message) ? "" : text(notification.body) || said(`call.incoming.${mediumOf(message)}`),
    renotify: message.renotify !== false && !silent,
    requireInteraction: look.require_interaction !== false,
    silent,
    vibrate: Array.isArray(look.vibrate) && look.vibrate.length > 0 ? look.vibrate : VIBRATION,
    actions: [
      { action: "accept", title: said("call.accept") },
      { action: "reject", title: said("call.decline") },
    ],
  });
}

/**
 * A call that rings no more, as the server says it.
 *
 * @param {Message} message
 * @returns {Notice}
 */
function stopNotice(message) {
  const missed = message.missed === true;
  return notice(message, "stop", {
    title: text(message.notification.title) || sayer(message)(missed ? "push.missed_call" : "push.call_ended"),
    body: text(message.notification.body) || whoAndWhat(message),
    silent: true,
    actions: missed ? callBack(message) : [],
    missed,
  });
}

/**
 * A call that rings no more, as found out by asking.
 *
 * @param {Message} message the ring's
 * @param {Problem | null} problem what the server answered, if it did
 * @returns {Notice}
 */
function overNotice(message, problem) {
  const missed = wasMissed(problem);
  const code = missed ? "push.missed_call" : (ENDS.get(problem?.code ?? "") ?? "push.call_ended");
  return notice(message, "stop", {
    title: sayer(message)(code),
    body: whoAndWhat(message),
    silent: true,
    actions: missed ? callBack(message) : [],
    missed,
  });
}

/**
 * Whether a ring that is over was missed, by the server's refusal to hear of it; nothing heard means so.
 *
 * @param {Problem | null} problem
 * @returns {boolean}
 */
function wasMissed(problem) {
  return problem?.call?.you?.missed ?? !ENDS.has(problem?.code ?? "");
}

/**
 * Whether this very device answered or rejected, which needs no notice.
 *
 * @param {Problem | null} problem
 * @returns {boolean}
 */
function wasAnsweredHere(problem) {
  return !wasMissed(problem) && !/_elsewhere$/.test(problem?.code ?? "");
}

/**
 * The test ring that its owner asked for.
 *
 * @param {Message} message
 * @returns {Notice}
 */
function testNotice(message) {
  const said = sayer(message);
  return notice(message, "test", {
    title: text(message.notification.title) || said("push.test.title"),
    body: text(message.notification.body) || said("push.test.body"),
    renotify: true,
    silent: message.notification.silent === true,
    vibrate: VIBRATION,
    actions: [],
  });
}

/**
 * That people ask to be let in.
 *
 * @param {Message} message
 * @returns {Notice}
 */
function contactNotice(message) {
  return notice(message, "contact", {
    title: text(message.notification.title) || sayer(message)("push.request.title"),
    body: text(message.notification.body),
    silent: true,
    actions: [],
  });
}

/**
 * For a message that says nothing this worker understands: newer than it, or broken on the way.
 *
 * @returns {Notice}
 */
function genericNotice() {
  const message = messageOf(null);
  return notice(message, "unknown", {
    title: "Callinvite",
    body: sayer(message)("notification.unknown"),
    actions: [],
  });
}

/**
 * A rejection that the server did not hear.
 *
 * @param {Memory} data what the ring's notification carried
 * @returns {Notice}
 */
function notRejectedNotice(data) {
  const said = sayer(data);
  const name = nameOf(data);
  return notice(data, "ring", {
    title: said("notification.not_declined"),
    body: name ? said("notification.not_declined.why", { name }) : said("notification.not_declined.why_unknown"),
    silent: true,
    actions: [
      { action: "accept", title: said("call.accept") },
      { action: "reject", title: said("button.try_again") },
    ],
  });
}

/**
 * An answer that this browser did not let out of the notification.
 *
 * @param {Memory} data what the notification carried
 * @returns {Notice}
 */
function openYourselfNotice(data) {
  return notice(data, data.kind, {
    title: sayer(data)(data.kind === "ring" ? "notification.open_to_answer" : "notification.open"),
    body: whoAndWhat(data),
    silent: true,
    actions: [],
  });
}

/**
 * What every notification has in common.
 *
 * @param {Message | Memory} message
 * @param {string} kind
 * @param {Look} look
 * @returns {Notice}
 */
function notice(message, kind, { title, missed = false, silent = false, renotify = false, vibrate, actions, ...look }) {
  const options = {
    icon: text(message.notification.icon) || ICON,
    badge: text(message.notification.badge) || BADGE,
    lang: languageOf(message),
    // Without a tag nothing can replace it, and `renotify` is refused.
    tag: text(message.tag) || text(message.call_id) || "callinvite",
    silent,
    renotify,
    timestamp: Date.parse(text(message.server_time)) || Date.now(),
    actions: actions.slice(0, mostActions()),
    ...look,
  };
  // A silent notification that vibrates is refused.
  return {
    title,
    options: { ...options, ...(silent || !vibrate ? {} : { vibrate }), data: memoryOf(message, kind, missed, options) },
  };
}

/**
 * What clicks need to know.
 *
 * @param {Message | Memory} message
 * @param {string} kind
 * @param {boolean} missed
 * @param {{icon: string, badge: string, lang: string, tag: string}} options
 * @returns {Memory}
 */
function memoryOf(message, kind, missed, { icon, badge, lang, tag }) {
  return {
    kind,
    missed,
    tag,
    notification: { icon, badge, lang },
    call_id: text(message.call_id) || null,
    shows: text(message.shows),
    caller: { id: text(message.caller.id), name: text(message.caller.name) },
    from_contact: message.from_contact === true,
    is_video_call: message.is_video_call === true,
    action_token: text(message.action_token) || null,
    server_time: text(message.server_time) || null,
    shown_at: Date.now(),
  };
}

/**
 * @returns {number} how many buttons a notification may have; where a browser does not say, it leaves out what is too much
 */
function mostActions() {
  return self.Notification?.maxActions ?? 2;
}

/**
 * Who calls; a stranger with the id, which nobody else has.
 *
 * @param {Message | Memory} message
 */
function nameOf(message) {
  const [id, name] = [text(message.caller.id), text(message.caller.name)];
  if (!id || message.from_contact === true) {
    return name || id;
  }
  return sayer(message)(id.includes("@") ? "person.with_address" : "person.with_id", { name: name || id, id });
}

/**
 * Whether nothing but that somebody calls may be on the screen. The server sends no more; what it answers later may.
 *
 * @param {Message | Memory} message
 */
function saysNothing(message) {
  return message.shows === "nothing";
}

/** @param {Message | Memory} message */
function mediumOf(message) {
  return message.is_video_call === true ? "video" : "audio";
}

/** @param {Message | Memory} message */
function whoAndWhat(message) {
  if (saysNothing(message)) {
    return "";
  }
  const said = sayer(message);
  const medium = mediumOf(message);
  const name = nameOf(message);
  return name ? said(`push.from.${medium}`, { name }) : said(`call.title.${medium}`);
}

/**
 * @param {Message | Memory} message
 * @returns {{action: string, title: string}[]} the button that calls back, where it is known whom
 */
function callBack(message) {
  return message.caller.id ? [{ action: "call_back", title: sayer(message)("call.call_back") }] : [];
}

/**
 * Says sentences in the language of a message.
 *
 * @param {Message | Memory} message
 * @returns {(code: string, parameters?: Record<string, string | number>) => string}
 */
function sayer(message) {
  const language = text(message.notification.lang);
  return (code, parameters) => say(language, code, parameters);
}

/** @param {Message | Memory} message */
function languageOf(message) {
  return text(message.notification.lang) || sayer(message)("language.tag");
}

/**
 * @param {unknown} value
 * @returns {Untrusted}
 */
function objectOf(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {Untrusted} */ (value) : {};
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "";
}
