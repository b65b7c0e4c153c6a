"""The picture in docs/architecture.md, drawn from the layers that the imports are held to.

`python -m tests.repository.architecture` draws it again after a change of LAYERS."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from tests.repository.test_layers import LAYERS
from tests.repository.tracked import ROOT

PAGE = ROOT / "docs" / "architecture.md"
BLOCK = re.compile(r"(?<=^## Layers\n\n```text\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
WIDTH = 100


def drawn(layers: Sequence[Collection[str]]) -> str:
    """One box for each layer, the highest on top; an arrow says that all above may import all below.

    Args:
        layers: the rooms of each, lowest first.
    """
    boxes = [_box("   ".join(sorted(rooms))) for rooms in reversed(layers)]
    for above, below in pairwise(boxes):
        above[-1] = _marked(above[-1], "┬")
        below[0] = _marked(below[0], "▼")
    lines = [line.center(WIDTH).rstrip() for box in boxes for line in box]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join(line[margin:] for line in lines) + "\n"


def shown() -> str:
    """The picture that the page has now."""
    found = BLOCK.search(PAGE.read_text())
    assert found is not None, f"{PAGE.name} has no picture below its heading Layers"
    return found[0]


def _box(text: str) -> list[str]:
    # Even widths only, so that all boxes have one middle.
    inside = f" {text} ".ljust(len(text) + 2 + len(text) % 2)
    line = "─" * len(inside)
    return [f"┌{line}┐", f"│{inside}│", f"└{line}┘"]


def _marked(line: str, mark: str) -> str:
    middle = len(line) // 2
    return line[:middle] + mark + line[middle + 1 :]


if __name__ == "__main__":
    PAGE.write_text(BLOCK.sub(lambda _: drawn(LAYERS), PAGE.read_text(), count=1))
