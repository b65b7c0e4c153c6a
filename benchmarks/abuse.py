"""What strangers and one misbehaving account can do to everybody else: `python -m benchmarks.abuse [--seconds 5]`.

Each attack runs against a fresh `manage.py serve` with its default limits, pinned to one core; the attackers have
another one. Meanwhile a bystander makes small requests. The table gives how much the server's memory grew at most, the
bystander's p95 in the quiet and under attack with their ratio, and what came of the attack itself.

The goals: less than 100 MB, less than 3 times the quiet p95, and at most 2 pushes of one call for each of 10
addresses."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.push import Service
from benchmarks.servers import CLIENT_CORES, Product, Server, _prepare, environment, process
from benchmarks.wire import ConnectionLost, Frame, Http, Socket
from tests.support.server import free_port

SOCKETS, HELLOS, BODY_BYTES, GUESSERS, SLOW, ADDRESSES = 150, 10_000, 400 * 1024 * 1024, 8, 90, 60
LIVE = "/ws/v1/live"
REST = "/api/v1/"
Attack = Callable[["Scene"], Coroutine[Any, Any, str]]


@dataclass
class Scene:
    """A running server, its people (first the attacker, last the bystander), and how long an attack lasts."""

    product: Product
    seconds: float
    service: Service

    @property
    def port(self) -> int:
        return self.product.server.port

    @property
    def attacker(self) -> tuple[str, str]:
        return self.product.tokens[0]

    @property
    def victim(self) -> tuple[str, str]:
        return self.product.tokens[1]

    def is_over(self, since: float) -> bool:
        return perf_counter() - since > self.seconds


@dataclass
class Row:
    """What one attack did.

    Args:
        name: the attack.
        growth_mb: how much the server's resident memory grew at most.
        quiet_ms: the bystander's p95 before.
        ms: the bystander's p95 during the attack.
        said: what came of the attack itself.
    """

    name: str
    growth_mb: float
    quiet_ms: float
    ms: float
    said: str

    @property
    def ratio(self) -> float:
        return self.ms / self.quiet_ms


async def sockets(scene: Scene) -> str:
    """One account opens far more sockets than people have."""
    opened: list[Socket] = []
    since = perf_counter()
    for number in range(SOCKETS):
        with suppress(ConnectionLost, OSError):
            opened.append(await _hello(scene, scene.attacker, f"device-{number}"))
    while not scene.is_over(since):
        await asyncio.sleep(0.1)
    codes = Counter(each.closed for each in opened)
    for each in opened:
        each.close()
    return f"{codes.pop(None, 0)} of {len(opened)} stay open, closed with {dict(codes)}"


async def hellos(scene: Scene) -> str:
    """One socket says hello as ever new devices."""
    codes: Counter[str] = Counter()
    socket = await _socket(
        scene, scene.attacker, lambda frame, at: codes.update([str(frame.get("code", frame["type"]))])
    )
    for number in range(HELLOS):
        if socket.closed is not None:
            break
        socket.send({"type": "hello", "device_id": f"device-{number}", "label": "x" * 64, "audible": False})
        if number % 100 == 0:
            await asyncio.sleep(0.01)
    await asyncio.sleep(scene.seconds / 2)
    socket.close()
    listed = await _get(scene, "devices?page_size=100", scene.attacker)
    return f"{number + 1} sent, answered {dict(codes)}, closed {socket.closed}; {len(listed['results'])} devices listed"


async def rings(scene: Scene) -> str:
    """One account rings another and cancels, as fast as it goes."""
    heard: Counter[str] = Counter()
    callee = await _hello(scene, scene.victim, "phone", lambda frame, at: heard.update([frame.get("event", "")]))
    answers: Counter[int] = Counter()
    http, since = Http(scene.port), perf_counter()
    while not scene.is_over(since):
        body = {"invitees": [scene.victim[0]], "is_video_call": True}
        status, answer = await http.post(REST + "calls", body, scene.attacker[1])
        answers[status] += 1
        if status == 201:
            await http.post(f"{REST}calls/{answer['call']['call_id']}/cancel", {}, scene.attacker[1])
    http.close()
    callee.close()
    return f"{heard['call.sent']} rings of {answers.total()} sends, answered {dict(answers)}"


async def bodies(scene: Scene) -> str:
    """A stranger sends a body of 400 MB, by its length and in chunks."""
    said = []
    for lines in (f"Content-Length: {BODY_BYTES}", "Transfer-Encoding: chunked"):
        said.append(await _flood(scene, lines))
    return "; ".join(said)


async def guesses(scene: Scene) -> str:
    """Eight connections guess the password of one person at the sign-in page."""
    answers: Counter[str] = Counter()
    body = b"username=alice&password=guess&csrfmiddlewaretoken=" + b"a" * 32
    request = (
        f"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nAccept: text/html\r\nCookie: csrftoken={'a' * 32}\r\n\r\n"
    )

    async def guess() -> None:
        since = perf_counter()
        while not scene.is_over(since):
            answers[await _raw(scene, request.encode() + body)] += 1

    await asyncio.gather(*(guess() for _ in range(GUESSERS)))
    return f"{answers.total()} guesses, answered {dict(answers)}"


async def slow_senders(scene: Scene) -> str:
    """Ninety connections send a request byte by byte."""
    opened = []
    for _ in range(SLOW):
        _, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        opened.append(writer)
    since = perf_counter()
    while not scene.is_over(since):
        for writer in opened:
            writer.write(b"x")
        await asyncio.sleep(0.2)
    for writer in opened:
        writer.close()
    return f"{len(opened)} held open"


async def addresses(scene: Scene) -> str:
    """One account registers ever new push addresses, and is rung once."""
    http = Http(scene.port)
    for number in range(ADDRESSES):
        push = {
            "transport": "webpush",
            "endpoint": f"{scene.service.origin}/{number}",
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        }
        await _put(scene, f"devices/device-{number}", {"label": "x", "kind": "browser", "push": push}, scene.attacker)
    scene.service.forget()
    body = {"invitees": [scene.attacker[0]], "is_video_call": True, "timeout_seconds": 30}
    _, answer = await http.post(REST + "calls", body, scene.victim[1])
    await asyncio.sleep(12)
    await http.post(f"{REST}calls/{answer['call']['call_id']}/cancel", {}, scene.victim[1])
    await asyncio.sleep(2)
    http.close()
    arrived = Counter(path for path, _, _ in await asyncio.to_thread(scene.service.arrived))
    return f"{arrived.total()} pushes to {len(arrived)} of {ADDRESSES} addresses, with the end of the ring"


ATTACKS: dict[str, Attack] = {
    "150 sockets of one account": sockets,
    "10,000 hellos": hellos,
    "ring loops": rings,
    "400 MB bodies": bodies,
    "8 guessing connections": guesses,
    "slow senders": slow_senders,
    "60 push addresses": addresses,
}


async def measure(scene: Scene, name: str, attack: Attack) -> Row:
    """Run one attack, with the bystander before and meanwhile."""
    quiet = await _bystander(scene, asyncio.create_task(asyncio.sleep(scene.seconds)))
    before = scene.product.server.memory_bytes()
    running = asyncio.create_task(attack(scene))
    growth = 0

    async def watch() -> None:
        nonlocal growth
        while not running.done():
            growth = max(growth, scene.product.server.memory_bytes() - before)
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    during = await _bystander(scene, running)
    await watching
    return Row(name, growth / 2**20, quiet, during, await running)


async def _bystander(scene: Scene, until: asyncio.Task[Any]) -> float:
    """The p95, in milliseconds, of small requests made until something is done."""
    http, took = Http(scene.port), []
    while not until.done():
        since = perf_counter()
        await http.post(REST + "history/seen", {}, scene.product.tokens[-1][1])
        took.append((perf_counter() - since) * 1000)
        await asyncio.sleep(0.02)
    http.close()
    return statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]


async def _socket(scene: Scene, person: tuple[str, str], listener: Callable[[Frame, float], None]) -> Socket:
    return await Socket.open(scene.port, LIVE, listener, person[1])


async def _hello(
    scene: Scene,
    person: tuple[str, str],
    device_id: str,
    listener: Callable[[Frame, float], None] = lambda frame, at: None,
) -> Socket:
    socket = await _socket(scene, person, listener)
    socket.send({"type": "hello", "device_id": device_id, "label": "Chrome on Linux", "audible": True})
    return socket


async def _flood(scene: Scene, lines: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    writer.write(f"POST {REST}calls HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n\r\n".encode())
    chunk, sent = b"x" * 2**20, 0
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(scene.seconds * 4):
            while sent < BODY_BYTES:
                writer.write(b"100000\r\n" + chunk + b"\r\n" if "chunked" in lines else chunk)
                await writer.drain()
                sent += len(chunk)
    answer = b""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(2):
            answer = await reader.read(12)
    writer.close()
    return f"{lines.partition(':')[0]}: {sent >> 20} MB taken, answered {answer[9:].decode() or 'nothing'}"


async def _raw(scene: Scene, request: bytes) -> str:
    """The status of an answer to a request on a connection of its own."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        writer.write(request)
        said = await reader.read(65536)
        writer.close()
    except ConnectionError:
        return "lost"
    busy = b"Many people are signing in" in said or b"Too many attempts" in said
    return "asked to wait" if busy else said[9:12].decode()


