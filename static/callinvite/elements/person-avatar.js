/** `<person-avatar user-id="bob" name="Bob" online>`: initials on a colour that is this person's everywhere. */

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

export class PersonAvatar extends HTMLElement {
  static observedAttributes = ["user-id", "name"];

  attributeChangedCallback() {
    const id = this.getAttribute("user-id") ?? "";
    this.dataset.hue = String(hueOf(id));
    this.setAttribute("aria-hidden", "true");
    this.textContent = initials(this.getAttribute("name") || id);
  }
}

customElements.define("person-avatar", PersonAvatar);

/** @param {import("../client/types.js").Person} person
 *  @returns {HTMLElement} */
export function avatarOf(person) {
  const avatar = document.createElement("person-avatar");
  avatar.setAttribute("user-id", person.id);
  avatar.setAttribute("name", person.name || person.id);
  return avatar;
}

/** Up to three people on top of each other.
 *  @param {import("../client/types.js").Person[]} people
 *  @param {number} [most]
 *  @returns {HTMLElement} */
export function avatarStack(people, most = 3) {
  const stack = document.createElement("span");
  stack.className = people.length > 1 ? "avatar-stack" : "avatar-stack avatar-stack--one";
  stack.append(...people.slice(0, most).map(avatarOf));
  return stack;
}
