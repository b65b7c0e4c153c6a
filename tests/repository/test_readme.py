"""What the README tells a newcomer to type really works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.repository.tracked import ROOT
from tests.support.server import DEMO_PASSWORD, RunningServer

README = (ROOT / "README.md").read_text()


def shell_block_below(heading: str) -> str:
    """The first shell example under that heading."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"```sh\n(.+?)```", section, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.server
@pytest.mark.own_layout("what the README starts")
def test_the_five_calls_work_as_they_stand(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("install curl")
    with RunningServer(tmp_path / "data") as server:
        environment = {**os.environ, "API": f"{server.url}/api/v1", "PASSWORD": DEMO_PASSWORD}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", shell_block_below("The API in five calls")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    sent, opened, left = _documents(done.stdout)
    assert sent["call"]["state"] == "ringing"
    assert [each["you"]["can"] for each in opened["calls"]] == [["accept", "reject"]]
    assert (left["call"]["state"], left["call"]["end_reason"]) == ("ended", "completed")


def _documents(output: str) -> list[dict]:
    """JSON documents written one after another, as curl leaves them."""
    decoder = json.JSONDecoder()
    documents, rest = [], output.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        documents.append(document)
        rest = rest[end:].lstrip()
    return documents
