/**
 * What the pages say that people who move here read, done by a real server: the stories below do everything that their
 * tables name, and a row that none of them has done is a failure.
 */

import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { connected } from "./support/people.mjs";
import { missing, Product } from "./support/product.mjs";
import { codesIn, tablesOf } from "./support/tables.mjs";

const PAGE = tablesOf(new URL("../../docs/moving-from-zegocloud.md", import.meta.url));
const OTHERS = tablesOf(new URL("../../docs/moving-from-stream-and-twilio.md", import.meta.url));
/** The first two columns of the tables of callbacks and events. */
const THEIRS = "in the kit, with its arguments";
const OURS = "here, in its detail";
const KIT = [
  "onError",
  "onInvitationUserStateChanged",
  "onIncomingCallReceived",
  "onIncomingCallCanceled",
  "onIncomingCallTimeout",
  "onIncomingCallAcceptButtonPressed",
  "onIncomingCallDeclineButtonPressed",
  "onIncomingMissedCallClicked",
  "onIncomingMissedCallDialBackFailed",
  "onOutgoingCallSent",
  "onOutgoingCallCancelButtonPressed",
  "onOutgoingCallAccepted",
  "onOutgoingCallRejectedCauseBusy",
  "onOutgoingCallDeclined",
  "onOutgoingCallTimeout",
];
const GUESTS = Array.from({ length: 10 }, (_, at) => `guest${at}`);
const isCI = ["1", "true"].includes((process.env.CI ?? "").toLowerCase());
/** What the stories have called, as `send` and `send.invitees`. */
const done = new Set();
/** The details that the stories have waited for, by the event. */
const heard = new Map();
/** @type {Product} */
let product;

if (missing !== null && !isCI) {
  test("moving from ZEGOCLOUD on a real server", { skip: missing });
} else {
  before(async () => {
    assert.equal(missing, null);
    product = await Product.start();
  });
  after(() => product?.stop());
  stories();
  rows();
}

