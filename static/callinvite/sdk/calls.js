/** The client of a page of another site: the service, with the media of its calls, its sounds and its push address. */

import { CallInvitationError, CallInvitationService } from "../client/index.js";
import { systemClock } from "../client/clock.js";
import { RestClient } from "../client/rest.js";
import { lenient, pageStorage } from "../client/storage.js";
import { Alerting } from "../pages/alerting.js";
import { Enrolment } from "../push/enrolment.js";
import { Notes } from "../push/notes.js";
import { Talk } from "../rtc/index.js";
import { AudioFiles } from "../sounds/audio-files.js";
import { Ringer, WISH } from "../sounds/ringer.js";
import { Errands } from "./errands.js";
import { say } from "../words/say.js";
import { RememberedToken } from "./token.js";

const HANG_UP_MS = 1500;
const CHECK_EVERY_MS = 6 * 60 * 60 * 1000;

/** @typedef {import("../client/types.js").Call} Call
 *
 *  @typedef {object} PushOptions
 *  @property {string} worker the address of the site's own service worker, which loads ours
 *  @property {string} [scope] its scope; the folder that it lies in by default
 *
 *  @typedef {Omit<import("../client/types.js").ServiceOptions, "csrfToken" | "csrfHeader"> & {baseUrl: string,
 *    token: import("../client/types.js").Secret, push?: PushOptions}} CallsOptions
 *
 *  @typedef {object} Surroundings what there is in the page
 *  @property {() => {shows: (call: Call) => boolean, silent: boolean,
 *    accept: (options: {callID: string}) => Promise<boolean>} | null} screen the element that shows calls
 *  @property {(listener: () => void) => () => void} follow tells of another one */

export class Calls extends CallInvitationService {
  #media;
  #ringer;
  #alerting;
  #page;
  #rest;
  #kept;
  /** What the page said of push. @type {PushOptions | null} */
  #push;
  /** @type {Enrolment | null} */
  #enrolment = null;
  /** @type {(() => void)[]} */
  #stops = [];
  #isOver = false;

  /** @param {CallsOptions} options
   *  @param {Surroundings} page
   *  @internal */
  constructor({ push, token, fetch: own, ...options }, page) {
    const kept = new RememberedToken(token, own);
    super({ ...options, token: () => kept.get(), fetch: kept.fetch });
    this.#page = page;
    this.#kept = kept;
    this.#push = push ?? null;
    this.#rest = { baseUrl: options.baseUrl, clock: systemClock, token: () => kept.get(), fetch: kept.fetch };
    this.on("tokenWillExpire", () => kept.forget());
    this.#media = new Talk({ service: this });
    // Ringtones lie at the server, whose addresses of them begin with a slash.
    const load = (/** @type {RequestInfo | URL} */ url, /** @type {RequestInit | undefined} */ init) =>
      kept.fetch(new URL(String(url), `${options.baseUrl}/`), { ...init, credentials: "omit" });
    this.#ringer = new Ringer({ storage: wishingToHear(), files: new AudioFiles({ fetch: load }) });
    const shows = (/** @type {Call} */ call) => !this.#isOver && page.screen()?.shows(call) === true;
    const sounds = () => page.screen()?.silent === false;
    this.#alerting = new Alerting(this, this.#ringer, this.#media, { marksPage: false, shows, sounds });
  }

  /** @returns {Talk} the media of its calls: microphone, camera, screen, and the others' streams */
  get media() {
    return this.#media;
  }

  /** @returns {Ringer} the sounds: `enable()`, `disable()`, `volume`, `audible` */
  get ringer() {
    return this.#ringer;
  }

  /** @returns {Enrolment | null} how this browser is woken by push; null without the option `push` */
  get push() {
    return this.#enrolment;
  }

  /** Why it could not connect. Where the site gave no token, that goes before what came of it.
   *  @internal
   *  @returns {CallInvitationError} */
  get failure() {
    const lack = this.#kept.lack;
    if (!lack) {
      return this.lastError ?? CallInvitationError.unreachable();
    }
    const error = new CallInvitationError("not_authenticated", say("error.not_authenticated.no_token"));
    error.cause = lack.cause;
    return error;
  }

  /** Follow the connection with media, sounds and push; once.
   *  @internal */
  begin() {
    this.#media.start();
    this.#alerting.start();
    this.#stops.push(this.#page.follow(() => this.#alerting.look()));
    this.#ringer.resume();
    if (this.#push && this.state.user) {
      this.#enrol(this.#push, this.state.user.id);
    }
  }

  /** An element shows other rings than before, or with other manners.
   *  @internal
   *  @param {string | null} [answering] the ring that is just being answered
   *  @param {boolean} [isDone] whether that is over */
  alert(answering = null, isDone = false) {
    if (answering === null) {
      this.#alerting.look();
    } else if (isDone) {
      this.#alerting.unhush(answering);
    } else {
      this.#alerting.hush(answering);
    }
  }

  /** Hang up, ring no more, and close the connection. `connect` begins anew. */
  close() {
    const call = this.#isOver ? null : this.#media?.current;
    this.#isOver = true;
    for (const stop of this.#stops.splice(0)) {
      stop();
    }
    if (call) {
      this.leaveWithPage(call.call_id);
      this.#media.hangUp(call);
    }
    super.close();
    this.#alerting.look();
  }

  /** Close, and have this browser not be woken any more for whoever was signed in.
   *  @returns {Promise<void>} */
  async signOut() {
    const call = this.#media.current;
    if (call) {
      await Promise.race([
        this.#media.hangUp(call),
        new Promise((resolve) => {
          setTimeout(resolve, HANG_UP_MS);
        }),
      ]);
    }
    await this.#enrolment?.signOut();
    this.close();
  }

  /** @param {PushOptions} push @param {string} userId */
  #enrol({ worker, scope = "./" }, userId) {
    const base = new URL(scope, new URL(worker, document.baseURI)).href;
    const notes = new Notes({ scope: base });
    this.#enrolment = new Enrolment({
      rest: new RestClient(this.#rest),
      notes,
      deviceId: this.deviceId,
      label: this.label,
      userId,
      language: document.documentElement.lang,
      base,
      worker,
    });
    this.#enrolment.start();
    const timer = setInterval(() => this.#enrolment?.check(), CHECK_EVERY_MS);
    this.#stops.push(() => clearInterval(timer));
    const accept = (/** @type {string} */ callID) => this.#page.screen()?.accept({ callID });
    this.#stops.push(new Errands({ service: this, media: this.#media, accept }, notes).start());
  }
}

/** The browser's storage, by which a page rings aloud as long as nobody has said otherwise: its site wants it to.
 *  @returns {Storage} */
function wishingToHear() {
  const kept = lenient(pageStorage("localStorage"));
  const getItem = (/** @type {string} */ key) => kept.getItem(key) ?? (key === WISH ? "on" : null);
  return /** @type {Storage} */ ({ ...kept, getItem });
}
