"""Verbs that arrive together: the writer is held up until all of them wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import connection

from invitations.models import Call
from invitations.sockets.workers import BatchWriter, workers
from tests.sockets.page import Page, in_thread


class HeldWriter:
    """Holds the writer up, so that what is asked meanwhile waits together."""

    def __init__(self) -> None:
        self._begun = 0
        self._before: set[int] = set()
        self._entered = threading.Event()
        self._may_go = threading.Event()
        self._wrapper = ExitStack()

    async def __aenter__(self) -> HeldWriter:
        self._before = await in_thread(lambda: set(Call.objects.values_list("pk", flat=True)))
        self._held = asyncio.ensure_future(workers.perform(self._hold))
        await asyncio.to_thread(self._entered.wait, 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()
        await self._held
        await workers.perform(self._wrapper.close)

    def release(self) -> None:
        self._may_go.set()

    async def transactions(self) -> int:
        """In how many transactions everything was done that was held up; on PostgreSQL, in how many that sent calls."""
        return await in_thread(self._senders) if connection.vendor == "postgresql" else self._begun

    def _hold(self) -> None:
        if connection.vendor == "sqlite":
            self._wrapper.enter_context(connection.execute_wrapper(self._count))
        self._entered.set()
        self._may_go.wait(10)

    def _count(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self._begun += sql.startswith("BEGIN")
        return execute(sql, params, many, context)

    def _senders(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, xmin::text FROM invitations_call")
            return len({by for key, by in cursor.fetchall() if key not in self._before})


async def queued(count: int) -> None:
    """Wait until that many jobs wait for the writer."""
    assert workers._lanes is not None
    writer = workers._lanes.verbs
    assert isinstance(writer, BatchWriter)
    async with asyncio.timeout(10):
        while writer._jobs.qsize() < count:
            await asyncio.sleep(0.005)


async def result_of(page: Page) -> dict[str, Any]:
    while (frame := await page.hear())["type"] != "result":
        continue
    return frame
