"""By what id a request is known in the logs of both sides."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

HEADER = "X-Request-ID"
_is_usable = re.compile(r"[A-Za-z0-9._~-]{1,64}").fullmatch
_current: ContextVar[str] = ContextVar("request_id", default="")


def chosen(wanted: str) -> str:
    """The id of a request.

    Args:
        wanted: what its client calls it; a new id is made unless this is 1 to 64 of `[A-Za-z0-9._~-]`.
    """
    return wanted if _is_usable(wanted) else uuid4().hex


def header_of(scope: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The header of an answer that comes from outside of Django.

    Args:
        scope: of the request, as ASGI has it.
    """
    name = HEADER.lower().encode()
    wanted = next((value for each, value in scope["headers"] if each.lower() == name), b"")
    return name, chosen(wanted.decode("latin-1")).encode()


@contextmanager
def known_as(request_id: str) -> Iterator[None]:
    """Have the log's lines that are written in the block name the request."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


class NameRequests(logging.Filter):
    """Gives each line of a log a `request`: ` request=<id>` while a request of REST is answered, else nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = _current.get()
        record.request = f" request={request_id}" if request_id else ""
        return True