function stories() {
  story("a call with everything that can be said with it", async (t) => {
    const [alice, bob, carol] = await people(t, "alice", "bob", "carol");
    await alice.hears("connectionChanged");
    const sent = {
      invitees: [{ id: "bob", name: "Bob" }],
      isVideoCall: true,
      customData: "room 3",
      callID: "visit-7",
      resourceID: "gong",
      notificationTitle: "Reception",
      notificationMessage: "Your visitor is here",
      timeoutSeconds: 45,
      endWhenCallerLeaves: false,
    };
    const shown = new Promise((resolve) => {
      alice.calls.on("change", (detail) => detail.state.outgoing?.call_id === "visit-7" && resolve(detail));
    });
    assert.equal(await alice.calls.send(sent), true);
    await waited("change", shown);
    assert.equal(alice.calls.lastResult?.warnings?.[0].code, "unknown_resource");
    const told = await alice.hears("outgoingCallSent");
    assert.deepEqual([told.callID, told.customData, told.callees[0].id], ["visit-7", "room 3", "bob"]);
    const ring = await bob.hears("incomingCallReceived");
    const { sender_title, sender_message, timeout_seconds } = ring.call;
    assert.deepEqual([ring.callID, ring.isVideoCall, ring.customData], ["visit-7", true, "room 3"]);
    assert.deepEqual([sender_title, sender_message, timeout_seconds], ["Reception", "Your visitor is here", 45]);
    assert.equal(await bob.calls.ringing(), true);
    assert.equal((await alice.hears("outgoingCallRinging")).ringingOn, "Node");
    assert.equal(await bob.calls.accept({ customData: "coming" }), true);
    assert.equal((await bob.hears("incomingCallAcceptButtonPressed")).isDone, true);
    assert.equal((await alice.hears("outgoingCallAccepted")).customData, "coming");
    assert.equal((await alice.hears("userEntered")).user.id, "bob");
    const changes = [];
    while (changes.at(-1)?.users[0].state !== "accepted") {
      changes.push(await alice.hears("invitationUserStateChanged"));
    }
    assert.deepEqual([changes[0].users[0].state, changes[0].users[0].progress], ["pending", "sent"]);
    await alice.hears("callStarted");

    assert.equal(await alice.calls.invite({ invitees: ["carol"] }), true);
    await carol.hears("incomingCallReceived");
    assert.equal(await carol.calls.accept(), true);
    await bob.hears("userEntered");
    assert.equal(await alice.calls.remove("carol"), true);
    assert.equal((await bob.hears("userLeft")).leftReason, "removed");
    assert.equal((await carol.hears("callEnded")).leftReason, "removed");

    bob.calls.close();
    const [again] = await people(t, ["bob", { deviceId: bob.calls.deviceId }]);
    assert.equal(again.calls.state.active?.call_id, "visit-7");
    assert.equal(await again.calls.leave(), true);
    assert.equal((await alice.hears("callEnded")).endReason, "completed");
  });

  story("a call that is declined, and one that is cancelled", async (t) => {
    const [alice, bob] = await people(t, "alice", "bob");
    await alice.calls.send({ invitees: ["bob"], isVideoCall: false });
    await bob.hears("incomingCallReceived");
    assert.equal(await bob.calls.reject({ customData: "later" }), true);
    assert.equal((await bob.hears("incomingCallDeclineButtonPressed")).isDone, true);
    assert.equal((await alice.hears("outgoingCallDeclined")).customData, "later");
    await alice.calls.send({ invitees: ["bob"], isVideoCall: false });
    await bob.hears("incomingCallReceived");
    assert.equal(await alice.calls.cancel({ callees: [{ id: "bob", name: "Bob" }], customData: "never mind" }), true);
    assert.equal((await alice.hears("outgoingCallCancelButtonPressed")).isDone, true);
    assert.equal((await bob.hears("incomingCallCanceled")).customData, "never mind");
    // What was pressed too late is told, too.
    assert.equal(await bob.calls.accept({ callID: (await alice.hears("callEnded")).callID }), false);
    assert.equal((await bob.hears("incomingCallAcceptButtonPressed")).isDone, false);
  });

  story("a call to somebody who is busy", async (t) => {
    const [alice, bob, carol, tablet] = await people(t, "alice", "bob", "carol", "bob");
    await carol.calls.send({ invitees: ["bob"], isVideoCall: false });
    await bob.hears("incomingCallReceived");
    await bob.calls.accept();
    assert.equal((await tablet.hears("incomingCallAnsweredElsewhere")).answeredOn, "bob's Node");
    assert.equal(await alice.calls.send({ invitees: ["bob"], isVideoCall: false }), false);
    assert.equal((await alice.hears("outgoingCallRejectedCauseBusy")).callee.id, "bob");
    const names = alice.heard.map(({ name }) => name);
    assert.ok(names.indexOf("outgoingCallSent") < names.indexOf("outgoingCallRejectedCauseBusy"), names.join());
  });

  story("a call that nobody answers, its notice, and calling back", async (t) => {
    const [alice, bob] = await people(t, "alice", "bob");
    await alice.calls.send({ invitees: ["bob"], isVideoCall: true, customData: "ward 2", timeoutSeconds: 1 });
    const { callID } = await bob.hears("incomingCallReceived");
    assert.equal((await bob.hears("incomingCallTimeout")).callID, callID);
    assert.equal((await alice.hears("outgoingCallTimeout")).callee.id, "bob");
    assert.equal(await bob.calls.missedCallClicked(callID), true);
    const clicked = await bob.hears("incomingMissedCallClicked");
    assert.deepEqual([clicked.customData, clicked.callees.map(({ id }) => id)], ["ward 2", ["bob"]]);
    assert.equal(await clicked.dialBack(), true);
    const back = await alice.hears("incomingCallReceived");
    assert.deepEqual([back.caller.id, back.isVideoCall], ["bob", true]);
    assert.equal(await alice.calls.reject(), true);
    assert.equal(await bob.calls.dialBack("call_of_nobody_1"), false);
    assert.equal((await bob.hears("incomingMissedCallDialBackFailed")).code, "not_found");
  });

  story("a call that goes on without somebody, who joins it by dialling back, and one by itself", async (t) => {
    const [alice, bob, carol] = await people(t, "alice", "bob", "carol");
    await alice.calls.send({ invitees: ["bob"], isVideoCall: false });
    const { callID } = await bob.hears("incomingCallReceived");
    assert.equal(await bob.calls.accept(), true);
    assert.equal(await alice.calls.invite({ invitees: ["carol"], timeoutSeconds: 1 }), true);
    await carol.hears("incomingCallTimeout");
    assert.equal(await carol.calls.dialBack(callID), true);
    await carol.hears("callStarted");
    assert.equal(await carol.calls.leave(callID), true);
    assert.equal(await carol.calls.join(callID), true);
    assert.equal(await alice.calls.end(), true);
    await carol.hears("callEnded");
  });

  story("settings, a device, and messages that are refused", async (t) => {
    const [dave] = await people(t, "dave");
    assert.equal((await dave.calls.updateMe({ name: "David" }))?.name, "David");
    const keys = createECDH("prime256v1");
    const push = {
      transport: /** @type {const} */ ("webpush"),
      endpoint: "https://fcm.googleapis.com/fcm/send/moved",
      keys: { p256dh: keys.generateKeys("base64url"), auth: randomBytes(16).toString("base64url") },
    };
    const device = await dave.calls.saveDevice("daves-phone", { label: "Phone", kind: "android", push });
    assert.equal(device?.push?.host, "fcm.googleapis.com");
    assert.equal(await dave.calls.removeDevice("daves-phone"), true);
    assert.equal(dave.calls.signal("call_of_nobody_1", { user: "bob", device_id: "b" }, {}), true);
    assert.equal((await dave.hears("error")).code, "not_found");
    dave.calls.close();
  });

  story("a token that ends soon, because there is another one", async (t) => {
    const first = await product.token("dave");
    const ask = (/** @type {string} */ method, /** @type {string} */ path) =>
      fetch(`${product.origin}/api/v1/auth/${path}`, { method, headers: { Authorization: `Bearer ${first}` } });
    const { token: second } = /** @type {{token: string}} */ (await (await ask("POST", "tokens/refresh")).json());
    let token = first;
    const [dave] = await people(t, ["dave", { token: () => token }]);
    const { remainingMs } = await dave.hears("tokenWillExpire");
    assert.ok(remainingMs > 0 && remainingMs <= 60_000, `${remainingMs} ms`);
    token = second;
    assert.equal((await ask("DELETE", "token")).status, 204);
    while ((await dave.hears("connectionChanged")).previous !== "open") {}
    while ((await dave.hears("connectionChanged")).connection !== "open") {}
    const { token_expires_at: end } = /** @type {{token_expires_at: string}} */ (await dave.calls.me());
    assert.ok(Date.parse(end) > dave.calls.serverNow() + 80 * 86_400_000, end);
    assert.equal(dave.count("tokenWillExpire"), 1);
  });

  story("as much as fits, and more than that", async (t) => {
    const users = `User.objects.bulk_create([User(username=name) for name in ${JSON.stringify(GUESTS)}])`;
    await product.manage("shell", "--verbosity", "0", "-c", `from invitations.models import User; ${users}`);
    const [alice] = await people(t, "alice");
    /** Sends with one thing too much, then as much as fits. */
    const sends = async (/** @type {string} */ name, /** @type {unknown} */ over, /** @type {unknown} */ fits) => {
      const send = { invitees: ["guest0"], isVideoCall: false };
      assert.equal(await alice.calls.send({ ...send, [name]: over }), false, name);
      assert.equal(alice.calls.lastError?.code, "invalid", name);
      assert.equal(await alice.calls.send({ ...send, [name]: fits }), true, `${name}: ${alice.calls.lastError}`);
      assert.equal(await alice.calls.cancel(), true);
    };
    await sends("timeoutSeconds", 0, limit("timeoutSeconds")[0]);
    await sends("timeoutSeconds", limit("timeoutSeconds")[1] + 1, limit("timeoutSeconds")[1]);
    for (const name of ["customData", "callID", "notificationTitle", "notificationMessage"]) {
      const [most] = limit(name);
      await sends(name, "x".repeat(most + 1), "x".repeat(most));
    }
    const [people_] = limit("people in one `send`");
    await sends("invitees", GUESTS.slice(0, people_ + 1), GUESTS.slice(0, people_));
    const [inside] = limit("people in a call");
    assert.equal(await alice.calls.send({ invitees: GUESTS.slice(0, inside - 1), isVideoCall: false }), true);
    assert.equal(await alice.calls.invite({ invitees: [GUESTS[inside - 1]] }), false);
    assert.equal(alice.calls.lastError?.invitees[0].code, "call_full");
    assert.equal(await alice.calls.cancel(), true);
  });
}

