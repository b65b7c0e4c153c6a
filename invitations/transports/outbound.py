"""HTTP requests to URLs that strangers chose, once `targets` has allowed them. Follows no redirect, never takes long,
and never connects to a private address, even if a public name resolves to one.

Knows URLs and sockets, but nothing of Web Push. Every failure is one of those in `base`, and shows only the host of the
URL."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from invitations.transports.base import SEND_SECONDS, FailureCode, Refused, TryLater
from invitations.transports.targets import Target, is_public_address

MAX_ANSWER_BYTES = 64 * 1024
"""How much of an answer's body is read before the connection is closed."""
CONNECT_SECONDS = 3.0
KEEP_SECONDS = 60.0
"""How long an idle connection is kept, so that the next ring needs no handshake."""
CONNECTIONS = 256
"""The most connections in each of the two pools. Further requests wait, and the wait counts towards SEND_SECONDS."""
DRAIN_SECONDS = 1.0
"""How long the body of an answer may take whose status is known, before the connection is closed."""
MAX_RETRY_AFTER_SECONDS = 3600.0
_DELAY = re.compile(r"[0-9]{1,10}", re.ASCII)


class ForbiddenAddress(OSError):
    """The name has no public address, or the connection would go to an address that is not public."""

    def __init__(self) -> None:
        super().__init__("not a public address")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered.

    Args:
        status: the HTTP status.
        retry_after_seconds: 0 to MAX_RETRY_AFTER_SECONDS; None if the answer gave no usable value.
        body: what was read of it, if that was asked for.
    """

    status: int
    retry_after_seconds: float | None = None
    body: bytes = b""


def _none(address: str) -> bool:
    return False


class Outbound:
    """Pooled connections: one pool for public hosts and one for origins that the operator named. Each is opened on the
    running loop when first needed.

    Args:
        admits: whether an IP address that is not public may be connected to all the same.
        seconds: how long a request may take, the wait for a connection included; SEND_SECONDS if omitted.
        connections: how many each of its pools has at most.
    """

    def __init__(
        self, *, admits: Callable[[str], bool] = _none, seconds: float | None = None, connections: int = CONNECTIONS
    ) -> None:
        self._connections = connections
        self._admits = admits
        self._seconds = seconds
        self._sessions: dict[tuple[asyncio.AbstractEventLoop, bool], aiohttp.ClientSession] = {}
        self._trust: ssl.SSLContext | None = None

    async def post(self, to: Target, body: bytes, headers: dict[str, str], *, reads: bool = False) -> Answer:
        """Send the body and read at most MAX_ANSWER_BYTES of the answer. A redirect is returned, never followed.

        Args:
            to: where.
            body: what to send.
            headers: with it.
            reads: the answer's body counts: it must come whole, within the time and MAX_ANSWER_BYTES.

        Raises:
            Refused: the name has no public address.
            TryLater: there was no answer, or TLS failed.
        """
        try:
            session = self._session(is_public=to.is_public)
            trust = self._trusted() if to.url.scheme == "https" else True
            async with session.post(to.url, data=body, headers=headers, allow_redirects=False, ssl=trust) as response:
                again = retry_after_seconds(response.headers.get("Retry-After"))
                if reads:
                    return Answer(response.status, again, await _whole(response))
                await _drain(response)
                return Answer(response.status, again)
        # `from None` throughout: the library's own message may contain the URL.
        except aiohttp.ClientSSLError as error:
            raise TryLater(FailureCode.TLS_FAILED, f"{to.host}: {type(error).__name__}") from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, ForbiddenAddress):
                detail = f"{to.host} leads to an address that is not public"
                raise Refused(FailureCode.FORBIDDEN_ADDRESS, detail) from None
            raise TryLater(FailureCode.NO_ANSWER, f"{to.host}: {_words(error.os_error)}") from None
        except TimeoutError:
            detail = f"{to.host}: no answer within {self._patience:g} seconds"
            raise TryLater(FailureCode.NO_ANSWER, detail) from None
        except (aiohttp.ClientError, OSError) as error:
            raise TryLater(FailureCode.NO_ANSWER, f"{to.host}: {type(error).__name__}") from None

    async def close(self) -> None:
        """Close the connections of the running loop, and forget the trusted certificate authorities."""
        self._trust = None
        loop = asyncio.get_running_loop()
        for key in [each for each in self._sessions if each[0] is loop]:
            await self._sessions.pop(key).close()

    def _session(self, *, is_public: bool) -> aiohttp.ClientSession:
        key = (asyncio.get_running_loop(), is_public)
        session = self._sessions.get(key)
        if session is None or session.closed:
            for other in [each for each in self._sessions if each[0].is_closed()]:
                del self._sessions[other]
            session = self._sessions[key] = self._open(is_public=is_public)
        return session

    @property
    def _patience(self) -> float:
        return SEND_SECONDS if self._seconds is None else self._seconds

    def _open(self, *, is_public: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._connections,
            keepalive_timeout=KEEP_SECONDS,
            resolver=PublicResolver(self._admits) if is_public else ThreadedResolver(),
            socket_factory=partial(public_socket, admits=self._admits) if is_public else None,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._patience, sock_connect=CONNECT_SECONDS),
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
            auto_decompress=False,
            trust_env=False,
        )

    def _trusted(self) -> ssl.SSLContext:
        """The authorities of this machine or of SSL_CERT_FILE. Kept: reading them takes longer than 50 messages."""
        if self._trust is None:
            self._trust = ssl.create_default_context()
            self._trust.set_alpn_protocols(["http/1.1"])
        return self._trust


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """How long a `Retry-After` header says to wait (RFC 9110 section 10.2.3).

    Args:
        value: the header's value, in seconds or as a date.
        now: an aware datetime; the current time if omitted.

    Returns:
        0 to MAX_RETRY_AFTER_SECONDS; None if the header is missing or makes no sense.
    """
    if value is None:
        return None
    value = value.strip()
    if _DELAY.fullmatch(value):
        return min(float(value), MAX_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
        ahead = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - (now or datetime.now(UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(ahead.total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)


class PublicResolver(AbstractResolver):
    """The system's resolver, restricted to public addresses.

    Args:
        admits: which others are let through.
    """

    def __init__(self, admits: Callable[[str], bool] = _none) -> None:
        self._admits = admits
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The host's public addresses, and others that are let through.

        Raises:
            ForbiddenAddress: it has only other addresses.
            OSError: it has no address.
        """
        known = await self._system.resolve(host, port, family)
        found = [each for each in known if is_public_address(each["host"]) or self._admits(each["host"])]
        if not found:
            raise ForbiddenAddress
        return found

    async def close(self) -> None:
        """Close the system's resolver."""
        await self._system.close()


