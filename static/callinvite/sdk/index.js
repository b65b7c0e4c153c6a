/** What a page of another site imports: `connect`, and with it the elements. docs/embedding.md describes it. */

export { CallInvitationError, CallInvitationService } from "../client/index.js";
export { speak } from "../words/say.js";
export { Calls } from "./calls.js";
export { connect } from "./connection.js";
export { IncomingCall } from "./incoming-call.js";
export { SendCallInvitationButton } from "./send-call-invitation-button.js";
