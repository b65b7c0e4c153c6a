"""One address of the test push service: what was sent to it, what waits for it, and who takes it.

It knows RFC 8030's time to live (section 5.2) and topics (section 5.4), neither HTTP nor encryption."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tests.support import push_rules
from tests.support.push_answers import ScriptedAnswer, scripted


class Fate(StrEnum):
    """What became of a message."""

    ARRIVED = "arrived"  # recorded, not answered yet
    REFUSED = "refused"  # answered with anything but 201
    WAITING = "waiting"  # accepted, for a receiver that is offline
    DELIVERED = "delivered"
    REPLACED = "replaced"  # by a later one with the same topic, before it was delivered
    EXPIRED = "expired"


@dataclass(eq=False)
class Message:
    """One POST to an address, as it came.

    Attributes:
        headers: by name, whatever its case.
        arrived_at: by the real clock.
        status: what it was answered with; None before that, and for good without an answer.
        violations: the rules that it broke, in words.
    """

    number: int
    endpoint: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    arrived_at: datetime
    status: int | None = None
    fate: Fate = Fate.ARRIVED
    violations: list[str] = field(default_factory=list)
    expires_at: datetime | None = None

    @property
    def ttl_seconds(self) -> int:
        return int(self.headers["TTL"])

    @property
    def urgency(self) -> str:
        return self.headers.get("Urgency", "normal")

    @property
    def topic(self) -> str:
        """Empty without one."""
        return self.headers.get("Topic", "")

    @property
    def claims(self) -> dict[str, Any]:
        """VAPID's: `aud`, `exp`, `sub`."""
        return push_rules.claims(self.headers.get("Authorization", ""))

    @property
    def signing_key(self) -> str:
        """The VAPID public key it was signed with."""
        return push_rules.signing_key_of(self.headers.get("Authorization", ""))

    @property
    def vapid_token(self) -> str:
        """The whole Authorization header, to see whether one was used again."""
        return self.headers.get("Authorization", "")


class Subscription:
    """An address. `take` is called with each message for it while somebody is there; None: nobody is."""

    def __init__(self, token: str, endpoint: str, signing_key: str) -> None:
        self.token = token
        self.endpoint = endpoint
        self.signing_key = signing_key
        self.gone = False
        self.take: Callable[[Message], None] | None = None
        self._waiting: list[Message] = []
        self._script: deque[ScriptedAnswer] = deque()

    def answer(self, *answers: int | ScriptedAnswer) -> None:
        """Answer the next messages to this address so, in order; then 201 again."""
        self._script.extend(scripted(each) for each in answers)

    def next_answer(self) -> ScriptedAnswer | None:
        return self._script.popleft() if self._script else None

    def accept(self, message: Message, now: datetime) -> None:
        """Deliver it, or keep it while its time to live lasts."""
        message.expires_at = now + timedelta(seconds=message.ttl_seconds)
        for each in self.waiting(now):
            if message.topic and each.topic == message.topic:
                each.fate = Fate.REPLACED
                self._waiting.remove(each)
        if self.take is not None:
            self._hand_over(message)
        elif message.ttl_seconds:
            self.keep(message)
        else:
            message.fate = Fate.EXPIRED

    def keep(self, message: Message) -> None:
        message.fate = Fate.WAITING
        self._waiting.append(message)

    def waiting(self, now: datetime) -> list[Message]:
        """What waits for the receiver; what has expired is dropped."""
        for each in list(self._waiting):
            if each.expires_at is not None and each.expires_at <= now:
                each.fate = Fate.EXPIRED
                self._waiting.remove(each)
        return list(self._waiting)

    def collect(self, now: datetime) -> None:
        """Deliver what waits: the receiver is there now."""
        for each in self.waiting(now):
            self._waiting.remove(each)
            self._hand_over(each)

    def _hand_over(self, message: Message) -> None:
        assert self.take is not None
        message.fate = Fate.DELIVERED
        self.take(message)
