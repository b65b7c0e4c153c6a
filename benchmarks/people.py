"""The people in a measurement: each has a socket and waits for frames on it."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Protocol

from benchmarks.wire import Frame, Http, Socket

WAIT_SECONDS = 15.0
FLOOR_DATA = '{"video": true, "title": "Alice", "message": "Incoming video call", "room": "r-0123456789"}'


class Failed(RuntimeError):
    """A verb was refused, or an expected frame did not arrive."""


@dataclass
class Rung:
    """What one cycle measured: seconds from the send to the ring, and to the answer at the caller."""

    ring_seconds: float
    answer_seconds: float
    call_id: str = ""


@dataclass
class Person:
    """A person with a socket once a face has connected them. Arriving frames go to the one waiting for their kind."""

    username: str
    token: str | None = None
    socket: Socket = field(init=False)
    frames: int = 0
    _waiting: dict[str, asyncio.Future[tuple[Frame, float]]] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=itertools.count)

    def expect(self, kind: str) -> asyncio.Future[tuple[Frame, float]]:
        """A future for the next frame of that kind and the moment at which it arrived."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[kind] = future
        return future

    def took(self, kind: str, frame: Frame, arrived_at: float) -> None:
        """Hand a frame to the one waiting for its kind, if any."""
        self.frames += 1
        if kind == "error" or (kind.startswith("result") and frame["status"] >= 400):
            self._refused(frame)
            return
        future = self._waiting.pop(kind, None)
        if future is not None and not future.done():
            future.set_result((frame, arrived_at))

    def _refused(self, frame: Frame) -> None:
        """Fail everything that waits on this socket."""
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(Failed(f"{frame}"[:500]))

    def request(self, verb: str, call_id: str | None, body: Frame) -> asyncio.Future[tuple[Frame, float]]:
        """Send a `request` frame and return the future of its result."""
        number = str(next(self._ids))
        future = self.expect(f"result {number}")
        frame: Frame = {"type": "request", "id": number, "verb": verb, "body": body}
        if call_id is not None:
            frame["call_id"] = call_id
        self.socket.send(frame)
        return future


async def arrived(future: asyncio.Future[tuple[Frame, float]], what: str) -> tuple[Frame, float]:
    """Wait for a frame.

    Raises:
        Failed: it did not arrive in time.
    """
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            return await future
    except TimeoutError:
        raise Failed(f"no {what} within {WAIT_SECONDS:.0f} s") from None


class Face(Protocol):
    """A way to ring: through the product, or through what it is measured against."""

    name: str

    def slot(self) -> Face:
        """The face for one slot of the workload, shared with no other slot."""

    async def connect(self, person: Person) -> None:
        """Open their socket, until frames arrive on it."""

    async def ring(self, caller: Person, invitee: Person) -> Rung:
        """One cycle: ring, answer."""

    async def release(self, caller: Person, invitee: Person, rung: Rung) -> None:
        """End the call."""


class Relay:
    """The bare relay: both verbs are frames sent on to the other person's socket."""

    name = "relay"

    def __init__(self, port: int) -> None:
        self.port = port

    async def connect(self, person: Person) -> None:
        def listener(frame: Frame, at: float) -> None:
            person.took(frame["kind"], frame, at)

        person.socket = await Socket.open(self.port, f"/ws/{person.username}", listener)

    async def ring(self, caller: Person, invitee: Person) -> Rung:
        ringing, answered = invitee.expect("ring"), caller.expect("answer")
        started_at = perf_counter()
        caller.socket.send({"kind": "ring", "to": invitee.username, "data": FLOOR_DATA})
        _, rang_at = await arrived(ringing, "ring")
        invitee.socket.send({"kind": "answer", "to": caller.username, "data": FLOOR_DATA})
        _, answered_at = await arrived(answered, "answer")
        return Rung(rang_at - started_at, answered_at - started_at)

    async def release(self, caller: Person, invitee: Person, rung: Rung) -> None:
        """Nothing is stored, so nothing has to end."""

    def slot(self) -> Relay:
        return self


class Insert(Relay):
    """The bare DRF view: both verbs are requests, and the frames arrive on the sockets."""

    name = "insert"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._callers, self._invitees = Http(port), Http(port)

    def slot(self) -> Insert:
        return Insert(self.port)

    async def ring(self, caller: Person, invitee: Person) -> Rung:
        ringing, answered = invitee.expect("ring"), caller.expect("answer")
        started_at = perf_counter()
        sent = asyncio.ensure_future(self._post(self._callers, "ring", caller, invitee))
        _, rang_at = await arrived(ringing, "ring")
        accepted = asyncio.ensure_future(self._post(self._invitees, "answer", invitee, caller))
        _, answered_at = await arrived(answered, "answer")
        await sent
        await accepted
        return Rung(rang_at - started_at, answered_at - started_at)

    async def _post(self, http: Http, kind: str, sender: Person, receiver: Person) -> None:
        body = {"from": sender.username, "to": receiver.username, "data": FLOOR_DATA}
        status, answer = await http.post(f"/verbs/{kind}", body)
        if status != 201:
            raise Failed(f"{kind}: {status} {answer}")


