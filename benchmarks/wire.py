"""A WebSocket and an HTTP client that cost next to nothing, so that one core can drive a server that fills another.

Only what the measurements need: text frames without extensions, and keep-alive requests with JSON bodies, one at a
time. Times are taken as bytes arrive, before they are parsed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from time import perf_counter
from typing import Any, cast

REQUEST_SECONDS = 60.0

Frame = dict[str, Any]
Listener = Callable[[Frame, float], None]


class ConnectionLost(ConnectionError):
    """The server closed a connection that was in use."""


class Socket(asyncio.Protocol):
    """One open WebSocket. Frames go to `listener(frame, arrived_at)`."""

    def __init__(self, listener: Listener, key: str = "dGhlIHNhbXBsZSBub25jZQ==") -> None:
        self.listener = listener
        self.key = key
        self.closed: int | None = None
        self._buffer = bytearray()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._upgraded = False
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, port: int, path: str, listener: Listener, token: str | None = None) -> Socket:
        """Connect and upgrade.

        Raises:
            ConnectionLost: the server refused the upgrade.
        """
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(lambda: cls(listener), "127.0.0.1", port)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {socket.key}",
            "Sec-WebSocket-Version: 13",
        ]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        socket._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await asyncio.wait_for(socket._opened, REQUEST_SECONDS)
        return socket

    def send(self, frame: Frame) -> None:
        """Send one JSON text frame. The mask is zero, which leaves the payload unchanged."""
        payload = json.dumps(frame, separators=(",", ":")).encode()
        length = len(payload)
        if length < 126:
            head = bytes((0x81, 0x80 | length))
        elif length < 65536:
            head = bytes((0x81, 0xFE)) + length.to_bytes(2, "big")
        else:
            head = bytes((0x81, 0xFF)) + length.to_bytes(8, "big")
        self._transport.write(head + b"\0\0\0\0" + payload)

    def close(self) -> None:
        """Drop the connection."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = self.closed or 1006
        if not self._opened.done():
            self._opened.set_exception(ConnectionLost("closed before the upgrade"))

    def data_received(self, data: bytes) -> None:
        arrived_at = perf_counter()
        buffer = self._buffer
        buffer += data
        if not self._upgraded and not self._upgrade():
            return
        position = 0
        while (parsed := _parse_frame(buffer, position)) is not None:
            opcode, payload, position = parsed
            if opcode == 1:
                self.listener(json.loads(payload), arrived_at)
            elif opcode == 9:
                self._transport.write(bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload)
            elif opcode == 8:
                self.closed = int.from_bytes(payload[:2], "big") or 1005
        del buffer[:position]

    def _upgrade(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = bytes(self._buffer[:end]).split(b"\r\n", 1)[0]
        del self._buffer[: end + 4]
        if b" 101" not in status:
            self._opened.set_exception(ConnectionLost(status.decode()))
            return False
        self._upgraded = True
        self._opened.set_result(None)
        return True


def _parse_frame(buffer: bytearray, position: int) -> tuple[int, bytes, int] | None:
    """Opcode, payload and the start of the next frame; None if the frame is incomplete. No fragments."""
    if len(buffer) - position < 2:
        return None
    length = buffer[position + 1] & 0x7F
    start = position + 2
    if length == 126:
        length = int.from_bytes(buffer[start : start + 2], "big")
        start += 2
    elif length == 127:
        length = int.from_bytes(buffer[start : start + 8], "big")
        start += 8
    if len(buffer) < start + length:
        return None
    return buffer[position] & 0x0F, bytes(buffer[start : start + length]), start + length


class Http:
    """One keep-alive connection with one request at a time, reopened if the server closed it in between."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection: _HttpConnection | None = None

    async def post(self, path: str, body: Frame, token: str | None = None) -> tuple[int, Any]:
        """POST a JSON body; return the status and the parsed answer.

        Raises:
            ConnectionLost: the server closed the connection before it answered.
        """
        payload = json.dumps(body, separators=(",", ":")).encode()
        credentials = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{credentials}"
            f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        connection = self._connection
        if connection is None or not connection.is_open:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(_HttpConnection, "127.0.0.1", self.port)
            self._connection = connection
        return await connection.ask(head.encode() + payload)

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()


class _HttpConnection(asyncio.Protocol):
    """One connection, until either side closes it."""

    def __init__(self) -> None:
        self.is_open = False
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, Any]] | None = None

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, Any]]:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        self.is_open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionLost("closed before the answer"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        head = bytes(self._buffer[:end]).lower()
        body = _body(head, self._buffer, end + 4)
        if body is None:
            return
        self._buffer.clear()
        if b"connection: close" in head:
            # As gunicorn's plain workers do after each answer.
            self.close()
        self._answer.set_result((int(head[9:12]), json.loads(body) if body else None))


def _body(head: bytes, buffer: bytearray, start: int) -> bytes | None:
    """The complete body of an answer; None if more is to come."""
    _, found, rest = head.partition(b"content-length:")
    if found:
        length = int(rest.split(b"\r\n", 1)[0])
        return bytes(buffer[start : start + length]) if len(buffer) >= start + length else None
    if b"transfer-encoding: chunked" not in head:
        return b""
    parts: list[bytes] = []
    while (line_end := buffer.find(b"\r\n", start)) >= 0:
        size = int(buffer[start:line_end], 16)
        if len(buffer) < line_end + 4 + size:
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(bytes(buffer[line_end + 2 : line_end + 2 + size]))
        start = line_end + 4 + size
    return None
