"""What a VoIP push costs: CPU time of our side for each, beside a bare HTTP/2 loop that sends bodies as long.

    .venv/bin/python -m benchmarks.phones [--count 1000]

Apple's push service is the suite's own, in a process of its own: HTTP/2 over TLS on this machine. Ours encrypts each
message, signs, and reads the answer; the bare loop sends the same bytes again and again."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import ssl
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import django
import h2.connection
import h2.events

ROUNDS = 3
AT_ONCE = 100
PAYLOAD = b'{"kind":"ring","filler":"' + b"x" * 900 + b'"}'


def serve(pipe: Connection, folder: str) -> None:
    """Apple's side, until it is told to end; gives how many pushes it took, and what was wrong with them."""
    from tests.support.apns_service import ApnsService

    with ApnsService(Path(folder)) as service:
        pipe.send((service.settings, str(service.ca_file), service.phone().address()))
        pipe.recv()
        pipe.send((sum(each.status == 200 for each in service.messages), service.violations))


async def ours(push: dict[str, Any], count: int) -> float:
    """Milliseconds of CPU for each push by our transport, the connection made before."""
    from invitations.transports import Effect, Message
    from invitations.transports.apns import Apns

    transport, room = Apns(), asyncio.Semaphore(AT_ONCE)
    address, message = transport.read(push), Message(PAYLOAD, ttl_seconds=30, effect=Effect.RING)

    async def send() -> None:
        async with room:
            await transport.send(address, message)

    try:
        await transport.send(address, message)
        begun = time.process_time()
        await asyncio.gather(*(send() for _ in range(count)))
        return (time.process_time() - begun) / count * 1000
    finally:
        await transport.close()


async def bare(origin: str, headers: list[tuple[str, str]], body: bytes, count: int) -> float:
    """Milliseconds of CPU for each request by h2 alone."""
    trust = ssl.create_default_context()
    trust.set_alpn_protocols(["h2"])
    host, _, port = origin.removeprefix("https://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=trust)
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    begun, sent, open_ones, done = time.process_time(), 0, 0, 0
    while done < count:
        while sent < count and open_ones < AT_ONCE and connection.outbound_flow_control_window > len(body):
            stream = connection.get_next_available_stream_id()
            connection.send_headers(stream, headers)
            connection.send_data(stream, body, end_stream=True)
            sent, open_ones = sent + 1, open_ones + 1
        writer.write(connection.data_to_send())
        for event in connection.receive_data(await reader.read(65536)):
            if isinstance(event, h2.events.StreamEnded):
                done, open_ones = done + 1, open_ones - 1
    spent = (time.process_time() - begun) / count * 1000
    writer.close()
    return spent


def measured(push: dict[str, Any], count: int) -> tuple[float, float]:
    """Ours and the bare loop's, the medians of some rounds in turn."""
    from invitations.transports import Effect, Message, apns, apns_keys

    address = apns.Apns().read(push)
    path, body = apns._packed(address, Message(PAYLOAD, ttl_seconds=30, effect=Effect.RING), "bare")
    own = apns._headers(Message(PAYLOAD, ttl_seconds=30, effect=Effect.RING))
    signed = apns_keys.Signer().authorization(now=time.time())
    origin = apns_keys.url()
    authority = origin.removeprefix("https://")
    headers = [(":method", "POST"), (":authority", authority), (":scheme", "https"), (":path", path)]
    headers += [*own.items(), ("authorization", signed), ("content-length", str(len(body)))]
    rounds = [(asyncio.run(ours(push, count)), asyncio.run(bare(origin, headers, body, count))) for _ in range(ROUNDS)]
    return statistics.median(each[0] for each in rounds), statistics.median(each[1] for each in rounds)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--count", type=int, default=1000)
    count = reader.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        here, there = multiprocessing.Pipe()
        service = multiprocessing.get_context("spawn").Process(target=serve, args=(there, folder), daemon=True)
        service.start()
        settings, authority, push = here.recv()
        os.environ |= settings | {"SSL_CERT_FILE": authority, "CALLINVITE_DATA_DIR": folder}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
        django.setup()
        with_us, without = measured(push, count)
        here.send("end")
        taken, violations = here.recv()
        service.join()
    wanted = ROUNDS * (2 * count + 1)
    print(f"ours {with_us:.2f} ms of CPU a push, a bare loop {without:.2f} ms: {with_us / without:.1f} times")
    print(f"{taken} of {wanted} taken, {len(violations)} rules broken")
    if taken != wanted or violations:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
