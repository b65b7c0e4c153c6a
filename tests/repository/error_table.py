"""The table of codes in docs/errors.md, written from the codes, their statuses and their sentences.

`python -m tests.repository.error_table` writes it again after a change of these."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

from tests.repository.tracked import ROOT

PAGE = ROOT / "docs" / "errors.md"
ROWS = re.compile(
    r"(?<=^## Codes\n\n\| status \| code \| in short \| what to do \|\n\| --- \| --- \| --- \| --- \|\n)(?:\|.*\n)*",
    re.MULTILINE,
)


def written() -> str:
    """A row for each code that an answer can have, in the order of statuses."""
    return "".join(f"| {status} | `{code}` | {short} | {advice} |\n" for status, code, short, advice in sorted(_rows()))


def shown() -> str:
    """The rows that the page has now."""
    found = ROWS.search(PAGE.read_text())
    assert found is not None, f"{PAGE.name} has no table below its heading Codes"
    return found[0]


def _rows() -> Iterator[tuple[int, str, str, str]]:
    from invitations.errors import Code
    from invitations.requests.problems import STATUS

    document = json.loads((ROOT / "docs" / "contract" / "openapi.json").read_text())
    # No operation of an address is asked by a method that it does not have.
    codes = {*document["components"]["schemas"]["ProblemCode"]["enum"], Code.METHOD_NOT_ALLOWED}
    for code in Code:
        if code in codes:
            yield STATUS[code], code.value, code.sentence, code.advice


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    django.setup()
    PAGE.write_text(ROWS.sub(lambda _: written(), PAGE.read_text(), count=1))
