"""The threads in which sockets meet the database: few, lasting, and never the event loop's own.

On SQLite verbs that arrive together share one transaction and its one commit, then come their hints and answers. On
databases that lock rows each verb has its own, so that no lock waits for a stranger's verb."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import close_old_connections, connection
from django.utils.translation import get_language

from invitations import words
from invitations.calls.transaction import batch as together
from invitations.live import publishing

logger = logging.getLogger(__name__)
R = TypeVar("R")
READERS = 2
ROW_LOCKING_WRITERS = 8
LARGEST_BATCH = 64


class Job:
    """One piece of work with the future that waits for it, done in the language of the socket that asks."""

    __slots__ = ("error", "function", "future", "language", "loop", "result")

    def __init__(self, function: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.function = function
        self.loop = loop
        self.language = get_language() or ""
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do the work and keep what came of it."""
        try:
            with words.in_language(self.language):
                self.result, self.error = self.function(), None
        except Exception as error:
            self.result, self.error = None, error

    def settle(self) -> None:
        """Hand over what came of it; on the event loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
            return
        self.future.set_result(self.result)


class BrokenBatch(Exception):
    """One job left the shared transaction fit for nothing but a rollback."""


class BatchWriter:
    """One thread that takes what is queued and commits it together."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="live-writer", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[[], R]) -> R:
        """Run a verb in the writer's thread.

        Args:
            function: does its own transaction, or its part of one that several share.
        """
        job = Job(function, asyncio.get_running_loop())
        self._jobs.put(job)
        return await job.future

    def _work(self) -> None:
        while True:
            batch = [self._jobs.get()]
            while len(batch) < LARGEST_BATCH and not self._jobs.empty():
                batch.append(self._jobs.get())
            try:
                with publishing.gathered():
                    self._do(batch)
            except Exception:
                # Whatever it was: if this thread ended, every later verb of every socket would wait for ever.
                logger.exception("A batch of %d live verbs went wrong", len(batch))
            settle(batch)

    def _do(self, batch: list[Job]) -> None:
        if len(batch) == 1 or not self._done_together(batch):
            for job in batch:
                job.run()

    def _done_together(self, batch: list[Job]) -> bool:
        """Whether one transaction took the whole batch; if not, nothing of it was committed."""
        begun = False
        try:
            with together():
                begun = True
                for job in batch:
                    job.run()
                    if connection.needs_rollback:
                        # It broke what all share: without this the commit would turn into a silent rollback.
                        raise BrokenBatch
        except Exception as error:
            close_broken_connection()
            if begun:
                # Each alone tells which one it was.
                return False
            # The database takes no writes: to wait for it once for each of them would hold up all the more.
            for job in batch:
                job.result, job.error = None, error
        return True


class ThreadWriter:
    """Several threads, a transaction for each verb: for databases that lock rows."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="live-worker")

    async def run(self, function: Callable[[], R]) -> R:
        """Run a verb or a read in one of the threads."""
        job = Job(function, asyncio.get_running_loop())
        self._threads.submit(self._work, job)
        return await job.future

    def _work(self, job: Job) -> None:
        close_old_connections()
        job.run()
        close_old_connections()
        settle([job])


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where what writes is done, and what only reads."""

    writer: BatchWriter | ThreadWriter
    reader: ThreadWriter


def settle(jobs: list[Job]) -> None:
    """Wake those who wait, with one call into each event loop."""
    for loop in {job.loop for job in jobs}:
        done = [job for job in jobs if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle_all, done)
        except RuntimeError:
            # The loop is closed: the server is stopping, and nobody waits any more.
            continue


def close_broken_connection() -> None:
    """Drop this thread's connection if the database no longer answers on it."""
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()


def _settle_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()


class Workers:
    """The writer and the readers of one process, made when the first socket needs them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: Lanes | None = None

    async def write(self, function: Callable[[], R]) -> R:
        """Run something that writes."""
        return await self._started().writer.run(function)

    async def read(self, function: Callable[[], R]) -> R:
        """Run something that only reads, or writes but little."""
        return await self._started().reader.run(function)

    def _started(self) -> Lanes:
        if self._lanes is not None:
            return self._lanes
        with self._lock:
            if self._lanes is None:
                writer = BatchWriter() if connection.vendor == "sqlite" else ThreadWriter(ROW_LOCKING_WRITERS)
                self._lanes = Lanes(writer, reader=ThreadWriter(READERS))
            return self._lanes


workers = Workers()
