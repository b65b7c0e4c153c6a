"""HTTP/2 requests to a push service that the operator named: all on one connection, which is renewed when it breaks.

Knows nothing of push. Needs `httpx2[http2]`, which the extra `callinvite[apns]` brings. Every failure is one of those
in `base`, and shows only the host."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from invitations.transports.base import SEND_SECONDS, FailureCode, TryLater
from invitations.transports.outbound import CONNECT_SECONDS, MAX_ANSWER_BYTES, retry_after_seconds

if TYPE_CHECKING:
    import httpx2

KEEP_SECONDS = 3600.0
"""How long an idle connection is kept: Apple takes many short ones for an attack."""
TRIES = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered.

    Args:
        status: the HTTP status.
        body: at most MAX_ANSWER_BYTES of it.
        retry_after_seconds: see `outbound.Answer`.
    """

    status: int
    body: bytes = b""
    retry_after_seconds: float | None = None


class Client:
    """A connection for each running loop, opened when it is first needed."""

    def __init__(self) -> None:
        self._transports: dict[asyncio.AbstractEventLoop, httpx2.AsyncHTTPTransport] = {}

    async def post(self, origin: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send the body, and read the answer. If the connection breaks, a new one is tried at once.

        Args:
            origin: of the server, https.
            path: absolute, with nothing to escape.
            headers: in lower case.

        Raises:
            TryLater: there was no answer within `SEND_SECONDS`, or TLS failed.
        """
        import httpx2

        host = urlsplit(origin).hostname or "?"
        request = httpx2.Request("POST", f"{origin}{path}", headers=headers, content=body)
        request.extensions = {"timeout": {"connect": CONNECT_SECONDS, "read": SEND_SECONDS, "write": SEND_SECONDS}}
        trouble = "no answer"
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for _ in range(TRIES):
                    try:
                        return await self._asked(request)
                    # `from None` throughout: the library's own message may contain the URL.
                    except httpx2.ConnectError as error:
                        if _is_about_tls(error):
                            raise TryLater(FailureCode.TLS_FAILED, f"{host}: {type(error).__name__}") from None
                        raise TryLater(FailureCode.NO_ANSWER, f"{host}: {type(error).__name__}") from None
                    except (httpx2.TransportError, OSError) as error:
                        trouble = type(error).__name__
        except TimeoutError:
            trouble = f"no answer within {SEND_SECONDS:g} seconds"
        raise TryLater(FailureCode.NO_ANSWER, f"{host}: {trouble}")

    async def close(self) -> None:
        """Close the connection of the running loop."""
        transport = self._transports.pop(asyncio.get_running_loop(), None)
        if transport is not None:
            await transport.aclose()

    async def _asked(self, request: httpx2.Request) -> Answer:
        response = await self._transport().handle_async_request(request)
        try:
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    break
            return Answer(
                response.status_code, body[:MAX_ANSWER_BYTES], retry_after_seconds(response.headers.get("retry-after"))
            )
        finally:
            await response.aclose()

    def _transport(self) -> httpx2.AsyncHTTPTransport:
        import httpx2

        loop = asyncio.get_running_loop()
        transport = self._transports.get(loop)
        if transport is None:
            for other in [each for each in self._transports if each.is_closed()]:
                del self._transports[other]
            transport = self._transports[loop] = httpx2.AsyncHTTPTransport(
                # The authorities of this machine or of SSL_CERT_FILE.
                verify=ssl.create_default_context(),
                http1=False,
                http2=True,
                limits=httpx2.Limits(max_connections=4, max_keepalive_connections=1, keepalive_expiry=KEEP_SECONDS),
            )
        return transport


def _is_about_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
