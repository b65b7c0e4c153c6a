"""The HTML of the documentation: well formed, with elements and attributes that there are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tests.repository.tracked import ROOT

ALONE = {"meta", "link", "img", "input", "br", "hr", "source"}
SCRIPTS = [path.read_text() for path in (ROOT / "static" / "callinvite").rglob("*.js") if "/bundle/" not in str(path)]


class Markup(HTMLParser):
    """Follows what is opened and closed, and looks at elements of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALONE:
            self.open.append(tag)
        if "-" in tag:
            script = next((each for each in SCRIPTS if re.search(rf"""define\(\s*["']{tag}["']""", each)), None)
            assert script is not None, f"there is no element <{tag}>"
            names = [
                name
                for name, _ in attrs
                if not name.startswith(("aria-", "data-")) and name not in {"id", "class", "style"}
            ]
            assert [name for name in names if f'"{name}"' not in script] == [], f"<{tag}> does not read all of these"

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def check_markup(text: str) -> None:
    """Fails for what a browser would mend, and for elements or attributes of ours that there are not."""
    markup = Markup()
    markup.feed(text)
    markup.close()
    assert markup.open == []
