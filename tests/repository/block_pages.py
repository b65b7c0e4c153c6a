"""The HTML of the documentation: well formed, with elements and attributes that there are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tests.repository.tracked import ROOT

ALONE = {"meta", "link", "img", "input", "br", "hr", "source"}
SDK = ROOT / "static" / "callinvite" / "sdk"
PARAMETERS = (ROOT / "static/callinvite/elements/send-parameters.js").read_text()
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
            defining = [each for each in SCRIPTS if re.search(rf"""define\(\s*["']{tag}["']""", each)]
            assert defining, f"there is no element <{tag}>"
            script = "".join([*defining, *(PARAMETERS for each in defining if "SEND_ATTRIBUTES" in each)])
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


def check_style(text: str) -> None:
    """Fails for custom properties and parts that elements for other sites do not have."""
    assert set(re.findall(r"--callinvite-[a-z-]+", text)) <= custom_properties()
    assert set(re.findall(r"::part\(([a-z-]+)\)", text)) <= parts()


def custom_properties() -> set[str]:
    """By which a page changes the look of the elements for other sites."""
    return set(re.findall(r"var\((--callinvite-[a-z-]+),", (SDK / "look.js").read_text()))


def parts() -> set[str]:
    """What a page can style of them with `::part()`."""
    script = "".join(path.read_text() for path in SDK.glob("*.js"))
    written = re.findall(r"""\bpart(?:: | = [^;]*?)"([a-z -]+)\"""", script)
    discs = re.findall(r"""disc\(\{ name: "([a-z-]+)\"""", script)
    return {name for each in written for name in each.split()} | {f"{name}-button" for name in discs}
