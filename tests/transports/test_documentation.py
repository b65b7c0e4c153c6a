"""What an operator reads about push says all that can happen."""

from __future__ import annotations

import re

from invitations.transports import FailureCode, targets
from tests.support.server import ROOT

PAGE = (ROOT / "docs" / "push.md").read_text()


def test_every_failure_has_its_line_and_no_line_is_of_a_failure_that_is_gone() -> None:
    table = PAGE.partition("## What each answer of a push service means")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\|[^|]*\| `([a-z_]+)` \|", table, re.MULTILINE)) == set(FailureCode)


def test_the_hosts_that_are_allowed_by_default_are_listed() -> None:
    named = re.findall(r"^\| `([a-z0-9]+\.[a-z.]+)` \| [A-Z]", PAGE, re.MULTILINE)

    assert tuple(named) == targets.KNOWN_SERVICES
