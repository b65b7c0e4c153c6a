"""The messages that hooks are owed: who sends which and when, and what became of each.

Sends nothing itself. A claim is a lease, so that any number of dispatchers may take from the same table and any of them
may die. Of one lane, which is one call, never more than one is on its way, and the earliest goes first."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from django.db.models import F, Min, OuterRef, Q, Subquery

from invitations.hooks import switching
from invitations.models import Hook, HookKind, HookMessage, HookMessageState, HookOff
from invitations.store.statements import Bind, Prepared, PreparedUpdate, aggregated

SEND_SECONDS = 10.0
"""How long a receiver may take to answer."""
LEASE_SECONDS = 2 * SEND_SECONDS
RETRY_SECONDS = (5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
"""How long after each failed try the next one is; after the last there is none."""
JITTER = 0.1
"""By how much of itself a wait may be longer, so that what failed together is not retried together."""
OFF_AFTER = timedelta(days=3)
"""For how long a hook may fail, without one success, before it is switched off."""
BLOCKED_SECONDS = 1.0
"""How soon to look again at a message whose forerunner is on its way. When that one arrives here, it goes at once."""
GONE = 410
UNSENT = "unsent"
"""The code of a message that an error of ours kept from being sent."""

Lane = tuple[int, str]
"""A hook's key, and the id of the call whose messages go one after the other."""

_PENDING = HookMessage.objects.filter(state=HookMessageState.PENDING)


class Due(NamedTuple):
    """A hook that is owed something.

    Args:
        pk: its key.
        hook_id: the public id.
        url: where it leads.
        secret: the sealed secret.
        former_secret: the sealed former one; empty if there is none.
        former_until: until when that one counts too.
        failing_since: when the first of its tries failed that no success has followed; None while it works.
        next_at: when its next message is due, or the next lease runs out; None if it is owed nothing.
    """

    pk: int
    hook_id: str
    url: str
    secret: str
    former_secret: str
    former_until: datetime | None
    failing_since: datetime | None
    next_at: datetime | None


