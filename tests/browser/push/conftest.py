"""People whose browsers are rung by push: a product that may send to the suite's own push service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import Person
from tests.browser.phone import Phone
from tests.support import layout, other_site
from tests.support.push_service import PushService
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running
        assert running.violations == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, service: PushService) -> Iterator[RunningServer]:
    """A product that may send to the suite's push service."""
    folder = tmp_path_factory.mktemp("product") / "data"
    env = {"CALLINVITE_PUSH_HOSTS": service.origin, "CALLINVITE_ORIGINS": other_site.ORIGIN}
    with layout.running(folder, env=env) as running:
        yield running


@pytest.fixture(scope="module")
def sessions(server: RunningServer) -> dict[str, list[Any]]:
    return sign_everybody_in(server)


@pytest.fixture
def phone(person: Callable[..., Person], service: PushService) -> Phone:
    """Bob's, enrolled by the one click."""
    made = Phone(person("bob", permissions=["notifications"]), service)
    made.enable()
    return made