function rows() {
  test("every method of the page was called, and its request exists", { timeout: 90_000 }, async () => {
    const { paths } = await schema();
    for (const { "in the kit": theirs, here, "by REST": request } of PAGE.Methods) {
      const [method] = codesIn(here).map((code) => code.replace("()", ""));
      assert.ok(here === "—" || done.has(method), `${theirs}: no story has called ${here}`);
      const [verb, path] = codesIn(request)[0]?.split(" ") ?? [];
      assert.ok(request === "—" || paths[`/api/v1${path}`]?.[verb.toLowerCase()], `${theirs}: there is no ${request}`);
    }
  });

  test("every parameter of the page was given, and is a field of its request", { timeout: 90_000 }, async () => {
    const fields = await requestFields();
    for (const { "in the kit": theirs, here, "by REST": field } of PAGE.Parameters) {
      const [, method, option] = /^(\w+)\((?:\{ (\w+) \})?\)$/.exec(codesIn(here)[0] ?? "") ?? [];
      const named = option === undefined ? method : `${method}.${option}`;
      assert.ok(here === "—" || done.has(named), `${theirs}: no story has given ${here}`);
      const [name] = codesIn(field);
      assert.ok(field === "—" || fields[method].includes(name), `${theirs}: ${method} has no ${field}`);
    }
  });

  test("every callback and event of the page was waited for, and tells what the page says", () => {
    for (const { [THEIRS]: theirs, [OURS]: ours } of [...PAGE.Callbacks, ...PAGE.Events]) {
      if (ours === "—") {
        continue;
      }
      const [name, ...fields] = codesIn(ours);
      const details = heard.get(name) ?? [];
      assert.ok(details.length > 0, `no story has waited for ${name}`);
      assert.ok(fields.length >= codesIn(theirs).length - 1, `${name} has not all that the kit's has`);
      for (const field of fields) {
        assert.notEqual(details[0][field], undefined, `${name} does not tell ${field}`);
      }
    }
  });

  test("all fifteen callbacks of the kit are on the page, under the same names without on", () => {
    assert.deepEqual(PAGE.Callbacks.map((row) => codesIn(row[THEIRS])[0]).sort(), [...KIT].sort());
    for (const { [THEIRS]: theirs, [OURS]: ours } of PAGE.Callbacks) {
      const name = codesIn(theirs)[0].slice(2);
      assert.equal(codesIn(ours)[0], name[0].toLowerCase() + name.slice(1));
    }
  });

  test("what the page on Stream and Twilio names was called, given or waited for, too", () => {
    const codes = Object.values(OTHERS).flatMap((table) => table.flatMap(({ here }) => codesIn(here)));
    assert.ok(codes.length > 40, String(codes.length));
    for (const code of codes) {
      const [, name, options] = /^(\w+)(?:\((?:\{ (.+) \})?\))?$/.exec(code) ?? [];
      const given = options?.split(", ").map((option) => `${name}.${option}`) ?? [name];
      assert.ok(
        given.every((each) => done.has(each) || heard.has(each)),
        `no story has done ${code}`,
      );
    }
  });

  test("every limit of the page was tried", () => {
    assert.deepEqual(
      PAGE.Limits.map(({ what }) => what).filter((what) => !tried.has(what)),
      [],
    );
  });
}

