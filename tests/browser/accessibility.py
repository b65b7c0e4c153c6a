"""What axe finds wrong with a page as it is now, and whether it fits its window."""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.support.server import ROOT

AXE = ROOT / ".venv/js/node_modules/axe-core/axe.min.js"
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
# Of forced colours axe knows only some: it reads the fill of a text, for which the page's own colour is still named.
# Colours in the middle of a fade are nobody's choice; what turns for ever has none to wait for.
_FIND = """async () => {
  const ending = document.getAnimations().filter(
    ({ playState, effect }) => playState === "running" && Number.isFinite(effect.getComputedTiming().endTime));
  await Promise.allSettled(ending.map(({ finished }) => finished));
  const areForced = matchMedia("(forced-colors: active)").matches;
  const rules = { "color-contrast": { enabled: !areForced } };
  return (await axe.run(document, { resultTypes: ["violations"], rules })).violations.map(
    ({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`)]);
}"""


def faults(page: Page) -> list[Any]:
    """The rules of axe-core that the page breaks, each with where and why.

    Args:
        page: as somebody sees it once what fades and moves there now has ended.
    """
    # As a statement of the debugger: the pages' policy lets no script in that is not theirs.
    page.evaluate(f"{_axe()}; null")
    found: list[Any] = page.evaluate(_FIND)
    return found if page.evaluate(FITS) else [*found, "the page is wider than its window"]


@cache
def _axe() -> str:
    return AXE.read_text()
