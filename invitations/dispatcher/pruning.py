"""Deletes what is past its time: the dispatcher does so every hour, and `manage.py prune` when it is told to.

On PostgreSQL, push messages and the logs of calls go a whole month at a time (`store/months`); all else goes row by
row, a batch at a time. Any number of these may run at once, and any may be killed: each batch is a transaction of its
own. Only calls that are over are ever deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet, Subquery

from invitations import contacts
from invitations.calls import forgetting, repeats
from invitations.calls.transaction import write
from invitations.conf import limits
from invitations.credentials import app_tokens
from invitations.hooks import forgetting as forgetting_hooks
from invitations.hooks import switching
from invitations.models import (
    Call,
    CallEvent,
    CallState,
    Delivery,
    DeliveryKind,
    DeliveryState,
    HookMessage,
    IdempotencyKey,
    PairingCode,
)
from invitations.push import deliveries, recent
from invitations.store import months
from invitations.store.months import Month, Undone

logger = logging.getLogger(__name__)

PRUNE_BATCH = 1000
CALLS_BATCH = 200
"""A call has some ten rows in other tables."""
TESTS_KEPT = timedelta(days=1)
PAIRINGS_KEPT = timedelta(days=1)
LONGEST_KEPT_DAYS = 36_500
LONGEST_PAUSE_SECONDS = 0.25
BY_MONTH: tuple[tuple[type[Model], str], ...] = ((CallEvent, "call_created_at"), (Delivery, "created_at"))
"""The tables that PostgreSQL keeps in a partition for each month, and the column that says which."""


@dataclass(frozen=True, slots=True)
class Chore:
    """One kind of thing that is deleted.

    Args:
        name: what it is, in the plural.
        count: how many rows are past their time.
        work: deletes them; says after each batch how many it had.
    """

    name: str
    count: Callable[[], int]
    work: Callable[[], Iterator[int]]


@dataclass(slots=True)
class Pruned:
    """What was done.

    Args:
        counts: how many rows were deleted, by the name of the chore.
        undone: why something was left for the next time.
    """

    counts: dict[str, int] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)


def prune(
    now: datetime,
    *,
    exactly: bool = False,
    told: Callable[[Chore, int], None] = lambda chore, count: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Pruned:
    """Delete what is past its time, and make the partitions of the tables for the months to come.

    Args:
        now: an aware datetime.
        exactly: also delete the rows that are past their time of a month that is not past it as a whole.
        told: called when a chore begins, and after each of its batches, with how many rows are gone so far.
        stopping: asked after each batch whether to leave it at that.
    """
    pruned = Pruned()
    for model, column in BY_MONTH:
        with _noted(pruned):
            for month in months.prepare(model._meta.db_table, column, now=now):
                logger.info("Made the partition of %s for %s", model._meta.db_table, month)
    for chore in chores(now, exactly=exactly):
        pruned.counts.setdefault(chore.name, 0)
        told(chore, 0)
        with _noted(pruned):
            for count in _unhurried(chore.work()):
                pruned.counts[chore.name] += count
                told(chore, pruned.counts[chore.name])
                if stopping():
                    return pruned
    return pruned


def chores(now: datetime, *, exactly: bool = False) -> list[Chore]:
    """What `prune` deletes, in its order.

    Args:
        now: an aware datetime.
        exactly: as for `prune`.
    """
    found = [
        _sessions(now),
        _rows("sign-in tokens", app_tokens.expired(now)),
        _rows("pairing codes", PairingCode.objects.filter(created_at__lt=now - PAIRINGS_KEPT)),
        _rows("idempotency keys", IdempotencyKey.objects.filter(created_at__lt=now - repeats.KEPT)),
        _rows("test rings", Delivery.objects.filter(kind=DeliveryKind.TEST, created_at__lt=now - TESTS_KEPT)),
        _rows("requests turned down", contacts.turned_down_long_ago(now)),
        _stale(now),
        _names_in_ids(),
        _rows("messages to hooks about deleted accounts", forgetting_hooks.private()),
        _rows("messages to deleted hooks", forgetting_hooks.orphans()),
        _stranded(now),
    ]
    if days := limits().keep_deliveries_days:
        found.append(_told_hooks(now - timedelta(days=min(days, LONGEST_KEPT_DAYS))))
        found += _messages(_border(Delivery, now, days, exactly=exactly))
    if days := limits().keep_calls_days:
        found += _calls(_border(CallEvent, now, days, exactly=exactly))
    return found


@contextmanager
def _noted(pruned: Pruned) -> Iterator[None]:
    """What cannot be done now is left for the next time, and noted."""
    try:
        yield
    except Undone as error:
        logger.warning("Left for the next time: %s", error)
        pruned.undone.append(str(error))


def _unhurried(batches: Iterator[int]) -> Iterator[int]:
    """Batches with pauses as long as they took, in which others can write."""
    began_at = time.monotonic()
    for count in batches:
        yield count
        if count:
            time.sleep(min(time.monotonic() - began_at, LONGEST_PAUSE_SECONDS))
        began_at = time.monotonic()


def _border(model: type[Model], now: datetime, days: int, *, exactly: bool) -> datetime:
    """Before which moment everything is deleted: where the table has partitions, the beginning of a month."""
    past = now - timedelta(days=min(days, LONGEST_KEPT_DAYS))
    is_whole = exactly or not months.months(model._meta.db_table)
    return past if is_whole else Month.of(past).begins_at


def _sessions(now: datetime) -> Chore:
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    if hasattr(store, "get_model_class"):
        return _rows("sessions", store.get_model_class()._default_manager.filter(expire_date__lt=now))

    def clear() -> Iterator[int]:
        store.clear_expired()
        # How many there were, such a store does not say.
        yield 0

    return Chore("sessions", lambda: 0, clear)


def _messages(border: datetime) -> list[Chore]:
    old = Delivery.objects.filter(created_at__lt=border)

    def some() -> QuerySet[Delivery]:
        if months.months(Delivery._meta.db_table):
            return old
        # There is no index of their times. Their keys have the same order, so the first ones are the oldest.
        return old.filter(pk__in=Subquery(Delivery.objects.order_by("pk").values("pk")[:PRUNE_BATCH]))

    def work() -> Iterator[int]:
        yield from _dropped(Delivery, border)
        yield from _deleted(some())

    return [Chore("push messages", old.count, work)]


def _calls(border: datetime) -> list[Chore]:
    def over(before: datetime) -> QuerySet[Call]:
        return Call.objects.filter(created_at__lt=before, state=CallState.ENDED).order_by("created_at")

    def logs() -> Iterator[int]:
        yield from _dropped(CallEvent, border)

    def work() -> Iterator[int]:
        # A log that could not be dropped would now be deleted row by row.
        waiting = [each.begins_at for each in _months_before(CallEvent, border)]
        yield from _deleted(over(min([border, *waiting])), CALLS_BATCH)

    found = [Chore("calls", over(border).count, work)]
    if months.months(CallEvent._meta.db_table):
        found.insert(0, Chore("log entries of calls", CallEvent.objects.filter(call_created_at__lt=border).count, logs))
    return found


def _months_before(model: type[Model], border: datetime) -> list[Month]:
    return [each for each in months.months(model._meta.db_table) if each.ends_at <= border]


def _dropped(model: type[Model], border: datetime) -> Iterator[int]:
    """Drop the partitions of the months before this moment. Says of each how many rows it had."""
    column = dict(BY_MONTH)[model]
    for month in _months_before(model, border):
        if model is CallEvent and _has_open_calls(month):
            raise Undone(f"calls of {month} are still open")
        within = {f"{column}__gte": month.begins_at, f"{column}__lt": month.ends_at}
        count = model._default_manager.filter(**within).count()
        if months.drop(model._meta.db_table, month):
            logger.info("Dropped the partition of %s for %s with %d rows", model._meta.db_table, month, count)
            yield count


def _has_open_calls(month: Month) -> bool:
    of_month = Call.objects.filter(created_at__gte=month.begins_at, created_at__lt=month.ends_at)
    return of_month.exclude(state=CallState.ENDED).exists()


def _stale(now: datetime) -> Chore:
    """Push messages that wait although no post looks at them any more: all posts were away for a day or more."""
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, created_at__lte=now - recent.SPAN).order_by()

    def work() -> Iterator[int]:
        while keys := list(waiting.values_list("pk", flat=True)[:PRUNE_BATCH]):
            some = waiting.filter(pk__in=keys)
            with write():
                count = some.update(state=DeliveryState.DROPPED, code=deliveries.TOO_LATE, settled_at=now)
            yield count

    return Chore("push messages given up", waiting.count, work)


def _stranded(now: datetime) -> Chore:
    """Messages to hooks that wait although nobody sends them."""
    waiting = forgetting_hooks.stranded(now)

    def work() -> Iterator[int]:
        with write():
            yield switching.give_up_all(waiting, now=now)

    return Chore("messages to hooks given up", waiting.count, work)


def _told_hooks(border: datetime) -> Chore:
    old = HookMessage.objects.filter(created_at__lt=border)
    # Their keys have the order of their times, of which there is no index.
    first = Subquery(HookMessage.objects.order_by("pk").values("pk")[:PRUNE_BATCH])
    return Chore("messages to hooks", old.count, lambda: _deleted(old.filter(pk__in=first)))


def _names_in_ids() -> Chore:
    """Ids of calls that went on when their caller's account was deleted, and which no device knows them by any more."""
    named = forgetting.named_after_nobody().order_by()

    def work() -> Iterator[int]:
        # None is renamed if somebody calls under the id again at this moment.
        while keys := list(named.values_list("pk", flat=True)[:CALLS_BATCH]):
            if not (count := forgetting.rename(keys)):
                return
            yield count

    return Chore("names in ids of calls", named.count, work)


def _rows(name: str, rows: QuerySet[Any, Any]) -> Chore:
    return Chore(name, rows.count, lambda: _deleted(rows))


def _deleted(rows: QuerySet[Any, Any], size: int | None = None) -> Iterator[int]:
    """Delete these rows a batch at a time. Rows that others are deleting are left to them."""
    while True:
        with write():
            free = rows.select_for_update(skip_locked=True, of=("self",))
            batch = list(free.values_list("pk", flat=True)[: size or PRUNE_BATCH])
            if batch:
                rows.model._default_manager.filter(pk__in=batch).delete()
        if not batch:
            return
        yield len(batch)
