/**
 * One page of a browser has the call. The lock is Node's own, which does as browsers do; each CallTab stands for a page.
 */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { CallTab } from "../../static/callinvite/rtc/tab.js";
import { settled } from "./support/devices.mjs";

/** @type {CallTab[]} */
let pages = [];

/** A page, and what it was told. */
function page(locks = globalThis.navigator.locks) {
  const tab = new CallTab(locks);
  const told = /** @type {string[]} */ ([]);
  for (const name of ["lost", "free"]) {
    tab.addEventListener(name, () => told.push(name));
  }
  pages.push(tab);
  return { tab, told };
}

/** Waits until the lock manager has done what it was asked to. */
async function calm() {
  for (let round = 0; round < 5; round += 1) {
    await navigator.locks.query();
    await settled();
  }
}

async function held() {
  const { held: locks, pending } = await navigator.locks.query();
  return [locks?.length, pending?.length];
}

afterEach(async () => {
  pages.forEach((tab) => tab.leave());
  pages = [];
  await calm();
  assert.deepEqual(await held(), [0, 0], "a lock is held after every page has left");
});

test("a page takes the call if no other has it", async () => {
  const [first, second] = [page(), page()];
  assert.equal(first.tab.holds, false);
  assert.equal(await first.tab.take({ steal: false }), true);
  assert.equal(await second.tab.take({ steal: false }), false);
  assert.deepEqual([first.tab.holds, second.tab.holds], [true, false]);
  assert.deepEqual([first.told, second.told], [[], []]);
});

test("a page that acts takes it from the one that had it, which is told once", async () => {
  const [first, second] = [page(), page()];
  await first.tab.take({ steal: false });
  assert.equal(await second.tab.take({ steal: true }), true);
  await calm();
  assert.deepEqual([first.tab.holds, second.tab.holds], [false, true]);
  assert.deepEqual([first.told, second.told], [["lost"], []]);
});

test("the call goes to and fro as often as people like", async () => {
  const [first, second] = [page(), page()];
  for (let round = 0; round < 3; round += 1) {
    assert.equal(await first.tab.take({ steal: true }), true);
    await calm();
    assert.equal(await second.tab.take({ steal: true }), true);
    await calm();
  }
  assert.deepEqual([first.told, second.told], [Array(3).fill("lost"), Array(2).fill("lost")]);
});

test("a page that has it takes it again without losing it", async () => {
  const { tab, told } = page();
  await tab.take({ steal: false });
  assert.equal(await tab.take({ steal: true }), true);
  await calm();
  assert.deepEqual([tab.holds, told], [true, []]);
});

test("a page that asks twice at once does not take the call from itself", async () => {
  const { tab, told } = page();
  await Promise.all([tab.take({ steal: false }), tab.take({ steal: true })]);
  await calm();
  assert.deepEqual([tab.holds, told], [true, []]);
  assert.equal(await page().tab.take({ steal: false }), false);
});

test("whoever leaves makes room, and is not told of a loss", async () => {
  const [first, second] = [page(), page()];
  await first.tab.take({ steal: false });
  first.tab.leave();
  assert.equal(first.tab.holds, false);
  await calm();
  assert.equal(await second.tab.take({ steal: false }), true);
  assert.deepEqual(first.told, []);
});

test("a page that leaves while it still asks for the call does not get it", async () => {
  for (const steal of [false, true]) {
    const { tab, told } = page();
    const taken = tab.take({ steal });
    tab.leave();
    await taken;
    await calm();
    assert.deepEqual([tab.holds, told], [false, []]);
    assert.deepEqual(await held(), [0, 0]);
  }
});

test("a page that has lost the call and then leaves takes nothing from the one that has it", async () => {
  const [first, second] = [page(), page()];
  await first.tab.take({ steal: false });
  await second.tab.take({ steal: true });
  await calm();
  first.tab.leave();
  await calm();
  assert.deepEqual([second.tab.holds, second.told], [true, []]);
  assert.equal(await page().tab.take({ steal: false }), false);
});

test("those who watch are told when the page with the call is gone", async () => {
  const [first, second, third] = [page(), page(), page()];
  await first.tab.take({ steal: false });
  second.tab.watch();
  second.tab.watch();
  third.tab.watch();
  await calm();
  assert.deepEqual([second.told, third.told], [[], []]);
  first.tab.leave();
  await calm();
  assert.deepEqual([second.told, third.told], [["free"], ["free"]]);
  assert.equal(await third.tab.take({ steal: false }), true);
});

test("those who watch do not stand in the way of a page that comes back from a reload", async () => {
  const [first, other] = [page(), page()];
  await first.tab.take({ steal: false });
  other.tab.watch();
  await calm();
  first.tab.leave();
  const reloaded = page();
  let taken = false;
  for (let tries = 0; tries < 3 && !taken; tries += 1) {
    taken = await reloaded.tab.take({ steal: false });
    await calm();
  }
  assert.equal(taken, true);
});

test("a call that is handed over among other pages is not free", async () => {
  const [first, second, watcher] = [page(), page(), page()];
  await first.tab.take({ steal: false });
  watcher.tab.watch();
  await second.tab.take({ steal: true });
  await calm();
  assert.deepEqual(watcher.told, []);
  second.tab.leave();
  await calm();
  assert.deepEqual(watcher.told, ["free"]);
});

test("who stops watching is told nothing, and may watch again", async () => {
  const [first, watcher] = [page(), page()];
  await first.tab.take({ steal: false });
  watcher.tab.watch();
  watcher.tab.leave();
  watcher.tab.watch();
  await calm();
  first.tab.leave();
  await calm();
  assert.deepEqual(watcher.told, ["free"]);
});

test("who has taken the call does not watch", async () => {
  const { tab, told } = page();
  await tab.take({ steal: false });
  tab.watch();
  await calm();
  assert.deepEqual([told, await held()], [[], [1, 0]]);
});

test("in a browser without locks every page is alone", async () => {
  const tab = new CallTab(/** @type {any} */ (null));
  assert.equal(await tab.take({ steal: false }), true);
  tab.watch();
  tab.leave();
  assert.equal(tab.holds, false);
});
