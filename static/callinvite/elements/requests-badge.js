/** `<requests-badge>`: how many people ask to be let in. */

import { CountBadge } from "./count-badge.js";
import { say } from "../words/say.js";

/** @typedef {import("../client/types.js").State} State */

export class RequestsBadge extends CountBadge {
  /** @param {State} state */
  update({ requests }) {
    this.show(requests, say("contact.requests.count", { count: requests }));
  }
}

customElements.define("requests-badge", RequestsBadge);
