"""`examples/clinic`: a back end that keeps two people, rings one for the other, and hears of the answer and the end."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.conftest import until as page_until
from tests.browser.media import KNOWN, grows, is_up
from tests.repository.blocks import blocks_of
from tests.support.push_tls import Authority
from tests.support.server import ROOT, RunningServer, free_port

pytestmark = pytest.mark.own_layout("an example beside a server of its own")
FOLDER = ROOT / "examples" / "clinic"
PATIENCE_SECONDS = 60.0
"""For what a busy machine does, such as to start a process."""
MAKE_HOOK, START_VISIT = (each.text for each in blocks_of(FOLDER / "README.md") if each.said.get("run") == "clinic")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("tls"))
    made.context("127.0.0.1")
    return made


@pytest.fixture(scope="module")
def clinic(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """The clinic, a client of which is given, and its Callinvite."""
    address = f"https://127.0.0.1:{free_port()}"
    env = {
        "CALLINVITE_ORIGINS": address,
        "CALLINVITE_HOOK_NETWORKS": "127.0.0.1",
        "SSL_CERT_FILE": str(authority.ca_file),
    }
    with RunningServer(tmp_path_factory.mktemp("data"), env=env) as server:
        scopes = [part for scope in ("users", "tokens", "calls", "hooks") for part in ("--scope", scope)]
        token = server.manage("make_service", "clinic", *scopes).strip()
        make_hook = MAKE_HOOK.replace("https://127.0.0.1:9443", address)
        hook = shell(make_hook, API=f"{server.url}/api/v1", SERVICE_TOKEN=token)
        secrets = {"SERVICE_TOKEN": token, "HOOK_SECRET": hook["secret"], "SECRET_KEY": "of the clinic's own"}
        process = started(address, authority.folder / "server.pem", {"CALLS": server.url, **secrets})
        try:
            trusted = ssl.create_default_context(cafile=authority.ca_file)
            with httpx2.Client(base_url=address, verify=trusted, timeout=PATIENCE_SECONDS) as client:
                until(lambda: answers(client), process)
                yield client
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def started(address: str, certificate: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """The clinic, as its README starts it."""
    command = ["-m", "uvicorn", "--app-dir", str(FOLDER), "clinic:application", "--port", address.rpartition(":")[2]]
    environment = {"PATH": os.environ["PATH"], **env}
    options = ["--ssl-certfile", str(certificate)]
    return subprocess.Popen([sys.executable, *command, *options], env=environment, cwd=certificate.parent)


def shell(block: str, **env: str) -> Any:
    """Run a block of the README. Returns what it printed, which is JSON."""
    command = ["bash", "-euo", "pipefail", "-c", block]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/visits/none").status_code == 200
    except httpx2.TransportError:
        return False


def until(condition: Callable[[], Any], process: subprocess.Popen[bytes] | None = None) -> None:
    over_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < over_at
        assert process is None or process.poll() is None, "the clinic has ended"
        time.sleep(0.05)


class AtRoom:
    """A person at their page, with what helpers of media ask of one."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def ask(self, function: str, argument: Any = None, /) -> Any:
        return self.page.evaluate(function, argument)

    def until(self, condition: str, timeout_ms: int = WAIT_MS) -> None:
        page_until(self.page, condition, timeout_ms)


def at_room(browser: Browser, clinic: httpx2.Client, name: str) -> AtRoom:
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{clinic.base_url}/room/{name}")
    expect(page.get_by_role("status").first).to_have_text("Please wait. Your call comes up here.")
    page.evaluate(KNOWN)
    return AtRoom(page)


def test_it_has_fewer_than_sixty_lines() -> None:
    assert len((FOLDER / "clinic.py").read_text().splitlines()) < 60


def test_a_visit_rings_is_answered_and_ends_and_the_clinic_hears_of_it(
    clinic: httpx2.Client, authority: Authority, browser: Browser
) -> None:
    people_only = clinic.post("/visits", json={"doctor": {"id": "dr-adams"}, "patient": {"id": "not an id"}})
    assert people_only.json()["results"][1]["errors"]["id"]
    assert clinic.post("/told", json={"data": {}}, headers={"webhook-id": "forged"}).status_code == 400
    assert clinic.get("/room/nobody").status_code == 404

    started = shell(START_VISIT, CLINIC=str(clinic.base_url).rstrip("/"), SSL_CERT_FILE=str(authority.ca_file))
    first = started["call_id"]
    bob, adams = at_room(browser, clinic, "bob"), at_room(browser, clinic, "dr-adams")
    bob.page.get_by_role("button", name="Accept").first.click()

    def heard() -> list[str]:
        return list(clinic.get(f"/visits/{first}").json()["events"])

    until(lambda: "invitation.accepted" in heard())
    assert "call.ended" not in heard()

    # The clinic has placed it for the doctor, who takes it over at their page.
    panel = adams.page.get_by_role("region", name="Bob")
    expect(panel).to_contain_text("You're in a call with Bob on another device.")
    panel.get_by_role("button", name="Move it here").click()
    is_up(bob, adams)
    for person in (bob, adams):
        grows(person, "audioBytes", "framesDecoded")

    bob.page.get_by_role("button", name="Hang up").first.click()
    until(lambda: "call.ended" in heard())
    assert heard().index("invitation.accepted") < heard().index("call.ended")
    for person in (bob, adams):
        person.page.context.close()
