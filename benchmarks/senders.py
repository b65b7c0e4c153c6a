"""What the benchmarks of posts share: who takes what is sent, who sends it on which core, and the table."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from benchmarks.servers import CLIENT_CORES, ROOT, SERVER_CORES

LIMIT_SECONDS = 120
PY = sys.executable


@dataclass
class Window:
    """One sender's part of a round."""

    deliveries: int
    seconds: float
    cpu_ms_each: float
    in_order: bool

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds


class Service:
    """The push service, on the client's core."""

    def __init__(self, folder: Path) -> None:
        command = [PY, "-m", "benchmarks.floors.push_service", str(folder)]
        self.process = pinned(command, CLIENT_CORES, dict(os.environ), stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.origin = f"https://127.0.0.1:{int(self.process.stdout.readline())}"
        self.ca_file = folder / "ca.pem"
        self._http = httpx2.Client(verify=str(self.ca_file), timeout=LIMIT_SECONDS)

    def arrived(self) -> list[tuple[str, str, float]]:
        """Everything that arrived in this round, as path, topic and second."""
        return [tuple(each) for each in self._http.get(self.origin).json()]

    def forget(self) -> None:
        """Begin a new round."""
        self._http.delete(self.origin)

    def close(self) -> None:
        self._http.close()
        self.process.kill()
        self.process.wait()


def environment_of(folder: Path, service: Service) -> dict[str, str]:
    """Where a sender finds its database and whom it trusts; nothing of what is set here."""
    foreign = ("CALLINVITE_", "DATABASE_URL", "REDIS_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "CALLINVITE_DATA_DIR": str(folder / "data"),
        "CALLINVITE_SENDS_PER_MINUTE": "0",
        "SSL_CERT_FILE": str(service.ca_file),
        "DJANGO_SETTINGS_MODULE": "callinvite.settings",
    }


@contextmanager
def dispatcher(environment: dict[str, str]) -> Iterator[tuple[psutil.Process, float]]:
    """`manage.py dispatch` on the server's core, and the moment at which it began."""
    process = pinned([PY, "manage.py", "dispatch"], SERVER_CORES, environment, stdout=subprocess.PIPE)
    try:
        yield psutil.Process(process.pid), begun(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def begun(process: subprocess.Popen[str]) -> float:
    """Wait until a sender says that it begins; return the moment."""
    assert process.stdout is not None
    assert process.stdout.readline(), "the sender ended before it began"
    return time.monotonic()


def pinned(command: list[str], cores: set[int], environment: dict[str, str], **more: Any) -> subprocess.Popen[str]:
    """A process on these cores."""
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        **more,
    )


def print_table(figures: dict[str, list[dict[str, Any]]], what: str, order: str) -> None:
    """One row for each sender, and the ratio."""
    print(f"| sender | {what}/s, each round | median | CPU ms each | {order} order kept |")
    print("| --- | --- | --- | --- | --- |")
    for name in ("floor", "product"):
        rates = [each["rate"] for each in figures[name]]
        cpu = statistics.median(each["cpu_ms_each"] for each in figures[name])
        kept = "yes" if all(each["in_order"] for each in figures[name]) else "NO"
        listed = ", ".join(f"{rate:.0f}" for rate in rates)
        print(f"| {name} | {listed} | {statistics.median(rates):.0f} | {cpu:.2f} | {kept} |")
    pairs = zip(figures["product"], figures["floor"], strict=True)
    ratio = statistics.median(product["rate"] / floor["rate"] for product, floor in pairs)
    print(f"\nproduct / floor: {ratio:.2f} (goal 0.7; and 400 {what} a second)")
