/**
 * Five clients of four people at a real server, in a storm: they ring, answer and hang up at random, while their
 * connections slow down and break and the server is killed. Afterwards nobody may hold anything but what a client
 * holds that comes anew, every ring that was announced must have been ended, and every call that was begun.
 *
 * `node tests/client/storm.mjs [SECONDS]`, 60 by default. Exits with 1 if there was a fault.
 */

import { connected, until } from "./support/people.mjs";
import { Cable } from "./support/cable.mjs";
import { Product } from "./support/product.mjs";

/** @typedef {Awaited<ReturnType<typeof connected>> & {name: string, token: string, cable: Cable, done: string[]}} Somebody */

const SECONDS = Number(process.argv[2] ?? 60);
const PEOPLE = ["alice", "bob", "carol", "dave"];
const DEVICES = ["alice", "bob", "bob", "carol", "dave"];
const RING_SECONDS_MOST = 4;
/** No ring and no repeat of a lost answer is older than this. */
const SETTLED_MS = (RING_SECONDS_MOST + 5) * 1000;
const SETTINGS = {
  CALLINVITE_RINGS_PER_PAIR_MINUTE: "0",
  CALLINVITE_RINGS_PER_PAIR_TEN_MINUTES: "0",
  CALLINVITE_RINGS_IN_A_ROW: "0",
};
/** What ends a ring on a device. Whoever calls somebody who is just ringing them is in their call at once. */
const RING_ENDS = [
  "callStarted",
  "incomingCallAcceptButtonPressed",
  "incomingCallAnsweredElsewhere",
  "incomingCallCanceled",
  "incomingCallDeclineButtonPressed",
  "incomingCallRejectedElsewhere",
  "incomingCallTimeout",
];

/** Nothing is tidied up after each client: the server goes with them. */
const context = /** @type {any} */ ({ after: () => {} });
const product = await Product.start(SETTINGS);
/** @type {Somebody[]} */
const people = [];
let endsAt = Infinity;
let kills = 0;
try {
  process.exitCode = (await storm()) ? 0 : 1;
} finally {
  for (const { calls, cable } of people) {
    calls.close();
    cable.close();
  }
  await product.stop();
}

/** @returns {Promise<boolean>} whether there was no fault */
async function storm() {
  for (const [index, name] of DEVICES.entries()) {
    // Only so many may sign in at the same moment.
    people.push(await arrives(name, index));
  }
  endsAt = performance.now() + SECONDS * 1000;
  await Promise.all([...people.map(lives), breaksConnections(), killsServer()]);
  await comesToRest();
  const faults = [...(await Promise.all(people.map(staleness))).flat(), ...people.flatMap(openEnds)];
  faults.forEach((fault) => console.error(`FAULT ${fault}`));
  console.log(`${SECONDS} s, ${kills} kills, ${faults.length} faults; what was done, and how often:`);
  console.table(tally(people.flatMap(({ done }) => done)));
  return faults.length === 0;
}

/**
 * @param {string} name
 * @param {number} index
 * @returns {Promise<Somebody>}
 */
async function arrives(name, index) {
  const cable = await Cable.to(product.port);
  const deviceId = `${name}-storm-${index}`;
  const token = await product.token(name);
  const person = await connected(context, product, name, { baseUrl: cable.origin, deviceId, token });
  return { ...person, name, token, cable, done: [] };
}

/** @param {Somebody} person */
async function lives(person) {
  const under = [];
  while (performance.now() < endsAt) {
    await pause(50, 450);
    under.push(acts(person));
  }
  await Promise.all(under);
}

/**
 * One thing that makes sense just now, or nothing.
 *
 * @param {Somebody} person
 */
async function acts({ name, calls, done }) {
  const { incoming, outgoing, active } = calls.state;
  const joinable = calls.state.calls.find(({ you }) => you?.can.includes("join"));
  const others = PEOPLE.filter((each) => each !== name);
  const brief = () => 1 + Math.floor(Math.random() * RING_SECONDS_MOST);
  /** @type {Array<[boolean, number, string, () => Promise<boolean>]>} */
  const ways = [
    [incoming !== null, 0.4, "accept", () => calls.accept()],
    [incoming !== null, 0.3, "reject", () => calls.reject()],
    [outgoing !== null, 0.4, "cancel", () => calls.cancel()],
    [active !== null, 0.3, "leave", () => calls.leave()],
    [active !== null, 0.1, "end", () => calls.end()],
    [active !== null, 0.2, "invite", () => calls.invite({ invitees: [one(others)], timeoutSeconds: brief() })],
    [joinable !== undefined, 0.2, "join", () => calls.join(joinable?.call_id ?? "")],
    [
      incoming === null && outgoing === null && active === null,
      0.25,
      "send",
      () => calls.send({ invitees: some(others), isVideoCall: false, timeoutSeconds: brief() }),
    ],
    [true, 0.03, "markHistorySeen", () => calls.markHistorySeen()],
  ];
  for (const [makesSense, chance, what, act] of ways) {
    if (makesSense && Math.random() < chance) {
      const isDone = await act();
      done.push(isDone ? what : `${what}: ${calls.lastError?.code}`);
      return;
    }
  }
}

