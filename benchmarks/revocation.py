"""How soon somebody is out whose credential was taken back: `python -m benchmarks.revocation`.

Two web processes with PostgreSQL and Redis, under the load of pairs who ring each other. Each of a hundred clients acts
all the time: by REST at one process, and by a live socket at the other. Then its credential is taken back in one of the
ways that there are, and it is noted when its last act was accepted, counted from the answer to whoever took it back.

The goal: no act is accepted, and no socket open, one second after that answer."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import django

from benchmarks import servers, workload
from benchmarks.people import Person, ProductSocket
from benchmarks.servers import Product
from benchmarks.workload import percentile
from tests.support import services

GOAL_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
PAIRS = 16
AT_ONCE = 4
PAUSE_SECONDS = 0.005
"""How long a client waits between one act and the next."""
NOT_SIGNED_IN = 4401
HANDED_OUT = ("token", "session")


@dataclass
class Client:
    """Somebody who acts all the time.

    Args:
        name: of the person.
        headers: what proves who they are.
        device_id: on which device.
        by: `token` or `session`.
    """

    name: str
    headers: dict[str, str]
    device_id: str
    by: str
    accepted_at: dict[str, float] = field(default_factory=dict)
    """When the last act was accepted, by the way that it went."""
    refused_at: dict[str, float] = field(default_factory=dict)
    closed: int | None = None
    acts: int = 0

    async def last(self, http: aiohttp.ClientSession, rest: int, live: int, ready: asyncio.Event) -> None:
        """Act until everything is refused.

        Args:
            http: makes the connections.
            rest: the port of the process that is asked by REST.
            live: the port of the process with the socket.
            ready: set once both ways have been accepted.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._by_rest(http, rest, ready))
            group.create_task(self._by_socket(http, live, ready))

    async def _by_rest(self, http: aiohttp.ClientSession, port: int, ready: asyncio.Event) -> None:
        while "REST" not in self.refused_at:
            async with http.get(f"http://127.0.0.1:{port}/api/v1/me", headers=self.headers) as answer:
                await answer.read()
            self._note("REST", answer.status, ready)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _by_socket(self, http: aiohttp.ClientSession, port: int, ready: asyncio.Event) -> None:
        origin = f"http://127.0.0.1:{port}"
        headers = {**self.headers, "Origin": origin} if self.by == "session" else self.headers
        async with http.ws_connect(f"ws://127.0.0.1:{port}/ws/v1/live", headers=headers) as socket:
            await socket.send_json({"type": "hello", "device_id": self.device_id, "label": "Bench", "audible": True})
            asked = {"type": "request", "id": "1", "verb": "history_seen", "body": {}}
            async for message in socket:
                frame = message.json()
                if frame["type"] == "result":
                    self._note("socket", frame["status"], ready)
                    await asyncio.sleep(PAUSE_SECONDS)
                if frame["type"] in ("result", "snapshot"):
                    with suppress(ConnectionError):
                        await socket.send_json(asked)
            self.closed, self.refused_at["socket"] = socket.close_code, perf_counter()

    def _note(self, way: str, status: int, ready: asyncio.Event) -> None:
        if status == 200:
            self.acts += 1
            self.accepted_at[way] = perf_counter()
            if len(self.accepted_at) == 2:
                ready.set()
        else:
            self.refused_at[way] = perf_counter()