/** Limits that a story has asked for. */
const tried = new Set();

/**
 * The numbers that the page gives for a limit of ours.
 *
 * @param {string} name in the first column
 * @returns {number[]}
 */
function limit(name) {
  const row = PAGE.Limits.find(({ what }) => what === name || codesIn(what)[0] === name);
  assert.ok(row, name);
  tried.add(row.what);
  return [...row.here.matchAll(/\d+/g)].map(Number);
}

/** A story with a limit, so that an event that never comes is a failure. */
function story(name, run) {
  test(name, { timeout: 180_000 }, run);
}

/**
 * Connected people whose clients note what is called, and what is waited for.
 *
 * @param {import("node:test").TestContext} t
 * @param {...(string | [string, import("../../static/callinvite/client/types.js").ServiceOptions])} who
 */
async function people(t, ...who) {
  const all = [];
  for (const each of who) {
    const [username, options] = typeof each === "string" ? [each, {}] : each;
    const person = await connected(t, product, username, options);
    ["init", "on", "CallInvitationService.baseUrl", "CallInvitationService.token"].forEach((name) => done.add(name));
    all.push({ ...person, calls: noting(person.calls), hears: (name) => waited(name, person.hears(name)) });
  }
  return all;
}

/**
 * @param {import("../../static/callinvite/client/index.js").CallInvitationService} calls
 * @returns {import("../../static/callinvite/client/index.js").CallInvitationService} the same, but what is called is in `done`
 */