async function breaksConnections() {
  while (performance.now() < endsAt) {
    await pause(100, 1000);
    const { cable } = one(people);
    const way = one(["drops", "is cut", "is slow"]);
    if (way === "is slow") {
      cable.delayMs = Math.random() * 800;
      setTimeout(() => Object.assign(cable, { delayMs: 0 }), 2000);
      continue;
    }
    cable.isCut = way === "is cut";
    cable.drop();
    setTimeout(() => Object.assign(cable, { isCut: false }), 200 + Math.random() * 5000);
  }
}

async function killsServer() {
  for (;;) {
    await pause(6000, 12_000);
    if (performance.now() > endsAt) {
      return;
    }
    await product.kill();
    await pause(0, 1500);
    await product.up();
    kills += 1;
  }
}

/** Everybody is connected, every ring over, and nobody in a call. */
async function comesToRest() {
  const quiet = { isCut: false, delayMs: 0 };
  people.forEach(({ cable, wake }) => {
    Object.assign(cable, quiet);
    wake();
  });
  await until(() => people.every(({ calls }) => calls.state.connection === "open"));
  for (const { calls } of people) {
    for (const call of calls.state.calls.filter(({ you }) => you?.can.includes("leave"))) {
      await calls.leave(call.call_id);
    }
  }
  await pause(SETTLED_MS, SETTLED_MS);
  people.forEach(({ cable }) => Object.assign(cable, quiet));
  await until(() => people.every(({ calls }) => calls.state.connection === "open"));
}

/**
 * In what a client's state differs from that of one that comes anew.
 *
 * @param {Somebody} person
 * @returns {Promise<string[]>}
 */
async function staleness({ name, token, calls }) {
  const fresh = await connected(context, product, name, { token });
  const [held, actual] = [calls, fresh.calls].map(({ state }) => JSON.stringify(shown(state)));
  fresh.calls.close();
  return held === actual ? [] : [`${name} holds ${held}, but it is ${actual}`];
}

/** @param {import("../../static/callinvite/client/types.js").State} state */
function shown({ calls, incoming, outgoing, active, missedUnseen, requests }) {
  const chosen = [incoming, outgoing, active].map((call) => call?.call_id ?? null);
  return [calls.map((call) => [call.call_id, call.attempt, call.revision]), ...chosen, missedUnseen, requests];
}

/**
 * The rings that were announced and not ended, and the calls that were begun and not ended.
 *
 * @param {Somebody} person
 * @returns {string[]}
 */
function openEnds({ name, heard }) {
  /** @type {Map<string, string[]>} */
  const stories = new Map();
  for (const { name: event, detail } of heard) {
    const callID = detail?.callID ?? detail?.call?.call_id;
    if (callID !== undefined) {
      stories.set(callID, [...(stories.get(callID) ?? []), event]);
    }
  }
  const isOpen = (story) => {
    const count = (...events) => story.filter((event) => events.includes(event)).length;
    return count("incomingCallReceived") > count(...RING_ENDS) || count("callStarted") > count("callEnded");
  };
  return [...stories].filter(([, story]) => isOpen(story)).map(([id, story]) => `${name}, ${id}: ${story.join(", ")}`);
}

/** @param {string[]} words */
function tally(words) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const word of words.toSorted()) {
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

/** @param {string[]} among */
function some(among) {
  return [...new Set([one(among), one(among)])];
}

/**
 * @template T
 * @param {T[]} among
 * @returns {T}
 */
function one(among) {
  return among[Math.floor(Math.random() * among.length)];
}

/**
 * @param {number} leastMs
 * @param {number} mostMs
 */
function pause(leastMs, mostMs) {
  return new Promise((resolve) => setTimeout(resolve, leastMs + Math.random() * (mostMs - leastMs)));
}
