"""The threads in which sockets use the database: few, long-lived, and never the event loop's own.

On SQLite, verbs that arrive together share a transaction and its single commit, followed by their hints and answers. On
databases that lock rows, each verb has its own transaction, so that no lock waits for an unrelated verb."""

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
from invitations.calls.transaction import batch as together
from invitations.live import publishing
from invitations.live.waking import on_loop

logger = logging.getLogger(__name__)
R = TypeVar("R")
READERS = 2
ROW_LOCKING_WRITERS = 8
LARGEST_BATCH = 64
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
    """One thread that takes queued jobs and commits them together."""

    def __init__(self) -> None:
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
        while True:
            batch = [self._jobs.get()]
            while len(batch) < LARGEST_BATCH and not self._jobs.empty():
                batch.append(self._jobs.get())
            try:
                with publishing.gathered():
                    self._do(batch)
            except Exception:
                # Whatever happened, this thread must go on, or every later verb of every socket would wait for ever.
                logger.exception("A batch of %d live verbs went wrong", len(batch))
            settle(batch)

    def _do(self, batch: list[Job]) -> None:
        if len(batch) == 1 or not self._done_together(batch):
            for job in batch:
                job.run()

    def _done_together(self, batch: list[Job]) -> bool:
        """Whether the whole batch was dealt with in one transaction. If not, none of it was committed."""
        begun = False
        try:
            with together():
                begun = True
                for job in batch:
                    job.run()
                    if connection.needs_rollback:
                        # The job broke the shared transaction: committing it would silently roll everything back.
                        raise BrokenBatch
        except Exception as error:
            close_broken_connection()
            if begun:
                # Run each job alone, to find the one that failed.
                return False
            # The database accepts no writes: waiting for it once per job would only add to the delay.
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
        self._jobs.append(job)
        self._threads.submit(self._work)
        return await job.future

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
    """Where writes run, and where reads run."""

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

    async def write(self, function: Callable[[], R]) -> R:
        """Run a function that writes."""
        return await self._started().writer.run(function)

    async def read(self, function: Callable[[], R]) -> R:
        """Run a function that only reads, or writes very little."""
        return await self._started().reader.run(function)

    def _started(self) -> Lanes:
        if self._lanes is not None:
            return self._lanes
        with self._lock:
            if self._lanes is None:
                if connection.vendor == "sqlite":
                    self._lanes = Lanes(BatchWriter(), reader=ThreadWriter(READERS))
                else:
                    writers, readers = shares(_pool_size())
                    self._lanes = Lanes(ThreadWriter(writers), reader=ThreadWriter(readers))
            return self._lanes


workers = Workers()
