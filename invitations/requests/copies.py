"""Giving out a copy of a person's data to themselves or to an admin: bounded in number, time and memory."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse

from invitations.conf import limits
from invitations.own_data import exporting
from invitations.requests import audit, throttles

MEDIA_TYPE = "application/zip"
_thread = ThreadPoolExecutor(1, thread_name_prefix="export")
"""All copies of a process take turns in one thread, a piece at a time: the database and calls have the others."""


def give_copy(user: Any, *, request: HttpRequest, now: datetime) -> StreamingHttpResponse:
    """The answer that brings a copy, made while it is fetched.

    Args:
        user: whose data it is.
        request: of whoever asks.
        now: an aware datetime.

    Raises:
        CallError: `throttled` (`throttles.exporting`).
    """
    pieces = _pieces(user, request, now)
    # Refuses before anything is answered.
    first = next(pieces)
    audit.data_exported(request, user.pk)
    kind = _CopyByLoop if hasattr(request, "scope") else _Copy
    answer = StreamingHttpResponse(kind(first, pieces), content_type=MEDIA_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{exporting.file_name(user, now)}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


class TooSlow(Exception):
    """Whoever fetches a copy takes longer than `export_seconds`. The answer is broken off."""


def _pieces(user: Any, request: HttpRequest, now: datetime) -> Generator[bytes]:
    until = time.monotonic() + limits().export_seconds
    with throttles.exporting(request, user.pk, now) as keep_place:
        for piece in exporting.export(user.pk, now=now):
            yield piece
            keep_place()
            if time.monotonic() > until:
                raise TooSlow


class _Copy:
    """The pieces, for a server that is not asynchronous. `close` ends it at any moment, also before the first."""

    def __init__(self, first: bytes, rest: Generator[bytes]) -> None:
        self._first: bytes | None = first
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first is None:
            return next(self._rest)
        first, self._first = self._first, None
        return first

    def close(self) -> None:
        self._rest.close()


class _CopyByLoop:
    """The same for an answer that is sent from an event loop."""

    def __init__(self, first: bytes, rest: Generator[bytes]) -> None:
        self._copy = _Copy(first, rest)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await sync_to_async(_next, thread_sensitive=False, executor=_thread)(self._copy)
        if piece is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        # After the piece that may be in progress there.
        _thread.submit(self._copy.close)


def _next(pieces: Iterator[bytes]) -> bytes | None:
    try:
        return next(pieces, None)
    finally:
        # A client may take its time until the next piece.
        close_old_connections()
