"""The layout of production, once for all tests of this folder: what dies in one of them is started again in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import count

import psycopg
import pytest

from tests.deploy import people
from tests.support import layout, services
from tests.support.layout import SeveralProcesses
from tests.support.push_service import PushService
from tests.support.server import free_port


class Store:
    """A server that keeps things, which may be stopped and started.

    Args:
        run: it, between its first answer and its end.
        url: its address, if `run` does not say it.
    """

    def __init__(self, run: Callable[[], AbstractContextManager[str | None]], url: str = "") -> None:
        self.url = url
        self._run = run
        self._running = ExitStack()

    def __enter__(self) -> Store:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        try:
            self.url = self._running.enter_context(self._run()) or self.url
        except services.Missing as missing:
            pytest.skip(str(missing))

    def stop(self) -> None:
        """End it."""
        self._running.close()


Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="package")
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running


@pytest.fixture(scope="package")
def broker() -> Iterator[Store]:
    """The Redis."""
    port = free_port()
    with Store(lambda: services.redis_on(port), f"redis://127.0.0.1:{port}/0") as store:
        yield store


@pytest.fixture(scope="package")
def database() -> Iterator[Store]:
    """The PostgreSQL."""
    try:
        with services.own_postgres() as server, Store(server.running) as store:
            yield store
    except services.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="package")
def product(
    tmp_path_factory: pytest.TempPathFactory, service: PushService, broker: Store, database: Store
) -> Iterator[SeveralProcesses]:
    env = {
        "CALLINVITE_PUSH_HOSTS": service.origin,
        "REDIS_URL": broker.url,
        "DATABASE_URL": services.make_database(database.url, template=layout.template(database.url)),
    }
    try:
        with SeveralProcesses(tmp_path_factory.mktemp("several") / "data", env=env) as running:
            yield running
    except services.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="package")
def _numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def devices(product: SeveralProcesses, _numbers: Iterator[int]) -> Callable[[int], list[people.Device]]:
    """Makes so many people whom nobody has ever rung, each with one device that is not connected yet."""

    def make(number: int) -> list[people.Device]:
        group = next(_numbers)
        tokens = people.tokens_of(product, [f"group{group}-{each}" for each in range(number)])
        return [people.Device(product, name, token) for name, token in tokens.items()]

    return make


@pytest.fixture
def rows(product: SeveralProcesses) -> Ask:
    """Asks the database itself."""

    def ask(query: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(product.env["DATABASE_URL"]) as connection:
            return connection.execute(query, values).fetchall()

    return ask
