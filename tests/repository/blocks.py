"""The fenced blocks of the documentation, each with what its first line says about how it is checked.

After the language stand words `key=value`: `shape` (what JSON is), `given` (names that the reader provides), `check`
(another way than that of the language) and `run` (executed by test_blocks_run.py, not only looked at)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.repository.tracked import ROOT, tracked_files

PAGES = sorted(path for path in tracked_files() if path.suffix == ".md")
KEYS = {"shape", "given", "check", "run"}
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})(.*)$")


@dataclass(frozen=True)
class Block:
    """One block.

    Args:
        page: the file that it stands in.
        line: of its first fence, from 1.
        language: the first word after the fence; empty if there is none.
        said: the words after it.
        text: what it shows.
    """

    page: Path
    line: int
    language: str
    text: str
    said: dict[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def given(self) -> list[str]:
        """Names that the reader provides."""
        return [name for name in self.said.get("given", "").split(",") if name]


def blocks_of(page: Path) -> list[Block]:
    """The blocks of one page, in order."""
    found: list[Block] = []
    fence: re.Match[str] | None = None
    start, lines = 0, list[str]()
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        match = _FENCE.match(line)
        if fence is None:
            if match:
                fence, start, lines = match, number, []
            continue
        if match and match[2].startswith(fence[2]) and not match[3].strip():
            found.append(_block(page, start, fence, lines))
            fence = None
            continue
        lines.append(line.removeprefix(fence[1]))
    assert fence is None, f"{page.name}:{start}: a block that does not end"
    return found


def _block(page: Path, line: int, fence: re.Match[str], lines: list[str]) -> Block:
    language, *words = fence[3].split() or [""]
    said = dict(word.partition("=")[::2] for word in words)
    return Block(page, line, language, "".join(f"{each}\n" for each in lines), said)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