async def _get(scene: Scene, path: str, person: tuple[str, str]) -> Any:
    return await _asked(scene, "GET", path, None, person)


async def _put(scene: Scene, path: str, body: Any, person: tuple[str, str]) -> Any:
    return await _asked(scene, "PUT", path, body, person)


async def _asked(scene: Scene, method: str, path: str, body: Any, person: tuple[str, str]) -> Any:
    payload = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {REST}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {person[1]}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    writer.write(head.encode() + payload)
    said = await reader.read()
    writer.close()
    return json.loads(said.partition(b"\r\n\r\n")[2])


def main() -> None:
    """Run the attacks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="how long an attack lasts (default: 5)")
    parser.add_argument("--only", choices=list(ATTACKS), action="append", help="only this attack; may be repeated")
    asked = parser.parse_args()
    os.sched_setaffinity(0, CLIENT_CORES)
    print(f"{'attack':28} {'memory':>8} {'quiet p95':>10} {'p95':>9} {'ratio':>6}  what came of it")
    for name, attack in ATTACKS.items():
        if not asked.only or name in asked.only:
            print(_line(_one(name, attack, asked.seconds)), flush=True)


def _one(name: str, attack: Attack, seconds: float) -> Row:
    with tempfile.TemporaryDirectory(prefix="callinvite-abuse-") as folder:
        service = Service(Path(folder))
        try:
            env = environment(
                CALLINVITE_DATA_DIR=str(Path(folder) / "data"),
                CALLINVITE_PUSH_HOSTS=service.origin,
                SSL_CERT_FILE=str(service.ca_file),
            )
            tokens, port = _prepare(env, 3, None), free_port()
            with process(["manage.py", "serve", "--port", str(port)], env, Path(folder) / "log", port=port) as child:
                scene = Scene(Product(Server(port, [child]), tokens), seconds, service)
                return asyncio.run(measure(scene, name, attack))
        finally:
            service.close()


def _line(row: Row) -> str:
    return f"{row.name:28} {row.growth_mb:5.0f} MB {row.quiet_ms:7.1f} ms {row.ms:6.1f} ms {row.ratio:6.2f}  {row.said}"


if __name__ == "__main__":
    main()
