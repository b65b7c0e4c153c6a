// Tables that are wider than the page are moved sideways by the keyboard, too. The theme wraps them once it has loaded.
function mend() {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
    wrap.tabIndex = 0;
    wrap.setAttribute("role", "group");
    wrap.setAttribute("aria-label", "Table");
  }
}

new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
