"""The pictures of states in docs/concepts.md, drawn from the arrows that the verbs are held to.

`python -m tests.repository.state_pictures` draws them again after a change of tests/calls/states.py."""

from __future__ import annotations

import re

from tests.calls.states import CALL, INVITATION, PARTICIPANT, Arrow
from tests.repository.tracked import ROOT

PAGE = ROOT / "docs" / "concepts.md"
PICTURES = {"The call": CALL, "The invitation": INVITATION, "The participant": PARTICIPANT}
"""By the heading that each stands below."""
BORN, LAST = "●", "◉"


def drawn(arrows: tuple[Arrow, ...]) -> str:
    """The way from nothing through all states: below each state where it may go from there, and by what."""
    starts = list(dict.fromkeys(each.start for each in arrows))
    return (
        "\n\n".join(_state(start, [each for each in arrows if each.start == start], starts) for start in starts) + "\n"
    )


def shown(heading: str) -> str:
    """The picture that the page has below a heading."""
    found = _block(heading).search(PAGE.read_text())
    assert found is not None, f"{PAGE.name} has no picture below {heading}"
    return found[0]


def _state(name: str, ways: list[Arrow], starts: list[str]) -> str:
    longest = max(len(each.act) for each in ways)
    lines = [name or BORN]
    for each in ways:
        corner = "└" if each is ways[-1] else "├"
        ends = f" {LAST}" if each.end not in starts else ""
        lines.append(f"  {corner}─ {each.act} {'─' * (longest - len(each.act) + 2)}▶ {each.goal}{ends}")
    return "\n".join(lines)


def _block(heading: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=^## {heading}\n\n```text\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def draw() -> None:
    """Draw all of them again."""
    text = PAGE.read_text()
    for heading, arrows in PICTURES.items():
        text = _block(heading).sub(lambda _, arrows=arrows: drawn(arrows), text, count=1)  # type: ignore[misc]
    PAGE.write_text(text)


if __name__ == "__main__":
    draw()
