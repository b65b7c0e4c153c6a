"""The layer over Redis, as two processes use it: two layers that share nothing but the server."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from invitations.live import generations
from invitations.live.brokers import BrokerAway
from invitations.live.shared_layer import SharedChannelLayer
from tests.support import services
from tests.support.server import ROOT, free_port

pytestmark = pytest.mark.redis
PATIENCE_SECONDS = 10


@pytest.fixture(scope="module")
def servers() -> Iterator[list[str]]:
    with services.own_redis() as one, services.own_redis() as other:
        yield [one, other]


@pytest.fixture
def here(servers: list[str]) -> SharedChannelLayer:
    return SharedChannelLayer(servers)


@pytest.fixture
def there(servers: list[str]) -> SharedChannelLayer:
    return SharedChannelLayer(servers)


async def taken(layer: SharedChannelLayer, channel: str, count: int = 1) -> list[Any]:
    """The numbers of the next messages of a channel."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [(await layer.receive(channel))["n"] for _ in range(count)]


async def joined(layer: SharedChannelLayer, *groups: str) -> str:
    """A channel in these groups."""
    channel = await layer.new_channel()
    for group in groups:
        await layer.group_add(group, channel)
    return channel


async def comes_through(source: SharedChannelLayer, layer: SharedChannelLayer, group: str) -> None:
    """Wait until what one publishes reaches the other."""
    channel = await layer.new_channel()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(BrokerAway):
                await layer.group_add(group, channel)
            source.publish([(group, {"type": "t", "n": 0})])
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await layer.receive(channel)
                    break
    await layer.close_channel(channel)


async def test_a_group_reaches_channels_of_every_process_once(
    here: SharedChannelLayer, there: SharedChannelLayer
) -> None:
    near, far = await joined(here, "callinvite.user.1"), await joined(there, "callinvite.user.1")
    stranger = await joined(there, "callinvite.user.2")

    for number in (1, 2):
        await here.group_send("callinvite.user.1", {"type": "t", "n": number})
    await there.group_send("callinvite.user.2", {"type": "t", "n": 3})

    assert await taken(here, near, 2) == [1, 2]
    assert await taken(there, far, 2) == [1, 2]
    assert await taken(there, stranger) == [3]


async def test_messages_keep_their_order_and_their_values(here: SharedChannelLayer, there: SharedChannelLayer) -> None:
    far = await joined(there, "g")
    said: dict[str, Any] = {"type": "live.frame", "text": "\U0001f600" * 5000, "origin": None, "n": 0}

    here.publish([("g", {**said, "n": number}) for number in range(1000)])

    assert await there.receive(far) == said
    assert await taken(there, far, 999) == list(range(1, 1000))


@pytest.mark.parametrize("group", [f"callinvite.user.{number}" for number in range(8)])
async def test_every_group_lives_on_one_of_the_servers(
    here: SharedChannelLayer, there: SharedChannelLayer, group: str
) -> None:
    far = await joined(there, group)
    await here.group_send(group, {"type": "t", "n": 1})
    assert await taken(there, far) == [1]


def test_groups_are_spread_over_the_servers(servers: list[str]) -> None:
    layer = SharedChannelLayer(servers)
    homes = [layer._brokers.index(layer._broker(layer._topic_of(f"callinvite.user.{n}"))) for n in range(100)]
    assert 30 < sum(homes) < 70


async def test_one_who_left_hears_nothing_more_but_the_others_do(
    here: SharedChannelLayer, there: SharedChannelLayer
) -> None:
    gone, stays = await joined(there, "g"), await joined(there, "g")
    await there.group_discard("g", gone)

    await here.group_send("g", {"type": "t", "n": 1})

    assert await taken(there, stays) == [1]
    await there.send(gone, {"type": "t", "n": 2})
    assert await taken(there, gone) == [2]


async def test_who_leaves_and_comes_back_misses_nothing_from_then_on(
    here: SharedChannelLayer, there: SharedChannelLayer
) -> None:
    channel = await joined(there, "g")
    for number in range(200):
        await there.group_discard("g", channel)
        await there.group_add("g", channel)
        await here.group_send("g", {"type": "t", "n": number})
        assert await taken(there, channel) == [number]


async def test_many_join_at_once(here: SharedChannelLayer, there: SharedChannelLayer) -> None:
    groups = [f"callinvite.user.{number}" for number in range(1500)]
    channels = await asyncio.gather(*(joined(there, group) for group in groups))

    here.publish([(group, {"type": "t", "n": number}) for number, group in enumerate(groups)])

    assert [(await taken(there, channel))[0] for channel in channels] == list(range(1500))


async def test_a_channel_of_another_process_can_be_sent_to(here: SharedChannelLayer, there: SharedChannelLayer) -> None:
    channel = await there.new_channel()
    await here.send(channel, {"type": "t", "n": 1})
    assert await taken(there, channel) == [1]


async def test_installations_that_share_a_server_do_not_hear_each_other(
    servers: list[str], here: SharedChannelLayer
) -> None:
    other = SharedChannelLayer(servers, prefix="elsewhere")
    channel = await joined(other, "g")
    await here.group_send("g", {"type": "t", "n": 1})
    await SharedChannelLayer(servers, prefix="elsewhere").group_send("g", {"type": "t", "n": 2})
    assert await taken(other, channel) == [2]


