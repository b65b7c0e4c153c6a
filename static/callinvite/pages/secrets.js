/** What is shown once and must be kept: copied, saved as a file, or printed. The buttons are there only with this. */

for (const button of document.querySelectorAll("button[data-copies], button[data-saves], button[data-prints]")) {
  offer(/** @type {HTMLButtonElement} */ (button));
}

/** @param {HTMLButtonElement} button */
function offer(button) {
  const { copies, saves } = button.dataset;
  // Pages on plain http have no clipboard.
  button.hidden = copies !== undefined && !navigator.clipboard;
  button.addEventListener("click", () => {
    if (copies) {
      copy(button, textOf(copies));
    } else if (saves) {
      save(textOf(saves), button.dataset.file ?? "");
    } else {
      globalThis.print();
    }
  });
}

/** @param {string} id */
function textOf(id) {
  return `${document.getElementById(id)?.textContent?.trim()}\n`;
}

/** @param {HTMLButtonElement} button @param {string} text */
async function copy(button, text) {
  await navigator.clipboard.writeText(text.trim());
  button.textContent = button.dataset.done ?? "";
}

/** @param {string} text @param {string} name */
function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
