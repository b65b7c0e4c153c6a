// A whole call by an app behind a network that loses answers, on the types that openapi-typescript makes: what was asked
// for is asked for again, with the same key where it makes something new.
import type { components } from "./schema.js";

type Schemas = components["schemas"];
type Call = Schemas["CallObject"];

declare const process: { argv: string[] };
const [url, password] = process.argv.slice(2) as [string, string];
let lost = 0;

async function ask<T>(method: string, path: string, token: string, body?: object, key?: string): Promise<T> {
  const headers = {
    "Content-Type": "application/json",
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...(key ? { "Idempotency-Key": key } : {}),
  };
  for (;;) {
    try {
      const answer = await fetch(url + path, { method, headers, body: body ? JSON.stringify(body) : null });
      if (!answer.ok) throw new RangeError(`${method} ${path}: ${await answer.text()}`);
      return (await answer.json()) as T;
    } catch (error) {
      if (error instanceof RangeError) throw error;
      lost += 1;
    }
  }
}

async function signIn(username: string): Promise<string> {
  const login: Schemas["LoginRequest"] = { username, password };
  return (await ask<Schemas["Token"]>("POST", "/api/v1/auth/token", "", login)).token;
}

const [dave, carol] = [await signIn("dave"), await signIn("carol")];
const wanted: Schemas["SendRequest"] = { invitees: ["carol"], is_video_call: false };
const { call } = await ask<Schemas["SentAnswer"]>("POST", "/api/v1/calls", dave, wanted, "typescript-send");
const there = `/api/v1/calls/${encodeURIComponent(call.call_id)}`;
const onPhone = { device_id: "phone" } satisfies Schemas["OnDeviceRequest"];
await ask<Schemas["CallAnswer"]>("POST", `${there}/ringing`, carol, onPhone);
await ask<Schemas["CallAnswer"]>("POST", `${there}/accept`, carol, onPhone);
await ask<Schemas["CallAnswer"]>("POST", `${there}/connected`, carol, onPhone);
const more: Schemas["InviteRequest"] = { invitees: ["bob"] };
await ask<Schemas["SentAnswer"]>("POST", `${there}/invite`, dave, more, "typescript-invite");
await ask<Schemas["CancelAnswer"]>("POST", `${there}/cancel`, dave, { callees: ["bob"] });
await ask<Schemas["CallAnswer"]>("POST", `${there}/leave`, carol, onPhone);
const over = await ask<Call>("GET", there, dave);
const { entries } = await ask<Schemas["Timeline"]>("GET", `${there}/timeline`, dave);
const page = await ask<Schemas["CallPage"]>("GET", "/api/v1/calls?with=carol&direction=outgoing", dave);
const sent = entries.filter((each) => each.code === "call.sent" || each.code === "invitation.sent").length;
const open = page.results.filter((each) => each.state !== "ended").length;
const same = page.results.filter((each) => each.created_at >= call.created_at).length;
console.log(over.state, over.end_reason, `${sent} sent`, `${same} call, ${open} open`, lost > 3);
