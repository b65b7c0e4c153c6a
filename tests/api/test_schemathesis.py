"""The running product against its own OpenAPI document, with every check that Schemathesis has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.schemathesis_hooks import PUSH_ORIGIN
from tests.support import layout
from tests.support.server import DEMO_PASSWORD, ROOT, RunningServer, chosen_layout

HERE = Path(__file__).parent

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("schemathesis") / "data"
    with layout.running(folder, env={"CALLINVITE_PUSH_HOSTS": PUSH_ORIGIN}) as running:
        yield running


def _token(server: RunningServer) -> str:
    body = json.dumps({"username": "alice", "password": DEMO_PASSWORD, "device_name": "Schemathesis"}).encode()
    request = urllib.request.Request(
        f"{server.url}/api/v1/auth/token", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["token"])


def _run(server: RunningServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = {"checks": "all", "seed": "1", "suppress-health-check": "all", "warnings": "off"}
    if chosen_layout() != "one":
        # The proxy itself answers TRACE, and does not say what else is allowed.
        options["exclude-checks"] = "unsupported_method"
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(HERE / "schemathesis.toml"),
            "run",
            f"{server.url}/api/v1/schema",
            "--header",
            f"Authorization: Bearer {_token(server)}",
            *flags,
            *arguments,
        ],
        # Away from the tree: it keeps its examples beside itself.
        cwd=server.data_dir,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def test_every_operation_keeps_what_the_document_says(server: RunningServer) -> None:
    # They would leave the rest of the run as nobody, at once or a minute later: they have a run of their own.
    apart = [f"--exclude-operation-id={each}" for each in ("delete_token", "refresh_token", "delete_me")]
    done = _run(server, *apart, "--max-examples", "6", "--continue-on-failure")
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    with urllib.request.urlopen(f"{server.url}/api/v1/schema", timeout=30) as answer:
        paths = json.load(answer)["paths"]
    operations = sum(method in METHODS for path in paths.values() for method in path)
    assert f"Tested: {operations - len(apart)}" in done.stdout
    assert server.answers(), server.output


def test_signing_in_and_out_keep_what_the_document_says(server: RunningServer) -> None:
    chosen = [f"--include-operation-id={each}" for each in ("delete_token", "make_token", "refresh_token")]
    done = _run(server, *chosen, "--max-examples", "5")
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_deleting_the_account_keeps_what_the_document_says(server: RunningServer) -> None:
    # The last one, for nobody has alice's password afterwards.
    done = _run(server, "--include-operation-id=delete_me", "--max-examples", "5")
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
