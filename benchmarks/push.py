"""Push deliveries per second: `python -m benchmarks.push [--deliveries 1000] [--rounds 3] [--json FILE]`.

The verbs plan rings in a fresh SQLite database (synchronous=FULL); then `manage.py dispatch`, pinned to one core, sends
them all to a TLS push service on another core. The floor, in the same run and on the same core, is a bare
`WebPusher.send_async` loop with one session and a cached token, and without a database. Time is measured from the
moment at which a sender says that it begins to the last arrival, TLS handshakes included. Each device is rung `--rings`
times, and these must arrive in order."""

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
from io import StringIO
from pathlib import Path
from typing import Any

from benchmarks.senders import LIMIT_SECONDS, Service, Window, begun, dispatcher, environment_of, pinned, print_table
from benchmarks.servers import CLIENT_CORES, SERVER_CORES

PY = sys.executable


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=1000, help="messages a round (default: 1000)")
    parser.add_argument("--rings", type=int, default=2, help="rings to each device (default: 2)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each sender, in turns (default: 3)")
    parser.add_argument("--in-flight", type=int, default=256, help="messages on their way at once, for the floor")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    asked = parser.parse_args()
    os.sched_setaffinity(0, CLIENT_CORES)
    with tempfile.TemporaryDirectory(prefix="callinvite-push-bench-") as name:
        figures = measure(Path(name), asked)
    print_table(figures, "deliveries", "ring")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))
    if not all(each["in_order"] for each in figures["product"]):
        sys.exit("Rings to one device arrived out of order.")


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The windows of both senders, which take turns."""
    service = Service(folder)
    try:
        environment = environment_of(folder, service) | {"CALLINVITE_PUSH_HOSTS": service.origin}
        os.environ.update(environment)
        orders = _prepared(asked.deliveries, asked.rings, service.origin)
        topics = _write_orders(folder / "orders", orders)
        database = folder / "data" / "callinvite.sqlite3"
        shutil.copy(database, folder / "planned.sqlite3")
        figures: dict[str, list[dict[str, Any]]] = {"floor": [], "product": []}
        for _ in range(asked.rounds):
            floor = _floor(service, folder / "orders", asked, topics)
            figures["floor"].append({**asdict(floor), "rate": floor.rate})
            for each in database.parent.glob("callinvite.sqlite3*"):
                each.unlink()
            shutil.copy(folder / "planned.sqlite3", database)
            product = _product(service, environment, asked.deliveries, topics)
            figures["product"].append({**asdict(product), "rate": product.rate})
        return figures
    finally:
        service.close()


def _prepared(deliveries: int, rings: int, origin: str) -> list[dict[str, Any]]:
    """Plan everything with the verbs; return what the floor is to send, in the same order."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.push_people import plan

    call_command("migrate", verbosity=0)
    call_command("make_vapid_keys", "--write", stdout=StringIO())
    try:
        return plan(deliveries, rings, origin)
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections.close_all()


def _write_orders(file: Path, orders: list[dict[str, Any]]) -> dict[str, list[str]]:
    file.write_text("\n".join(json.dumps(each) for each in orders))
    topics: dict[str, list[str]] = {}
    for each in orders:
        path = "/" + each["subscription"]["endpoint"].split("/", 3)[3]
        topics.setdefault(path, []).append(each["topic"])
    return topics


def _floor(service: Service, orders: Path, asked: argparse.Namespace, topics: dict[str, list[str]]) -> Window:
    service.forget()
    command = [PY, "-m", "benchmarks.floors.bare_push", str(orders), service.origin, str(asked.in_flight)]
    process = pinned(command, SERVER_CORES, dict(os.environ), stdout=subprocess.PIPE)
    began_at = begun(process)
    printed, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, "the floor failed"
    return _window(service, began_at, float(printed), asked.deliveries, topics)


def _product(service: Service, environment: dict[str, str], deliveries: int, topics: dict[str, list[str]]) -> Window:
    service.forget()
    with dispatcher(environment) as (process, began_at):
        before = sum(process.cpu_times()[:2])
        until = time.monotonic() + LIMIT_SECONDS
        while len(service.arrived()) < deliveries:
            assert time.monotonic() < until, f"only {len(service.arrived())} arrived"
            time.sleep(0.25)
        cpu_seconds = sum(process.cpu_times()[:2]) - before
    return _window(service, began_at, cpu_seconds, deliveries, topics)


def _window(
    service: Service, began_at: float, cpu_seconds: float, deliveries: int, topics: dict[str, list[str]]
) -> Window:
    arrived = service.arrived()
    moments = [at for _, _, at in arrived]
    order: dict[str, list[str]] = {}
    for path, topic, _ in arrived:
        order.setdefault(path, []).append(topic)
    assert len(arrived) == deliveries, f"{len(arrived)} arrived"
    # All processes of a machine share one clock.
    seconds = max(moments) - began_at
    return Window(len(arrived), seconds, 1000 * cpu_seconds / len(arrived), order == topics)


if __name__ == "__main__":
    main()
