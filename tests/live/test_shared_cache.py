"""The cache that processes share, as it is set up for Redis: it counts, keeps tickets, and runs nothing it is given."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from django.core.cache import cache
from pytest_django import Settings

from invitations.live import presence, tickets
from tests.commands.conftest import manage

pytestmark = [pytest.mark.server, pytest.mark.redis, pytest.mark.own_layout("chooses its processes itself")]


@pytest.fixture(autouse=True)
def _shared(settings: Settings, redis_url: str, tmp_path: Path) -> Iterator[None]:
    asked = "import json; from django.conf import settings; print(json.dumps(settings.CACHES))"
    settings.CACHES = json.loads(manage(tmp_path, "shell", "--no-imports", "-c", asked, REDIS_URL=redis_url).stdout)
    yield
    cache.close()


def test_it_counts_and_keeps_what_it_is_given() -> None:
    cache.add("count", 0)
    assert (cache.incr("count"), cache.incr("count"), cache.decr("count")) == (1, 2, 1)
    ticket = tickets.make_ticket(7, session_key="s", token_digest=None)
    assert tickets.redeem_ticket(ticket) == tickets.Ticket(7, "s", None)
    assert tickets.redeem_ticket(ticket) is None
    presence.mark_online(7, "phone")
    assert presence.online([7, 8]) == {7}


class Shell:
    """What an attacker who reaches Redis would write there for a cache that unpickles."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_what_others_write_into_it_is_not_run(redis_url: str, tmp_path: Path) -> None:
    proof = tmp_path / "it-ran"
    with redis.Redis.from_url(redis_url) as attacker:
        attacker.set(cache.make_key("key"), pickle.dumps(Shell(f"touch {proof}")))
    with suppress(ValueError):
        cache.get("key")
    assert not proof.exists()
