"""The other end of the benchmarks of posts: a TLS service that accepts every push message and every message to a hook,
and notes only when and in which order they came. It checks nothing, so that its own cost is not measured; the test
suite has strict ones."""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from pathlib import Path

from tests.support.push_tls import Authority

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class Seen:
    """What has arrived in this round, as `[path, topic or webhook-id, second]`."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, float]] = []


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take every complete request."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, rest = self._buffer.split(b"\r\n\r\n", 1)
            line, *lines = head.split(b"\r\n")
            headers = {name.lower(): value for name, value in (each.split(b": ", 1) for each in lines)}
            length = int(headers.get(b"content-length", 0))
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._answer(
                line.split()[0],
                line.split()[1].decode(),
                (headers.get(b"topic") or headers.get(b"webhook-id", b"")).decode(),
            )

    def _answer(self, method: bytes, path: str, topic: str) -> None:
        assert self._transport is not None
        if method == b"GET":
            body = json.dumps(self._seen.messages).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        if method == b"DELETE":
            self._seen.messages.clear()
        else:
            self._seen.messages.append((path, topic, time.monotonic()))
        self._transport.write(ANSWER)


async def serve(folder: Path) -> None:
    """Print the port, then serve until killed."""
    seen = Seen()
    context: ssl.SSLContext = Authority(folder).context("127.0.0.1")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(seen), "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    asyncio.run(serve(parser.parse_args().folder))
