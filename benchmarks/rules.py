"""What the rules cost a send, and what answer times give away: `python -m benchmarks.rules --rounds 400`.

In one thread, without a server, in the product's own environment. Each round does every variant once, so that whatever
else the machine does meets them all alike; figures are medians of CPU time, and of the differences within a round."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from unittest import mock

import django

T = TypeVar("T")
CONTACTS, BLOCKS = 10_000, 1_000
KINDS = ("nobody", "nobody else", "blocked", "silenced")
"""Whom no device reaches, twice, to see what differs anyway; and whose ring is kept from them."""
ROUND = timedelta(minutes=11)
"""By how much later each round takes place: no bound counts what came before."""


def costs(rounds: int) -> None:
    """Print what a send costs without rules, with them, and with all the contacts and blocks that anybody has."""
    pairs = {name: _pair(name) for name in ("without", "with", "with many")}
    _befriend(*pairs["with many"])
    seconds: dict[str, list[float]] = {name: [] for name in pairs}
    for number, now in enumerate(_moments(rounds)):
        for name, (caller, invitee) in _turned(pairs, number):
            with _without_rules() if name == "without" else _nothing():
                seconds[name].append(_sent(caller, invitee, now))
    without = seconds["without"]
    for name, taken in seconds.items():
        ratio = statistics.median(each / base for each, base in zip(taken, without, strict=True))
        print(f"send {name}: {1000 * statistics.median(taken):.3f} ms of CPU, {ratio:.3f} times that without rules")


def silence(rounds: int) -> None:
    """Print by how much the answers of sends differ to people who are not reached for different reasons."""
    from invitations.models import Block, CallingPreferences

    caller = _person("silence-caller")
    kinds = {name: _person(f"silence-{name.replace(' ', '-')}") for name in KINDS}
    now = datetime.now().astimezone()
    Block.objects.create(user_id=kinds["blocked"].user_id, other_id=caller.user_id, created_at=now)
    for name, person in kinds.items():
        until = now + timedelta(days=3650) if name == "silenced" else None
        CallingPreferences.objects.create(user_id=person.user_id, display_name=name, do_not_disturb_until=until)
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for number, moment in enumerate(_moments(rounds)):
        for name, invitee in _turned(kinds, number):
            # At another millisecond, for generated ids to differ.
            at = moment + timedelta(milliseconds=10 * KINDS.index(name))
            seconds[name].append(_sent(caller, invitee, at))
    nobody = seconds["nobody"]
    for name, taken in seconds.items():
        difference = statistics.median(each - base for each, base in zip(taken, nobody, strict=True))
        print(
            f"send to {name}: median {1000 * statistics.median(taken):.3f} ms of CPU, "
            f"{1000 * difference:+.4f} ms against nobody"
        )


def _turned(variants: dict[str, T], number: int) -> list[tuple[str, T]]:
    """The variants, each round beginning with another one: what follows an act finds other caches than the first."""
    found = list(variants.items())
    first = number % len(found)
    return found[first:] + found[:first]


def _moments(rounds: int) -> Iterator[datetime]:
    first = datetime.now().astimezone()
    warm = 20
    for number in range(-warm, rounds):
        yield first + (number + warm) * ROUND


def _sent(caller: Any, invitee: Any, now: datetime) -> float:
    """Send a call by the way that REST and socket share, then cancel it; the CPU time of the send."""
    from invitations.requests.verbs import perform

    body = {"invitees": [invitee.username], "is_video_call": True}
    began = time.thread_time()
    status, answer = perform("send", actor=caller, call_id=None, body=body, now=now)
    taken = time.thread_time() - began
    assert status == 201, answer
    perform("cancel", actor=caller, call_id=answer["call"]["call_id"], body={}, now=now + timedelta(seconds=1))
    return taken


def _pair(name: str) -> tuple[Any, Any]:
    word = name.replace(" ", "-")
    return _person(f"{word}-caller"), _person(f"{word}-invitee")


def _person(name: str) -> Any:
    from django.contrib.auth import get_user_model

    from invitations import calls

    user = get_user_model().objects.create_user(f"{name}-{time.time_ns()}")
    return calls.Actor(user.pk, user.username, "bench", device_label="Bench")


def _befriend(*people: Any) -> None:
    """Give each of these people as many contacts and blocks as anybody has."""
    from django.contrib.auth import get_user_model

    from benchmarks.accounts import make
    from invitations.models import Block, Contact, ContactState

    names = [name for name, _ in make(CONTACTS + BLOCKS, prefix=f"rules{time.time_ns()}-")]
    keys = list(get_user_model().objects.filter(username__in=names[:1]).values_list("pk", flat=True))
    first, now = keys[0], datetime.now().astimezone()
    for person in people:
        contacts = (
            Contact(user_id=person.user_id, other_id=first + number, state=ContactState.CONTACT, changed_at=now)
            for number in range(CONTACTS)
        )
        Contact.objects.bulk_create(contacts, batch_size=1000)
        blocks = (
            Block(user_id=person.user_id, other_id=first + CONTACTS + number, created_at=now)
            for number in range(BLOCKS)
        )
        Block.objects.bulk_create(blocks, batch_size=1000)


@contextmanager
def _without_rules() -> Iterator[None]:
    """A send that asks for people alone and lets every ring through."""
    from invitations.calls import judging
    from invitations.rules import terms
    from invitations.rules.judging import Terms
    from invitations.store import people
    from invitations.store.statements import Prepared

    global _plain
    if _plain is None:
        _plain = Prepared(
            people.described(people.FOUND, "", labelled=True),
            row=lambda columns: (people.person(*columns), Terms(columns[0])),
        )
    with (
        mock.patch.object(terms, "_PEOPLE", _Plain(_plain)),
        mock.patch.object(judging, "judge", _lets_through),
    ):
        yield


_plain: Any = None


class _Plain:
    """Stands for the statement that reads people with their terms."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    def soon(self, *, caller: Any, **values: Any) -> Any:
        return self._statement.soon(**values)


def _lets_through(*_: Any, **__: Any) -> Any:
    from invitations.models import Verdict

    return Verdict.RINGS


@contextmanager
def _nothing() -> Iterator[None]:
    yield


PARTS: dict[str, Callable[[int], None]] = {"costs": costs, "silence": silence}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--parts", default=",".join(PARTS), help="of costs and silence")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    django.setup()
    for name in options.parts.split(","):
        PARTS[name](options.rounds)


if __name__ == "__main__":
    main()