async def test_a_server_that_is_away_delays_nobody_and_is_heard_again_when_it_is_back() -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    here, there = SharedChannelLayer([url]), SharedChannelLayer([url])
    with services.redis_on(port):
        near, far = await joined(here, "g"), await joined(there, "g")
        await here.group_send("g", {"type": "t", "n": 1})
        assert (await taken(here, near), await taken(there, far)) == ([1], [1])

    await _until(lambda: there._brokers[0]._is_away)
    with pytest.raises(BrokerAway):
        await there.group_add("h", far)
    await here.group_send("g", {"type": "t", "n": 2})
    assert await taken(here, near) == [2], "the own process hears it all the same"
    before = generations._everybody

    with services.redis_on(port):
        await comes_through(here, there, "g")
        await here.group_send("h", {"type": "t", "n": 3})
        assert (await taken(there, far))[-1] in (0, 3), "it is subscribed again without anybody asking"
    assert generations._everybody > before, "every page looks into the database at its next sync"


async def test_whoever_lost_messages_says_so_when_the_server_is_back() -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    here, there = SharedChannelLayer([url]), SharedChannelLayer([url])
    with services.redis_on(port):
        await joined(there, "g")
        # The writing connection alone is lost: the reading one, and so the other process, notices nothing.
        await here.group_send("g", {"type": "t", "n": 1})
        await _until(lambda: here._brokers[0]._writing is not None)
        before = generations._everybody
        redis.Redis.from_url(url).client_kill_filter(_type="normal", skipme=True)
        await here.group_send("g", {"type": "t", "n": 2})
        await _until(lambda: generations._everybody > before)


async def test_nothing_but_what_was_on_its_way_is_lost_with_the_writing_connection() -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    here, there = SharedChannelLayer([url]), SharedChannelLayer([url])
    with services.redis_on(port):
        far = await joined(there, "g")
        await here.group_send("g", {"type": "t", "n": 1})
        assert await taken(there, far) == [1]
        redis.Redis.from_url(url).client_kill_filter(_type="normal", skipme=True)
        await here.group_send("g", {"type": "t", "n": 2})
        await here.group_send("g", {"type": "t", "n": 3})
        assert await taken(there, far, 2) == [2, 3]


async def test_a_group_is_vouched_for_only_while_its_server_is_heard() -> None:
    port = free_port()
    layer = SharedChannelLayer([f"redis://127.0.0.1:{port}/0"])
    with services.redis_on(port):
        await joined(layer, "g")
        assert layer.vouches("g")
        assert not layer.vouches("h")
    await _until(lambda: not layer.vouches("g"))


@pytest.mark.parametrize(
    "payload", [b"x", b"", b"\x81\xa1n\x01", b"\x01"], ids=["text", "nothing", "no type", "a number"]
)
async def test_what_others_write_into_the_server_harms_nobody(
    servers: list[str], here: SharedChannelLayer, there: SharedChannelLayer, payload: bytes
) -> None:
    far = await joined(there, "g")
    topic = there._topic_of("g")
    there._broker(topic).publish([(topic, bytes(16) + payload), (there._home, bytes(16) + payload)])
    await here.group_send("g", {"type": "t", "n": 1})
    assert await taken(there, far) == [1]


async def test_a_server_behind_a_unix_socket(tmp_path: Path) -> None:
    with services.redis_on(free_port(), unix_socket=tmp_path / "redis.sock"):
        url = f"unix://{tmp_path}/redis.sock"
        here, there = SharedChannelLayer([url]), SharedChannelLayer([url])
        far = await joined(there, "g")
        await here.group_send("g", {"type": "t", "n": 1})
        assert await taken(there, far) == [1]


async def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that vanished without a word: nothing is ever answered, not even a ping."""
    monkeypatch.setattr("invitations.live.brokers.QUIET_SECONDS", 0.2)
    with _silent_server() as url:
        layer = SharedChannelLayer([url])
        with pytest.raises(BrokerAway):
            await asyncio.wait_for(joined(layer, "g"), PATIENCE_SECONDS)


PUBLISHING = """
import asyncio, os, sys
sys.path.insert(0, {root!r})
import django
django.setup()
from invitations.live.shared_layer import SharedChannelLayer
layer = SharedChannelLayer([{url!r}])
if {forks}:
    layer.publish([("g", {{"type": "t", "n": 1}})])
    child = os.fork()
    if child:
        os.waitpid(child, 0)
layer.publish([("g", {{"type": "t", "n": 2 if {forks} and child else 3}})])
"""


@pytest.mark.parametrize(("forks", "heard"), [(False, [3]), (True, [1, 2, 3])])
async def test_what_a_process_publishes_last_is_heard_and_what_its_fork_publishes(
    forks: bool, heard: list[int], there: SharedChannelLayer, servers: list[str], tmp_path: Path
) -> None:
    far = await joined(there, "g")
    url = servers[there._brokers.index(there._broker(there._topic_of("g")))]
    program = PUBLISHING.format(root=str(ROOT), url=url, forks=forks)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "callinvite.settings", "CALLINVITE_DATA_DIR": str(tmp_path)}
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=env)
    assert await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS) == 0
    assert sorted(await taken(there, far, len(heard))) == heard


async def test_the_threads_end_with_their_layer(servers: list[str]) -> None:
    layer = SharedChannelLayer(servers[:1])
    await joined(layer, "g")
    broker = layer._brokers[0]
    del layer
    # The next message finds nobody who wants it.
    other = SharedChannelLayer(servers[:1])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while broker._is_reading:
            await other.group_send("g", {"type": "t", "n": 1})
            await asyncio.sleep(0.01)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


@contextmanager
def _silent_server() -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
