/**
 * A storage that is full or forbidden costs nothing but memory of the last visit.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lenient, pageStorage } from "../../static/callinvite/client/storage.js";

const refuse = () => {
  throw new Error("QuotaExceededError");
};

test("what a full storage does not take lasts as long as the page", () => {
  const kept = { wish: "off" };
  const full = lenient({ getItem: (key) => kept[key] ?? null, setItem: refuse });
  assert.equal(full.getItem("wish"), "off");
  full.setItem("wish", "on");
  assert.equal(full.getItem("wish"), "on");
});

test("once there is room again, it is the storage that counts", () => {
  const kept = {};
  let isFull = true;
  const storage = lenient({
    getItem: (key) => kept[key] ?? null,
    setItem: (key, value) => {
      if (isFull) {
        refuse();
      }
      kept[key] = value;
    },
  });
  storage.setItem("wish", "on");
  isFull = false;
  storage.setItem("wish", "off");
  kept.wish = "of another page";
  assert.equal(storage.getItem("wish"), "of another page");
});

test("a storage that may not even be named is none", () => {
  const scope = {
    get localStorage() {
      return refuse();
    },
  };
  const storage = lenient(pageStorage("localStorage", scope));
  assert.equal(storage.getItem("wish"), null);
  storage.setItem("wish", "on");
  assert.equal(storage.getItem("wish"), "on");
});
