/** `<missed-badge>`: how many missed calls were not looked at yet. */

import { CountBadge } from "./count-badge.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State */

export class MissedBadge extends CountBadge {
  /** @param {State} state */
  update({ missedUnseen }) {
    this.show(missedUnseen, say("recent.missed_unseen", { count: missedUnseen }));
  }
}

customElements.define("missed-badge", MissedBadge);
