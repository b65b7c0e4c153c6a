/**
 * How much video is sent to each of the others: what all of them together cost must stay in bounds.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { VIDEO_PEOPLE_MAX, videoBudget } from "../../static/callinvite/rtc/budget.js";

/** A call holds ten people; the table must hold for more, should that number be raised. */
const OTHERS = Array.from({ length: 20 }, (_, index) => index + 1);

for (const isScreen of [false, true]) {
  const what = isScreen ? "a screen" : "a camera";
  const encodings = OTHERS.map((others) => videoBudget(others, isScreen).encoding);

  test(`${what} is sent with no more bits, frames or points to each, the more others there are`, () => {
    for (let index = 1; index < encodings.length; index += 1) {
      const [fewer, more] = [encodings[index - 1], encodings[index]];
      assert.ok(more.maxBitrate <= fewer.maxBitrate, `${OTHERS[index]} others`);
      assert.ok(more.maxFramerate <= fewer.maxFramerate, `${OTHERS[index]} others`);
      assert.ok(more.scaleResolutionDownBy >= fewer.scaleResolutionDownBy, `${OTHERS[index]} others`);
    }
  });

  test(`${what} is sent with numbers that a browser takes`, () => {
    for (const { maxBitrate, maxFramerate, scaleResolutionDownBy } of encodings) {
      assert.ok(Number.isInteger(maxBitrate) && maxBitrate >= 100_000);
      assert.ok(maxFramerate >= 5 && maxFramerate <= 30);
      assert.ok(scaleResolutionDownBy >= 1);
    }
  });
}

test("a screen keeps its resolution whatever happens, for letters matter; a camera keeps its motion", () => {
  for (const others of OTHERS) {
    assert.equal(videoBudget(others, true).encoding.scaleResolutionDownBy, 1);
    assert.equal(videoBudget(others, true).preference, "maintain-resolution");
    assert.equal(videoBudget(others, false).preference, "maintain-framerate");
  }
});

test("two people get a whole picture", () => {
  const { encoding } = videoBudget(1, false);
  assert.deepEqual([encoding.scaleResolutionDownBy, encoding.maxFramerate], [1, 30]);
});

test("as long as video starts by itself, a camera costs at most 2 Mbit/s in all", () => {
  for (let others = 1; others < VIDEO_PEOPLE_MAX; others += 1) {
    const all = others * videoBudget(others, false).encoding.maxBitrate;
    assert.ok(all <= 2_000_000, `${others} others: ${all}`);
  }
});

test("the guide says what each of the others gets", () => {
  const guide = readFileSync(new URL("../../docs/media.md", import.meta.url), "utf8");
  const rows = [
    ...guide.matchAll(
      /^\| (\d)(?: (?:or|to) (\d))? \| (\d+) kbit\/s, (\d+) frames\/s \| (\d+) kbit\/s, (\d+) frames\/s \|$/gm,
    ),
  ];
  const documented = rows.flatMap(([, from, to, ...figures]) => {
    const count = Number(to ?? from) - Number(from) + 1;
    return Array.from({ length: count }, (_, index) => [Number(from) + index, ...figures.map(Number)]);
  });
  const real = OTHERS.slice(0, 9).map((others) => {
    const figures = [false, true].map((isScreen) => videoBudget(others, isScreen).encoding);
    return [others, ...figures.flatMap(({ maxBitrate, maxFramerate }) => [maxBitrate / 1000, maxFramerate])];
  });
  assert.deepEqual(documented, real);
});
