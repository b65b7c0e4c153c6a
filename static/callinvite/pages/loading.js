/** Before everything else: a page whose parts did not all come is loaded again, once by itself and then by a click.
 *
 *  A browser drops what it is loading when the network changes, and a module that did not come leaves an empty page. Not a
 *  module itself, and without imports: it must run before them. Its tag comes after what can be seen at once, which it does
 *  not hold up, and before all that may fail to load. What it says stands at its tag. */

(() => {
  const words = document.currentScript?.dataset;
  const TRIED = "callinvite.loaded-again-at";
  const AGAIN_AFTER_MS = 60_000;
  let failed = false;

  addEventListener("error", note, { capture: true });
  addEventListener("load", () => {
    // What fails later is not of this page, as an extension's script, and must not end a call.
    removeEventListener("error", note, { capture: true });
    if (failed) {
      mend();
    }
  });

  /** @param {ErrorEvent} event */
  function note({ target }) {
    failed ||=
      target instanceof HTMLScriptElement || (target instanceof HTMLLinkElement && target.rel === "stylesheet");
  }

  function mend() {
    if (Date.now() - lastTried() > AGAIN_AFTER_MS && navigator.onLine) {
      try {
        sessionStorage.setItem(TRIED, String(Date.now()));
        location.reload();
        return;
      } catch {
        // Without a memory it could go on for ever.
      }
    }
    say();
  }

  /** @returns {number} unix milliseconds */
  function lastTried() {
    try {
      return Number(sessionStorage.getItem(TRIED));
    } catch {
      return Date.now();
    }
  }

  function say() {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button";
    again.textContent = words?.again ?? "";
    again.addEventListener("click", () => {
      location.reload();
    });
    const said = document.createElement("p");
    said.textContent = words?.failed ?? "";
    const notice = document.createElement("div");
    notice.className = "notice notice--wrong";
    notice.setAttribute("role", "alert");
    notice.append(said, again);
    (document.getElementById("main") ?? document.body).prepend(notice);
  }
})();
