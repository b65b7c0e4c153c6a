"""Messages to a hook per second: `python -m benchmarks.hooks [--calls 400] [--rounds 3] [--json FILE]`.

The verbs plan them in a fresh SQLite database (synchronous=FULL): each call is sent, accepted, connected and ended.
Then `manage.py dispatch`, pinned to one core, sends them all to a TLS receiver on another core. The floor, in the same
run and on the same core, is a bare aiohttp loop that signs and posts the same bodies, each call in order, without a
database. Time is measured from the moment at which a sender says that it begins to the last arrival."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.senders import (
    LIMIT_SECONDS,
    PY,
    Service,
    Window,
    begun,
    dispatcher,
    environment_of,
    pinned,
    print_table,
)
from benchmarks.servers import CLIENT_CORES, SERVER_CORES


class Planned(NamedTuple):
    """What is to be sent: the hook's secret, and the messages in the order of their calls."""

    secret: str
    orders: list[dict[str, str]]


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=400, help="calls a round, of four messages each (default: 400)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each sender, in turns (default: 3)")
    parser.add_argument("--in-flight", type=int, default=64, help="messages on their way at once, for the floor")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    asked = parser.parse_args()
    os.sched_setaffinity(0, CLIENT_CORES)
    with tempfile.TemporaryDirectory(prefix="callinvite-hook-bench-") as name:
        figures = measure(Path(name), asked)
    print_table(figures, "messages", "call")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))
    if not all(each["in_order"] for each in figures["product"]):
        sys.exit("Messages of one call arrived out of order.")


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The windows of both senders, which take turns."""
    service = Service(folder)
    try:
        environment = environment_of(folder, service) | {"CALLINVITE_HOOK_NETWORKS": "127.0.0.1"}
        os.environ.update(environment)
        planned = _planned(asked.calls, f"{service.origin}/hooks")
        orders = folder / "orders"
        orders.write_text("\n".join(json.dumps(each) for each in planned.orders))
        database = folder / "data" / "callinvite.sqlite3"
        shutil.copy(database, folder / "planned.sqlite3")
        figures: dict[str, list[dict[str, Any]]] = {"floor": [], "product": []}
        for _ in range(asked.rounds):
            floor = _floor(service, orders, planned, asked.in_flight)
            figures["floor"].append({**asdict(floor), "rate": floor.rate})
            for each in database.parent.glob("callinvite.sqlite3*"):
                each.unlink()
            shutil.copy(folder / "planned.sqlite3", database)
            product = _product(service, environment, planned)
            figures["product"].append({**asdict(product), "rate": product.rate})
        return figures
    finally:
        service.close()


def _planned(count: int, url: str) -> Planned:
    """Plan everything with the verbs."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from django.utils import timezone

    from invitations import calls
    from invitations.hooks import registering
    from invitations.models import HookKind, HookMessage, Service, User

    call_command("migrate", verbosity=0)
    now = timezone.now()
    alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
    clinic = Service.objects.create(name="clinic", scopes=["hooks"], created_at=now)
    made = registering.add(clinic.pk, url, HookKind.EVENTS, [], now=now)
    by_alice, by_bob = calls.Actor(alice.pk, "alice", "phone"), calls.Actor(bob.pk, "bob", "phone")
    for number in range(count):
        name = f"room-{number}"
        calls.send(by=by_alice, invitees=["bob"], is_video_call=True, call_id=name, now=now)
        calls.accept(name, by=by_bob, now=now)
        calls.connected(name, by=by_bob, now=now)
        calls.end(name, by=by_alice, now=now)
    found = HookMessage.objects.order_by("pk").values("message_id", "lane", "body")
    orders = [{"id": each["message_id"], "lane": each["lane"], "body": each["body"]} for each in found]
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    return Planned(made.secret, orders)


def _floor(service: Service, orders: Path, planned: Planned, in_flight: int) -> Window:
    service.forget()
    url = f"{service.origin}/hooks"
    command = [PY, "-m", "benchmarks.floors.bare_hooks", str(orders), url, planned.secret, str(in_flight)]
    process = pinned(command, SERVER_CORES, dict(os.environ), stdout=subprocess.PIPE)
    began_at = begun(process)
    printed, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, "the floor failed"
    return _window(service, began_at, float(printed), planned)


def _product(service: Service, environment: dict[str, str], planned: Planned) -> Window:
    service.forget()
    with dispatcher(environment) as (process, began_at):
        before = sum(process.cpu_times()[:2])
        until = time.monotonic() + LIMIT_SECONDS
        while len(service.arrived()) < len(planned.orders):
            assert time.monotonic() < until, f"only {len(service.arrived())} arrived"
            time.sleep(0.25)
        cpu_seconds = sum(process.cpu_times()[:2]) - before
    return _window(service, began_at, cpu_seconds, planned)


def _window(service: Service, began_at: float, cpu_seconds: float, planned: Planned) -> Window:
    arrived = service.arrived()
    assert len(arrived) == len(planned.orders), f"{len(arrived)} arrived"
    lane_of = {each["id"]: each["lane"] for each in planned.orders}
    owed: dict[str, list[str]] = {}
    for each in planned.orders:
        owed.setdefault(each["lane"], []).append(each["id"])
    came: dict[str, list[str]] = {}
    for _, message_id, _ in arrived:
        came.setdefault(lane_of[message_id], []).append(message_id)
    # All processes of a machine share one clock.
    seconds = max(at for *_, at in arrived) - began_at
    return Window(len(arrived), seconds, 1000 * cpu_seconds / len(arrived), came == owed)


if __name__ == "__main__":
    main()
