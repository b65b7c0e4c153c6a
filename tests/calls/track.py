"""Two lanes, of threads or of processes, in which things happen at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

from django.db import connection, connections

from invitations.errors import CallError

ROUNDS = 200
PROCESS_ROUNDS = 50
Racing = Callable[..., Any]


class Track:
    """Two lanes that start at the same moment."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._barrier = Barrier(2)
        self._lanes = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]

    def now(self, number: int) -> datetime:
        """The moment of a round: far enough from the last for generated ids to differ."""
        return self._start + timedelta(seconds=number)

    def run(self, number: int, *racers: Racing) -> list[Any]:
        """What came of each: what it returned, or the code of its refusal."""
        # Neither lane has a lasting advantage.
        turned = number % 2 == 1
        lanes = [self._lanes[lane].submit(self._go, racer) for lane, racer in enumerate(racers[:: -1 if turned else 1])]
        outcomes = [lane.result(timeout=30) for lane in lanes]
        return outcomes[:: -1 if turned else 1]

    def close(self) -> None:
        for lane in self._lanes:
            lane.submit(connections.close_all).result(timeout=30)
            lane.shutdown()

    def _go(self, racer: Racing) -> Any:
        self._barrier.wait(timeout=30)
        try:
            return racer()
        except CallError as error:
            return error.code.value


def said(racer: subprocess.Popen[str]) -> str:
    """What a process of `racer` said next."""
    assert racer.stdout is not None
    return racer.stdout.readline().strip()


def process() -> subprocess.Popen[str]:
    """A process of `racer`, on this test's database."""
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.calls.racer"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
