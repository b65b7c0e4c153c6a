"""A storm on PostgreSQL: calls by REST while web processes, dispatchers and a hook's receiver are killed at random.

Afterwards the log of the calls, which the verbs write for themselves, is held against what the receiver wrote down."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from tests.support import services
from tests.support.push_tls import Authority
from tests.support.server import ROOT, RunningServer, free_port

LIMIT_SECONDS = 60.0
PAIRS = 100
MAKE_PEOPLE = """
from invitations.models import User
User.objects.bulk_create(User(username=f"{who}{n}") for n in range(%d) for who in ("caller", "callee"))
"""
PENDING = "SELECT count(*) FROM invitations_hookmessage WHERE state = 'pending'"
TIME_PASSES = "UPDATE invitations_hookmessage SET due_at = now() WHERE state = 'pending'"
LOG = """
SELECT c.call_id, array_agg(e.kind ORDER BY e.revision) FROM invitations_callevent e
  JOIN invitations_call c ON c.id = e.call_id GROUP BY c.call_id
"""
GIVEN_UP = "SELECT count(*) FROM invitations_hookmessage WHERE state = 'given_up'"
ENDED = "SELECT count(*) FROM invitations_call WHERE state = 'ended'"


class Program:
    """A process that can be killed and started again."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.command, self.env = command, env
        self.kills = 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up, as after a power cut."""
        self.process.kill()
        self.process.wait(LIMIT_SECONDS)
        self.kills += 1


@dataclass
class Findings:
    """What became of a storm.

    Args:
        calls: how many were made.
        ended: how many ended.
        messages: different ones that arrived.
        arrivals: all tries that arrived.
        kills: of each kind of process.
        drained_seconds: how long after the storm everything had arrived.
        faults: what is wrong, in words; none if nothing is.
    """

    calls: int = 0
    ended: int = 0
    messages: int = 0
    arrivals: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    drained_seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


class Storm:
    """The product with two web processes and two dispatchers, and one hook that is told everything."""

    def __init__(self, folder: Path, server: RunningServer, seed: int) -> None:
        self.product = server
        self.book = folder / "book"
        self.random = random.Random(seed)
        self.ports = [free_port(), free_port()]
        authority = Authority(folder)
        authority.context("127.0.0.1")
        self.receiver_port = free_port()
        server.env |= {"SSL_CERT_FILE": str(authority.ca_file), "CALLINVITE_HOOK_NETWORKS": "127.0.0.1"}
        server.prepare()
        server.manage("shell", "-v", "0", "-c", MAKE_PEOPLE % PAIRS)
        self.headers = self._service("clinic", "calls", "hooks")
        # A service may make 3,000 requests a minute, which 20 calls a second exceed: two share them.
        self.desks = [self.headers, self._service("reception", "calls")]
        serve = ["-m", "daphne", "-v", "0", "-b", "127.0.0.1", "callinvite.asgi:application", "-p"]
        self.web = [Program([*serve, str(each)], server.env) for each in self.ports]
        until(self._answers)
        asyncio.run(self._add_hook())
        self.dispatchers = [Program(["manage.py", "dispatch"], server.env) for _ in range(2)]
        receive = ["-m", "tests.support.hook_receiver", "--port", str(self.receiver_port), "--book", str(self.book)]
        pair = ["--certificate", str(folder / "server.pem"), "--secret", self.secret]
        self.receiver = Program([*receive, *pair], server.env)

    def _service(self, name: str, *scopes: str) -> dict[str, str]:
        """Make a service; returns the header that its requests have."""
        made = self.product.manage("make_service", name, *(part for each in scopes for part in ("--scope", each)))
        found = re.search(r"svc_\S+", made)
        assert found, made
        return {"Authorization": f"Bearer {found[0]}"}

    def close(self) -> None:
        for each in (*self.web, *self.dispatchers, self.receiver):
            each.kill()

    def rage(self, *, seconds: float, calls_per_second: float, kill_every: float, waits: bool) -> Findings:
        """Make calls and kill processes, wait until all is told, and compare.

        Args:
            seconds: for how long.
            calls_per_second: how many calls begin each second.
            kill_every: how many seconds there are between two kills, on average.
            waits: for what is retried and for leases, as they are; otherwise time is said to have passed.
        """
        found = Findings()
        found.calls = asyncio.run(self._storm(seconds, calls_per_second, kill_every))
        found.kills = {
            "web": sum(each.kills for each in self.web),
            "dispatchers": sum(each.kills for each in self.dispatchers),
            "receiver": self.receiver.kills,
        }
        began = time.monotonic()
        self._drain(waits)
        found.drained_seconds = time.monotonic() - began
        self._compare(found)
        return found

    async def _add_hook(self) -> None:
        async with aiohttp.ClientSession(headers=self.headers) as http:
            body = {"url": f"https://127.0.0.1:{self.receiver_port}/hooks"}
            async with http.post(f"http://127.0.0.1:{self.ports[0]}/api/v1/hooks", json=body) as answer:
                assert answer.status == 201, await answer.text()
                self.secret = (await answer.json())["secret"]

    async def _storm(self, seconds: float, rate: float, kill_every: float) -> int:
        free: asyncio.Queue[int] = asyncio.Queue()
        for each in range(PAIRS):
            free.put_nowait(each)
        stop_at = time.monotonic() + seconds
        killer = asyncio.create_task(self._kill(stop_at, kill_every))
        timeout = aiohttp.ClientTimeout(total=5)
        going: set[asyncio.Task[None]] = set()
        count = 0
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while time.monotonic() < stop_at:
                pair = await free.get()
                going.add(task := asyncio.create_task(self._call(http, pair, count, free)))
                task.add_done_callback(going.discard)
                count += 1
                await asyncio.sleep(1 / rate)
            await killer
            await asyncio.gather(*going)
        return count

    async def _call(self, http: aiohttp.ClientSession, pair: int, number: int, free: asyncio.Queue[int]) -> None:
        """One call, each verb repeated until it has an answer: all of them are safe to repeat."""
        caller, callee, call_id = f"caller{pair}", f"callee{pair}", f"storm-{number}"
        desk = self.desks[number % len(self.desks)]
        send = {"as_user": caller, "invitees": [callee], "is_video_call": True, "call_id": call_id}
        await self._ask(http, "calls", send, desk | {"Idempotency-Key": call_id})
        if number % 5:
            await self._ask(http, f"calls/{call_id}/accept", {"as_user": callee}, desk)
        else:
            await self._ask(http, f"calls/{call_id}/reject", {"as_user": callee}, desk)
        await self._ask(http, f"calls/{call_id}/end", {"as_user": caller}, desk)
        free.put_nowait(pair)

    async def _ask(self, http: aiohttp.ClientSession, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
        for turn in itertools.count(self.random.randrange(2)):
            url = f"http://127.0.0.1:{self.ports[turn % 2]}/api/v1/{path}"
            try:
                async with http.post(url, json=body, headers=headers) as answer:
                    if answer.status < 500:
                        # An end that a rejection has brought about already is as good.
                        assert answer.status < 300 or answer.status == 410, await answer.text()
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.05)

    async def _kill(self, stop_at: float, every: float) -> None:
        """Kill all of them in turns, each time in another order; no web process while the other one still starts."""
        loop = asyncio.get_running_loop()
        turn: list[Program] = []
        while time.monotonic() < stop_at:
            await asyncio.sleep(self.random.uniform(0.5, 1.5) * every)
            turn = turn or self.random.sample([*self.web, *self.dispatchers, self.receiver], 5)
            can_do_without_web = await loop.run_in_executor(None, self._answers)
            victim = next((each for each in turn if can_do_without_web or each not in self.web), None)
            if victim is None:
                continue
            turn.remove(victim)
            await loop.run_in_executor(None, victim.kill)
            await asyncio.sleep(self.random.uniform(0, 0.5))
            victim.start()

    def _answers(self) -> bool:
        return all(_is_open(each) for each in self.ports)

    def _drain(self, waits: bool) -> None:
        with self._database() as database:
            if waits:
                # Long enough for a message that met a dead receiver three times, and for a lease.
                until(lambda: not _value(database, PENDING), 240)
                return
            for each in self.dispatchers:
                each.kill()
            database.execute(TIME_PASSES)
            self.dispatchers[0].start()
            until(lambda: bool(database.execute(TIME_PASSES)) and not _value(database, PENDING))

    def _compare(self, found: Findings) -> None:
        arrived = [json.loads(line) for line in self.book.read_text().splitlines()]
        told = [each for each in arrived if not each["fault"] and each["revision"] is not None]
        found.faults += [f"not verified: {each['fault']}" for each in arrived if each["fault"]]
        found.arrivals, found.messages = len(told), len({each["id"] for each in told})
        with self._database() as database:
            log: dict[str, list[str]] = dict(database.execute(LOG).fetchall())
            found.ended = _value(database, ENDED)
            if given_up := _value(database, GIVEN_UP):
                found.faults.append(f"{given_up} messages were given up")
        if found.ended != found.calls or len(log) != found.calls:
            found.faults.append(f"{found.calls} calls were made, {len(log)} are there, {found.ended} have ended")
        first: dict[str, list[dict[str, Any]]] = {}
        seen: set[str] = set()
        for each in told:
            if each["id"] not in seen and each["type"] != "user.missed":
                first.setdefault(each["call_id"], []).append(each)
            seen.add(each["id"])
        for call_id, kinds in log.items():
            found.faults += _faults(call_id, kinds, first.pop(call_id, []))
        found.faults += [f"{call_id} was invented" for call_id in first]

    @contextmanager
    def _database(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.product.env["DATABASE_URL"], autocommit=True) as database:
            yield database


def _faults(call_id: str, kinds: list[str], told: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with what was told of one call: its messages, one after the other, must be its log."""
    revisions = [each["revision"] for each in told]
    if revisions != sorted(revisions):
        yield f"{call_id}: out of order: {revisions}"
    covered = 0
    for each in sorted(told, key=lambda each: each["revision"]):
        part = kinds[covered : each["revision"]]
        covered = each["revision"]
        if Counter(part) != Counter(each["events"]):
            yield f"{call_id}: at revision {covered} the log has {part}, and was told {each['events']}"
    if covered != len(kinds):
        yield f"{call_id}: {kinds[covered:]} was never told"


@contextmanager
def storm(folder: Path, postgres_server: str, *, seed: int) -> Iterator[Storm]:
    """The product on a fresh database, and Redis.

    Raises:
        services.Missing: there is no Redis.
    """
    with ExitStack() as stack:
        env = {
            "DATABASE_URL": stack.enter_context(services.fresh_database(postgres_server)),
            "REDIS_URL": stack.enter_context(services.own_redis()),
            "CALLINVITE_PROCESSES": "2",
        }
        made = Storm(folder, RunningServer(folder / "data", env=env), seed)
        stack.callback(made.close)
        yield made


def until(is_so: Callable[[], bool], seconds: float = LIMIT_SECONDS) -> None:
    """Wait until it is so.

    Raises:
        TimeoutError: that took too long.
    """
    limit = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > limit:
            raise TimeoutError
        time.sleep(0.1)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _value(database: psycopg.Connection[Any], question: str) -> int:
    [(value,)] = database.execute(question).fetchall()
    return int(value)
