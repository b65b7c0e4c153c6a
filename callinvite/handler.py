"""Django's ASGI handler, changed to handle a whole request in one visit to its thread.

Django's own runs each middleware on the event loop and switches to the thread and back for every one of them, and again
for each signal: a dozen times per request. Measured under daphne, switching only once more than halves the CPU time of
a REST request. Middleware and views are all synchronous here. A client that hangs up does not stop its request: once
begun, a verb is carried out."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import IO, Any, cast

from asgiref.sync import sync_to_async
from django import setup
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from callinvite.lanes import Lanes


class SynchronousChain(ASGIHandler):
    """Serves HTTP with the same chain of middleware as WSGI, in a few long-lived threads."""

    def __init__(self) -> None:
        setup(set_prefix=False)
        self._lanes = Lanes()
        # Skips ASGIHandler's own, which would load the middleware for the event loop.
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)

    async def handle(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request, from its body to the last byte of the answer."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        response = await self._lanes.run(self._respond, scope, body)
        try:
            with suppress(RequestAborted):
                await self.send_response(response, partial(_sent, send))
        finally:
            if response.streaming:
                await sync_to_async(response.close, thread_sensitive=True)()
            body.close()

    def _respond(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        """Run signals, middleware, view and rendering in the request's thread."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            # Already rendered, so the signal that ends the request need not wait for the client.
            response.close()
        return cast(HttpResponseBase, response)


async def _sent(send: Any, message: dict[str, Any]) -> None:
    """Send a part of an answer.

    Raises:
        RequestAborted: the client has gone, of which servers tell by an OSError (ASGI 3.0, "Disconnected Client").
    """
    try:
        await send(message)
    except OSError as error:
        raise RequestAborted from error
