"""The picture of the architecture is the one that the imports are held to."""

from __future__ import annotations

from tests.repository.architecture import drawn, shown
from tests.repository.test_layers import LAYERS


def test_the_picture_shows_the_layers() -> None:
    assert shown() == drawn(LAYERS), "draw it again: python -m tests.repository.architecture"


def test_a_picture_has_the_highest_layer_on_top() -> None:
    assert drawn([{"ground"}, {"right", "left"}]) == (
        "┌──────────────┐\n│ left   right │\n└───────┬──────┘\n   ┌────▼───┐\n   │ ground │\n   └────────┘\n"
    )
