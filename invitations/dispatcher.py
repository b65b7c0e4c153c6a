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

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from invitations import calls, rows
from invitations.calls.transaction import write
from invitations.conf import limits

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
PUT_OFF_KEPT = timedelta(seconds=2 * LONGEST_PUT_OFF_SECONDS)
SHORTEST_PAUSE_SECONDS = 0.05
"""Deadlines that lie closer together than this are met in one round."""

EXPIRE = "expire the rings of call"
RING_AGAIN = "ring again for invitation"
END_OVERLONG = "end the overlong call"
END_UNPROVEN = "end an unproven lease in call"
END_RINGING = "end a ringing lease in call"
END_ACTIVE = "end an active lease in call"

# Hand-written, for it runs every second on the core that serves people: by querysets it costs 50 times the CPU. Says
# what the querysets `due`, `to_ring_again`, `longer_than_allowed` and `lapsed` say, which a test checks.
AGENDA = f"""
SELECT '{EXPIRE}', call_id, expires_at FROM invitations_invitation
  WHERE state = 'pending' AND expires_at <= %s
UNION ALL
SELECT '{RING_AGAIN}', id, next_ring_at FROM invitations_invitation
  WHERE state = 'pending' AND next_ring_at <= %s AND expires_at > %s
UNION ALL
SELECT '{END_OVERLONG}', id, created_at FROM invitations_call
  WHERE NOT (state = 'ended') AND created_at <= %s
UNION ALL
SELECT '{END_RINGING}', p.call_id, p.proved_at
  FROM invitations_participant p JOIN invitations_call c ON c.id = p.call_id
  WHERE p.left_at IS NULL AND p.proved_at <= %s AND c.state = 'ringing'
UNION ALL
SELECT '{END_ACTIVE}', p.call_id, p.proved_at
  FROM invitations_participant p JOIN invitations_call c ON c.id = p.call_id
  WHERE p.left_at IS NULL AND p.proved_at <= %s AND c.state = 'active'
UNION ALL
SELECT '{END_UNPROVEN}', p.call_id, CASE WHEN p.joined_at > c.answered_at THEN p.joined_at ELSE c.answered_at END
  FROM invitations_participant p JOIN invitations_call c ON c.id = p.call_id
  WHERE p.left_at IS NULL AND p.proved_at IS NULL AND c.state = 'active' AND p.joined_at <= %s AND c.answered_at <= %s
ORDER BY 3 LIMIT %s
"""  # noqa: S608  no outside text


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
        return min(max((coming - self._clock()).total_seconds(), SHORTEST_PAUSE_SECONDS), LOOK_EVERY_SECONDS)

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


def agenda(now: datetime, *, by: datetime, size: int) -> list[Due]:
    """What the open calls demand at a moment, in one query whose cost follows what is due, not what is open.

    Args:
        now: the present; a ring whose deadline has passed is not repeated.
        by: the moment to look at; not before now.
        size: how many at most, those that count from longest ago first.
    """
    terms = limits()
    counted_from = {
        EXPIRE: timedelta(0),
        RING_AGAIN: timedelta(0),
        END_OVERLONG: timedelta(seconds=terms.max_duration_seconds),
        END_UNPROVEN: timedelta(seconds=terms.lease_unproven_seconds),
        END_RINGING: timedelta(seconds=terms.lease_ringing_seconds),
        END_ACTIVE: timedelta(seconds=terms.lease_active_seconds),
    }
    since = {act: by - length for act, length in counted_from.items()}
    values = [
        *(since[EXPIRE], since[RING_AGAIN], now, since[END_OVERLONG]),
        *(since[END_RINGING], since[END_ACTIVE], since[END_UNPROVEN], since[END_UNPROVEN]),
    ]
    found = ((act, key, rows.moment(at)) for act, key, at in rows.execute(AGENDA, [*values, size]))
    dues = [Due(act, key, at + counted_from[act]) for act, key, at in found if at is not None]
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


def _expire(call_pk: int, now: datetime) -> bool:
    return calls.expire(call_pk, now=now) is not None


def _ring_again(invitation_pk: int, now: datetime) -> bool:
    return calls.ring_again(invitation_pk, now=now)


ACTS: dict[str, Callable[[int, datetime], bool]] = {
    EXPIRE: _expire,
    RING_AGAIN: _ring_again,
    END_OVERLONG: _expire,
    END_UNPROVEN: _expire,
    END_RINGING: _expire,
    END_ACTIVE: _expire,
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
