"""A push service, a server that is allowed to send there, and people with phones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.push.phone import Phone
from tests.support.push_service import PushService
from tests.support.server import RunningServer


@pytest.fixture
def service() -> Iterator[PushService]:
    """The suite's push service; a test of good behaviour must leave no violation."""
    with PushService() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, service: PushService) -> Iterator[RunningServer]:
    """The product, allowed by its explicit setting to send to that service."""
    with RunningServer(tmp_path / "data", env={"CALLINVITE_PUSH_HOSTS": service.origin}) as running:
        yield running


@pytest.fixture
def phone(server: RunningServer, service: PushService) -> Iterator[Callable[..., Phone]]:
    """Somebody's phone, signed in and registered."""
    made: list[Phone] = []

    def make(username: str, **more: Any) -> Phone:
        made.append(Phone.of(username, server, service, **more))
        return made[-1]

    yield make
    for each in made:
        each.rest.close()
