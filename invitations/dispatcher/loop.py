"""The loop that acts as time passes: rings, leases and waits for media run out, rings repeat. Beside it run the post,
which sends what is owed to devices, the post to hooks, the upkeep, which deletes old rows, and the mailman.

It takes small idempotent steps, each of which may be repeated, killed, or run by several dispatchers at once: the verbs
decide under the call's lock whether anything is due. Contains no rules of calls itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from channels.layers import get_channel_layer
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from invitations import calls
from invitations.dispatcher.alarm import Alarm
from invitations.dispatcher.beside import Beside
from invitations.dispatcher.hook_post import HookPost
from invitations.dispatcher.mailman import Mailman
from invitations.dispatcher.post import Post
from invitations.dispatcher.trouble import drop_connection, is_away, report
from invitations.dispatcher.upkeep import Upkeep
from invitations.live import publishing
from invitations.models import Call

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
"""The longest sleep. No deadline is set less than a second ahead, so each one is seen before it is due."""
LOOK_AHEAD_SECONDS = 1.25
BATCH = 200
MEND_EVERY_SECONDS = 5
"""How often open calls are looked through for lost rows."""
EXPECT_EVERY_SECONDS = 3600
"""How often calls are looked for that an older version made meanwhile."""
FIRST_AFTER_SECONDS = 60
LONGEST_PUT_OFF_SECONDS = 60
PUT_OFF_KEPT = timedelta(seconds=2 * LONGEST_PUT_OFF_SECONDS)
SHORTEST_PAUSE_SECONDS = 0.05
"""Deadlines closer together than this are handled in one round."""
REJOIN_SECONDS = 30
"""How often to join the group of all dispatchers again: a channel layer that restarted may have forgotten it."""


class Dispatcher:
    """Does what is due when it is due, until it is told to stop.

    Args:
        clock: returns the current time as an aware datetime.
    """

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock
        self._put_off: dict[int, tuple[int, datetime]] = {}
        self._expect_at = self._mend_at = clock() + timedelta(seconds=FIRST_AFTER_SECONDS)
        self._stopping = False
        self._alarm = Alarm()
        self._post = Post(clock=clock)
        self._hook_post = HookPost(clock=clock)
        self._beside: tuple[Beside, ...] = (Upkeep(clock=clock), Mailman(clock=clock))

    async def run(self) -> None:
        """Work until `stop`. No failure ends it: failures are logged and tried again."""
        self._alarm.set()
        loop = asyncio.get_running_loop()
        hints = loop.create_task(self._hear_hints())
        posts = (self._post, self._hook_post)
        beside = [
            *(loop.create_task(each.run()) for each in posts),
            *(loop.create_task(each.run()) for each in self._beside),
        ]
        try:
            await self._work()
        finally:
            self._stop_others()
            hints.cancel()
            await asyncio.gather(*beside)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        was_away = False
        # A long-lived thread keeps its database connection, and the verbs are synchronous.
        with ThreadPoolExecutor(1, thread_name_prefix="dispatcher") as thread:
            while not self._stopping:
                self._alarm.clear()
                try:
                    if was_away:
                        await loop.run_in_executor(thread, self._forgive)
                    pause_seconds = await loop.run_in_executor(thread, self._tick)
                except Exception as error:
                    failures += 1
                    was_away = is_away(error)
                    pause_seconds = report("The dispatcher", error, failures)
                    await loop.run_in_executor(thread, drop_connection)
                else:
                    if failures:
                        logger.warning("The dispatcher works again after %d failed attempts", failures)
                    failures = 0
                    was_away = False
                await self._alarm.wait(pause_seconds)
            await loop.run_in_executor(thread, drop_connection)

    def stop(self) -> None:
        """End `run` after the row in progress and what is already on its way. From any thread."""
        self._stopping = True
        self._stop_others()
        self.wake()

    def _stop_others(self) -> None:
        self._post.stop()
        self._hook_post.stop()
        for each in self._beside:
            each.stop()

    def wake(self) -> None:
        """Look now instead of at the next due moment. From any thread."""
        self._alarm.ring()

    async def _hear_hints(self) -> None:
        """Wake the posts when any process has something new for a device or a hook."""
        while True:
            with suppress(Exception):  # a layer can fail in a dozen ways; the loop also looks on its own
                await self._hear_hints_of(get_channel_layer())
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _hear_hints_of(self, layer: Any) -> None:
        channel = await layer.new_channel("dispatcher")
        try:
            while True:
                await layer.group_add(publishing.DISPATCHERS, channel)
                with suppress(TimeoutError):
                    async with asyncio.timeout(REJOIN_SECONDS):
                        while hint := await layer.receive(channel):
                            (self._hook_post if hint.get("about") == publishing.HOOKS else self._post).wake()
        finally:
            await layer.group_discard(publishing.DISPATCHERS, channel)
            if hasattr(layer, "close_channel"):
                await layer.close_channel(channel)

    def step(self, now: datetime) -> int:
        """Do one bounded batch of what is due by now.

        Args:
            now: an aware datetime.

        Returns:
            How many things were done.
        """
        done = self._act_on([call_pk for call_pk, _ in self._agenda(now, by=now)], now)
        return done + calls.withdraw_absent(now=now) + calls.mend(now=now)

    def _forgive(self) -> None:
        """No device could give a sign of life while the database was away: those that were in calls still are."""
        calls.forgive_outage(now=self._clock())

    def _tick(self) -> float:
        """One round. Returns how many seconds to sleep before the next one."""
        now = self._clock()
        agenda = self._agenda(now, by=now + timedelta(seconds=LOOK_AHEAD_SECONDS))
        due = [call_pk for call_pk, due_at in agenda if due_at <= now]
        self._act_on(due, now)
        calls.withdraw_absent(now=now)
        if now >= self._mend_at:
            self._mend_at = now + timedelta(seconds=MEND_EVERY_SECONDS)
            calls.mend(now=now)
        if now >= self._expect_at:
            self._expect_at = now + timedelta(seconds=EXPECT_EVERY_SECONDS)
            calls.expect_unknown(now=now)
        if len(due) >= BATCH:
            return 0
        if due:
            # What comes next to a call that was just looked at may come sooner than the longest sleep.
            return SHORTEST_PAUSE_SECONDS
        coming = min((due_at for _, due_at in agenda if due_at > now), default=None)
        if coming is None:
            return LOOK_EVERY_SECONDS
        return min(max((coming - self._clock()).total_seconds(), SHORTEST_PAUSE_SECONDS), LOOK_EVERY_SECONDS)

    def _agenda(self, now: datetime, *, by: datetime) -> list[tuple[int, datetime]]:
        """The calls to look at by `by`, without those put off: their keys and due moments, earliest first.

        One query, whose cost depends on how many calls are due, not on how many are open.
        """
        self._put_off = {key: until for key, until in self._put_off.items() if until[1] > now - PUT_OFF_KEPT}
        waiting = {key for key, (_, until) in self._put_off.items() if until > now}
        found = Call.objects.due(by).values_list("pk", "due_at")[: BATCH + len(waiting)]
        return [(call_pk, due_at) for call_pk, due_at in found if due_at is not None and call_pk not in waiting]

    def _act_on(self, call_pks: Iterable[int], now: datetime) -> int:
        done = 0
        for call_pk in call_pks:
            if self._stopping:
                break
            done += self._act(call_pk, now)
        return done

    def _act(self, call_pk: int, now: datetime) -> bool:
        """Do what is due to one call. A call that fails is put off, so that it delays no other."""
        try:
            did = calls.expire(call_pk, now=now) is not None
        except Exception as error:
            if isinstance(error, DatabaseError | InterfaceError) and not _database_answers():
                raise
            logger.exception("The dispatcher could not expire call %d; it goes on with the rest", call_pk)
            times = self._put_off.get(call_pk, (0, now))[0] + 1
            self._put_off[call_pk] = (times, now + timedelta(seconds=min(2 ** (times - 1), LONGEST_PUT_OFF_SECONDS)))
            return False
        self._put_off.pop(call_pk, None)
        return did


def _database_answers() -> bool:
    try:
        return connection.connection is not None and connection.is_usable()
    except DatabaseError:
        return False
