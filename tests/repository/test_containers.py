"""The Dockerfile and the compose file do what they say: every command in them runs here, without Docker.

The one build for all tests installs the lock file as the image does, which takes half a minute."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.sync.client import connect

from tests.repository.composed import COMPOSE, HOST, OURS, SECONDS, SERVICES, Composed, missing, resolved, until
from tests.repository.image import Image, build, instructions, taken
from tests.repository.test_documentation import READ_FROM_ENVIRONMENT
from tests.repository.tracked import ROOT, tracked_files
from tests.support.push_tls import Authority
from tests.support.server import DEMO_PASSWORD, free_port

DOCKERFILE = instructions(ROOT / "Dockerfile")
HASHED_ICON = r'"(/static/[^"]+\.[0-9a-f]{12}\.svg)"'
BUNDLED = '<style nonce="'
"""What pages have only if there is a bundle."""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A copy of the tree, as a fresh clone has it."""
    return _copied_to(tmp_path / "context")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """What the Dockerfile makes of a fresh clone."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("an image is built as root, and run by setpriv (util-linux) as its own user")
    # Not pytest's own folder: the image's user could not even look into that.
    with tempfile.TemporaryDirectory(prefix="callinvite-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield build(_copied_to(folder / "context"), folder / "root")


def test_every_file_that_is_copied_is_there_and_not_ignored(context: Path) -> None:
    sources = [argument.split()[0] for word, argument in DOCKERFILE if word == "COPY" and "--from" not in argument]
    files = taken(context)

    assert [each for each in sources if not any(file.is_relative_to(context / each) for file in files)] == []


def test_nothing_but_the_program_gets_into_the_image(context: Path) -> None:
    for secret in ("var/secret-key", ".env", "deploy/.env", "callinvite/__pycache__/settings.cpython-311.pyc"):
        (context / secret).parent.mkdir(parents=True, exist_ok=True)
        (context / secret).touch()

    assert {path.relative_to(context).parts[0] for path in taken(context)} == {
        *{"manage.py", "callinvite", "invitations", "templates", "static", "requirements", "deploy"}
    }
    assert {path.name for path in taken(context) if path.parent.name in ("deploy", "__pycache__")} == {"healthcheck.py"}


def test_all_stages_start_from_a_python_that_is_supported() -> None:
    bases = {argument.split()[0] for word, argument in DOCKERFILE if word == "FROM"}
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]

    (base,) = bases
    found = re.fullmatch(r"python:(3\.\d+)-slim-\w+", base)
    assert found is not None
    assert f"Programming Language :: Python :: {found[1]}" in classifiers


def test_the_image_is_nobody_s_root_and_knows_only_settings_that_exist() -> None:
    words = [word for word, _ in DOCKERFILE]
    names = re.findall(r"([A-Z][A-Z_]+)=", " ".join(rest for word, rest in DOCKERFILE if word == "ENV"))
    users = [rest for word, rest in DOCKERFILE if word == "USER"]

    assert [re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None for user in users] == [True]
    assert "CMD" in words[words.index("USER") :]
    assert set(names) - {"PATH", "PYTHONUNBUFFERED"} <= set(READ_FROM_ENVIRONMENT)


def test_services_name_only_settings_that_exist() -> None:
    assert {name for each in OURS.values() for name in each["environment"]} <= set(READ_FROM_ENVIRONMENT)


def test_services_refer_to_services_that_are_there() -> None:
    wanted = [(name, *each) for name, service in SERVICES.items() for each in service.get("depends_on", {}).items()]

    assert [each for each in wanted if each[1] not in SERVICES] == []
    assert [
        (name, other)
        for name, other, how in wanted
        if how["condition"] == "service_healthy" and not _has_healthcheck(other)
    ] == []
    assert [
        (name, other)
        for name, other, how in wanted
        if how["condition"] == "service_completed_successfully" and SERVICES[other]["restart"] != "no"
    ] == []


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_addresses_are_those_of_the_services_with_their_passwords(name: str) -> None:
    address = urlsplit(resolved(OURS["web"]["environment"][name]))

    assert address.hostname in SERVICES
    assert address.password in SERVICES[address.hostname]["environment"].values() or address.password in [
        resolved(value) for value in SERVICES[address.hostname]["environment"].values()
    ]


def test_volumes_are_declared_and_mounted_files_are_there() -> None:
    mounted = [resolved(each).split(":")[0] for service in SERVICES.values() for each in service.get("volumes", [])]
    named = {each for each in mounted if "/" not in each}

    assert named == set(COMPOSE["volumes"])
    assert [each for each in mounted if each.startswith(".") and not (ROOT / "deploy" / each).exists()] == []


def test_the_example_of_settings_names_what_the_compose_file_asks_for() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / "deploy/compose.yaml").read_text()))
    offered = re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / "deploy/env.example").read_text(), re.MULTILINE)

    assert sorted(offered) == sorted(asked)


@pytest.mark.parametrize("name", ["docs/production.md", "deploy/env.example"])
def test_the_file_with_the_passwords_is_made_for_its_owner_alone(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if "env.example deploy/.env" in line]

    assert ["install -m 600 deploy/env.example deploy/.env" in line for line in lines] == [True]


def test_nginx_passes_on_nothing_that_chooses_the_prefix_of_urls() -> None:
    """A header set in a location would replace all those of the server."""
    outside, *locations = (ROOT / "deploy/nginx.conf").read_text().split("location ")

    assert 'proxy_set_header Daphne-Root-Path "";' in outside
    assert not any("proxy_set_header" in each for each in locations)


def test_as_many_web_processes_run_as_they_are_told_that_there_are() -> None:
    web = OURS["web"]

    assert web["environment"]["CALLINVITE_PROCESSES"] == str(web["deploy"]["replicas"])


@pytest.mark.server
@pytest.mark.own_layout("the layout of containers")
def test_no_secret_is_in_the_image(image: Image) -> None:
    data = Path(image.moved(image.environment["CALLINVITE_DATA_DIR"]))

    assert image.volumes == [image.environment["CALLINVITE_DATA_DIR"]]
    assert list(data.iterdir()) == []
    assert [*image.root.rglob("*secret-key*"), *image.root.rglob("*vapid-private-key*")] == []


@pytest.mark.server
@pytest.mark.own_layout("the layout of containers")
def test_the_image_serves_by_itself_and_says_that_it_is_well(image: Image) -> None:
    port = free_port()
    with _running(image, _at(port, image.command)) as server:
        until(lambda: _is_well(image, port) or server.poll() is not None)
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=10).read().decode()
        assert BUNDLED in page
        hashed = re.findall(HASHED_ICON, page)
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}{hashed[0]}", timeout=10).status == 200

    assert server.returncode == 0
    assert not _is_well(image, port)


@pytest.mark.server
@pytest.mark.own_layout("the layout of containers")
def test_the_services_of_the_compose_file_work_together(image: Image, tmp_path: Path, postgres_url: str) -> None:
    if lacking := missing():
        pytest.skip(f"this machine lacks {', '.join(lacking)}")
    composed = Composed(image, tmp_path, postgres_url)
    certificates = tmp_path / "letsencrypt/live" / HOST
    certificates.mkdir(parents=True)
    authority = Authority(tmp_path)
    authority.context(HOST)
    for name in ("fullchain.pem", "privkey.pem"):
        shutil.copy(tmp_path / "server.pem", certificates / name)
    until(lambda: composed.is_well("postgres"))
    with ExitStack() as stack:
        stack.enter_context(composed.service("valkey"))
        composed.run("prepare")
        for name in ("web", "dispatcher", "nginx"):
            stack.enter_context(composed.service(name))
        composed.run("web", ["python", "manage.py", "make_demo_users", "--password", DEMO_PASSWORD])
        trusted = ssl.create_default_context(cafile=authority.ca_file)
        with httpx2.Client(
            base_url=f"https://127.0.0.1:{composed.https}", headers={"Host": HOST}, verify=trusted
        ) as browser:
            assert BUNDLED in browser.get("/sign-in/").raise_for_status().text
            collected = Path(image.moved(image.environment["CALLINVITE_STATIC_ROOT"]), "staticfiles.json")
            style = json.loads(collected.read_text())["paths"]["callinvite/bundle/shell.css"]
            served = browser.get(f"/static/{style}").raise_for_status()
            cookies = set(browser.cookies)
            alice, bob = (_token(browser, name) for name in ("alice", "bob"))
            with (
                socket.create_connection(("127.0.0.1", composed.https)) as connection,
                connect(f"wss://{HOST}/ws/v1/live", sock=connection, ssl=trusted, additional_headers=bob) as live,
            ):
                live.send(json.dumps({"type": "hello", "device_id": "desk", "label": "Desk", "audible": True}))
                assert json.loads(live.recv(SECONDS))["type"] == "snapshot"
                ring = {"invitees": ["bob"], "is_video_call": False, "timeout_seconds": 1}
                sent = browser.post("/api/v1/calls", headers=alice, json=ring)
                assert sent.status_code == 201, sent.text
                # It rings through Valkey, and only a dispatcher ends it while nobody asks.
                while '"timed_out"' not in (frame := live.recv(SECONDS)):
                    assert sent.json()["call"]["call_id"] in frame

    # nginx gives it out itself, and names the type as its own configuration does.
    assert served.headers["Content-Type"] == "text/css"
    assert served.headers["Content-Encoding"] == "gzip"
    assert served.headers["Cache-Control"] == "max-age=604800"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in served.headers["Content-Security-Policy"]
    assert cookies == {"__Host-csrftoken"}


def _copied_to(folder: Path) -> Path:
    for path in tracked_files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return folder


def _token(browser: httpx2.Client, name: str) -> dict[str, str]:
    """The header that signs a device of that demo user in."""
    asked = {"username": name, "password": DEMO_PASSWORD, "device_name": "Desk"}
    answer = browser.post("/api/v1/auth/token", json=asked).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def _at(port: int, command: list[str]) -> list[str]:
    return [word.replace("8000", str(port)) for word in command]


def _is_well(image: Image, port: int) -> bool:
    with image.start(_at(port, image.healthcheck)) as check:
        check.communicate(timeout=60)
    return check.returncode == 0


@contextmanager
def _running(image: Image, command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = image.start(command)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _has_healthcheck(name: str) -> bool:
    own: dict[str, Any] = SERVICES[name].get("healthcheck", {})
    return bool(own.get("test")) or (name in OURS and not own.get("disable"))
