"""What a ring hook answers, good and bad."""

from __future__ import annotations

import json
from typing import Any

from tests.support.push_answers import Answer


def said(**members: Any) -> Answer:
    """An answer with these members."""
    return Answer(200, body=json.dumps(members).encode())


NOTHING_PLAIN = (
    Answer(200, body=b""),
    Answer(200, body=b"yes"),
    Answer(200, body=b"[true]"),
    Answer(200, body=b"[" * 60_000),
    said(),
    said(allow="true"),
    said(allow=1),
    said(allow=True, invitees=["bob"]),
    said(allow=True, invitees={"bob": {}}),
    said(allow=True, invitees={"bob": False}),
)
"""Answers in time from which nobody can tell who may be rung."""
MIB_3 = Answer(200, body=b'{"allow": true, "more": "' + b"x" * 3 * 2**20 + b'"}')
