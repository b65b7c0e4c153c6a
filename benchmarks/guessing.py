"""Whether guessing gets anybody anywhere: `python -m benchmarks.guessing [--seconds 60] [--only "sign-in page"]`.

A thousand tries a minute come from a hundred addresses to one door of a fresh `manage.py serve` with its default
limits, pinned to one core. Half of the tries are for one person's name, half for ever new ones. Meanwhile that person
signs in every five seconds on a browser on which they did so before, and a bystander makes small requests.

The table gives how many tries were looked at, the most from one address and for one name (the limits: 10 a minute), how
many of the owner's sign-ins succeeded, and the bystander's p95 in the quiet and meanwhile with their ratio. The goals:
no try beyond the limits, every sign-in of the owner, and a ratio below 2."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.abuse import Scene, _bystander
from benchmarks.push import Service
from benchmarks.servers import CLIENT_CORES, Product, Server, _prepare, environment, process, run
from tests.support.server import free_port

TRIES_PER_MINUTE, ADDRESSES, OWNER_SECONDS, QUIET_SECONDS = 1000, 100, 5.0, 5.0
OWNER, PASSWORD = "alice", "right-horse-battery-9"
CSRF = "a" * 32
FORM = "application/x-www-form-urlencoded"


class Answer(NamedTuple):
    """What came back: the status, and the cookies that were set."""

    status: int
    cookies: str


@dataclass
class Door:
    """A place where something can be guessed.

    Args:
        path: its address.
        body: what is sent there for a name.
        looked_at: the statuses by which it is seen that a try was looked at.
        kind: the media type of the body.
        has_names: whether it is one person's that is guessed.
    """

    path: str
    body: Callable[[str], str]
    looked_at: tuple[int, ...] = (200,)
    kind: str = FORM
    has_names: bool = True


@dataclass
class Row:
    """What came of the tries at one door."""

    tries: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    by_address: Counter[str] = field(default_factory=Counter)
    by_name: Counter[str] = field(default_factory=Counter)
    owner_tried: int = 0
    owner_in: int = 0
    quiet_ms: float = 0
    ms: float = 0


def _form(**fields: str) -> str:
    return urlencode({"csrfmiddlewaretoken": CSRF, **fields})


DOORS = {
    "sign-in page": Door("/sign-in/", lambda name: _form(username=name, password="wrong")),
    "Django admin": Door("/admin/login/", lambda name: _form(username=name, password="wrong")),
    "auth/token": Door(
        "/api/v1/auth/token",
        lambda name: f'{{"username": "{name}", "password": "wrong", "device_name": "x"}}',
        (401,),
        "application/json",
    ),
    "pairing code": Door(
        "/api/v1/auth/token",
        lambda name: '{"pairing_code": "ABCD2345", "device_name": "x"}',
        (401,),
        "application/json",
    ),
    "sign-up": Door(
        "/sign-up/",
        lambda name: _form(username=name, password1="wrong", password2="wrong-too", display_name=""),
        has_names=False,
    ),
    "forgotten password": Door("/password/", lambda name: _form(email=f"{name}@example.org"), (302,)),
}


async def attack(port: int, door: Door, seconds: float) -> Row:
    """Try for so long."""
    row, since, number = Row(), perf_counter(), 0
    running: set[asyncio.Task[None]] = set()
    while perf_counter() - since < seconds:
        number += 1
        task = asyncio.create_task(_try(port, door, row, number))
        running.add(task)
        task.add_done_callback(running.discard)
        await asyncio.sleep(max(0.0, since + number * 60 / TRIES_PER_MINUTE - perf_counter()))
    await asyncio.gather(*running)
    return row


async def _try(port: int, door: Door, row: Row, number: int) -> None:
    name = OWNER if number % 2 else f"nobody-{number}"
    address = f"127.0.1.{1 + number // 2 % ADDRESSES}"
    row.tries += 1
    answer = await _post(port, door.path, door.body(name), door.kind, address)
    row.statuses[answer.status] += 1
    if answer.status in door.looked_at:
        row.by_address[address] += 1
        row.by_name[name] += door.has_names


async def owner(port: int, row: Row, cookies: str, until: asyncio.Task[Row]) -> None:
    """Sign in again and again on a browser that is known."""
    while not until.done():
        answer = await _sign_in(port, cookies)
        row.owner_tried += 1
        row.owner_in += answer.status == 302
        await asyncio.wait([until], timeout=OWNER_SECONDS)


async def _sign_in(port: int, cookies: str = "") -> Answer:
    return await _post(port, "/sign-in/", _form(username=OWNER, password=PASSWORD), FORM, "127.0.0.1", cookies)


async def _post(port: int, path: str, body: str, kind: str, address: str, cookies: str = "") -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    writer.write(
        (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"Cookie: csrftoken={CSRF}{cookies}\r\nAccept: */*\r\nConnection: close\r\n\r\n{body}"
        ).encode()
    )
    said = (await reader.read()).partition(b"\r\n\r\n")[0].decode("latin-1")
    writer.close()
    status, *headers = said.split("\r\n")
    set_cookies = [
        each.partition(":")[2].partition(";")[0] for each in headers if each.lower().startswith("set-cookie")
    ]
    kept = [each.strip() for each in set_cookies if "callinvite_known" in each]
    return Answer(int(status.split()[1]) if status else 0, "".join(f"; {each}" for each in kept))


async def measure(scene: Scene, door: Door, seconds: float) -> Row:
    """One door, with the owner and the bystander."""
    known = await _sign_in(scene.port)
    assert known.status == 302, known
    quiet = await _bystander(scene, asyncio.create_task(asyncio.sleep(QUIET_SECONDS)))
    running = asyncio.create_task(attack(scene.port, door, seconds))
    meanwhile = Row()
    owning = asyncio.create_task(owner(scene.port, meanwhile, known.cookies, running))
    during = await _bystander(scene, running)
    await owning
    row = await running
    row.owner_tried, row.owner_in = meanwhile.owner_tried, meanwhile.owner_in
    row.quiet_ms, row.ms = quiet, during
    return row


def main() -> None:
    """Try every door and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long each door is tried (default: 60)")
    parser.add_argument("--only", choices=list(DOORS), action="append", help="only this door; may be repeated")
    asked = parser.parse_args()
    os.sched_setaffinity(0, CLIENT_CORES)
    print(f"{'door':20} {'tries':>5} {'looked at':>9} {'per address':>11} {'per name':>8} {'owner':>7} {'quiet':>7} "
          f"{'p95':>7} {'ratio':>5}  answers")  # fmt: skip
    for name, door in DOORS.items():
        if not asked.only or name in asked.only:
            print(_line(name, _one(door, asked.seconds)), flush=True)


