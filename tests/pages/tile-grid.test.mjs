/**
 * Tiles of a group call: as much of every picture as the room allows, on a desktop as on a phone.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsFor } from "../../static/callinvite/elements/tile-grid.js";

const DESKTOP = { width: 1256, height: 470 };
const PHONE = { width: 366, height: 664 };

test("two stand beside each other on a desktop and above each other on a phone", () => {
  assert.equal(columnsFor(2, DESKTOP), 2);
  assert.equal(columnsFor(2, PHONE), 1);
});

test("a wide room has more columns than rows, a tall one more rows", () => {
  for (let count = 3; count <= 10; count += 1) {
    const [wide, tall] = [columnsFor(count, DESKTOP), columnsFor(count, PHONE)];
    assert.ok(wide >= Math.ceil(count / wide), `${count} on a desktop`);
    assert.ok(tall <= Math.ceil(count / tall), `${count} on a phone`);
    assert.ok(wide <= count && tall >= 1);
  }
});

test("no other number of columns would show more", () => {
  const seen = (count, columns, { width, height }) => {
    const rows = Math.ceil(count / columns);
    const [across, down] = [(width - 8 * (columns - 1)) / columns, (height - 8 * (rows - 1)) / rows];
    return Math.min(across, (down * 16) / 9) * Math.min(down, (across * 4) / 3);
  };
  for (const room of [DESKTOP, PHONE, { width: 1342, height: 420 }, { width: 296, height: 388 }]) {
    for (let count = 1; count <= 10; count += 1) {
      const best = seen(count, columnsFor(count, room), room);
      for (let columns = 1; columns <= count; columns += 1) {
        assert.ok(best >= seen(count, columns, room), `${count} in ${columns}`);
      }
    }
  }
});

test("a room that is not laid out yet has one column", () => {
  assert.equal(columnsFor(3, { width: 0, height: 0 }), 1);
});
