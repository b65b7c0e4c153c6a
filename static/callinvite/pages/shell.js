/** The entry of the shell page: one service, one ringer, the elements, and which view is shown. */

import { CallInvitationService, isUp } from "../client/index.js";
import { systemClock } from "../client/clock.js";
import { RestClient } from "../client/rest.js";
import { Enrolment } from "../push/enrolment.js";
import { Notes } from "../push/notes.js";
import { Talk } from "../rtc/index.js";
import { Ringer } from "../sounds/ringer.js";
import { Alerting } from "./alerting.js";
import { Errands } from "./errands.js";
import { InCall } from "./in-call.js";
import { Notices } from "./notices.js";
import { ask } from "../elements/call-ask.js";
import { provide } from "../elements/page-element.js";
import { toast } from "../elements/toast-list.js";
import { calledIn, errorWords, isWithheld, names, others, rangBy, takenBackWords } from "../elements/words.js";
import { say } from "../words/say.js";
import "../elements/icons.js";
import "../elements/person-avatar.js";
import "../elements/call-bar.js";
import "../elements/call-corner.js";
import { CallScreen } from "../elements/call-screen.js";
import "../elements/connection-banner.js";
import { Contacts } from "../elements/contacts.js";
import "../elements/do-not-disturb.js";
import "../elements/enable-ringing.js";
import { IncomingCall } from "../elements/incoming-call.js";
import "../elements/missed-badge.js";
import "../elements/own-name.js";
import { PeoplePicker } from "../elements/people-picker.js";
import "../elements/people-view.js";
import "../elements/person-view.js";
import "../elements/recents-view.js";
import "../elements/remote-audio.js";
import "../elements/requests-badge.js";
import "../elements/send-call-invitation-button.js";
import "../elements/settings-view.js";
import "../elements/signed-out.js";
import "../elements/timeline-view.js";
import "../elements/who-may-call.js";

/** @typedef {HTMLElement & {entered?: (argument: string) => void, left?: () => void}} View
 *  @typedef {import("../client/types.js").AboutCall} AboutCall */

/** How often a page looks whether a push would still come to this browser. */
const CHECK_EVERY_MS = 6 * 60 * 60 * 1000;
const VIEWS = ["people", "person", "recents", "timeline", "settings"];
/** The tab that a view without one of its own belongs to. @type {Record<string, string>} */
const TABS = { person: "people", timeline: "recents" };

const config = JSON.parse(document.getElementById("page-config")?.textContent ?? "{}");
/** Where the app is mounted, with a slash at its end. */
const base = new URL(config.base, location.href).href;
const baseUrl = base.replace(/\/$/, "");
const ringer = new Ringer();
const { csrfHeader, csrfToken } = config;
const service = new CallInvitationService({ baseUrl, csrfHeader, csrfToken, audible: ringer.audible });
const rest = new RestClient({
  baseUrl,
  fetch: (...args) => fetch(...args),
  clock: systemClock,
  csrfHeader,
  csrfToken,
});

// The server sets it with the page. Whoever loads the page again has it before the former page goes, and takes it away.
const isLoaded = () => document.cookie.split("; ").includes(config.loadedCookie);
// biome-ignore lint/suspicious/noDocumentCookie: pages without HTTPS have no other way
document.cookie = `${config.loadedCookie}; path=${config.base}; max-age=0; SameSite=Lax`;
const talk = new Talk({ service, isReloading: isLoaded });
const notes = new Notes({ scope: base });
const enrolment = new Enrolment({
  rest,
  notes,
  deviceId: service.deviceId,
  label: service.label,
  userId: config.user?.id,
  language: document.documentElement.lang,
  base,
});

/** The one element of a kind in this page.
 *  @template {HTMLElement} E
 *  @param {new () => E} kind
 *  @param {string} selector
 *  @returns {E} */
function the(kind, selector) {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) {
    throw new Error(`The page has no ${selector}.`);
  }
  return element;
}

const contacts = new Contacts(service);
const screen = the(CallScreen, "call-screen");
/** @type {import("../elements/page-element.js").Page} */
const page = {
  service,
  talk,
  ringer,
  enrolment,
  contacts,
  asksWhoMayCall: config.asksWhoMayCall === true,
  directory: config.directory,
  screen,
  picker: the(PeoplePicker, "people-picker"),
  myData: config.myData,
  userId: config.user?.id,
  firstPeople: config.firstPeople,
  accountPages: config.accountPages ?? {},
};

