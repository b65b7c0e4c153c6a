"""The door of the live socket: decides who may come in, and tells the others why by the close code.

Completes every handshake first, because a page never learns why a handshake was refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, parse_cookie
from django.utils import translation

from invitations.live import publishers
from invitations.requests.clients import address_of_scope
from invitations.shapes.frames import BAD_ORIGIN, NOT_AUTHENTICATED, UNAVAILABLE
from invitations.sockets.authentication import Identity, Scope, header, identify, origin_allowed
from invitations.sockets.line import Line
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
        scope: the ASGI connection.
        receive: returns the next message from the server.
        send: takes a message to the client.
    """
    publishers.serve_on(asyncio.get_running_loop())
    # For this connection's task, and for the work that it hands to the workers.
    translation.activate(_language(scope))
    line = Line(send)
    await receive()
    identity = await _admit(scope, line)
    if identity is not None:
        await LiveSocket(identity, receive, line, address_of_scope(scope)).serve()


def _language(scope: Scope) -> str:
    """The language in which an ordinary request from the same browser would be answered."""
    request = HttpRequest()
    request.COOKIES = parse_cookie(header(scope, b"cookie") or "")
    request.META["HTTP_ACCEPT_LANGUAGE"] = header(scope, b"accept-language") or ""
    return translation.get_language_from_request(request)


async def _admit(scope: Scope, line: Line) -> Identity | None:
    """The identity that may come in; None if the socket was closed."""
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
