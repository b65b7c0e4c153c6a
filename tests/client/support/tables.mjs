/**
 * The tables of a page of the documentation, by the headings that they stand under.
 */

import { readFileSync } from "node:fs";

/**
 * The rows of the one table under each heading.
 *
 * @param {URL} url of a Markdown file
 * @returns {Record<string, Record<string, string>[]>} rows by heading; cells by the heads of their columns
 */
export function tablesOf(url) {
  const sections = readFileSync(url, "utf8").split(/^## /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const lines = section.split("\n").filter((line) => line.startsWith("|"));
      const [head, , ...rows] = lines.map((line) =>
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
      return [
        section.split("\n")[0],
        rows.map((cells) => Object.fromEntries(cells.map((cell, at) => [head[at], cell]))),
      ];
    }),
  );
}

/**
 * What stands in backquotes in a cell.
 *
 * @param {string} cell
 * @returns {string[]}
 */
export function codesIn(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
}
