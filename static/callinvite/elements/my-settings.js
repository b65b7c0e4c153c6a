/** The base of what shows and changes some of one's settings: shown as the server says they are, on whatever device they
 *  were changed, and as they were if a change is refused. */

import { PageElement } from "./page-element.js";
import { toast } from "./toast-list.js";
import { errorWords } from "./words.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").Me} Me
 *  @typedef {import("../client/types.js").MeChanges} MeChanges */

export class MySettings extends PageElement {
  /** As the server said last. @type {Me | null} */
  #me = null;

  /** As the server said last. @returns {Me | null} */
  get me() {
    return this.#me;
  }

  attached() {
    this.follow("meChanged", ({ me }) => {
      this.take(me);
    });
  }

  /** Show these settings.
   *  @param {Me} _me */
  show(_me) {}

  /** @param {MeChanges} changes
   *  @returns {Promise<boolean>} */
  async save(changes) {
    const me = await this.service.updateMe(changes);
    if (me) {
      this.take(me);
      toast(say("settings.saved"), { kind: "good" });
      return true;
    }
    toast(refusalWords(this.service.lastError), { kind: "wrong" });
    if (this.#me) {
      this.show(this.#me);
    }
    return false;
  }

  /** The server has said how they are.
   *  @param {Me} me */
  take(me) {
    this.#me = me;
    this.show(me);
  }
}

/** What was wrong with a field says more than that something was.
 *  @param {import("../client/index.js").CallInvitationError | null} error */
function refusalWords(error) {
  const [first] = Object.values(error?.fields ?? {}).flat();
  return first ?? errorWords(error);
}
