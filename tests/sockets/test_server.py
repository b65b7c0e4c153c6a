"""The live socket of the real server process: crashes, frames beyond every limit, hostile clients, healing in time."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import websockets

from tests.support import layout
from tests.support.server import DEMO_PASSWORD, RunningServer

pytestmark = [pytest.mark.server, pytest.mark.sqlite_only]
MIB = 1024 * 1024
SECOND_SECONDS = 8
"""When the second repetition of a ring and the second sync are still to come. The first are due after two seconds and
after five; the rest of the time is a busy machine's."""
memory_of_one = pytest.mark.own_layout("the memory of one process, whose clients are no proxy")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with layout.running(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="module")
def lossy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"DJANGO_SETTINGS_MODULE": "tests.sockets.lossy_settings"}
    with layout.running(tmp_path_factory.mktemp("lossy"), env=env) as running:
        yield running


def token_of(server: RunningServer, username: str) -> str:
    body = json.dumps({"username": username, "password": DEMO_PASSWORD, "device_name": "Test"}).encode()
    request = urllib.request.Request(
        f"{server.url}/api/v1/auth/token", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["token"])


@asynccontextmanager
async def connected(server: RunningServer, token: str, **options: Any) -> AsyncIterator[Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with websockets.connect(
        server.live_url, additional_headers=headers, max_size=None, open_timeout=30, **options
    ) as socket:
        yield socket


@asynccontextmanager
async def page(server: RunningServer, token: str, device_id: str, **options: Any) -> AsyncIterator[Any]:
    async with connected(server, token, **options) as socket:
        await say(socket, {"type": "hello", "device_id": device_id, "label": device_id, "audible": True})
        socket.snapshot = await hear(socket, "snapshot")
        yield socket


async def say(socket: Any, frame: dict[str, Any]) -> None:
    await socket.send(json.dumps(frame))


async def hear(socket: Any, kind: str, **wanted: Any) -> dict[str, Any]:
    """The next frame of a type with these members."""
    async with asyncio.timeout(30):
        while True:
            frame = json.loads(await socket.recv())
            if frame["type"] == kind and all(frame.get(name) == value for name, value in wanted.items()):
                return dict(frame)


async def ask(socket: Any, verb: str, call_id: str | None = None, **body: Any) -> dict[str, Any]:
    frame = {"type": "request", "id": f"{time.monotonic_ns()}", "verb": verb, "call_id": call_id, "body": body}
    await say(socket, frame)
    return await hear(socket, "result", id=frame["id"])


async def close_code(socket: Any) -> int | None:
    async with asyncio.timeout(60):
        await socket.wait_closed()
    return socket.close_code


def memory(server: RunningServer) -> float:
    assert server.process is not None
    return psutil.Process(server.process.pid).memory_info().rss / MIB


async def test_a_frame_beyond_the_server_s_own_limit_is_closed_with_1009(server: RunningServer) -> None:
    token = token_of(server, "alice")
    async with page(server, token, "a-1") as socket:
        await socket.send("x" * (100 * 1024))
        assert (await hear(socket, "error"))["code"] == "too_large"
        assert (await ask(socket, "open"))["status"] == 200
        await socket.send("x" * (3 * MIB))
        assert await close_code(socket) == 1009
    async with page(server, token, "a-1") as socket:
        assert (await ask(socket, "open"))["status"] == 200


async def test_text_that_is_not_utf_8_is_closed_with_1007(server: RunningServer) -> None:
    async with page(server, token_of(server, "alice"), "a-1") as socket:
        await socket.send(b"\xff\xfe", text=True)
        assert await close_code(socket) == 1007


async def test_nobody_is_accepted_and_closed_with_4401_by_the_real_server(server: RunningServer) -> None:
    async with connected(server, "nonsense") as socket:
        assert await close_code(socket) == 4401
    for origin in ("http://evil.example", "null", "file://", "capacitor://localhost"):
        async with websockets.connect(server.live_url, origin=origin) as socket:  # type: ignore[arg-type]
            assert await close_code(socket) == 4403


@pytest.mark.slow
async def test_a_ring_outlives_a_crash_of_the_server(tmp_path: Path) -> None:
    with layout.running(tmp_path / "data") as server:
        alice, bob = token_of(server, "alice"), token_of(server, "bob")
        async with page(server, alice, "a-1") as caller, page(server, bob, "b-1") as callee:
            sent = await ask(caller, "send", invitees=["bob"], is_video_call=True, timeout_seconds=120)
            ring = (await hear(callee, "call"))["call"]
            server.kill()
            await close_code(callee)
        server.start()
        async with page(server, bob, "b-1") as callee, page(server, alice, "a-1") as caller:
            [after] = callee.snapshot["calls"]
            assert after["call_id"] == ring["call_id"] == sent["body"]["call"]["call_id"]
            assert after["ring_expires_at"] == ring["ring_expires_at"]
            assert 0 < after["remaining_ms"] < ring["remaining_ms"]
            assert after["you"]["can"] == ["accept", "reject"]
            assert (await ask(callee, "accept", ring["call_id"]))["status"] == 200
            frame = await hear(caller, "call", event="invitation.accepted")
            assert frame["call"]["state"] == "active"


@pytest.mark.slow
@pytest.mark.own_layout("a layer of one process, which loses messages")
async def test_a_lost_answer_is_healed_within_five_seconds_and_a_lost_ring_within_three(
    lossy_server: RunningServer,
) -> None:
    async with (
        page(lossy_server, token_of(lossy_server, "alice"), "a-1") as caller,
        page(lossy_server, token_of(lossy_server, "bob"), "b-1") as callee,
    ):
        call = (await ask(caller, "send", invitees=["bob"], is_video_call=True))["body"]["call"]
        sent_at = time.monotonic()
        syncing = asyncio.create_task(_sync_every_five_seconds(caller, {call["call_id"]: call["revision"]}))
        # The callee holds no call and syncs every 15 seconds: the repeated ring is what reaches it.
        assert (await hear(callee, "call"))["event"] == "call.sent"
        assert time.monotonic() - sent_at < SECOND_SECONDS
        await ask(callee, "ringing", call["call_id"])
        assert (await ask(callee, "accept", call["call_id"]))["status"] == 200
        accepted_at = time.monotonic()
        active = await _first_active(caller)
        assert active["call_id"] == call["call_id"]
        assert time.monotonic() - accepted_at < SECOND_SECONDS
        syncing.cancel()
        await ask(caller, "end", call["call_id"])


async def _sync_every_five_seconds(socket: Any, held: dict[str, int]) -> None:
    while True:
        await asyncio.sleep(5)
        await say(socket, {"type": "sync", "calls": held})


async def _first_active(socket: Any) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            frame = json.loads(await socket.recv())
            assert frame.get("event") != "invitation.accepted", "this frame is lost on purpose"
            for call in frame.get("calls", []):
                if call["state"] == "active":
                    return dict(call)


@pytest.mark.slow
@memory_of_one
async def test_five_hundred_silent_sockets_cost_little_and_hold_nobody_up(server: RunningServer) -> None:
    token = token_of(server, "dave")
    before = memory(server)
    opened: list[Any] = []
    try:
        for _ in range(20):
            headers = {"Authorization": f"Bearer {token}"}
            batch = [
                websockets.connect(server.live_url, additional_headers=headers, open_timeout=60) for _ in range(25)
            ]
            opened += await asyncio.gather(*batch)
        grown = memory(server) - before
        alice, bob = token_of(server, "alice"), token_of(server, "bob")
        async with page(server, alice, "a-1") as caller, page(server, bob, "b-1") as callee:
            started = time.monotonic()
            sent = await ask(caller, "send", invitees=["bob"], is_video_call=True)
            await hear(callee, "call", event="call.sent")
            assert time.monotonic() - started < 5
            await ask(caller, "cancel", sent["body"]["call"]["call_id"])
    finally:
        await asyncio.gather(*(each.close() for each in opened))
    print(f"500 silent sockets: {grown:.1f} MiB")
    assert grown < 500 * 0.15


async def _in_call(server: RunningServer, caller: Any, callee: Any) -> str:
    sent = await ask(caller, "send", invitees=["bob"], is_video_call=True)
    call_id = str(sent["body"]["call"]["call_id"])
    assert (await ask(callee, "accept", call_id))["status"] == 200
    return call_id


@pytest.mark.slow
@memory_of_one
async def test_one_who_never_reads_costs_a_bounded_amount_and_the_sender_stays(server: RunningServer) -> None:
    alice, bob = token_of(server, "alice"), token_of(server, "bob")
    async with page(server, alice, "a-1") as caller, page(server, bob, "b-1", ping_interval=None) as callee:
        call_id = await _in_call(server, caller, callee)
        before = memory(server)
        callee.transport.pause_reading()
        signal = json.dumps(
            {"type": "signal", "call_id": call_id, "to": {"user": "bob", "device_id": "b-1"}, "data": "x" * 60_000}
        )
        highest = before
        # Fewer than the server drops before it takes the sender for a flood.
        for number in range(900):
            await caller.send(signal)
            if number % 20 == 0:
                highest = max(highest, memory(server))
                await asyncio.sleep(0.02)
        assert (await ask(caller, "get", call_id))["status"] in (200, 404)
        highest = max(highest, memory(server))
        print(f"never reads: from {before:.0f} to {highest:.0f} MiB")
        assert highest - before < 50
        await ask(caller, "end", call_id)


@pytest.mark.slow
@memory_of_one
async def test_a_flood_of_large_frames_ends_with_the_socket_not_with_the_memory(server: RunningServer) -> None:
    token = token_of(server, "carol")
    before = highest = memory(server)
    frame = json.dumps({"type": "sync", "calls": {}, "more": "x" * 64_000})
    sent = 0
    async with connected(server, token, ping_interval=None) as socket:
        await say(socket, {"type": "hello", "device_id": "flood", "label": "Flood", "audible": False})
        deadline = time.monotonic() + 6
        try:
            while time.monotonic() < deadline:
                await socket.send(frame)
                sent += 1
                if sent % 50 == 0:
                    highest = max(highest, memory(server))
        except websockets.ConnectionClosed:
            pass
        code = socket.close_code
    async with page(server, token, "c-1") as socket:
        assert (await ask(socket, "open"))["status"] == 200
    print(f"flood: {sent} frames of 64 KiB, from {before:.0f} to {highest:.0f} MiB, closed with {code}")
    assert highest - before < 200


@pytest.mark.slow
@memory_of_one
async def test_one_who_asks_and_never_reads_the_answers_is_cut_off(server: RunningServer) -> None:
    alice, bob = token_of(server, "alice"), token_of(server, "bob")
    async with page(server, bob, "b-1") as callee, page(server, alice, "a-1", ping_interval=None) as hostile:
        sent = await ask(hostile, "send", invitees=["bob"], is_video_call=True, custom_data="x" * 4000)
        call_id = str(sent["body"]["call"]["call_id"])
        before = highest = memory(server)
        hostile.transport.pause_reading()
        question = json.dumps({"type": "request", "id": "1", "verb": "get", "call_id": call_id})
        deadline = time.monotonic() + 25
        try:
            while time.monotonic() < deadline:
                async with asyncio.timeout(5):
                    for _ in range(100):
                        await hostile.send(question)
                highest = max(highest, memory(server))
        except (websockets.ConnectionClosed, TimeoutError):
            pass
        hostile.transport.resume_reading()
        # Cut off, or closed for talking faster than it may: whichever bound it reaches first.
        code = await close_code(hostile)
        print(f"asks and never reads: from {before:.0f} to {highest:.0f} MiB, closed with {code}")
        assert code in (1006, 4429)
        assert highest - before < 60
        assert "Traceback" not in server.output, server.output[-6000:]
        assert (await ask(callee, "open"))["status"] == 200


@pytest.mark.slow
@memory_of_one
async def test_a_flood_behind_slow_work_waits_at_the_client(server: RunningServer) -> None:
    token = token_of(server, "carol")
    before = highest = memory(server)
    large = json.dumps({"type": "sync", "calls": {}, "more": "x" * 64_000})
    sent = 0
    async with page(server, token, "flood", ping_interval=None) as socket:
        for _ in range(3000):
            await say(socket, {"type": "sync", "calls": {}})
        deadline = time.monotonic() + 4
        try:
            while time.monotonic() < deadline:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + deadline - time.monotonic()):
                    await socket.send(large)
                sent += 1
                if sent % 50 == 0:
                    highest = max(highest, memory(server))
        except (websockets.ConnectionClosed, TimeoutError):
            pass
        highest = max(highest, memory(server))
        socket.transport.abort()
    print(f"flood behind slow work: {sent} frames, from {before:.0f} to {highest:.0f} MiB")
    assert highest - before < 60
    async with page(server, token, "c-1") as other:
        assert (await ask(other, "open"))["status"] == 200
