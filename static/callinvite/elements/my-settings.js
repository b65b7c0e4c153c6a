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
  /** How many changes are on their way. */
  #saving = 0;
  /** How often the server told of a change. */
  #told = 0;

  /** As the server said last. @returns {Me | null} */
  get me() {
    return this.#me;
  }

  /** Whether changes are on their way. @returns {boolean} */
  get isSaving() {
    return this.#saving > 0;
  }

  attached() {
    this.follow("meChanged", ({ me }) => {
      this.#told += 1;
      this.take(me);
    });
  }

  /** Show these settings.
   *  @param {Me} _me */
  show(_me) {}

  /** @param {MeChanges} changes
   *  @param {(me: Me) => string} [words] what is said once it is done
   *  @returns {Promise<boolean>} */
  async save(changes, words = () => say("settings.saved")) {
    const told = this.#told;
    this.#saving += 1;
    const me = await this.service.updateMe(changes).finally(() => {
      this.#saving -= 1;
    });
    if (me) {
      // What was told meanwhile is of this change, or newer.
      this.take(told !== this.#told && this.#me ? this.#me : me);
      toast(words(me), { kind: "good" });
      return true;
    }
    toast(refusalWords(this.service.lastError), { kind: "wrong" });
    if (this.#me) {
      this.take(this.#me);
    }
    return false;
  }

  /** The server has said how they are.
   *  @param {Me} me */
  take(me) {
    this.#me = me;
    // What was chosen last is still on its way.
    if (this.#saving === 0) {
      this.show(me);
    }
  }
}

/** What was wrong with a field says more than that something was.
 *  @param {import("../client/index.js").CallInvitationError | null} error */
function refusalWords(error) {
  const [first] = Object.values(error?.fields ?? {}).flat();
  return first ?? errorWords(error);
}
