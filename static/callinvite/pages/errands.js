/** What was asked for by a click on a notification, done in the page: answer, call back, or show.
 *
 *  Never because of an address alone: any site may link to one. Only the service worker can send a message or leave a
 *  note, and it does so only for the button of a notification. */

import { isRingingFor } from "../client/index.js";
import { placeCall } from "../elements/place-call.js";
import { toast } from "../elements/toast-list.js";
import { calledIn, errorWords } from "../elements/words.js";
import { say } from "../words/say.js";

const WAIT_MS = 120_000;

/** @typedef {import("../client/types.js").Person} Person
 *  @typedef {import("../push/notes.js").Wish} Wish */

/** Does each wish once, when the page is connected. */
export class Errands {
  #page;
  #service;
  #incoming;
  #notes;

  /** @param {import("../elements/page-element.js").Page} page
   *  @param {import("../elements/incoming-call.js").IncomingCall} incoming
   *  @param {import("../push/notes.js").Notes} notes */
  constructor(page, incoming, notes) {
    this.#page = page;
    this.#service = page.service;
    this.#incoming = incoming;
    this.#notes = notes;
  }

  /** Begin: what the worker says, what it has left for this page, and the call that the address names. */
  start() {
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      this.#perform(data);
    });
    navigator.serviceWorker?.startMessages();
    const named = takenFromAddress();
    this.#notes.takeWish().then((wish) => {
      this.#perform(wish ?? (named ? { type: "show", call_id: named, kind: "ring" } : null));
    });
  }

  /** @param {Wish | null} wish */
  async #perform(wish) {
    const callID = wish?.call_id ?? "";
    switch (wish?.type) {
      case "answer":
        if (await this.#comes(callID)) {
          await this.#incoming.accept(callID);
        }
        break;
      case "call_back":
        await this.#callBack(callID, wish);
        break;
      case "show":
        await this.#show(callID, wish);
        break;
      default:
    }
  }

  /** @param {string} callID @param {Wish} wish */
  async #callBack(callID, { caller, is_video_call: isVideoCall = false }) {
    await this.#connected();
    await this.#service.missedCallClicked(callID);
    await this.#service.dialBack(callID, async (call) => {
      const invitee = call?.caller ?? caller;
      const isKnown = this.#service.state.connection !== "signed_out" && Boolean(invitee?.id);
      return isKnown && placeCall(this.#page, { invitees: [/** @type {Person} */ (invitee)], isVideoCall });
    });
  }

  /** @param {string} callID @param {Wish} wish */
  async #show(callID, { kind }) {
    const { active, outgoing } = this.#service.state;
    if (kind === "ring") {
      await this.#comes(callID);
      return;
    }
    if (!active && !outgoing) {
      // Another view would move a call's screen out of sight.
      location.hash = { stop: "recents", test: "settings" }[/** @type {string} */ (kind)] ?? location.hash;
    }
    if (kind === "stop") {
      await this.#connected();
      await this.#service.missedCallClicked(callID);
    }
  }

  /** Wait until a call rings here, and say so if it does not any more.
   *  @param {string} callID
   *  @returns {Promise<boolean>} */
  async #comes(callID) {
    await this.#connected();
    if (!this.#rings(callID)) {
      const call = await this.#service.call(callID);
      if (!call || !isRingingFor(call, this.#service.state.user?.id)) {
        this.#explain(call);
        return false;
      }
      await this.#until(() => this.#rings(callID));
    }
    return this.#rings(callID);
  }

  /** @param {import("../client/types.js").Call | null} call */
  #explain(call) {
    const { active, connection, user } = this.#service.state;
    if (connection === "signed_out" || (call && active?.call_id === call.call_id)) {
      return;
    }
    if (!call) {
      toast(errorWords(this.#service.lastError), { kind: "wrong" });
      return;
    }
    const words =
      call.caller.id === user?.id
        ? say("news.no_longer_ringing")
        : say("news.no_longer_ringing.from", { name: calledIn(call, user?.id)(call.caller) });
    toast(words, {
      action: {
        label: say("news.show"),
        act: () => {
          location.hash = "recents";
        },
      },
    });
  }

  #connected() {
    return this.#until(() => ["open", "polling", "signed_out"].includes(this.#service.state.connection));
  }

  /** @param {string} callID */
  #rings(callID) {
    const { calls, user } = this.#service.state;
    return calls.some((call) => call.call_id === callID && isRingingFor(call, user?.id));
  }

  /** @param {() => boolean} condition
   *  @returns {Promise<void>} when it holds, or after two minutes all the same */
  #until(condition) {
    return new Promise((resolve) => {
      const look = () => {
        if (condition()) {
          finish();
        }
      };
      const finish = () => {
        stop();
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(finish, WAIT_MS);
      const stop = this.#service.on("change", look);
      look();
    });
  }
}

/** The call that the address names, which is then taken out of it: loading the page again is another matter. */
function takenFromAddress() {
  const address = new URL(location.href);
  const named = address.searchParams.get("call");
  if (named !== null) {
    address.searchParams.delete("call");
    history.replaceState(history.state, "", address);
  }
  return named;
}
