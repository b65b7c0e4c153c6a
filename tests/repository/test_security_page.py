"""docs/security.md names tests and files that exist, and tells every gap of its tables in its list of them."""

from __future__ import annotations

import re

from tests.repository.tracked import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d+\.", line)
]
NAMED = sorted(set(re.findall(r"`([\w-]+(?:/[\w.-]+)+(?:::\w+)?)`", "\n".join(map("|".join, ROWS)))))


def test_every_test_and_file_that_it_names_exists() -> None:
    assert len(NAMED) > 50
    missing = []
    for each in NAMED:
        path, _, test = each.partition("::")
        file = ROOT / path
        if not file.is_file() or (test and not re.search(rf"^\s*(?:async )?def {test}\(", file.read_text(), re.M)):
            missing.append(each)
    assert missing == []


def test_what_holds_is_said_with_what_covers_it() -> None:
    for number, _, holds, *by in ROWS:
        assert re.match(r"(yes|partly|no|does not apply)\b", holds), number
        assert holds.startswith(("no", "does not apply")) or by[0].strip("|").strip(), number


def test_all_that_does_not_hold_is_in_the_list() -> None:
    gaps = [number for number, _, holds, *_ in ROWS if re.match(r"(partly|no)\b", holds)]
    listed = re.findall(r"^- \*\*([\d.]+)\*\* ", PAGE, re.M)
    assert listed == gaps