class Helper:
    """A third process of the product, which can do what no address of REST does: hand credentials out without
    passwords, change a password, disable an account.

    Args:
        env: of the product's processes.
    """

    def __init__(self, env: dict[str, str]) -> None:
        self._turn = asyncio.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.revocation", "--helper"],
            cwd=servers.ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def ask(self, act: str, *said: Any) -> Any:
        """Have something done; gives what came of it."""
        async with self._turn:
            return await asyncio.to_thread(self._ask, act, said)

    def _ask(self, act: str, said: tuple[Any, ...]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([act, *said]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(15)


@dataclass
class Scene:
    """What ways of taking back need: the server, somebody's other token, and the helper."""

    http: aiohttp.ClientSession
    port: int
    others: dict[str, str]
    helper: Helper

    async def rest(self, client: Client, method: str, path: str) -> Any:
        """Ask as the same person with another token; gives the body of a list."""
        headers = {"Authorization": f"Bearer {self.others[client.name]}"}
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        async with self.http.request(method, address, headers=headers, json={}) as answer:
            if answer.status not in (200, 204):
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json() if answer.status == 200 else None


async def by_its_id(scene: Scene, client: Client) -> None:
    """One token is ended from the list of tokens."""
    listed = (await scene.rest(client, "GET", "auth/tokens"))["results"]
    (wanted,) = (each["id"] for each in listed if each["device_id"] == client.device_id)
    await scene.rest(client, "DELETE", f"auth/tokens/{wanted}")


async def with_its_device(scene: Scene, client: Client) -> None:
    """A lost device is removed."""
    await scene.rest(client, "DELETE", f"devices/{client.device_id}")


async def everywhere(scene: Scene, client: Client) -> None:
    """Somebody signs out everywhere else."""
    await scene.rest(client, "POST", "auth/sign-out-everywhere")


async def by_a_new_password(scene: Scene, client: Client) -> None:
    """Somebody gets another password."""
    await scene.helper.ask("password", client.name)


async def with_the_account(scene: Scene, client: Client) -> None:
    """An account is disabled."""
    await scene.helper.ask("disable", client.name)


Way = Callable[[Scene, Client], Awaitable[None]]
WAYS: tuple[tuple[Way, str], ...] = (
    (by_its_id, "token"),
    (with_its_device, "token"),
    (with_its_device, "session"),
    (everywhere, "token"),
    (everywhere, "session"),
    (by_a_new_password, "token"),
    (by_a_new_password, "session"),
    (with_the_account, "token"),
    (with_the_account, "session"),
)


@dataclass
class Late:
    """What one revocation measured: seconds from its answer to the last accepted act of each way and to the socket's
    close; below 0 what was before the answer."""

    rest: float
    socket: float
    close: float
    code: int | None


async def measured(scene: Scene, client: Client, ports: tuple[int, int], way: Way) -> Late:
    """Take one client's credential back while it acts."""
    ready = asyncio.Event()
    acting = asyncio.ensure_future(client.last(scene.http, *ports, ready))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait([acting, waiting], timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if not ready.is_set():
        acting.cancel()
        raise RuntimeError(f"{client.name} could not act: {client}")
    await way(scene, client)
    answered_at = perf_counter()
    with suppress(TimeoutError):
        await asyncio.wait_for(acting, PATIENCE_SECONDS)
    at = client.accepted_at
    closed_at = client.refused_at.get("socket", perf_counter())
    return Late(at["REST"] - answered_at, at["socket"] - answered_at, closed_at - answered_at, client.closed)


async def run(product: Product, helper: Helper, revocations: int) -> dict[str, list[Late]]:
    """All revocations, some at once, while pairs ring each other."""
    victims = [name for name, _ in product.tokens[2 * PAIRS :]][:revocations]
    others = dict(product.tokens)
    kinds = [WAYS[number % len(WAYS)] for number in range(len(victims))]
    handed = await helper.ask("hand out", [[name, by] for name, (_, by) in zip(victims, kinds, strict=True)])
    people = [Person(*each) for each in product.tokens[: 2 * PAIRS]]
    face = ProductSocket(*product.server.ports)
    await workload.connect(face, people)
    pairs = list(zip(people[::2], people[1::2], strict=True))
    load = asyncio.ensure_future(_ring(product, face, pairs))
    found: dict[str, list[Late]] = {}
    first, second = product.server.ports
    turns, slots = count(), asyncio.Semaphore(AT_ONCE)

    async def one(name: str, way: Way, by: str, headers: dict[str, str]) -> None:
        async with slots:
            ports = (first, second) if next(turns) % 2 else (second, first)
            # Asked of the process that has not got the socket.
            scene = Scene(http, ports[0], others, helper)
            late = await measured(scene, Client(name, headers, f"lost-{name}", by), ports, way)
            found.setdefault(f"{(way.__doc__ or '').strip('.')}, a {by}", []).append(late)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        every = zip(victims, kinds, handed, strict=True)
        await asyncio.gather(*(one(name, way, by, headers) for name, (way, by), headers in every))
    load.cancel()
    with suppress(asyncio.CancelledError):
        await load
    workload.disconnect(people)
    return found


async def _ring(product: Product, face: ProductSocket, pairs: list[workload.Pair]) -> None:
    while True:
        window = await workload.over_and_over(product.server, face, pairs, 2.0)
        print(f"  meanwhile {window.rate:.0f} calls a second, ring p50 {window.ring_ms(50):.0f} ms", flush=True)


def say(found: dict[str, list[Late]]) -> bool:
    """Print the figures. Returns whether the goal was reached."""
    print("\nSeconds from the answer to the last accepted act of the client, and to its socket's close:\n")
    print("| taken back | times | REST, latest | socket, latest | socket closed, p50 | latest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, lates in [*sorted(found.items()), ("all", [each for some in found.values() for each in some])]:
        rest, socket, close = ([getattr(each, of) for each in lates] for of in ("rest", "socket", "close"))
        figures = (max(rest), max(socket), percentile(close, 50), max(close))
        print(f"| {name} | {len(lates)} | " + " | ".join(f"{each:.3f}" for each in figures) + " |")
    every = [each for some in found.values() for each in some]
    worst = max(max(each.rest, each.socket, each.close) for each in every)
    codes = {each.code for each in every}
    print(f"\nThe latest: {worst:.3f} s after the answer (goal: {GOAL_SECONDS:.0f} s). Close codes: {codes}")
    return worst <= GOAL_SECONDS and codes == {NOT_SIGNED_IN}


def help_out() -> None:
    """What the helper does: one act for each line."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from invitations.credentials.app_tokens import issue_token

    logging.disable(logging.INFO)
    users = get_user_model().objects

    def hand_out(wanted: list[list[str]]) -> list[dict[str, str]]:
        return [_headers(users.get(username=name), by) for name, by in wanted]

    def _headers(user: Any, by: str) -> dict[str, str]:
        if by == "token":
            token, _ = issue_token(user, "Bench", timezone.now(), f"lost-{user.username}")
            return {"Authorization": f"Bearer {token}"}
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}

    def password(name: str) -> None:
        user = users.get(username=name)
        user.set_password("another one")
        user.save()

    def disable(name: str) -> None:
        user = users.get(username=name)
        user.is_active = False
        user.save()

    acts: dict[str, Callable[..., Any]] = {"hand out": hand_out, "password": password, "disable": disable}
    for line in sys.stdin:
        act, *said = json.loads(line)
        print(json.dumps(acts[act](*said)), flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and fail where the goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.revocation", description=__doc__)
    parser.add_argument("--revocations", type=int, default=100, help="how many")
    parser.add_argument("--port", type=int, default=8450, help="first of two ports that may be used")
    parser.add_argument("--helper", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.helper:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
        django.setup()
        help_out()
        return
    for given in (services.POSTGRES_URL, services.REDIS_URL, "DATABASE_URL", "REDIS_URL"):
        os.environ.pop(given, None)
    with tempfile.TemporaryDirectory(prefix="bench-revocation-") as folder:
        people = 2 * PAIRS + options.revocations
        with servers.production(Path(folder), options.port, people, web_processes=2) as product:
            helper = Helper(product.env)
            try:
                found = asyncio.run(run(product, helper, options.revocations))
            finally:
                helper.close()
    sys.exit(not say(found))


if __name__ == "__main__":
    main()
