/** Which of the page's layers is on top: the others are inert, and the focus goes in and comes back.
 *  The page marks them by `data-layer`, the lowest first. */

/** @type {WeakMap<HTMLElement, Element | null>} */
const cameFrom = new WeakMap();

/** @returns {HTMLElement[]} what is shown, lowest first */
function shown() {
  const layers = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-layer]"));
  return [...layers].filter((layer) => !layer.hidden);
}

function arrange() {
  const layers = shown();
  for (const layer of layers) {
    layer.inert = layer !== layers[layers.length - 1];
  }
}

/** @param {Element | null | undefined} element */
function canTakeFocus(element) {
  return (
    element instanceof HTMLElement &&
    element !== document.body &&
    element.isConnected &&
    !element.closest("[inert], [hidden]")
  );
}

/** Show a layer and move the focus into it.
 *  @param {HTMLElement} layer
 *  @param {HTMLElement | null} focus where the focus starts */
export function openLayer(layer, focus) {
  if (!layer.hidden) {
    return;
  }
  cameFrom.set(layer, document.activeElement);
  layer.hidden = false;
  arrange();
  if (!layer.inert) {
    focus?.focus({ preventScroll: true });
  }
}

/** Hide a layer and give the focus back to where it came from, else to what is on top now.
 *  @param {HTMLElement} layer */
export function closeLayer(layer) {
  if (layer.hidden) {
    return;
  }
  const hadFocus = layer.contains(document.activeElement) || document.activeElement === document.body;
  layer.hidden = true;
  layer.inert = false;
  arrange();
  if (!hadFocus) {
    return;
  }
  const origin = cameFrom.get(layer);
  const top = shown().at(-1);
  const first =
    top?.querySelector("[data-first-focus]:not([hidden])") ?? top?.querySelector(".view:not([hidden]) .view__title");
  const target = canTakeFocus(origin) ? origin : first;
  /** @type {HTMLElement | null} */ (target)?.focus({ preventScroll: true });
}

/** Whether this layer is the one that people see and use.
 *  @param {HTMLElement} layer
 *  @returns {boolean} */
export function isOnTop(layer) {
  return shown().at(-1) === layer;
}
