"""What every test may ask for: people, a moment, REST clients, and real servers.

Anything that only one room needs lives in that room's own conftest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from tests.support import services, surroundings
from tests.support.audit_log import audit_lines
from tests.support.server import chosen_layout

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from invitations.models import User

PASSWORD = "right-horse-7"
ROOMS = Path(__file__).parent
POSTGRES_ROOMS = {
    "admin",
    "api",
    "calls",
    "contacts",
    "credentials",
    "dispatcher",
    "models",
    "own_data",
    "push",
    "requests",
    "store",
}
"""Rooms whose tests also run on PostgreSQL, which locks row by row; elsewhere a test asks by its mark."""
WHOLE_MACHINE = ("test_media", "test_network")
"""How the names of browser tests begin that need all processors, for they move pictures and sound, or the network: a
Chromium drops what it is loading whenever an interface comes or goes on the machine."""
WAITING = ("test_media_crash", "test_media_failing", "test_media_network", "test_media_soak")
"""Those of them that mostly wait for time to pass, such as for a lease to run out, and change no interface here."""


def pytest_configure() -> None:
    surroundings.prepare()
    # The real hasher takes a quarter of a second for each user; servers that tests start still use it.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their room, and leave out what says nothing about the database in use."""
    foreign = "sqlite_only" if _on_postgres() else "postgres_only"
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        room = item.path.relative_to(ROOMS).parts[0]
        if room == "browser":
            item.add_marker(pytest.mark.browser)
            if item.path.name.startswith(WAITING):
                item.add_marker(pytest.mark.waits)
            elif item.path.name.startswith(WHOLE_MACHINE):
                item.add_marker(pytest.mark.alone)
        if room in POSTGRES_ROOMS:
            item.add_marker(pytest.mark.postgres)
        (left_out if item.get_closest_marker(foreign) or _is_of_another_layout(item) else chosen).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = chosen


def _is_of_another_layout(item: pytest.Item) -> bool:
    """Whether it says nothing about several processes, and the run is about these."""
    own = item.get_closest_marker("own_layout")
    if own and not (own.args and isinstance(own.args[0], str)):
        raise pytest.UsageError(f"{item.nodeid}: `own_layout` wants a reason")
    is_outside = item.get_closest_marker("server") or item.get_closest_marker("browser")
    return chosen_layout() != "one" and not (is_outside and own is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a skipped test is a failed one: nothing goes unchecked there in silence."""
    report: Any = yield
    if services.in_ci() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a whole file that skips itself."""
    report: Any = yield
    if services.in_ci() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


def _on_postgres() -> bool:
    return connections["default"].vendor == "postgresql"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file, not SQLite's default in memory: the locks of production, one database for all threads."""
    if not _on_postgres():
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connections["default"].settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    # Presence and throttles live there; a test starts with nobody online and nobody throttled.
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def now() -> datetime:
    """The test's moment. A real one: whatever reads by the wall clock must not find everything expired."""
    return timezone.now()


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Makes an account with a shown name and the tests' one password."""
    from django.contrib.auth import get_user_model

    from invitations.models import CallingPreferences

    def make(username: str, **preferences: Any) -> User:
        user = get_user_model().objects.create_user(username, password=PASSWORD)
        CallingPreferences.objects.create(user=user, **{"display_name": username.capitalize(), **preferences})
        return user

    return make


@pytest.fixture
def alice(make_user: Callable[..., User]) -> User:
    return make_user("alice")


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob")


@pytest.fixture
def carol(make_user: Callable[..., User]) -> User:
    return make_user("carol")


@pytest.fixture
def mallory(make_user: Callable[..., User]) -> User:
    """A person who is in none of the calls and tries to get in."""
    return make_user("mallory")


@pytest.fixture
def api_as() -> Callable[[User], APIClient]:
    """A REST client with that user's browser session."""
    from rest_framework.test import APIClient

    def sign_in(user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def anonymous_api(db: None) -> APIClient:
    """A REST client that is nobody."""
    from rest_framework.test import APIClient

    return APIClient()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The run's PostgreSQL: the launcher's, or one started for this session."""
    try:
        with services.postgres() as url:
            yield url
    except services.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """DATABASE_URL of an empty database, for a product that the test starts as its own process."""
    with services.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    """REDIS_URL of a Redis that only this test talks to."""
    try:
        with services.own_redis() as url:
            yield url
    except services.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is written to the audit log meanwhile, with the level of each line."""
    with audit_lines() as written:
        yield written


@pytest.fixture
def known_looks(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ring resources were read and are not read again: statements can be counted on a machine of any speed."""
    from invitations.store import looks

    looks.forget()
    looks.look_of(None)
    monkeypatch.setattr(looks, "REMEMBERED_SECONDS", 1e9)
