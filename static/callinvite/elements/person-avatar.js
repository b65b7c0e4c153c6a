/** `<person-avatar user-id="bob" name="Bob" online>`: initials on a colour that is this person's everywhere. */

import { hueOf, initials } from "./faces.js";

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