def _one(door: Door, seconds: float) -> Row:
    with tempfile.TemporaryDirectory(prefix="callinvite-guessing-") as folder:
        data = Path(folder) / "data"
        env = environment(CALLINVITE_DATA_DIR=str(data), CALLINVITE_SIGNUP="open", EMAIL_URL="consolemail://")
        tokens, port = _prepare(env, 1, None), free_port()
        run(["manage.py", "make_demo_users", "--password", PASSWORD], env)
        service = Service(Path(folder))
        try:
            with process(["manage.py", "serve", "--port", str(port)], env, Path(folder) / "log", port=port) as child:
                scene = Scene(Product(Server(port, [child]), tokens), seconds, service)
                return asyncio.run(measure(scene, door, seconds))
        finally:
            service.close()


def _line(name: str, row: Row) -> str:
    most_address = max(row.by_address.values(), default=0)
    return (
        f"{name:20} {row.tries:5} {sum(row.by_address.values()):9} {most_address:11} {row.by_name[OWNER]:8} "
        f"{f'{row.owner_in}/{row.owner_tried}':>7} {row.quiet_ms:4.1f} ms {row.ms:4.1f} ms "
        f"{row.ms / row.quiet_ms:5.2f}  {dict(row.statuses)}"
    )


if __name__ == "__main__":
    main()
