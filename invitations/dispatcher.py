"""What time does when nobody asks: rings and leases that run out, rings to be heard again, things to forget.

Small idempotent steps, each safe to repeat, to kill and to run several times at once: the verbs decide under the call's
lock whether anything is due. Holds no rule of calls itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from invitations import calls
from invitations.calls.transaction import write
from invitations.conf import limits
from invitations.models import Call, Invitation, Participant

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
"""How long the loop sleeps at most. No deadline is set less than a second ahead: every one is seen before it comes."""
LOOK_AHEAD_SECONDS = 1.25
BATCH = 200
PRUNE_EVERY_SECONDS = 3600
PRUNE_FIRST_AFTER_SECONDS = 60
PRUNE_BATCH = 1000
LONGEST_PUT_OFF_SECONDS = 60
LONGEST_BACKOFF_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do to one row, and when."""

    act: str
    key: int
    at: datetime


class Dispatcher:
    """Does what is due, when it is due, until it is told to stop.

    Args:
        clock: tells the moment; aware datetimes.
    """

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock
        self._put_off: dict[tuple[str, int], tuple[int, datetime]] = {}
        self._prune_at = clock() + timedelta(seconds=PRUNE_FIRST_AFTER_SECONDS)
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news: asyncio.Event | None = None

    async def run(self) -> None:
        """Work until `stop`. Nothing that goes wrong ends it: what fails is logged and tried again."""
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        failures = 0
        # A lasting thread keeps its database connection; the verbs are synchronous.
        with ThreadPoolExecutor(1, thread_name_prefix="dispatcher") as thread:
            while not self._stopping:
                self._news.clear()
                try:
                    pause_seconds = await self._loop.run_in_executor(thread, self._tick)
                except Exception as error:
                    failures += 1
                    pause_seconds = min(0.25 * 2**failures, LONGEST_BACKOFF_SECONDS)
                    _report(error, failures, pause_seconds)
                    await self._loop.run_in_executor(thread, _drop_connection)
                else:
                    if failures:
                        logger.warning("The dispatcher works again after %d failed attempts", failures)
                    failures = 0
                await self._sleep(pause_seconds)
            await self._loop.run_in_executor(thread, _drop_connection)

    def stop(self) -> None:
        """End `run` after the row that is being worked on. From any thread."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Look at once instead of at the next due moment. From any thread."""
        if self._loop is None or self._news is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:
            # That loop is closed: the dispatcher has ended.
            return

    def step(self, now: datetime) -> int:
        """Do everything that is due by now, a bounded batch of it.

        Args:
            now: the moment.

        Returns:
            How many things were done.
        """
        return self._act_on(self._agenda(now, by=now), now)

    def _tick(self) -> float:
        """One round. Gives the seconds to sleep before the next one."""
        now = self._clock()
        agenda = self._agenda(now, by=now + timedelta(seconds=LOOK_AHEAD_SECONDS))
        done = self._act_on([each for each in agenda if each.at <= now], now)
        if now >= self._prune_at:
            self._prune_at = now + timedelta(seconds=PRUNE_EVERY_SECONDS)
            prune(now)
        if done and len(agenda) >= BATCH:
            return 0
        coming = min((each.at for each in agenda if each.at > now), default=None)
        if coming is None:
            return LOOK_EVERY_SECONDS
        return min(max((coming - self._clock()).total_seconds(), 0), LOOK_EVERY_SECONDS)

    def _agenda(self, now: datetime, *, by: datetime) -> list[Due]:
        """What is due at `by`, earliest first, without what was put off."""
        self._put_off = {key: until for key, until in self._put_off.items() if until[1] > now - PUT_OFF_KEPT}
        waiting = {key for key, (_, until) in self._put_off.items() if until > now}
        found = agenda(now, by=by, size=BATCH + len(waiting))
        return [each for each in found if (each.act, each.key) not in waiting]

    def _act_on(self, dues: Iterable[Due], now: datetime) -> int:
        done = 0
        seen: set[tuple[str, int]] = set()
        for due in dues:
            act = (due.act, due.key)
            if self._stopping or act in seen:
                continue
            seen.add(act)
            done += self._act(act, now)
        return done

    def _act(self, act: tuple[str, int], now: datetime) -> bool:
        """Do one thing. One that fails, or that was not due after all, is put off and holds up no other."""
        name, key = act
        try:
            did = ACTS[name](key, now)
        except Exception as error:
            if isinstance(error, DatabaseError | InterfaceError) and not _database_answers():
                raise
            logger.exception("The dispatcher could not %s %d; it goes on with the rest", name, key)
            did = False
        if did:
            self._put_off.pop(act, None)
            return True
        times = self._put_off.get(act, (0, now))[0] + 1
        self._put_off[act] = (times, now + timedelta(seconds=min(2 ** (times - 1), LONGEST_PUT_OFF_SECONDS)))
        return False

    async def _sleep(self, seconds: float) -> None:
        assert self._news is not None  # noqa: S101  made by run
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return


