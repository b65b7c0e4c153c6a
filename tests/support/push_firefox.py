"""The test push service's other side: what Firefox holds open to be pushed to.

The protocol is Mozilla's (https://mozilla-services.github.io/autopush-rs/, "Push service WebSocket protocol"), spoken
over a WebSocket. It carries messages as they came; only Firefox has the keys to them."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import WSMsgType, web

from tests.support.push_rules import encoded
from tests.support.push_subscription import Message, Subscription

if TYPE_CHECKING:
    from tests.support.push_service import PushService

SUBPROTOCOL = "push-notification"

DELIVERED = 100


@dataclass(frozen=True)
class Ack:
    """What Firefox said about a message.

    Args:
        kind: an ack settles the message; a nack follows it where the worker failed afterwards.
        code: 100 delivered to the worker, 101 could not be decrypted, 102 not delivered for another reason; with a
            nack 301 the worker threw, 302 its promise was rejected, 303 for another reason.
        message: None where nothing was known under its version.
    """

    kind: Literal["ack", "nack"]
    code: int
    message: Message | None


class UserAgent:
    """One Firefox profile: its channels, over all of its connections."""

    def __init__(self, uaid: str) -> None:
        self.uaid = uaid
        self.channels: dict[str, Subscription] = {}
        self.sent: dict[str, Message] = {}
        """What it was ever sent, by version."""
        self.in_flight: dict[str, tuple[Subscription, Message]] = {}
        """What of that is not settled yet."""
        self.socket: web.WebSocketResponse | None = None


class FirefoxSide:
    """Every Firefox that holds a connection, or held one.

    Attributes:
        acks: what Firefox said about messages, in order.
        registered, unregistered: channels, counted over all time.
    """

    def __init__(self, service: PushService) -> None:
        self.acks: list[Ack] = []
        self.registered = 0
        self.unregistered = 0
        self._service = service
        self._agents: dict[str, UserAgent] = {}
        self._sockets: set[web.WebSocketResponse] = set()

    @property
    def connected(self) -> int:
        """How many Firefoxes are connected at the moment."""
        return sum(1 for each in self._agents.values() if each.socket is not None)

    @property
    def subscriptions(self) -> list[Subscription]:
        """Every address that a Firefox holds, oldest first."""
        return [each for agent in self._agents.values() for each in agent.channels.values()]

    def disconnect(self) -> None:
        """Break every connection; Firefox comes back by itself."""
        self._service.call(self._close_all)

    def forget(self) -> None:
        """Know nobody and no address any more, as after a loss of data, and break every connection.

        Firefox is given another identity when it comes back, and tells its workers: `pushsubscriptionchange`.
        """
        with self._service.changed:
            for each in self.subscriptions:
                each.gone = True
            self._agents.clear()
        self.disconnect()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """One connection from its beginning to its end."""
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL])
        await socket.prepare(request)
        connection = _Connection(self, self._service, socket)
        self._sockets.add(socket)
        sender = asyncio.create_task(connection.send_all())
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    with self._service.changed:
                        connection.hear(json.loads(frame.data))
                        self._service.changed.notify_all()
        finally:
            sender.cancel()
            self._sockets.discard(socket)
            with self._service.changed:
                connection.end()
                self._service.changed.notify_all()
        return socket

    async def _close_all(self) -> None:
        for each in list(self._sockets):
            await each.close(code=1012)

    def agent(self, uaid: str) -> UserAgent:
        """The one known by that id; a fresh one under a fresh id where there is none."""
        if uaid not in self._agents:
            uaid = secrets.token_hex(16)
            self._agents[uaid] = UserAgent(uaid)
        return self._agents[uaid]


class _Connection:
    """What is said over one WebSocket. Called with the service's lock held, on its loop."""

    def __init__(self, side: FirefoxSide, service: PushService, socket: web.WebSocketResponse) -> None:
        self._side = side
        self._service = service
        self._socket = socket
        self._agent: UserAgent | None = None
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send_all(self) -> None:
        while True:
            await self._socket.send_str(json.dumps(await self._outgoing.get()))

    def hear(self, said: dict[str, Any]) -> None:
        kind = said.get("messageType", "ping")
        if kind in ("ping", ""):
            self._outgoing.put_nowait({})
        elif kind == "hello":
            self._greet(said.get("uaid") or "")
        elif kind == "register":
            self._register(said["channelID"], said.get("key") or "")
        elif kind == "unregister":
            self._unregister(said["channelID"])
        elif kind == "ack":
            for each in said["updates"]:
                self._settle("ack", each["version"], each.get("code", DELIVERED))
        elif kind == "nack":
            self._settle("nack", said["version"], said.get("code", 0))
        # Broadcasts (broadcast_subscribe) are of no interest, and expect no answer.

    def end(self) -> None:
        agent = self._agent
        if agent is None or agent.socket is not self._socket:
            return  # never greeted, or the same Firefox has come back by another connection
        agent.socket = None
        for each in agent.channels.values():
            each.take = None
        for subscription, message in agent.in_flight.values():
            subscription.keep(message)
        agent.in_flight.clear()

    def _greet(self, uaid: str) -> None:
        agent = self._agent = self._side.agent(uaid)
        agent.socket = self._socket
        self._outgoing.put_nowait(
            {"messageType": "hello", "status": 200, "uaid": agent.uaid, "use_webpush": True, "broadcasts": {}}
        )
        for channel, subscription in agent.channels.items():
            self._attach(channel, subscription)
            subscription.collect(self._service.now())

    def _register(self, channel: str, key: str) -> None:
        assert self._agent is not None, "Firefox registered before it said hello"
        subscription = self._agent.channels.get(channel)
        if subscription is None:
            subscription = self._agent.channels[channel] = self._service.make_subscription(key.rstrip("="))
            self._side.registered += 1
        self._attach(channel, subscription)
        self._outgoing.put_nowait(
            {
                "messageType": "register",
                "status": 200,
                "channelID": channel,
                "pushEndpoint": subscription.endpoint,
            }
        )

    def _unregister(self, channel: str) -> None:
        assert self._agent is not None, "Firefox unregistered before it said hello"
        subscription = self._agent.channels.pop(channel, None)
        if subscription is not None:
            subscription.gone = True
            subscription.take = None
            self._side.unregistered += 1
        self._outgoing.put_nowait({"messageType": "unregister", "status": 200, "channelID": channel})

    def _attach(self, channel: str, subscription: Subscription) -> None:
        subscription.take = lambda message: self._notify(channel, subscription, message)

    def _notify(self, channel: str, subscription: Subscription, message: Message) -> None:
        assert self._agent is not None
        version = f"{message.number}:{secrets.token_hex(4)}"
        self._agent.sent[version] = message
        self._agent.in_flight[version] = (subscription, message)
        self._outgoing.put_nowait(
            {
                "messageType": "notification",
                "channelID": channel,
                "version": version,
                "data": encoded(message.body),
                "headers": {"encoding": "aes128gcm"},
            }
        )

    def _settle(self, kind: Literal["ack", "nack"], version: str, code: int) -> None:
        assert self._agent is not None
        self._agent.in_flight.pop(version, None)
        self._side.acks.append(Ack(kind, code, self._agent.sent.get(version)))
