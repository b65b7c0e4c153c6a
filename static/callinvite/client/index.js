/**
 * What the client offers to those who embed it.
 */

export { isOver, isRingingFor, may, myInvitation, myParticipant, othersInside, pendingInvitations } from "./call.js";
export { isUp } from "./connection.js";
export { CallInvitationError } from "./errors.js";
export { deviceLabel, makeCallID, randomHex as makeDeviceId, rememberedDeviceId } from "./identity.js";
export { CallInvitationService } from "./service.js";
