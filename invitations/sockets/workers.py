"""The threads in which sockets use the database: few, long-lived, and never the event loop's own.

Verbs that arrive together share a transaction and its single commit, followed by their hints and answers. On databases
that lock rows, none of them waits for a lock while it holds those of the others: then each is done again in its own
transaction, in another thread, where nothing waits for it."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection
from django.utils import translation

from invitations import words
from invitations.calls.transaction import Spoiled, can_share
from invitations.calls.transaction import batch as together
from invitations.live import publishing
from invitations.live.waking import on_loop
from invitations.store import running

logger = logging.getLogger(__name__)
R = TypeVar("R")
READERS = 2
ROW_LOCKING_WRITERS = 8
LARGEST_BATCH = 64
LARGEST_LOCKING_BATCH = 16
"""The same where rows are locked: others wait for as long as a batch takes, if they want the same people."""
JOBS_IN_A_ROW = 8


class Job:
    """A piece of work and the future that awaits it. Runs in the language of the socket that asked."""

    __slots__ = ("error", "function", "future", "language", "loop", "result")

    def __init__(self, function: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.function = function
        self.loop = loop
        self.language = translation.get_language() or ""
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do the work and keep its result or error."""
        try:
            with words.in_language(self.language):
                self.result, self.error = self.function(), None
        except Exception as error:
            self.result, self.error = None, error

    def settle(self) -> None:
        """Hand over the result or error. Runs on the event loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
            return
        self.future.set_result(self.result)


class BrokenBatch(Exception):
    """One job broke the shared transaction, which can only be rolled back."""


class BatchWriter:
    """One thread that takes queued jobs and commits them together.

    Args:
        largest: how many at once.
        alone: where a job is done that cannot be done together with others; in this thread if there is no other.
    """

    def __init__(self, largest: int = LARGEST_BATCH, alone: ThreadWriter | None = None) -> None:
        self._largest = largest
        self._alone = alone
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="live-writer", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[[], R]) -> R:
        """Run a verb in the writer's thread.

        Args:
            function: runs in its own transaction, or as part of a shared one.
        """
        job = Job(function, asyncio.get_running_loop())
        self._jobs.put(job)
        return await job.future

    def _work(self) -> None:
        _speak()
        in_a_row = 0
        while True:
            batch = [self._jobs.get()]
            while len(batch) < self._largest and not self._jobs.empty():
                batch.append(self._jobs.get())
            done = batch
            try:
                with publishing.gathered():
                    done = self._do(batch)
            except Exception:
                # Whatever happened, this thread must go on, or every later verb of every socket would wait for ever.
                logger.exception("A batch of %d live verbs went wrong", len(batch))
            settle(done)
            in_a_row += 1
            if self._alone is not None and (self._jobs.empty() or in_a_row >= JOBS_IN_A_ROW):
                in_a_row = 0
                connection.close_if_unusable_or_obsolete()

    def _do(self, batch: list[Job]) -> list[Job]:
        """Do a batch. Returns the jobs that are done; the others are elsewhere now."""
        if len(batch) == 1 and self._alone is None:
            batch[0].run()
            return batch
        if self._done_together(batch):
            return batch
        if self._alone is not None:
            self._alone.take(batch)
            return []
        for job in batch:
            job.run()
        return batch

    def _done_together(self, batch: list[Job]) -> bool:
        """Whether the whole batch was dealt with in one transaction. If not, none of it was committed."""
        used = None
        try:
            with together():
                used = connection.connection
                for job in batch:
                    job.run()
                    if connection.needs_rollback or running.is_broken():
                        # The job broke the shared transaction: committing it would silently roll everything back.
                        raise BrokenBatch
        except (BrokenBatch, Spoiled):
            close_broken_connection()
            # Run each job alone, to find the one that failed.
            return False
        except Exception as error:
            close_broken_connection()
            if used is not None and connection.connection is used:
                # The database would not commit it.
                return False
            # The database accepts no writes: waiting for it once per job would only add to the delay. Or it was lost
            # while it committed, and may have done so: nothing may be done twice.
            for job in batch:
                job.result, job.error = None, error
        return True


class ThreadWriter:
    """Several threads, with a transaction for each verb: for databases that lock rows."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="live-worker", initializer=_speak)
        self._jobs: deque[Job] = deque()

    async def run(self, function: Callable[[], R]) -> R:
        """Run a verb or a read in one of the threads."""
        job = Job(function, asyncio.get_running_loop())
        self.take([job])
        return await job.future

    def take(self, jobs: list[Job]) -> None:
        """Do these, too."""
        for job in jobs:
            self._jobs.append(job)
            self._threads.submit(self._work)

    def _work(self) -> None:
        """Do the next jobs on one connection: to give it back and get it again takes as long as a statement. Only a few
        at a time, because others need connections too."""
        for _ in range(JOBS_IN_A_ROW):
            try:
                job = self._jobs.popleft()
            except IndexError:
                break
            job.run()
            settle([job])
        connection.close_if_unusable_or_obsolete()


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where verbs run, where other writes run, and where reads run."""

    verbs: BatchWriter | ThreadWriter
    writer: BatchWriter | ThreadWriter
    reader: ThreadWriter


def settle(jobs: list[Job]) -> None:
    """Wake those waiting for these jobs, with one call into each event loop."""
    for loop in {job.loop for job in jobs}:
        done = [job for job in jobs if job.loop is loop]
        try:
            on_loop(loop, _settle_all, done)
        except RuntimeError:
            # The loop is closed: the server is stopping, and nothing waits any more.
            continue


def close_broken_connection() -> None:
    """Drop this thread's connection if the database no longer answers on it."""
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()


