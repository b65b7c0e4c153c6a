"""What a long past costs: `python -m benchmarks.past EMPTY FULL`.

EMPTY and FULL are the addresses of two databases, as in DATABASE_URL, migrated and with the same people in both; FULL
was filled by `benchmarks.history`. Two processes that stay, one for each, take turns. A round is a number of cycles:
send, claim and settle the push message, accept, do the same with the one that ends the ring, end, read the call's
timeline and the caller's history. Only what each does to the database is measured, not the network: processor time of
the process and, if it runs on this machine, of its connection's PostgreSQL process. With `--tree FOLDER`, FULL is
measured in another working tree instead, for before and after."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psutil

PAIRS = 40


def main() -> None:
    """Run both in turns, and print each step's medians and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.past", description=__doc__)
    parser.add_argument("addresses", nargs="*", metavar="DATABASE_URL")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cycles", type=int, default=40)
    parser.add_argument("--tree", type=Path, help="where the code of the second one is")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        _work()
        return
    here = Path(__file__).resolve().parent.parent
    workers = [
        _worker(address, tree) for address, tree in zip(options.addresses, (here, options.tree or here), strict=True)
    ]
    for each in workers:
        _round(each, options.cycles)
    found = [[_round(each, options.cycles) for each in workers] for _ in range(options.rounds)]
    for each in workers:
        each.kill()
    for step in found[0][0]:
        first, second = ([each[place][step] for each in found] for place in (0, 1))
        ratio = statistics.median(b / a for a, b in zip(first, second, strict=True))
        print(f"{step:12} {statistics.median(first):8.0f} µs {statistics.median(second):8.0f} µs  ratio {ratio:.2f}")


def _worker(address: str, tree: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.past", "--work"],
        cwd=tree,
        env={**os.environ, "DATABASE_URL": address},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _round(worker: subprocess.Popen[str], cycles: int) -> dict[str, float]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{cycles}\n")
    worker.stdin.flush()
    figures: dict[str, float] = json.loads(worker.stdout.readline())
    return figures


def _work() -> None:
    """Do as many cycles as each line of the input says, and print what each step took on average, in microseconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    django.setup()
    from django.conf import settings

    # One pair calls again and again.
    settings.CALLINVITE = {**settings.CALLINVITE, "sends_per_minute": 0, "pushes_per_minute": 10**6}
    people = _people()
    for line in sys.stdin:
        clock = _Clock()
        for number in range(int(line)):
            caller, invitee = people[2 * number % len(people)], people[(2 * number + 1) % len(people)]
            _cycle(clock, caller, invitee)
        print(json.dumps({step: 1e6 * sum(taken) / len(taken) for step, taken in clock.taken.items()}), flush=True)


def _people() -> list[Any]:
    """Pairs of people, each of whom has a phone with a push address."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from benchmarks.accounts import make
    from invitations import calls
    from invitations.push import devices
    from invitations.transports import Address

    names = [name for name, _ in make(2 * PAIRS, prefix=f"now{int(time.time())}-")]
    users = get_user_model()
    keys = dict(users._default_manager.filter(username__in=names).values_list("username", "pk"))
    people = [calls.Actor(keys[name], name, "phone", device_label="Bench") for name in names]
    # The point and secret of RFC 8291's appendix A.
    point = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    for each in people:
        now = timezone.now()
        phone = devices.describe(each.user_id, "mobile", label="Mobile", kind="android", now=now)
        address = Address("webpush", f"https://fcm.googleapis.com/{each.username}", point, "BTBZMqHH6r4Tts7J_aSIgg")
        devices.set_address(phone, address, origin="https://calls.example.org", credential=each.username, now=now)
    return people


class _Clock:
    """Processor time by step, of this process and of its connection's process."""

    def __init__(self) -> None:
        from django.db import connection

        self.taken: dict[str, list[float]] = defaultdict(list)
        self._server: psutil.Process | None = None
        if connection.vendor == "postgresql":
            connection.ensure_connection()
            self._server = psutil.Process(connection.connection.info.backend_pid)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what is done meanwhile."""
        before = self._now()
        yield
        self.taken[name].append(self._now() - before)

    def _now(self) -> float:
        if self._server is None:
            return time.process_time()
        # To the nanosecond, where psutil tells hundredths of a second.
        on_core = Path(f"/proc/{self._server.pid}/schedstat").read_text().split()[0]
        return time.process_time() + int(on_core) / 1e9


def _cycle(clock: _Clock, caller: Any, invitee: Any) -> None:
    from django.utils import timezone

    from invitations import calls
    from invitations.models import Call

    def timed(step: str, act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with clock.step(step):
            return act(*args, now=timezone.now(), **kwargs)

    def read_history(now: Any) -> None:
        list(Call.objects.involving(caller.user_id)[:25])

    sent = timed("send", calls.send, by=caller, invitees=[invitee.username], is_video_call=True)
    call_id = sent.sheet.call.call_id
    timed("post", _post)
    timed("accept", calls.accept, call_id, by=invitee)
    timed("post", _post)
    timed("end", calls.end, call_id, by=caller)
    timed("timeline", calls.timeline, call_id, viewer_id=caller.user_id)
    timed("history", read_history)


def _post(now: Any) -> None:
    """What the dispatcher does about one message, apart from sending it."""
    from invitations.calls.transaction import write
    from invitations.models import DeliveryState
    from invitations.push import deliveries

    deliveries.next_moment(now)
    with write():
        taken = deliveries.claim(now=now, size=50)
    with write():
        deliveries.settle(
            deliveries.Outcome(each, DeliveryState.SENT, 201, "", "fcm.googleapis.com", now) for each in taken
        )


if __name__ == "__main__":
    main()
