// What an app would write on the types that openapi-typescript makes; compiled with --strict and run by a test.
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Problem<T> = T extends { content: { "application/problem+json": infer Body } } ? Body : never;
type SendAnswers = paths["/api/v1/calls"]["post"]["responses"];
type Query = NonNullable<paths["/api/v1/calls"]["get"]["parameters"]["query"]>;

declare const process: { argv: string[] };
const [url, password] = process.argv.slice(2) as [string, string];

async function ask(method: string, path: string, token: string, body?: unknown): Promise<[number, unknown]> {
  const headers = { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(path.startsWith("http") ? path : url + path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  });
  return [answer.status, await answer.json()];
}

async function signIn(username: string): Promise<string> {
  const login: Schemas["LoginRequest"] = { username, password };
  const [, answer] = await ask("POST", "/api/v1/auth/token", "", login);
  return (answer as Json<paths["/api/v1/auth/token"]["post"]["responses"][201]>).token;
}

async function send(token: string, body: Schemas["SendRequest"]): Promise<Schemas["SentAnswer"] | string> {
  const [status, answer] = await ask("POST", "/api/v1/calls", token, body);
  if (status === 409) {
    const problem = answer as Problem<SendAnswers[409]>;
    // Narrowed by its code: only this one says which call one is in.
    return problem.code === "already_in_call" ? `${problem.code} ${problem.call?.call_id}` : problem.code;
  }
  return answer as Json<SendAnswers[201]>;
}

const token = await signIn("dave");
const refusals: string[] = [];
for (let number = 0; number < 3; number += 1) {
  const call_id = `typescript-${number}`;
  await send(token, { invitees: ["carol"], is_video_call: false, call_id });
  const refused = await send(token, { invitees: ["bob"], is_video_call: true });
  refusals.push(typeof refused === "string" ? refused : "");
  await ask("POST", `/api/v1/calls/${call_id}/cancel`, token, {} satisfies Schemas["CancelRequest"]);
}

const query: Query = { page_size: 2, direction: "outgoing" };
let next: string | null = `/api/v1/calls?page_size=${query.page_size}&direction=${query.direction}`;
while (next) {
  const [, page] = (await ask("GET", next, token)) as [number, Schemas["CallPage"]];
  // Other tests call by the same server.
  for (const call of page.results) if (call.call_id.startsWith("typescript-")) console.log(call.call_id);
  next = page.next;
}
console.log(refusals.at(-1));