def shares(connections: int) -> tuple[int, int]:
    """How many threads write and how many read: with half of the connections at most, because requests need some too.

    Args:
        connections: how many to the database the process may have, 4 or more.
    """
    readers = min(READERS, max(1, connections // 4))
    return min(ROW_LOCKING_WRITERS, max(1, connections // 2 - readers)), readers


def _pool_size() -> int:
    """How many connections to the database the process may have."""
    pool = connection.settings_dict["OPTIONS"].get("pool")
    most = 2 * (ROW_LOCKING_WRITERS + READERS)
    return int(pool.get("max_size", 4)) if isinstance(pool, dict) else most


def _speak() -> None:
    """Make the site's language active in this thread. It would be spoken anyway, but finding out that none is active
    takes as long as saying a sentence."""
    translation.activate(settings.LANGUAGE_CODE)


def _settle_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()


class Workers:
    """One process's writer and readers, created when the first socket needs them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: Lanes | None = None

    async def perform(self, function: Callable[[], R]) -> R:
        """Run a verb, which asks nothing but the database."""
        return await self._started().verbs.run(function)

    async def write(self, function: Callable[[], R]) -> R:
        """Run another function that writes."""
        return await self._started().writer.run(function)

    async def read(self, function: Callable[[], R]) -> R:
        """Run a function that only reads, or writes very little."""
        return await self._started().reader.run(function)

    def _started(self) -> Lanes:
        if self._lanes is not None:
            return self._lanes
        with self._lock:
            if self._lanes is None:
                self._lanes = _lanes()
            return self._lanes


def _lanes() -> Lanes:
    if connection.vendor == "sqlite":
        writer = BatchWriter()
        return Lanes(writer, writer, reader=ThreadWriter(READERS))
    writers, readers = shares(_pool_size())
    reader = ThreadWriter(readers)
    if writers < 2 or not can_share():
        threads = ThreadWriter(writers)
        return Lanes(threads, threads, reader)
    threads = ThreadWriter(writers - 1)
    return Lanes(BatchWriter(LARGEST_LOCKING_BATCH, alone=threads), threads, reader)


workers = Workers()