class Claimed(NamedTuple):
    """A message that this process may send until its lease runs out.

    Args:
        pk: its key.
        message_id: what the receiver knows it by.
        lane: the call's id; empty if it waits for no other.
        body: what to send.
        attempts: how often it was tried before.
    """

    pk: int
    message_id: str
    lane: str
    body: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Messages of one lane, or one of none, each to be sent when the one before it was delivered.

    Args:
        hook_pk: the hook's key.
        failing_since: as in `Due`.
        claim: the lease's name; settling under another name has no effect.
        until: when the lease runs out.
        messages: in their order.
    """

    hook_pk: int
    failing_since: datetime | None
    claim: str
    until: datetime
    messages: list[Claimed]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message that was tried.

    Args:
        message: the message.
        at: when this was known.
        status: the HTTP status, if there was an answer.
        code: why it was not delivered; empty if it was.
        after_seconds: how long the receiver asked to be left alone.
    """

    message: Claimed
    at: datetime
    status: int | None = None
    code: str = ""
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a chain. The messages without an outcome were not tried.

    Args:
        chain: the chain.
        outcomes: of its first messages; only the last of these may have failed.
    """

    chain: Chain
    outcomes: list[Outcome]


_NEXT = Subquery(aggregated(_PENDING.filter(hook_id=OuterRef("pk")), Min("due_at")))
_DUE_COLUMNS = ("pk", "hook_id", "url", "secret", "former_secret", "former_until", "failing_since", "next_at")
HOOKS = Prepared(
    Hook.objects.filter(is_active=True, kind=HookKind.EVENTS)
    .annotate(next_at=_NEXT)
    .order_by()
    .values_list(*_DUE_COLUMNS),
    row=Due._make,
)


class _Waiting(NamedTuple):
    pk: int
    message_id: str
    lane: str
    body: str
    attempts: int
    ahead: int | None


@cache
def _waiting(size: int) -> Prepared[_Waiting]:
    """The messages of a hook that have been due for longest, each with the key of what goes before it in its lane."""
    ahead = _PENDING.filter(~Q(lane=""), hook_id=OuterRef("hook_id"), lane=OuterRef("lane"), pk__lt=OuterRef("pk"))
    found = (
        _PENDING.filter(hook_id=Bind("hook"), due_at__lte=Bind("now"))
        .annotate(ahead=Subquery(ahead.order_by("-pk").values("pk")[:1]))
        .order_by("due_at", "pk")
        .select_for_update(skip_locked=True, of=("self",))
        .values_list("pk", "message_id", "lane", "body", "attempts", "ahead")
    )
    return Prepared(found[:size], row=_Waiting._make)


_ALL = HookMessage.objects.filter(pk__in=Bind("keys"))
AHEAD = Prepared(_ALL.order_by().values_list("pk", "due_at", "claim"), row=tuple)
TAKE = PreparedUpdate(_ALL, claim=Bind("claim"), due_at=Bind("until"))
HOLD = PreparedUpdate(_ALL, due_at=Bind("until"))
_MINE = _PENDING.filter(pk__in=Bind("keys"), claim=Bind("claim"))
_TRIED = {"status": Bind("status"), "code": Bind("code"), "claim": "", "tried_at": Bind("at")}
_SETTLED = {**_TRIED, "settled_at": Bind("at"), "attempts": F("attempts") + 1}
DELIVERED = PreparedUpdate(_MINE, state=HookMessageState.DELIVERED.value, **_SETTLED)
GIVEN_UP = PreparedUpdate(_MINE, state=HookMessageState.GIVEN_UP.value, **_SETTLED)
LATER = PreparedUpdate(_MINE, due_at=Bind("due_at"), attempts=F("attempts") + 1, **_TRIED)
GIVE_BACK = PreparedUpdate(_MINE, claim="", due_at=Bind("due_at"))
# What waits behind others is due with its lane's next turn.
ADVANCE = PreparedUpdate(
    _PENDING.filter(hook_id=Bind("hook"), lane__in=Bind("lanes"), claim="", due_at__gt=Bind("now")), due_at=Bind("now")
)


def hooks() -> list[Due]:
    """All hooks that listen, each with the moment at which its next message is due."""
    return HOOKS.rows()


def claim(due: Due, *, name: str, now: datetime, size: int) -> tuple[list[Chain], set[Lane]]:
    """Take messages of one hook that are due, for `LEASE_SECONDS`, and put off those that wait behind others.

    Runs in the caller's transaction, which must be short.

    Args:
        due: the hook.
        name: the name of the claim.
        size: how many at most, down to a power of two: for each there is a statement.

    Returns:
        What was taken, and the lanes in which something was put off.
    """
    until = now + timedelta(seconds=LEASE_SECONDS)
    chains: list[Chain] = []
    of_message: dict[int, Chain] = {}
    blocked: list[_Waiting] = []
    for each in sorted(_waiting(1 << (size.bit_length() - 1)).rows(hook=due.pk, now=now)):
        chain = of_message.get(each.ahead) if each.ahead is not None else _begun(chains, due, name, until)
        if chain is None:
            blocked.append(each)
        else:
            chain.messages.append(Claimed(*each[:-1]))
            of_message[each.pk] = chain
    if blocked:
        _put_off(blocked, now)
    if of_message:
        TAKE.run(keys=list(of_message), claim=name, until=until)
    return chains, {(due.pk, each.lane) for each in blocked}


def _begun(chains: list[Chain], due: Due, name: str, until: datetime) -> Chain:
    chains.append(Chain(due.pk, due.failing_since, name, until, []))
    return chains[-1]


def _put_off(blocked: list[_Waiting], now: datetime) -> None:
    """Look at these again when what goes before them is due, or soon if that is on its way."""
    soon = now + timedelta(seconds=BLOCKED_SECONDS)
    ahead = {pk: soon if claimed else max(soon, due_at) for pk, due_at, claimed in _ahead_of(blocked)}
    held: dict[datetime, list[int]] = {}
    for each in blocked:
        until = ahead.get(each.ahead or 0, soon)
        ahead[each.pk] = until
        held.setdefault(until, []).append(each.pk)
    for until, keys in held.items():
        HOLD.run(keys=keys, until=until)


def _ahead_of(blocked: list[_Waiting]) -> list[tuple[int, datetime, str]]:
    these = {each.pk for each in blocked}
    return AHEAD.rows(keys=sorted({each.ahead for each in blocked if each.ahead is not None} - these))


def settle(carried: Iterable[Carried], *, held: set[Lane]) -> None:
    """Record what became of messages. Leaves those alone whose lease another dispatcher has taken over.

    Runs in the caller's transaction. Locks hooks before messages.

    Args:
        carried: what came back.
        held: the lanes in which something was put off; those are taken out of it whose turn it is now.
    """
    carried = list(carried)
    off = _note_health(carried)
    delivered: dict[tuple[str, int | None], list[Outcome]] = {}
    ended: dict[int, list[str]] = {}
    for each in carried:
        good = [outcome for outcome in each.outcomes if not outcome.code]
        for outcome in good:
            delivered.setdefault((each.chain.claim, outcome.status), []).append(outcome)
        again = _fail(each, each.outcomes[-1]) if len(good) < len(each.outcomes) else None
        rest = [message.pk for message in each.chain.messages[len(each.outcomes) :]]
        if rest:
            # At once, unless what goes before them is to be tried again.
            due_at = again or (each.outcomes[-1].at if each.outcomes else each.chain.until)
            GIVE_BACK.run(keys=rest, claim=each.chain.claim, due_at=due_at)
        elif again is None and (lane := (each.chain.hook_pk, each.chain.messages[0].lane)) in held:
            ended.setdefault(lane[0], []).append(lane[1])
    for (name, status), outcomes in delivered.items():
        keys, at = sorted(each.message.pk for each in outcomes), max(each.at for each in outcomes)
        DELIVERED.run(keys=keys, claim=name, status=status, code="", at=at)
    for hook_pk, lanes in ended.items():
        ADVANCE.run(
            hook=hook_pk, lanes=sorted(lanes), now=max(each.outcomes[-1].at for each in carried if each.outcomes)
        )
        held.difference_update((hook_pk, lane) for lane in lanes)
    for hook_pk, at in off.items():
        # Also what was given back by now.
        switching.give_up(hook_pk, now=at)


def _fail(carried: Carried, outcome: Outcome) -> datetime | None:
    """Record a failed try. Returns when the next one is; None if there is none."""
    row = {"keys": [outcome.message.pk], "claim": carried.chain.claim, "status": outcome.status, "code": outcome.code}
    again = None if outcome.status == GONE else retry_at(outcome)
    if again is None:
        GIVEN_UP.run(at=outcome.at, **row)
    else:
        LATER.run(at=outcome.at, due_at=again, **row)
    return again


def retry_at(outcome: Outcome) -> datetime | None:
    """When to try again what has failed; None if it is given up."""
    before = outcome.message.attempts
    if before >= len(RETRY_SECONDS):
        return None
    wait = RETRY_SECONDS[before] * (1 + random.uniform(0, JITTER))  # noqa: S311  nothing to guess
    return outcome.at + timedelta(seconds=max(wait, outcome.after_seconds or 0))


def _fails_since(hook_pk: int, moment: datetime) -> bool:
    """Whether a hook still fails as long: another post may have got through since these messages were taken."""
    return Hook.objects.filter(pk=hook_pk, failing_since__lte=moment).exists()


def _note_health(carried: list[Carried]) -> dict[int, datetime]:
    """Note since when a hook fails, and switch off one that is gone or has failed for too long. Returns which are off
    now, and since when."""
    off: dict[int, datetime] = {}
    works = {each.chain.hook_pk for each in carried if any(not outcome.code for outcome in each.outcomes)}
    for pk in sorted({each.chain.hook_pk for each in carried if each.chain.failing_since is not None} & works):
        switching.works_again(pk)
    failed = (each for each in carried if each.outcomes and each.outcomes[-1].code)
    for each in sorted(failed, key=lambda each: each.chain.hook_pk):
        pk, since, last = each.chain.hook_pk, each.chain.failing_since, each.outcomes[-1]
        if last.status == GONE:
            switching.switch_off(pk, HookOff.GONE, now=last.at)
            off[pk] = last.at
        elif pk in works:
            continue
        elif since is None:
            switching.note_failure(pk, now=last.at)
        elif last.at - since >= OFF_AFTER and _fails_since(pk, last.at - OFF_AFTER):
            switching.switch_off(pk, HookOff.FAILING, now=last.at)
            off[pk] = last.at
    return off
