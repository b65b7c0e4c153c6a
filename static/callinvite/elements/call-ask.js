/** The question before a call is left: a native modal dialog, so that keys and readers stay in it. */

import { h } from "./dom.js";

/** @typedef {{label: string, kind: "bad" | "plain", act: () => void}} Answer */

/** The question that stands. @type {HTMLDialogElement | null} */
let asked = null;

/** Ask; Escape and "stay" change nothing.
 *  @param {Element} host where it is shown
 *  @param {{title: string, text?: string, answers: Answer[], stay: string}} question */
export function ask(host, { title, text = "", answers, stay }) {
  withdrawQuestion();
  const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask-title" });
  const button = (/** @type {Answer} */ { label, kind, act }) =>
    h(
      "button",
      {
        class: `button button--wide ${kind === "bad" ? "button--hang-up" : "button--night"}`,
        type: "button",
        onClick: () => {
          dialog.close();
          act();
        },
      },
      label,
    );
  dialog.append(
    h("h3", { class: "ask__title", id: "ask-title" }, title),
    ...(text ? [h("p", { class: "ask__text" }, text)] : []),
    h("div", { class: "ask__answers" }, ...answers.map(button), button({ label: stay, kind: "plain", act: () => {} })),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  // Escape belongs to the question while it stands.
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
  });
  asked = dialog;
  host.append(dialog);
  dialog.showModal();
  // Pressing Enter without reading changes nothing.
  /** @type {HTMLElement | null} */ (dialog.querySelector(".ask__answers > :last-child"))?.focus();
}

/** Take the question back: something has happened that makes it void, or that matters more. */
export function withdrawQuestion() {
  asked?.remove();
  asked = null;
}
