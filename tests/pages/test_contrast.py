"""Words can be read in both themes: the tokens reach WCAG 2.2's AA (4.5 : 1 for text, 3 : 1 for marks and borders)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).resolve().parents[2] / "static" / "callinvite" / "style"
TEXT = 4.5
MARK = 3.0
INKS = ("ink", "ink-soft", "ink-faint")
GROUNDS = ("ground", "surface", "surface-hover")
PAIRS = [
    *((ink, ground, TEXT) for ink in INKS for ground in GROUNDS),
    ("ink-soft", "surface-sunk", TEXT),
    ("ink", "accent-soft", TEXT),
    ("ink", "good-soft", TEXT),
    ("accent", "surface", TEXT),
    ("accent", "ground", TEXT),
    ("accent", "accent-soft", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("on-bad", "bad", TEXT),
    ("on-bad", "bad-hover", TEXT),
    ("good", "surface", TEXT),
    ("good", "surface-hover", TEXT),
    ("bad", "surface", TEXT),
    ("bad", "surface-hover", TEXT),
    ("bad", "bad-soft", TEXT),
    ("warn", "warn-soft", TEXT),
    ("night-ink", "night", TEXT),
    ("night-soft", "night", TEXT),
    ("night-ink", "night-tile", TEXT),
    ("night-soft", "night-panel", TEXT),
    ("night-on-lit", "night-lit", TEXT),
    ("night-on-lit", "night-mark-fair", TEXT),
    ("night-mark-good", "night", MARK),
    ("night-mark-fair", "night", MARK),
    ("night-mark-poor", "night", MARK),
    ("online", "surface", MARK),
    ("line-strong", "surface", MARK),
    ("focus", "surface", MARK),
]
ON_WHITE = ("night-good", "night-bad", "night-good-hover", "night-bad-hover")
"""What carries white pictures: a mark, not text."""


def tokens(theme: str) -> dict[str, str]:
    written = (STYLE / "tokens.css").read_text()
    of_both = re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", written)
    themed = {name: dark if theme == "dark" else light for name, light, dark in of_both}
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", written)) | themed


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ink_stands_out_from_its_ground(theme: str) -> None:
    colours = tokens(theme)
    weak = [(ink, ground) for ink, ground, least in PAIRS if contrast(colours[ink], colours[ground]) < least]
    assert weak == []


def test_white_pictures_stand_out_from_their_button() -> None:
    assert [name for name in ON_WHITE if contrast("#ffffff", tokens("light")[name]) < MARK] == []


def test_white_initials_stand_out_from_every_persons_colour() -> None:
    colours = re.findall(r"\[data-hue=\"\d\"\] \{\s*--person: (#[0-9a-f]{6});\s*\}", (STYLE / "avatar.css").read_text())
    assert len(colours) == 10
    assert [each for each in colours if contrast("#ffffff", each) < TEXT] == []
