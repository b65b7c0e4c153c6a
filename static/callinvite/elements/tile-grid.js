/** How many tiles go side by side, so that the pictures are as large as they can be. Pure. */

/** Beyond these a tile grows, and what is seen of the picture does not. */
const NARROWEST = 3 / 4;
const WIDEST = 16 / 9;

/** The columns in which the least of the pictures is lost.
 *  @param {number} count of tiles, at least one
 *  @param {{width: number, height: number}} room in pixels
 *  @param {number} [gap] between two tiles, in pixels
 *  @returns {number} 1 to `count` */
export function columnsFor(count, { width, height }, gap = 8) {
  let [best, most] = [1, 0];
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const [across, down] = [(width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows];
    const seen = Math.min(across, down * WIDEST) * Math.min(down, across / NARROWEST);
    if (seen > most) {
      [best, most] = [columns, seen];
    }
  }
  return best;
}