class ProductSocket:
    """Callinvite with `request` frames on the live socket."""

    name = "socket"

    def __init__(self, *ports: int) -> None:
        self.ports = itertools.cycle(ports)

    def slot(self) -> ProductSocket:
        return self

    async def connect(self, person: Person) -> None:
        """Open the socket, say hello and wait for the snapshot."""

        def listener(frame: Frame, at: float) -> None:
            person.took(_kind(frame), frame, at)

        person.socket = await Socket.open(next(self.ports), "/ws/v1/live", listener, person.token)
        snapshot = person.expect("snapshot")
        person.socket.send({"type": "hello", "device_id": f"dev-{person.username}", "label": "Bench", "audible": True})
        await arrived(snapshot, "snapshot")

    async def ring(self, caller: Person, invitee: Person) -> Rung:
        """One cycle: send, ring, accept, answer. Both results are awaited and checked as well."""
        ringing, answered = invitee.expect("ringing"), caller.expect("active")
        started_at = perf_counter()
        sent = self.request_send(caller, invitee)
        sent.add_done_callback(partial(_give_up, ringing))
        ring, rang_at = await arrived(ringing, "ring")
        call_id = ring["call"]["call_id"]
        accepted = self.request_accept(invitee, call_id)
        accepted.add_done_callback(partial(_give_up, answered))
        answer, answered_at = await arrived(answered, "answer")
        if answer["call"]["call_id"] != call_id:
            raise Failed("the answer of another call")
        await self.check(sent, 201)
        await self.check(accepted, 200)
        return Rung(rang_at - started_at, answered_at - started_at, call_id)

    def request_send(self, caller: Person, invitee: Person) -> asyncio.Future:
        return caller.request("send", None, {"invitees": [invitee.username], "is_video_call": True})

    def request_accept(self, invitee: Person, call_id: str) -> asyncio.Future:
        return invitee.request("accept", call_id, {})

    async def check(self, future: asyncio.Future, status: int) -> None:
        result, _ = await arrived(future, "result")
        if result["status"] != status:
            raise Failed(f"{result}"[:500])

    async def release(self, caller: Person, invitee: Person, rung: Rung) -> None:
        """End the call and wait until the other person knows."""
        ended = invitee.expect("ended")
        await self.check(caller.request("end", rung.call_id, {}), 200)
        await arrived(ended, "end of the call")


class ProductRest(ProductSocket):
    """Callinvite with REST requests and a bearer token; ring and answer arrive on the live sockets."""

    name = "rest"

    def __init__(self, *ports: int) -> None:
        super().__init__(*ports)
        self._every = ports
        self._callers, self._invitees = Http(ports[0]), Http(ports[-1])

    def slot(self) -> ProductRest:
        return ProductRest(*self._every)

    def request_send(self, caller: Person, invitee: Person) -> asyncio.Future:
        body = {"invitees": [invitee.username], "is_video_call": True}
        return asyncio.ensure_future(self._callers.post("/api/v1/calls", body, caller.token))

    def request_accept(self, invitee: Person, call_id: str) -> asyncio.Future:
        return asyncio.ensure_future(self._invitees.post(f"/api/v1/calls/{call_id}/accept", {}, invitee.token))

    async def check(self, future: asyncio.Future, status: int) -> None:
        got, body = await future
        if got != status:
            raise Failed(f"{got} {body}"[:500])

    async def release(self, caller: Person, invitee: Person, rung: Rung) -> None:
        ended = invitee.expect("ended")
        got, body = await self._callers.post(f"/api/v1/calls/{rung.call_id}/end", {}, caller.token)
        if got != 200:
            raise Failed(f"{got} {body}"[:500])
        await arrived(ended, "end of the call")


class ProductWsgi(ProductRest):
    """The same, with the requests to WSGI workers. The sockets stay where they are."""

    name = "wsgi"


def _give_up(frame: asyncio.Future, request: asyncio.Future) -> None:
    """Stop waiting for the frame if the request was refused: none will arrive."""
    if request.cancelled() or frame.done():
        return
    if (failure := request.exception()) is not None:
        frame.set_exception(failure)
    elif isinstance(request.result()[0], int) and request.result()[0] >= 400:
        frame.set_exception(Failed(f"{request.result()}"[:500]))


def _kind(frame: Frame) -> str:
    if frame["type"] == "call":
        return frame["call"]["state"]
    if frame["type"] == "result":
        return f"result {frame['id']}"
    return frame["type"]
