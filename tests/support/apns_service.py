"""Apple's push service on this machine: HTTP/2 over TLS, as strict as the real one, and as unreliable as a test wants.

`with ApnsService(folder) as service: phone = service.phone()`. What was sent stays in `service.messages`, every broken
rule in `service.violations`; `service.answer(...)` scripts what comes next. Nothing here reaches another machine."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support import apns_rules
from tests.support.push_tls import Authority
from tests.support.sealed_box import Box

WAIT_SECONDS = 20.0
STREAMS = 1000


@dataclass(frozen=True)
class Answer:
    """A status with Apple's reason; `empty_data` puts empty DATA frames around its body."""

    status: int = 200
    reason: str = ""
    retry_after: str = ""
    empty_data: bool = False


class HangUp:
    """Breaks the connection with all that is under way on it."""


class GoAway:
    """Ends the connection by GOAWAY: this request and later ones were not looked at, earlier ones are answered."""


class Silence:
    """Never answers."""


Scripted = Answer | HangUp | GoAway | Silence


@dataclass
class Request:
    """What came.

    Args:
        headers: with the pseudo-headers.
        status: the answer; None if there was none.
        connection: the number of its connection, from 1.
    """

    headers: dict[str, str]
    body: bytes = b""
    status: int | None = None
    connection: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        return self.headers.get(":path", "").rpartition("/")[2]

    @property
    def payload(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class ApplePhone:
    """A phone's two tokens, its keys, and what arrived for it."""

    def __init__(self, service: ApnsService) -> None:
        self._service = service
        self._box = Box()
        self.token, self.alert_token = secrets.token_hex(32), secrets.token_hex(32)

    @property
    def keys(self) -> dict[str, str]:
        return self._box.keys

    def address(self, *, alerts: bool = True) -> dict[str, Any]:
        """What a device's `push` is made of."""
        address: dict[str, Any] = {"transport": "apns", "token": self.token, "keys": self.keys}
        return address | ({"alert_token": self.alert_token} if alerts else {})

    @property
    def accepted(self) -> list[Request]:
        """What Apple took for it, oldest first."""
        with self._service.changed:
            taken = [each for each in self._service.messages if each.status == 200]
        return [each for each in taken if each.token in (self.token, self.alert_token)]

    def opened(self, request: Request) -> dict[str, Any]:
        """What a push says to this phone alone."""
        return dict(json.loads(self._box.opened(request.payload["callinvite"])))

    def hears(self, kind: str, count: int = 1) -> tuple[Request, dict[str, Any]]:
        """Wait until so many messages of a kind came; gives the last of them, as it came and decrypted."""

        def found() -> list[tuple[Request, dict[str, Any]]]:
            opened = [(each, self.opened(each)) for each in self.accepted]
            return [each for each in opened if each[1]["kind"] == kind]

        self._service.wait_until(lambda: len(found()) >= count, lambda: f"{len(found())} of {kind}")
        return found()[count - 1]


class ApnsService:
    """APNs, in a thread, on 127.0.0.1 and a free port.

    Attributes:
        messages: every request, oldest first, refused or not.
        violations: every broken rule, in words; a test of good behaviour ends with `== []`.
        connections: how many were made.
        changed: guards all of this, and is notified when any of it changes.
    """

    key_id, team_id, topic = "ABC123DEFG", "DEF123GHIJ", "org.example.calls"

    def __init__(self, folder: Path, *, streams: int = STREAMS) -> None:
        self.messages: list[Request] = []
        self.violations: list[str] = []
        self.connections = 0
        self.streams = streams
        self.changed = threading.Condition()
        self.port = 0
        self._script: deque[Scripted] = deque()
        self._gone: set[str] = set()
        self._authority = Authority(folder)
        key = ec.generate_private_key(ec.SECP256R1())
        self.key_file = folder / "AuthKey.p8"
        self.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.provider = apns_rules.Provider(self.key_id, self.team_id, self.topic, key.public_key())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="apns")
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """For SSL_CERT_FILE."""
        return self._authority.ca_file

    @property
    def settings(self) -> dict[str, str]:
        """What a server needs to send here, as names in its environment."""
        return {
            "CALLINVITE_APNS_KEY_FILE": str(self.key_file),
            "CALLINVITE_APNS_KEY_ID": self.key_id,
            "CALLINVITE_APNS_TEAM_ID": self.team_id,
            "CALLINVITE_APNS_TOPIC": self.topic,
            "CALLINVITE_APNS_URL": self.origin,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(WAIT_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(WAIT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()

    def phone(self) -> ApplePhone:
        """A phone that Apple knows."""
        return ApplePhone(self)

    def forget(self, phone: ApplePhone) -> None:
        """The app was removed there: 410 from now on."""
        self._gone |= {phone.token, phone.alert_token}

    def answer(self, *answers: Scripted) -> None:
        """Answer the next good requests so, in order; then 200 again."""
        with self.changed:
            self._script.extend(answers)

    def break_connections(self) -> None:
        """Break all connections that are open now."""

        async def broken() -> None:
            for each in list(self._open):
                each.hang_up()

        asyncio.run_coroutine_threadsafe(broken(), self._loop).result(WAIT_SECONDS)

    def wait_until(self, condition: Callable[[], bool], describe: Callable[[], str] = lambda: "") -> None:
        """Wait until something about what came holds.

        Raises:
            TimeoutError: it does not.
        """
        with self.changed:
            if not self.changed.wait_for(condition, WAIT_SECONDS):
                raise TimeoutError(f"{describe()}; {len(self.messages)} requests, violations {self.violations}")

    def take(self, request: Request) -> Scripted:
        """Judge a whole request."""
        broken = apns_rules.violations(request.headers, request.body, self.provider)
        with self.changed:
            self.messages.append(request)
            if broken:
                request.violations = [each.text for each in broken]
                self.violations += request.violations
                answer: Scripted = Answer(broken[0].status, broken[0].reason)
            elif request.token in self._gone:
                answer = Answer(410, "Unregistered")
            else:
                answer = self._script.popleft() if self._script else Answer()
            if isinstance(answer, Answer):
                request.status = answer.status
            self.changed.notify_all()
        return answer

    async def _listen(self) -> None:
        context = self._authority.context("localhost")
        context.set_alpn_protocols(["h2"])
        self._server = await self._loop.create_server(
            lambda: _Connection(self, self._open), "127.0.0.1", 0, ssl=context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        for each in list(self._open):
            each.hang_up()
        while self._open:
            await asyncio.sleep(0)
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, service: ApnsService, open_ones: set[_Connection]) -> None:
        self._service, self._open = service, open_ones
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._requests: dict[int, Request] = {}
        self._transport: asyncio.Transport
        self._going = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(self)
        tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
        with self._service.changed:
            self._service.connections += 1
            self._number = self._service.connections
            if tls.selected_alpn_protocol() != "h2":
                self._service.violations.append(f"the protocol is {tls.selected_alpn_protocol()!r}")
        self._h2.initiate_connection()
        self._h2.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self._service.streams})
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)

    def hang_up(self) -> None:
        """Break it."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            with self._service.changed:
                self._service.violations.append(f"HTTP/2: {error}")
            events = []
        for event in events:
            if isinstance(event, h2.events.RequestReceived):
                self._requests[event.stream_id] = Request(dict(event.headers), connection=self._number)  # type: ignore[arg-type]
            elif isinstance(event, h2.events.DataReceived):
                self._requests[event.stream_id].body += event.data
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded) and not self._going:
                self._answer(event.stream_id, self._service.take(self._requests.pop(event.stream_id)))
        self._flush()

    def _answer(self, stream: int, answer: Scripted) -> None:
        if isinstance(answer, HangUp):
            self.hang_up()
        elif isinstance(answer, GoAway):
            self._going = True
            self._h2.close_connection(last_stream_id=stream - 2)
            self._flush()
            self._transport.close()
        elif isinstance(answer, Answer):
            self._give(stream, answer)

    def _give(self, stream: int, answer: Answer) -> None:
        headers = [(":status", str(answer.status)), ("apns-id", "00000000-0000-0000-0000-000000000000")]
        if answer.retry_after:
            headers.append(("retry-after", answer.retry_after))
        self._h2.send_headers(stream, headers, end_stream=answer.status == 200 and not answer.empty_data)
        if answer.status == 200 and not answer.empty_data:
            return
        body = b"" if answer.status == 200 else json.dumps({"reason": answer.reason}).encode()
        for chunk in (b"", b"", body, b"") if answer.empty_data else (body,):
            self._h2.send_data(stream, chunk)
        self._h2.end_stream(stream)

    def _flush(self) -> None:
        if (data := self._h2.data_to_send()) and not self._transport.is_closing():
            self._transport.write(data)