function noting(calls) {
  return new Proxy(calls, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function") {
        return member;
      }
      return (...args) => {
        done.add(name);
        const [options] = args;
        const given = typeof options === "object" && options !== null && !Array.isArray(options) ? options : {};
        Object.keys(given).forEach((option) => done.add(`${String(name)}.${option}`));
        return member.apply(target, args);
      };
    },
  });
}

async function waited(name, hearing) {
  const detail = await hearing;
  heard.set(name, [...(heard.get(name) ?? []), detail]);
  return detail;
}

/** @returns {Promise<any>} the server's own OpenAPI document */
async function schema() {
  const headers = { Authorization: `Bearer ${await product.token("alice")}`, Accept: "application/json" };
  const answer = await fetch(`${product.origin}/api/v1/schema`, { headers });
  assert.equal(answer.status, 200);
  return await answer.json();
}

/** @returns {Promise<Record<string, string[]>>} the fields of each method's request */
async function requestFields() {
  const document = await schema();
  const fieldsOf = (/** @type {any} */ operation) => {
    const said = operation.requestBody.content["application/json"].schema;
    const shape = said.$ref ? document.components.schemas[said.$ref.split("/").at(-1)] : said;
    return Object.keys(shape.properties);
  };
  const requests = PAGE.Methods.filter((row) => row["by REST"] !== "—" && row.here !== "`init()`").map((row) => {
    const [verb, path] = codesIn(row["by REST"])[0].split(" ");
    const operation = document.paths[`/api/v1${path}`][verb.toLowerCase()];
    return [codesIn(row.here)[0].replace("()", ""), operation.requestBody ? fieldsOf(operation) : []];
  });
  return { ...Object.fromEntries(requests), updateMe: fieldsOf(document.paths["/api/v1/me"].patch) };
}
