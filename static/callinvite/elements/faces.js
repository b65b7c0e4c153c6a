/** What stands for a person who has no picture: initials, on a colour that is this person's everywhere. */

const HUES = 10;

/** The colour of a person, as a number of the palette in style/avatar.css.
 *  @param {string} id
 *  @returns {number} */
export function hueOf(id) {
  let sum = 7;
  for (const character of id) {
    sum = (sum * 59 + (character.codePointAt(0) ?? 0)) % 65521;
  }
  return sum % HUES;
}

/** One or two letters for a name.
 *  @param {string} name
 *  @returns {string} */
export function initials(name) {
  const words = name.split(/[\s._@+-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join("") || "?";
}
