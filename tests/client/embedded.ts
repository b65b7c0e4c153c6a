// What a page of another site writes in TypeScript; compiled with --strict by a test, and never run.
import type { RingRefused } from "../../static/callinvite/sdk/incoming-call.js";
import * as real from "../../static/callinvite/sdk/index.js";
import type { SendRefused } from "../../static/callinvite/sdk/send-call-invitation-button.js";
import * as declared from "../../static/callinvite/sdk/types/callinvite.js";

const { connect, CallInvitationError } = declared;

export async function start(token: () => Promise<string>): Promise<string> {
  try {
    const calls = await connect({ baseUrl: "https://calls.example.org", token, push: { worker: "/calls/worker.js" } });
    calls.on("incomingCallReceived", ({ callID }) => console.log(callID, calls.media.state.place));
    await calls.push?.enable();
    calls.ringer.volume = 0.5;
    return calls.state.user?.name ?? "";
  } catch (error) {
    return error instanceof CallInvitationError ? error.code : "";
  }
}

const button = document.createElement("send-call-invitation-button");
button.invitees = ["bob", { id: "carol", name: "Carol" }];
button.timeoutSeconds = 30;
button.texts = { "call.title.video": "Ring us" };
button.addEventListener("will-send", (event) => {
  event.detail.options.customData = "order 17";
  event.preventDefault();
});
button.addEventListener("refused", ({ detail }) => {
  const people: string[] = detail.errors.map(({ invitee, code }) => `${invitee}: ${code}`);
  const pause: number | null = detail.retryAfterSeconds;
  console.log(detail.code, detail.error.fields, detail.call?.call_id, people, pause);
});
button.addEventListener("focus", function (event) {
  console.log(event.relatedTarget, this.busy);
});
const ring = document.createElement("incoming-call");
ring.addEventListener("refused", ({ detail }) => console.log(detail.code, detail.callID.length, detail.call.caller.id));
// Wherever it has bubbled to, it may be of either.
document.body.addEventListener("refused", ({ detail }) => console.log(detail.detail, "errors" in detail && detail.errors));
ring.addEventListener("will-answer", ({ detail }) => {
  detail.options.camera = false;
});
ring.accept({ customData: "coming" }).then((done: boolean) => done && ring.hangUp());

// @ts-expect-error: a token is needed
connect({ baseUrl: "https://calls.example.org" });
// @ts-expect-error: there is no such parameter
button.isVideo = true;
// @ts-expect-error: a ring's refusal is about no invitees
ring.addEventListener("refused", ({ detail }) => detail.errors);

// What is declared is what there is, name by name.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Own<T> = Exclude<keyof T, keyof HTMLElement>;
type Inside = "build" | "attached" | "update" | "draw" | "tell" | "untilGone" | "untilOther" | "begin" | "alert" | "failure";
type Callbacks = "connectedCallback" | "disconnectedCallback" | "attributeChangedCallback";
type Public<T> = Exclude<Own<T>, Inside | Callbacks>;
const exported: Same<keyof typeof real, keyof typeof declared> = true;
const ofButton: Same<Public<real.SendCallInvitationButton>, Public<declared.SendCallInvitationButton>> = true;
const ofRing: Same<Public<real.IncomingCall>, Public<declared.IncomingCall>> = true;
const ofCalls: Same<Public<real.Calls>, Public<declared.Calls>> = true;
const ofMedia: Public<declared.Calls["media"]> extends Public<real.Calls["media"]> ? true : never = true;
const ofSounds: Public<declared.Calls["ringer"]> extends Public<real.Calls["ringer"]> ? true : never = true;
type Told = HTMLElementEventMap["refused"]["detail"];
const bySend: Same<keyof Extract<Told, { errors: unknown }>, keyof SendRefused> = true;
const byRing: Same<keyof Exclude<Told, { errors: unknown }>, keyof RingRefused> = true;
console.log(bySend, byRing);
console.log(exported, ofButton, ofRing, ofCalls, ofMedia, ofSounds);
