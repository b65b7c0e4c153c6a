/** Passkeys on the account pages (Web Authentication level 3): a form with `data-passkey` gets what the browser signed
 *  into its field `credential`, and is sent. All sentences stand in the page. */

import { created, isSupported, used } from "./passkey-json.js";

const DRIVEN = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-passkey]"));
const REFRESH_MS = 5 * 60_000;
/** A challenge of the sign-in page is good for ten minutes. */

/** The one question that may be open at a time: the browser's own dialog takes the place of what autofill waits for. */
let asked = new AbortController();

if (DRIVEN) {
  start(DRIVEN);
}

/** @param {HTMLFormElement} form */
function start(form) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  const isSignIn = form.dataset.passkey === "sign-in";
  if (!isSupported()) {
    // Where there are other ways, nobody has to read of this one.
    if (!isSignIn) {
      complain(form, "none");
    }
    return;
  }
  form.hidden = false;
  button.disabled = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    press(form, button);
  });
  if (isSignIn) {
    waitForAutofill(form);
    // A page that comes back from the browser's memory has asked long ago.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement} button */
async function press(form, button) {
  button.setAttribute("aria-busy", "true");
  asked.abort();
  asked = new AbortController();
  try {
    const { signal } = asked;
    const options = await optionsOf(form);
    send(form, form.dataset.passkey === "add" ? await created(options, signal) : await used(options, { signal }));
  } catch (error) {
    complain(form, wordsFor(error));
    if (form.dataset.passkey === "sign-in") {
      waitForAutofill(form);
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Offers passkeys where the browser fills in names, as long as the page is open.
 *  @param {HTMLFormElement} form */
async function waitForAutofill(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    return;
  }
  asked = new AbortController();
  const { signal } = asked;
  const timer = setTimeout(() => {
    if (!signal.aborted) {
      asked.abort();
      waitForAutofill(form);
    }
  }, REFRESH_MS);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
  });
  try {
    const options = await optionsOf(form);
    if (!signal.aborted) {
      send(form, await used(options, { signal, mediation: "conditional" }));
    }
  } catch {
    // Nobody asked for it.
  }
}

/** What the server wants signed: in the page, or asked for where it is not known whose passkey it will be.
 *  @param {HTMLFormElement} form */
async function optionsOf(form) {
  if (form.dataset.passkey !== "sign-in") {
    return JSON.parse(document.getElementById("passkey-options")?.textContent ?? "{}").publicKey;
  }
  const answer = await fetch(form.action, { headers: { accept: "application/json" } });
  if (!answer.ok) {
    throw new Error(`${answer.status}`);
  }
  return (await answer.json()).publicKey;
}

/** @param {HTMLFormElement} form @param {object} credential */
function send(form, credential) {
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("credential"));
  field.value = JSON.stringify(credential);
  form.submit();
}

/** @param {unknown} error */
function wordsFor(error) {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "AbortError":
      return "stopped";
    case "InvalidStateError":
      return "known";
    default:
      return "failed";
  }
}

/** @param {HTMLFormElement} form @param {"none" | "stopped" | "known" | "failed"} why */
function complain(form, why) {
  const notice = /** @type {HTMLElement} */ (form.querySelector("[role=alert]"));
  const words = /** @type {HTMLElement} */ (form.querySelector("[data-passkey-words]"));
  const line = /** @type {HTMLElement} */ (notice.querySelector("p"));
  notice.hidden = false;
  line.textContent = words.dataset[why] ?? "";
}
