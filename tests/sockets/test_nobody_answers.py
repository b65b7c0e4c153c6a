"""A ring that nobody answers: whoever rings somebody who has blocked them, or does not want to be disturbed, gets to
the byte what they get of somebody whom no device reaches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from invitations import calls
from invitations.models import Block, Call, CallingPreferences, Contact, ContactState, Device, User
from tests.push.conftest import address_at
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
_VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "MOMENT"),
    (re.compile(r"session-[\w-]{22}"), "session-KEY"),
    (re.compile(r"call_attacker-\w+_\d+"), "call_GENERATED"),
    (re.compile(r"(attacker|victim|friend|room|group)-\w\b", re.IGNORECASE), r"\1"),
    (re.compile(r'"(id|test_id)": "\d+"'), r'"\1": "KEY"'),
]
"""Ids and times, which may differ."""
DERIVED = ("Date", "ETag", "X-Request-ID")
"""Headers that differ where an id or a time does."""


class Clock:
    """The server's clock, which the script moves by hand."""

    def __init__(self) -> None:
        self.moment = datetime.now(tz=UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.moment

    def passes(self, seconds: float) -> None:
        """Let time pass, second by second, and have done what the dispatcher does."""
        for _ in range(round(seconds)):
            self.moment += timedelta(seconds=1)
            for call in Call.objects.due(self.moment):
                calls.expire(call.pk, now=self.moment)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moving = Clock()
    monkeypatch.setattr(timezone, "now", moving)
    return moving


def alike(text: str) -> str:
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


class Attacker:
    """Somebody who tries everything by REST to find out how a person stands to them, and writes down every byte."""

    def __init__(self, user: User, friend: User, victim: User, clock: Clock) -> None:
        self._rest = {"": self._signed_in(user), "friend": self._signed_in(friend)}
        self._clock = clock
        self.victim, self.friend = victim.username, friend.username
        # Ids belong to those who used them.
        self.room, self.group = (f"{name}-{self.victim[-1]}" for name in ("room", "group"))
        self.transcript: list[str] = []

    def _signed_in(self, user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    def does(self, method: str, path: str, body: Any = None, *, who: str = "", **headers: str) -> Any:
        ask: Callable[..., Any] = getattr(self._rest[who], method)
        answer = ask(f"/api/v1/{path}", body, format="json", headers=headers)
        kept = {name: value for name, value in answer.headers.items() if name not in DERIVED}
        said = f"{who} {method} {path} -> {answer.status_code} {json.dumps(kept)} {answer.content.decode()}"
        self.transcript.append(alike(said))
        return answer.json() if answer.content else None

    def sends(self, *invitees: str, **more: Any) -> Any:
        return self.does("post", "calls", {"invitees": list(invitees), "is_video_call": False, **more})

    def looks(self, call_id: str = "unknown", *, who: str = "") -> None:
        for path in (
            f"calls/{call_id}",
            f"calls/{call_id}/timeline",
            "calls/open",
            "calls",
            f"calls?with={self.victim}",
            f"users?search={self.victim}",
            f"users?id={self.victim}",
        ):
            self.does("get", path, who=who)

    def script(self) -> None:
        """The hostile script."""
        clock, victim, friend = self._clock, self.victim, self.friend
        self.looks()
        key = {"Idempotency-Key": "once"}
        self.does("post", "calls", {"invitees": [victim], "is_video_call": True, "call_id": self.room}, **key)
        self.does("post", "calls", {"invitees": [victim], "is_video_call": True, "call_id": self.room}, **key)
        self.looks(self.room)
        for seconds in (2, 8, 15):
            clock.passes(seconds)
            self.looks(self.room)
        self.sends(victim, call_id=self.room)
        self.sends(victim)
        self.does("post", f"calls/{self.room}/join")
        self.does("post", f"calls/{self.room}/cancel", {"callees": [victim]})
        self.looks(self.room)
        # Again under the same id, taken back at once, and left to ring until nobody has answered.
        clock.passes(1)
        self.sends(victim, call_id=self.room, urgent=True)
        self.does("post", f"calls/{self.room}/cancel")
        self.looks(self.room)
        for timeout in (5, 9):
            clock.passes(61)
            self.sends(victim, timeout_seconds=timeout, notification_title="Mum", call_id=self.room)
            clock.passes(timeout + 1)
            self.looks(self.room)
        # It cools down, and is over when it says.
        refused = self.sends(victim)
        wait = max((each.get("retry_after_seconds", 0) for each in refused["errors"]), default=0)
        clock.passes(wait - 1)
        self.sends(victim)
        clock.passes(1)
        # A group, with somebody who looks on.
        self.sends(victim, friend, call_id=self.group)
        self.looks(self.group)
        self.looks(self.group, who="friend")
        self.does("post", f"calls/{self.group}/accept", {"device_id": "there"}, who="friend")
        clock.passes(3)
        self.does("post", f"calls/{self.group}/invite", {"invitees": [victim]})
        self.does("post", f"calls/{self.group}/invite", {"invitees": [victim]}, who="friend")
        self.does("post", f"calls/{self.group}/remove", {"user": victim})
        self.does("post", f"calls/{self.group}/invite", {"invitees": [victim]}, who="friend")
        clock.passes(70)
        self.looks(self.group)
        self.looks(self.group, who="friend")
        self.does("post", f"calls/{self.group}/end")
        self.looks(self.group)
        self.looks(self.group, who="friend")


def make(kind: str, moment: datetime, *names: str) -> list[User]:
    return [User.objects.create_user(f"{name}-{kind[0]}", password=None, date_joined=moment) for name in names]


def put_off(kind: str, victim: User, attacker: User, moment: datetime) -> None:
    """What the victim has settled."""
    # The attacker has the victim among their contacts, whatever that says about the victim.
    Contact.objects.create(user=attacker, other=victim, state=ContactState.CONTACT, changed_at=moment)
    if kind == "blocked":
        Block.objects.create(user=victim, other=attacker, created_at=moment)
    if kind == "silenced":
        Contact.objects.create(user=victim, other=attacker, state=ContactState.CONTACT, changed_at=moment)
        CallingPreferences.objects.create(
            user=victim, do_not_disturb_until=moment + timedelta(days=1), let_through=["favourites"]
        )
    if kind != "nobody":
        address = address_at(victim.username)
        Device.objects.create(
            user=victim,
            device_id="phone",
            created_at=moment,
            push_transport="webpush",
            push_endpoint=address.endpoint,
            push_digest=victim.username,
            push_set_at=moment,
        )


async def drained(page: Page) -> list[str]:
    return [alike(json.dumps(each)) for each in await page.so_far()]


async def attacked(kind: str, clock: Clock, open_page: OpenPage) -> tuple[list[str], list[str], list[str]]:
    """Run the script against one victim.

    Returns:
        What the attacker was answered, what their page was told, and what the victim's page was.
    """
    # Searches are counted by the minute of the clock.
    moment = clock.moment = clock.moment.replace(second=0) + timedelta(minutes=1)
    attacker, friend, victim = await in_thread(make, kind, moment, "attacker", "friend", "victim")
    await in_thread(put_off, kind, victim, attacker, moment)
    await in_thread(put_off_friend, kind, victim, friend, moment)
    theirs = await open_page(attacker, "attackers-page")
    page = None if kind == "nobody" else await open_page(victim, "victims-page")
    made = await in_thread(Attacker, attacker, friend, victim, clock)
    await in_thread(made.script)
    heard = await drained(theirs)
    return made.transcript, heard, [] if page is None else await drained(page)


def put_off_friend(kind: str, victim: User, friend: User, moment: datetime) -> None:
    if kind == "blocked":
        Block.objects.create(user=victim, other=friend, created_at=moment)


@pytest.mark.parametrize("kind", ["blocked", "silenced"])
async def test_it_is_to_the_byte_that_of_somebody_whom_no_device_reaches(
    kind: str, clock: Clock, open_quick_page: OpenPage
) -> None:
    expected, expected_frames, _ = await attacked("nobody", clock, open_quick_page)
    found, frames, victims = await attacked(kind, clock, open_quick_page)

    for theirs, nobodys in zip(found, expected, strict=True):
        assert theirs == nobodys
    assert frames == expected_frames
    assert len(expected) > 100
    if kind == "blocked":
        assert victims == []
    else:
        # Missed calls, each told once it is over.
        assert victims
        assert all('"missed": true' in each and '"verdict": "silenced"' in each for each in victims)
