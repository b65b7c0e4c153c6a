/** Making and keeping DOM in few words. Text goes in as text nodes only, never as HTML. */

/** @typedef {object} Listeners
 *  @property {(event: MouseEvent) => void} [onClick]
 *  @property {(event: SubmitEvent) => void} [onSubmit]
 *  @property {(event: Event) => void} [onChange]
 *
 *  @typedef {Listeners & {[name: string]: unknown}} Attributes
 *
 *  @typedef {Node | string | null | undefined | false} Child what is no node and no text is left out */

/** Make one element.
 *  @template {keyof HTMLElementTagNameMap} Tag
 *  @param {Tag} tag
 *  @param {Attributes} [attributes] `onClick` style names are listeners; true sets an empty attribute, false, null and
 *    undefined leave it out
 *  @param {...Child} children
 *  @returns {HTMLElementTagNameMap[Tag]} */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2).toLowerCase(), /** @type {EventListener} */ (value));
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter(isShown));
  return element;
}

/** @param {Child} child
 *  @returns {child is Node | string} */
function isShown(child) {
  return child !== null && child !== undefined && child !== false;
}

/** An icon for a button or a line.
 *  @param {string} name
 *  @returns {HTMLElement} */
export function icon(name) {
  const element = document.createElement("ui-icon");
  element.setAttribute("name", name);
  return element;
}

/** A button with an icon only; the label is what a screen reader says and what hovering shows.
 *  @param {{icon: string, label: string, className?: string, onClick: (event: Event) => void}} options
 *  @returns {HTMLButtonElement} */
export function iconButton({ icon: name, label, className = "button--quiet", onClick }) {
  const button = h("button", { class: `button button--round ${className}`, type: "button", onClick }, icon(name));
  relabel(button, label);
  return button;
}

/** Change what an icon button is called.
 *  @param {HTMLElement} button
 *  @param {string} label */
export function relabel(button, label) {
  if (button.getAttribute("aria-label") !== label) {
    button.setAttribute("aria-label", label);
    button.title = label;
  }
}

/** Write a text only if it differs, so that live regions speak and selections stay.
 *  @param {Element} element
 *  @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Put an attribute, or take it away for null and false.
 *  @param {Element} element
 *  @param {string} name
 *  @param {string | boolean | null | undefined} value */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : value;
  if (element.getAttribute(name) !== text) {
    element.setAttribute(name, text);
  }
}

/** @template T
 *  @typedef {{node: HTMLElement, update: (item: T) => void}} Kept one item as it is shown */

/** @type {WeakMap<Element, Map<string, Kept<never>>>} */
const kept = new WeakMap();

/** Make a container's children be those of a list, keeping the nodes (and with them the focus) of items that stay.
 *  @template T
 *  @param {Element} container holds nothing else
 *  @param {readonly T[]} items
 *  @param {(item: T) => string} keyOf unique in the list
 *  @param {(item: T) => Kept<T>} create */
export function keep(container, items, keyOf, create) {
  const before = /** @type {Map<string, Kept<T>>} */ (kept.get(container) ?? new Map());
  /** @type {Map<string, Kept<T>>} */
  const after = new Map();
  let next = container.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const entry = before.get(key) ?? create(item);
    after.set(key, entry);
    entry.update(item);
    if (entry.node === next) {
      next = entry.node.nextSibling;
    } else {
      container.insertBefore(entry.node, next);
    }
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
  kept.set(container, after);
}

/** Say something to screen readers without showing it.
 *  @param {string} text */
export function speak(text) {
  const region = document.getElementById("spoken");
  if (region) {
    region.textContent = "";
    // A region that gets the same words again is silent unless it was empty in between.
    requestAnimationFrame(() => {
      region.textContent = text;
    });
  }
}

/** @param {HTMLElement} element what the key is pressed in
 *  @param {() => void} act */
export function onEscape(element, act) {
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      act();
    }
  });
}