def public_socket(addr_info: Any, *, admits: Callable[[str], bool] = _none) -> socket.socket:
    """A socket for this address: the last check before it connects, regardless of how the name resolved before.

    Args:
        addr_info: family, type, protocol, canonical name and address, as from `socket.getaddrinfo`.
        admits: which addresses that are not public are let through.

    Raises:
        ForbiddenAddress: the address is not public.
    """
    family, kind, protocol, _, address = addr_info
    if not is_public_address(str(address[0])) and not admits(str(address[0])):
        raise ForbiddenAddress
    return socket.socket(family, kind, protocol)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the body so that the connection can be reused; close the connection if the body is too long for that."""
    if response.content.at_eof():
        return
    left = MAX_ANSWER_BYTES
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while left > 0:
                chunk = await response.content.read(left)
                if not chunk:
                    return
                left -= len(chunk)
    except (aiohttp.ClientError, TimeoutError, OSError):
        # The status is known, and that is all that counts.
        pass
    response.close()


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, if it is not too long.

    Raises:
        aiohttp.ClientPayloadError: it is.
    """
    body = bytearray()
    while chunk := await response.content.read(MAX_ANSWER_BYTES + 1 - len(body)):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            raise aiohttp.ClientPayloadError
    return bytes(body)


def _words(error: BaseException) -> str:
    """Why a connection could not be made, without the address."""
    errno = getattr(error, "errno", None)
    return f"{type(error).__name__}" if errno is None else f"{type(error).__name__} ({errno})"
