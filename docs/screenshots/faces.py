"""Draws people to look at: a short film of a drawn person for Chromium's fake camera, one for each demo user.

Chromium's own fake camera shows a green clock, which says little about how a call looks."""

from __future__ import annotations

import math
from pathlib import Path

WIDTH, HEIGHT, SCALE = 320, 180, 4
FRAMES = 12
Colour = tuple[int, int, int]
Ellipse = tuple[tuple[float, float], tuple[float, float], Colour]
"""Centre, radii, colour."""

LOOKS: dict[str, tuple[Colour, Colour, Colour, Colour, Colour]] = {
    # wall above, wall below, hair, skin, clothes
    "alice": ((214, 222, 240), (160, 172, 206), (74, 48, 38), (232, 190, 160), (52, 84, 180)),
    "bob": ((236, 222, 200), (196, 168, 132), (38, 34, 36), (150, 104, 76), (40, 120, 92)),
    "carol": ((222, 234, 224), (150, 184, 164), (196, 140, 72), (244, 208, 184), (176, 62, 96)),
    "dave": ((230, 224, 238), (176, 160, 200), (120, 120, 126), (222, 176, 146), (70, 74, 96)),
}


def film(name: str, folder: Path) -> Path:
    """Write one person's film as YUV4MPEG2, the format of `--use-file-for-fake-video-capture`."""
    path = folder / f"{name}.y4m"
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH * SCALE} H{HEIGHT * SCALE} F20:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            picture = _picture(name, math.sin(2 * math.pi * number / FRAMES))
            luma, blue, red = _planes(picture)
            file.write(b"FRAME\n" + _enlarged(luma, SCALE) + _enlarged(blue, SCALE // 2) + _enlarged(red, SCALE // 2))
    return path


def _picture(name: str, sway: float) -> list[list[Colour]]:
    above, below, hair, skin, clothes = LOOKS[name]
    x, y = 160 + 2.2 * sway, 84 + 1.2 * abs(sway)
    # Painted from back to front.
    ellipses: list[Ellipse] = [
        ((262, 40), (34, 46), _lit(above, 18)),
        ((x, y - 8), (37, 44), hair),
        ((160 + sway, 196), (84, 66), clothes),
        ((x, y + 46), (15, 20), _blend(skin, (0, 0, 0), 0.1)),
        ((x, y), (30, 38), skin),
        ((x, y - 32), (31, 16), hair),
        ((x - 11, y - 2), (2.6, 3.2), (40, 34, 40)),
        ((x + 11, y - 2), (2.6, 3.2), (40, 34, 40)),
        ((x, y + 17), (9, 3.4), (168, 84, 84)),
        ((x, y + 14.5), (9.5, 3), skin),
    ]
    rows = []
    for row in range(HEIGHT):
        share = row / HEIGHT
        wall = _blend(above, below, share)
        rows.append([_seen(column, row, ellipses) or wall for column in range(WIDTH)])
    return rows


def _lit(colour: Colour, by: int) -> Colour:
    red, green, blue = (min(255, each + by) for each in colour)
    return red, green, blue


def _blend(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (int(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _seen(column: int, row: int, ellipses: list[Ellipse]) -> Colour | None:
    for (cx, cy), (rx, ry), colour in reversed(ellipses):
        if ((column - cx) / rx) ** 2 + ((row - cy) / ry) ** 2 <= 1:
            return colour
    return None


def _planes(picture: list[list[Colour]]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Full-range YCbCr, converted from RGB as in ITU-R BT.601."""
    luma, blue, red = [], [], []
    for row in picture:
        luma.append(bytes(int(0.299 * r + 0.587 * g + 0.114 * b) for r, g, b in row))
        blue.append(bytes(min(255, int(128 - 0.169 * r - 0.331 * g + 0.5 * b)) for r, g, b in row))
        red.append(bytes(min(255, int(128 + 0.5 * r - 0.419 * g - 0.081 * b)) for r, g, b in row))
    return luma, blue, red


def _enlarged(plane: list[bytes], times: int) -> bytes:
    return b"".join(bytes(value for value in row for _ in range(times)) * times for row in plane)
