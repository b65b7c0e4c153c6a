"""A push service on this machine: it takes messages by RFC 8030, as strictly as the real ones, and answers as told.

`with PushService() as service: phone = service.subscribe()`. Everything that was sent stays in `service.messages`,
every broken rule in `service.violations`; `service.answer(429, 500)` scripts what comes next. Firefox can subscribe
here too: see push_firefox.py. Nothing here ever reaches another machine."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.support import push_rules
from tests.support.push_answers import CREATED, Answer, HangUp, ScriptedAnswer, accepts, scripted
from tests.support.push_firefox import Ack, FirefoxSide
from tests.support.push_receiver import Receiver
from tests.support.push_subscription import Fate, Message, Subscription
from tests.support.push_tls import Authority, Trouble

WAIT_SECONDS = 20.0
READ_LIMIT_BYTES = 1024 * 1024


class PushService:
    """A push service of one's own, in a thread, on 127.0.0.1 and a free port.

    Args:
        tls: speak https with a certificate by an authority of its own (`ca_file`); "self-signed", "wrong-name" or
            "expired" with a bad one, and "broken" with any.
        name: the host in its addresses. Another one than these two is for who resolves it to 127.0.0.1.

    Attributes:
        messages: every POST to an address, oldest first, refused or not.
        violations: every broken rule, in words; a test of good behaviour ends with `== []`.
        strays: requests for anything but an address, such as where a redirection leads.
        firefox: the side that Firefoxes connect to.
        changed: guards all of this, and is notified when any of it changes.
    """

    def __init__(self, *, tls: bool | Trouble | Literal["broken"] = False, name: str = "127.0.0.1") -> None:
        self.name = name
        self.port = 0
        self.messages: list[Message] = []
        self.violations: list[str] = []
        self.strays: list[str] = []
        self.firefox = FirefoxSide(self)
        self.changed = threading.Condition()
        self._tls = tls
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._authority: Authority | None = None
        self._subscriptions: dict[str, Subscription] = {}
        self._script: deque[ScriptedAnswer] = deque()
        self._ahead = timedelta()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None

    @property
    def origin(self) -> str:
        assert self.port, "the push service has not been started"
        return f"{'https' if self._tls else 'http'}://{self.name}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """For SSL_CERT_FILE: the authority, whether or not it signed the certificate that is shown."""
        assert self._authority is not None, "the push service speaks no TLS, or has not been started"
        return self._authority.ca_file

    @property
    def acks(self) -> list[Ack]:
        """What Firefox said about the messages that it got."""
        return self.firefox.acks

    @property
    def accepted(self) -> list[Message]:
        """What was answered 201."""
        return [each for each in self.messages if each.status == CREATED]

    def start(self) -> Self:
        """Listen: on the former port after a `stop()`, and with everything still known."""
        if self._tls and self._authority is None:
            self._folder = tempfile.TemporaryDirectory(prefix="callinvite-push-")
            self._authority = Authority(Path(self._folder.name))
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="push service")
            self._thread.start()
        self.call(self._listen)
        return self

    def stop(self) -> None:
        """Break all connections and refuse new ones, until `start()`."""
        if self._runner is not None:
            self.call(self._break_off)
            self._runner = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(WAIT_SECONDS)
            self._thread = None
        self._loop.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def subscribe(self, public_key: str = "") -> Receiver:
        """A new receiver, online.

        Args:
            public_key: the VAPID key that alone may send to it, unpadded base64url; any may when omitted.
        """
        return Receiver(self, self.make_subscription(public_key))

    def make_subscription(self, signing_key: str = "") -> Subscription:
        """A new address, for which nobody takes messages yet."""
        token = secrets.token_urlsafe(24)
        subscription = Subscription(token, f"{self.origin}/push/{token}", signing_key)
        with self.changed:
            self._subscriptions[token] = subscription
        return subscription

    def answer(self, *answers: int | ScriptedAnswer) -> None:
        """Answer the next messages to any address so, in order; then 201 again. A receiver's own script goes first.

        A message that breaks a rule, or is for an unknown address, is refused without using up an answer.
        """
        with self.changed:
            self._script.extend(scripted(each) for each in answers)

    def now(self) -> datetime:
        """By the service's clock, which times to live are counted by."""
        return datetime.now(UTC) + self._ahead

    def pass_time(self, seconds: float) -> None:
        """Put the service's clock forward, so that what waits may expire. VAPID goes by the real clock."""
        with self.changed:
            self._ahead += timedelta(seconds=seconds)

    def wait_for(self, count: int, timeout_seconds: float = WAIT_SECONDS) -> list[Message]:
        """Wait until so many messages have arrived in all; gives them.

        Raises:
            TimeoutError: they have not.
        """
        self.wait_until(
            lambda: len(self.messages) >= count,
            timeout_seconds,
            lambda: f"{len(self.messages)} of {count} messages arrived",
        )
        return list(self.messages)

    def wait_for_acks(self, count: int, timeout_seconds: float = WAIT_SECONDS) -> list[Ack]:
        """Wait until Firefox has settled so many messages in all; gives what it said.

        Raises:
            TimeoutError: it has not.
        """
        self.wait_until(lambda: len(self.acks) >= count, timeout_seconds, lambda: f"{len(self.acks)} of {count} acks")
        return list(self.acks)

    def wait_until(
        self,
        condition: Callable[[], bool],
        timeout_seconds: float = WAIT_SECONDS,
        describe: Callable[[], str] = lambda: "still not so",
    ) -> None:
        """Wait until something about what this service saw holds.

        Raises:
            TimeoutError: it does not; the message has what there is to see.
        """
        with self.changed:
            if not self.changed.wait_for(condition, timeout_seconds):
                seen = [(each.status, str(each.fate)) for each in self.messages]
                raise TimeoutError(
                    f"After {timeout_seconds:g} s: {describe()}; messages {seen}, violations {self.violations}"
                )

    def call(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run something on the service's own loop, and wait for its end."""
        asyncio.run_coroutine_threadsafe(function(), self._loop).result(WAIT_SECONDS)

    async def _listen(self) -> None:
        application = web.Application(client_max_size=READ_LIMIT_BYTES)
        application.router.add_post("/push/{token}", self._take)
        application.router.add_get("/", self._connect)
        application.router.add_route("*", "/{anything:.*}", self._stray)
        # Clients that wait for an answer that never comes must not delay the end.
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._ssl_context())
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _break_off(self) -> None:
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        for each in self._runner.server.connections if self._runner.server else []:
            # A client that reads no more would hold up a polite end. Before the clean-up, which closes: a TLS transport
            # that is closed twice has let go of the connection below it, and can abort that no more.
            if each.transport is not None:
                each.transport.abort()
        await self._runner.cleanup()
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # the callbacks by which connections end

    def _ssl_context(self) -> ssl.SSLContext | None:
        if self._authority is None:
            return None
        if self._tls is True:
            return self._authority.context(self.name)
        trouble = "self-signed" if self._tls == "broken" else self._tls
        return self._authority.context(self.name, trouble or None)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            with self.changed:
                self.violations.append(f"a body of more than {READ_LIMIT_BYTES} bytes")
            raise
        with self.changed:
            message = Message(
                number=len(self.messages) + 1,
                endpoint=f"{self.origin}{request.path}",
                headers=request.headers,
                body=body,
                arrived_at=datetime.now(UTC),
            )
            self.messages.append(message)
            subscription = self._subscriptions.get(request.match_info["token"])
            answer = self._judged(message, subscription) or self._next_answer(subscription)
            self.changed.notify_all()
        response = await answer.give(request)
        with self.changed:
            message.status = None if isinstance(answer, HangUp) else response.status
            message.fate = Fate.REFUSED
            if accepts(answer) and subscription is not None:
                subscription.accept(message, self.now())
                response.headers["Location"] = f"{self.origin}/message/{message.number}"
                response.headers["TTL"] = str(message.ttl_seconds)
            self.changed.notify_all()
        return response

    def _judged(self, message: Message, subscription: Subscription | None) -> Answer | None:
        """The refusal of a message that breaks a rule or has no address; None for a good one."""
        signing_key = subscription.signing_key if subscription else ""
        broken = push_rules.violations(message.headers, message.body, self.origin, signing_key)
        if broken:
            message.violations = [each.text for each in broken]
            self.violations += [f"message {message.number}: {each.text}" for each in broken]
            return Answer(broken[0].status, body=broken[0].text.encode())
        if subscription is None:
            return Answer(404)
        return Answer(410) if subscription.gone else None

    def _next_answer(self, subscription: Subscription | None) -> ScriptedAnswer:
        own = subscription.next_answer() if subscription else None
        if own is not None:
            return own
        return self._script.popleft() if self._script else Answer(CREATED)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await self._stray(request)
        return await self.firefox.connect(request)

    async def _stray(self, request: web.Request) -> web.StreamResponse:
        with self.changed:
            self.strays.append(f"{request.method} {request.path}")
            self.changed.notify_all()
        return web.Response(status=404)