function showView() {
  const [wanted, argument = ""] = location.hash.slice(1).split("/", 2);
  const current = VIEWS.includes(wanted) ? wanted : VIEWS[0];
  for (const view of /** @type {NodeListOf<View>} */ (document.querySelectorAll(".view"))) {
    const shown = view.dataset.view === current;
    const wasShown = started && !view.hidden;
    view.hidden = !shown;
    if (shown && (!wasShown || argument)) {
      view.entered?.(decoded(argument));
    } else if (!shown && wasShown) {
      view.left?.();
    }
  }
  for (const tab of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".tabs__tab"))) {
    if (tab.dataset.view === (TABS[current] ?? current)) {
      tab.setAttribute("aria-current", "page");
    } else {
      tab.removeAttribute("aria-current");
    }
  }
  // Looking at another view means looking away from the call's screen, not leaving the call.
  if (started && !screen.hidden) {
    screen.minimise();
  }
}

/** @param {string} part of an address, which anybody may have typed */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** News that no screen shows: said once, in words. */
function tellNews() {
  const caller = (/** @type {AboutCall} */ { call }) => {
    const userId = service.state.user?.id;
    return calledIn(call, userId)(rangBy(call, userId));
  };
  const show = () => ({
    label: say("news.show"),
    act: () => {
      location.hash = "recents";
    },
  });
  service.on("incomingCallCanceled", (detail) => {
    if (isWithheld(detail.call)) {
      return;
    }
    toast(takenBackWords(detail.call, service.state.user?.id), { action: show() });
  });
  service.on("incomingCallTimeout", (detail) => {
    if (isWithheld(detail.call)) {
      return;
    }
    toast(say("news.missed", { name: caller(detail) }), { action: show() });
  });
  service.on("incomingMissed", (detail) => {
    if (isWithheld(detail.call)) {
      return;
    }
    toast(say("news.missed.busy", { name: caller(detail) }), { action: show() });
  });
  service.on("incomingCallAnsweredElsewhere", ({ answeredOn }) => {
    toast(answeredOn ? say("news.answered_on", { device: answeredOn }) : say("error.answered_elsewhere"));
  });
  service.on("incomingCallRejectedElsewhere", ({ answeredOn }) => {
    toast(answeredOn ? say("news.declined_on", { device: answeredOn }) : say("error.rejected_elsewhere"));
  });
  service.on("outgoingCallDeclined", (detail) => {
    tellOfOne(detail, "news.declined");
  });
  service.on("outgoingCallRejectedCauseBusy", (detail) => {
    tellOfOne(detail, "news.busy");
  });
  service.on("outgoingCallTimeout", (detail) => {
    tellOfOne(detail, "news.no_answer");
  });
  service.on("error", (error) => {
    // A signal that came when its call was over, or somebody out of it: people are told so already, in other words.
    if (error.callID !== null) {
      return;
    }
    toast(errorWords(error), { kind: "wrong" });
  });
}

/** The device's push address goes before the session that may take it away. */
function takeLeaveAtSignOut() {
  const form = the(HTMLFormElement, ".shell__out");
  const goes = async () => {
    the(HTMLButtonElement, ".shell__out button").disabled = true;
    await enrolment.signOut().catch(() => {});
    form.submit();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (talk.current === null) {
      goes();
      return;
    }
    ask(document.body, {
      title: say("ask.sign_out"),
      text: say("ask.sign_out.meaning"),
      answers: [{ label: say("ask.sign_out.confirm"), kind: "bad", act: goes }],
      stay: say("ask.stay"),
    });
  });
}

/** In a minimised group call nobody sees the list of people.
 *  @param {import("../client/types.js").AboutCallee} detail
 *  @param {"news.declined" | "news.busy" | "news.no_answer"} code */
function tellOfOne({ call, callee }, code) {
  if (screen.minimised && others(call, service.state.user?.id).length > 1) {
    toast(say(code, { name: names([callee]) }));
  }
}

let started = false;
provide(page);
contacts.start();
talk.start();
new Alerting(service, ringer, talk).start();
new InCall(page).start();
new Errands(page, the(IncomingCall, "incoming-call"), notes).start();
new Notices(service).start();
tellNews();
takeLeaveAtSignOut();
addEventListener("hashchange", showView);
showView();
started = true;
ringer.resume();
service.init();
enrolment.start();
// A page may stay open for weeks.
setInterval(() => {
  enrolment.check();
}, CHECK_EVERY_MS);
service.on("connectionChanged", ({ connection }) => {
  // The server could not be asked before.
  if (isUp(connection) && enrolment.state === "failed") {
    enrolment.check();
  }
});
// For people who look under the bonnet, and for tests.
Object.assign(globalThis, { callinvite: { service, ringer, talk, enrolment } });