PUT_OFF_KEPT = timedelta(seconds=2 * LONGEST_PUT_OFF_SECONDS)


def agenda(now: datetime, *, by: datetime, size: int) -> list[Due]:
    """What the open calls demand at a moment, in one query whose cost follows what is due, not what is open.

    Args:
        now: the present; a ring whose deadline has passed is not repeated.
        by: the moment to look at; not before now.
        size: how many at most, earliest first.
    """
    terms = limits()
    first_lease = by - timedelta(seconds=min(terms.lease_ringing_seconds, terms.lease_active_seconds))
    expiring = _listed(Invitation.objects.due(by), "expire call", "call_id", F("expires_at"))
    repeating = _listed(
        Invitation.objects.pending().filter(next_ring_at__lte=by, expires_at__gt=now),
        "ring again for invitation",
        "pk",
        F("next_ring_at"),
    )
    too_long = _listed(
        Call.objects.longer_than_allowed(by, terms.max_duration_seconds),
        "end overlong call",
        "pk",
        F("created_at"),
    )
    lapsing = _listed(
        # The second filter says no more than the first, but an index can answer it.
        Participant.objects.lapsed(by, terms).filter(Q(proved_at__isnull=True) | Q(proved_at__lte=first_lease)),
        Case(
            When(proved_at__isnull=True, then=Value("end unproven lease in call")),
            When(call__state="active", then=Value("end active lease in call")),
            default=Value("end ringing lease in call"),
            output_field=CharField(),
        ),
        "call_id",
        Coalesce("proved_at", Greatest("joined_at", "call__answered_at")),
    )
    counted_from = {
        "end overlong call": timedelta(seconds=terms.max_duration_seconds),
        "end unproven lease in call": timedelta(seconds=terms.lease_unproven_seconds),
        "end active lease in call": timedelta(seconds=terms.lease_active_seconds),
        "end ringing lease in call": timedelta(seconds=terms.lease_ringing_seconds),
    }
    found = expiring.union(repeating, too_long, lapsing, all=True).order_by("since")[:size]
    dues = [Due(act, key, since + counted_from.get(act, timedelta(0))) for act, key, since in found]
    return sorted(dues, key=lambda due: due.at)


def prune(now: datetime) -> int:
    """Forget sessions and tokens that have run out.

    Args:
        now: the moment.

    Returns:
        How many tokens; sessions are not counted by Django's stores.
    """
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    if not apps.is_installed("knox"):
        return 0
    from knox.models import get_token_model

    tokens = get_token_model().objects
    forgotten = 0
    while expired := list(tokens.filter(expiry__lt=now).values_list("pk", flat=True)[:PRUNE_BATCH]):
        with write():
            forgotten += tokens.filter(pk__in=expired).delete()[0]
    return forgotten


def _listed(rows: QuerySet[Any], act: str | Case, key: str, since: Any) -> QuerySet[Any]:
    """A branch of the agenda: the act, the key it is done to, and the moment that its deadline counts from."""
    named = Value(act, output_field=CharField()) if isinstance(act, str) else act
    return rows.order_by().annotate(act=named, key=F(key), since=since).values_list("act", "key", "since")


def _expire(call_pk: int, now: datetime) -> bool:
    return calls.expire(call_pk, now=now) is not None


def _ring_again(invitation_pk: int, now: datetime) -> bool:
    return calls.ring_again(invitation_pk, now=now)


ACTS: dict[str, Callable[[int, datetime], bool]] = {
    "expire call": _expire,
    "ring again for invitation": _ring_again,
    "end overlong call": _expire,
    "end unproven lease in call": _expire,
    "end active lease in call": _expire,
    "end ringing lease in call": _expire,
}


def _report(error: Exception, failures: int, pause_seconds: float) -> None:
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning(
            "The dispatcher cannot reach the database (%s), attempt %d; again in %.1f s",
            type(error).__name__,
            failures,
            pause_seconds,
        )
        return
    logger.error("The dispatcher failed, attempt %d; again in %.1f s", failures, pause_seconds, exc_info=error)


def _database_answers() -> bool:
    try:
        return connection.connection is not None and connection.is_usable()
    except DatabaseError:
        return False


def _drop_connection() -> None:
    try:
        connection.close()
    except DatabaseError:
        logger.debug("A connection that was already broken could not be closed")
