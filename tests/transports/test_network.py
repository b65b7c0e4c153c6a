"""No name and no proxy brings a message to a machine that is not on the public Internet.

What names resolve to is faked where the system answers it, and whether anybody was reached is asked of the listener."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.resolver import ThreadedResolver
from pytest_django import Settings
from yarl import URL

from invitations.conf import is_hook_network
from invitations.transports import Refused, TryLater, outbound, targets
from invitations.transports.webpush import WebPush
from tests.commands.test_deployment import PUBLIC, SPECIAL
from tests.support import push_rules
from tests.support.push_service import PushService
from tests.support.push_tls import Authority
from tests.support.server import free_port
from tests.transports.conftest import address_of, message, some_address

NAME = "updates.push.services.mozilla.com"
ENDPOINT = f"https://{NAME}/wpush/v2/secret"


@pytest.fixture(autouse=True)
def _known_services_only(settings: Settings) -> None:
    settings.CALLINVITE_PUSH_HOSTS = ["push.services.mozilla.com"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server on this machine that must not be reached."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=50)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[str, int]]]:
    """What each name resolves to, with the port that is connected to; others do not exist."""
    known: dict[str, list[tuple[str, int]]] = {}

    def getaddrinfo(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, at, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, at))
            for address, at in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def was_reached(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


async def test_without_our_care_the_name_would_lead_to_this_machine(
    listener: socket.socket, names: dict[str, Any]
) -> None:
    names[NAME] = [listener.getsockname()]
    connector = aiohttp.TCPConnector(resolver=ThreadedResolver())
    timeout = aiohttp.ClientTimeout(total=0.5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            await session.post(ENDPOINT)
    assert was_reached(listener)


async def test_a_name_that_leads_to_this_machine_is_forbidden(
    listener: socket.socket, names: dict[str, Any], webpush: WebPush
) -> None:
    names[NAME] = [listener.getsockname()]
    with pytest.raises(Refused) as refused:
        await webpush.send(some_address(ENDPOINT), message())
    assert refused.value.code == "forbidden_address"
    assert "secret" not in str(refused.value)
    assert not was_reached(listener)


async def test_a_name_that_is_bound_anew_after_it_was_looked_at_is_forbidden(
    listener: socket.socket, names: dict[str, Any], webpush: WebPush, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The look at the name's addresses is taken away: as if they had been public then.
    monkeypatch.setattr(outbound, "PublicResolver", lambda admits: ThreadedResolver())
    names[NAME] = [listener.getsockname(), ("127.0.0.2", listener.getsockname()[1])]
    with pytest.raises(Refused) as refused:
        await webpush.send(some_address(ENDPOINT), message())
    assert refused.value.code == "forbidden_address"
    assert not was_reached(listener)


async def test_an_address_that_needs_no_name_is_looked_at_before_it_is_connected(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    literal = targets.Target("", "https://127.0.0.1", "127.0.0.1", True, URL(f"https://127.0.0.1:{port}/x"))
    sender = outbound.Outbound()
    with pytest.raises(Refused) as refused:
        await sender.post(literal, b"x", {})
    await sender.close()
    assert refused.value.code == "forbidden_address"
    assert not was_reached(listener)


@pytest.mark.parametrize("authority", ["[::1]:9", "[::1]"])
async def test_an_address_of_ipv6_is_looked_at_too(authority: str) -> None:
    to = targets.anywhere(f"https://{authority}/x")
    assert (targets.written_address(to), to.url.port) == ("::1", 9 if authority.endswith("9") else 443)
    sender = outbound.Outbound()
    with pytest.raises(Refused) as refused:
        await sender.post(to, b"x", {})
    await sender.close()
    assert refused.value.code == "forbidden_address"


@pytest.mark.parametrize(("address", "is_admitted"), [("127.0.0.1", True), ("127.0.0.2", False)])
async def test_a_private_address_is_connected_to_only_where_a_network_of_hooks_admits_it(
    settings: Settings, names: dict[str, Any], listener: socket.socket, address: str, is_admitted: bool
) -> None:
    settings.CALLINVITE = {"hook_networks": ("127.0.0.1",)}
    names["hooks.example.org"] = [(address, listener.getsockname()[1])]
    sender = outbound.Outbound(admits=is_hook_network, seconds=0.5)
    for url in ("https://hooks.example.org/in", f"https://{address}:{listener.getsockname()[1]}/in"):
        # The listener says nothing, so that whoever gets through waits in vain.
        with pytest.raises(TryLater if is_admitted else Refused):
            await sender.post(targets.anywhere(url), b"{}", {})
        assert was_reached(listener) is is_admitted
    await sender.close()


@pytest.mark.parametrize(
    "url", ["http://example.org/", "https://a:b@example.org/", "https://example.org/#x", "ftp://x/"]
)
def test_an_address_of_a_hook_is_https_and_names_nobody(url: str) -> None:
    with pytest.raises(targets.NotAllowed):
        targets.anywhere(url)


async def test_of_several_addresses_the_public_ones_alone_are_used(names: dict[str, Any]) -> None:
    names[NAME] = [("127.0.0.1", 443), ("9.9.9.9", 443), ("::ffff:10.0.0.1", 443), ("2620:fe::fe", 443)]
    found = await outbound.PublicResolver().resolve(NAME, 443)
    assert [each["host"] for each in found] == ["9.9.9.9", "2620:fe::fe"]


async def test_a_public_push_service_is_reached_by_its_name_alone(
    names: dict[str, Any], webpush: WebPush, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # This machine plays the public Internet; the way there is the one that all known services are reached by.
    monkeypatch.setattr(outbound, "is_public_address", lambda text: text == "127.0.0.1")
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=authority.context(NAME))
    names[NAME] = [("10.0.0.1", 443), server.sockets[0].getsockname()]
    assert await webpush.send(some_address(ENDPOINT), message()) == 201
    await webpush.close()
    server.close()

    request = asked[0].decode().split("\r\n")
    assert request[:2] == ["POST /wpush/v2/secret HTTP/1.1", f"Host: {NAME}"]
    [authorization] = [each for each in request if each.startswith("Authorization: ")]
    assert push_rules.claims(authorization.partition(": ")[2])["aud"] == f"https://{NAME}"
    assert {each.partition(":")[0] for each in request[1:] if each} == {
        *("Host", "Authorization", "Content-Encoding", "Content-Type", "Content-Length", "TTL", "Urgency", "Topic"),
    }


async def test_a_machine_that_takes_no_connection_is_no_answer_before_the_deadline(
    settings: Settings, webpush: WebPush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "CONNECT_SECONDS", 0.2)
    with ExitStack() as opened:
        full = opened.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=0)))
        # Linux drops connections once the queue is full.
        for _ in range(3):
            waiting = opened.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        origin = f"http://127.0.0.1:{full.getsockname()[1]}"
        settings.CALLINVITE_PUSH_HOSTS = [origin]
        before = time.monotonic()
        with pytest.raises(TryLater) as failed:
            await webpush.send(some_address(f"{origin}/x"), message())
    assert failed.value.code == "no_answer"
    assert time.monotonic() - before < outbound.SEND_SECONDS


async def test_a_name_that_does_not_exist_is_no_answer(names: dict[str, Any], webpush: WebPush) -> None:
    with pytest.raises(TryLater) as failed:
        await webpush.send(some_address(ENDPOINT), message())
    assert failed.value.code == "no_answer"


async def test_nobody_at_the_port_is_no_answer(settings: Settings, webpush: WebPush) -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    settings.CALLINVITE_PUSH_HOSTS = [origin]
    with pytest.raises(TryLater) as failed:
        await webpush.send(some_address(f"{origin}/x"), message())
    assert failed.value.code == "no_answer"


async def test_an_origin_that_the_operator_names_may_be_on_this_machine_and_nothing_else_becomes_so(
    settings: Settings, service: PushService, listener: socket.socket, names: dict[str, Any], webpush: WebPush
) -> None:
    settings.CALLINVITE_PUSH_HOSTS = [service.origin, "push.services.mozilla.com"]
    names[NAME] = [listener.getsockname()]

    assert await webpush.send(address_of(service.subscribe()), message()) == 201
    with pytest.raises(Refused):
        await webpush.send(some_address(ENDPOINT), message())
    assert not was_reached(listener)


async def test_proxies_of_the_environment_are_not_used(
    service: PushService,
    settings: Settings,
    listener: socket.socket,
    names: dict[str, Any],
    webpush: WebPush,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.CALLINVITE_PUSH_HOSTS = [service.origin, "push.services.mozilla.com"]
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert await webpush.send(address_of(service.subscribe()), message()) == 201
    with pytest.raises(TryLater):
        await webpush.send(some_address(ENDPOINT), message())
    assert not was_reached(listener)


def _edges(network: str) -> list[str]:
    block = ipaddress.ip_network(network)
    return [str(block[0]), str(block[-1])]


# Behind this prefix lies an address of IPv4, which counts as itself.
@pytest.mark.parametrize("network", [each for each in SPECIAL if each != "64:ff9b::/96"])
def test_no_special_address_is_public(network: str) -> None:
    assert [targets.is_public_address(each) for each in _edges(network)] == [False, False]


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_public_internet_are_public(address: str) -> None:
    assert targets.is_public_address(address)


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("::ffff:9.9.9.9", True),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::9.9.9.9", True),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::9.9.9.9", False),
        ("2002:7f00:1::1", False),
        ("2002:a00:1::1", False),
        ("2001:0:909:909::f5ff:fffe", False),
        ("::127.0.0.1", False),
        ("::9.9.9.9", False),
        ("2620:fe::fe%eth0", False),
        ("fe80::1%1", False),
        ("localhost", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_an_address_within_an_address_counts(address: str, is_public: bool) -> None:
    assert targets.is_public_address(address) == is_public


NOW = datetime(2026, 11, 15, 12, 0, 0, tzinfo=UTC)


def at(**later: float) -> str:
    return format_datetime(NOW + timedelta(**later), usegmt=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("86400", 3600.0),
        ("99999999999999999999", None),
        ("-1", None),
        ("1e3", None),
        ("\u0661\u0662", None),
        ("never", None),
        (at(seconds=30), 30.0),
        (at(seconds=-30), 0.0),
        (at(days=3), 3600.0),
        ("Sunday, 15-Nov-26 12:00:30 GMT", 30.0),
        ("Sun Nov 15 12:00:30 2026", 30.0),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
        ("Sun, 15 Nov 99999999999999 12:00:30 GMT", None),
        ("15", 15.0),
    ],
)
def test_a_wait_is_seconds_or_a_date_and_nonsense_is_none(value: str | None, expected: float | None) -> None:
    assert outbound.retry_after_seconds(value, NOW) == expected
