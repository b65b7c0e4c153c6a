"""The pictures of states show every arrow that the verbs are held to, and no other."""

from __future__ import annotations

import pytest

from tests.calls.states import Arrow
from tests.repository.state_pictures import PICTURES, drawn, shown


@pytest.mark.parametrize("heading", PICTURES)
def test_a_picture_shows_the_arrows(heading: str) -> None:
    again = "draw it again: python -m tests.repository.state_pictures"
    assert shown(heading) == drawn(PICTURES[heading]), again


def test_a_picture_marks_where_it_ends() -> None:
    arrows = (
        Arrow("", "boil", "tea"),
        Arrow("tea", "drink", "cup", "empty"),
        Arrow("tea", "wait for it", "cup", "cold"),
    )
    assert drawn(arrows) == (
        "●\n  └─ boil ──▶ tea\n\ntea\n  ├─ drink ────────▶ cup (empty) ◉\n  └─ wait for it ──▶ cup (cold) ◉\n"
    )
