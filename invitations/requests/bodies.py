"""The bound on request bodies under any ASGI server: refused by the length before anything is read, counted where it
comes in chunks."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from invitations import request_ids
from invitations.conf import limits
from invitations.errors import Code
from invitations.requests import readable
from invitations.requests.problems import CONTENT_TYPE, STATUS, problem

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class BoundedBodies:
    """An ASGI application for HTTP that takes no body longer than `request_bytes`.

    Args:
        application: answers the requests that are not refused.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        most = limits().request_bytes
        declared = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"")
        if most and declared.isdigit() and int(declared) > most:
            await _refuse(scope, send)
            return
        length = 0
        is_answered = False

        async def bounded_receive() -> Message:
            nonlocal length, is_answered
            message = await receive()
            length += len(message.get("body") or b"")
            if not most or length <= most:
                return message
            if not is_answered:
                is_answered = True
                await _refuse(scope, send)
            return {"type": "http.disconnect"}

        async def bounded_send(message: Message) -> None:
            nonlocal is_answered
            if length <= most or not most:
                is_answered = True
                await send(message)

        await self._application(scope, bounded_receive, bounded_send)


async def _refuse(scope: Message, send: Send) -> None:
    body = json.dumps(problem(Code.TOO_LARGE)).encode()
    headers = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        request_ids.header_of(scope),
        *readable.headers_for(scope),
    ]
    await send({"type": "http.response.start", "status": STATUS[Code.TOO_LARGE], "headers": headers})
    await send({"type": "http.response.body", "body": body})
