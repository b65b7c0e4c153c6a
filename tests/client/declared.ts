// What an app in TypeScript writes with the client; compiled with --strict by a test, and never run.
import {
  type Call,
  CallInvitationError,
  CallInvitationService,
  isUp,
  type LeftReason,
  makeDeviceId,
  myInvitation,
  type State,
} from "../../static/callinvite/client/types/index.js";

const calls = new CallInvitationService({ baseUrl: "https://calls.example.org", token: async () => "t", polling: true });
const stop: () => void = calls.on("incomingCallReceived", ({ callID, caller, isVideoCall, customData, call }) => {
  const words: string = `${caller.name} ${callID} ${isVideoCall} ${customData} ${call.revision}`;
  console.log(words, myInvitation(call, calls.state.user?.id)?.standing);
});
calls.on("userLeft", ({ user, leftReason }) => {
  const why: LeftReason | null = leftReason;
  console.log(user.id, why);
});
calls.on("incomingMissedCallClicked", async ({ callees, customData, dialBack }) => {
  const isDone: boolean = await dialBack();
  console.log(callees[0].id, customData, isDone);
});
calls.on("tokenWillExpire", ({ expiresAt, remainingMs }) => console.log(Date.parse(expiresAt) - remainingMs));
calls.on("change", ({ state }: { state: State }) => console.log(isUp(state.connection)));

export async function ring(invitee: string): Promise<Call | null> {
  if (!(await calls.init()) || !(await calls.send({ invitees: [invitee], isVideoCall: true }))) {
    const error: CallInvitationError | null = calls.lastError;
    console.log(error?.code, error?.fields.invitees, makeDeviceId());
    stop();
    return null;
  }
  const page = await calls.history({ missed: true, pageSize: 10 });
  return calls.lastResult?.call ?? page?.results[0] ?? null;
}

// @ts-expect-error: a call needs to know whether it has pictures
calls.send({ invitees: ["bob"] });
// @ts-expect-error: there is no such event
calls.on("incomingCallRecieved", () => {});
