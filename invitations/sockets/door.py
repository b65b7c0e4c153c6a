"""The door of the live socket: who may come in. Whoever may not is told why by the code of the close.

A handshake is always completed first: a browser's page never learns why one was refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, parse_cookie
from django.utils import translation

from invitations.live import publishers
from invitations.sockets.authentication import Identity, Scope, header, identify, origin_allowed
from invitations.sockets.line import BAD_ORIGIN, NOT_AUTHENTICATED, UNAVAILABLE, Line
from invitations.sockets.live import LiveSocket
from invitations.sockets.workers import workers

logger = logging.getLogger(__name__)


async def serve(
    scope: Scope,
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Serve one connection from its handshake to its end.

    Args:
        scope: of the ASGI connection.
        receive: gives the server's next message.
        send: takes a message to the client.
    """
    publishers.serve_on(asyncio.get_running_loop())
    # For this connection's own task, and for what it asks the workers.
    translation.activate(_language(scope))
    line = Line(send)
    await receive()
    identity = await _admit(scope, line)
    if identity is not None:
        await LiveSocket(identity, receive, line).serve()


def _language(scope: Scope) -> str:
    """What a page's request from the same browser would be answered in."""
    request = HttpRequest()
    request.COOKIES = parse_cookie(header(scope, b"cookie") or "")
    request.META["HTTP_ACCEPT_LANGUAGE"] = header(scope, b"accept-language") or ""
    return translation.get_language_from_request(request)


async def _admit(scope: Scope, line: Line) -> Identity | None:
    """Who comes in; None when the socket is closed."""
    await line.accept()
    if not origin_allowed(scope):
        await line.close(BAD_ORIGIN)
        return None
    try:
        identity = await workers.read(partial(identify, scope))
    except Exception:
        logger.exception("A live socket could not be authenticated")
        await line.close(UNAVAILABLE)
        return None
    if identity is None:
        await line.close(NOT_AUTHENTICATED)
    return identity
