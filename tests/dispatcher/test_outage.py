"""A PostgreSQL that is stopped and started under a running instance: what is refused, and how soon it heals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.dispatcher.test_production import ask, process, token, until
from tests.support import services
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

pytestmark = [
    pytest.mark.server,
    pytest.mark.redis,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("chooses its processes itself"),
]
OUTAGE_SECONDS = 10.0
"""Long enough for a pool that doubles its pauses to sleep well past the end."""
REFUSED_SECONDS = 2.0
HEALED_SECONDS = 5.0
SLACK_SECONDS = 1.0
"""What a busy machine may add to either."""
AT_ONCE = 12
"""More than there are threads for requests in one process."""


@dataclass(frozen=True)
class Answer:
    """How a request went."""

    status: int
    retry_after: str | None
    seconds: float


@pytest.fixture
def database() -> Iterator[services.Postgres]:
    """A PostgreSQL that only this test talks to; it does not run yet."""
    try:
        with services.own_postgres() as server:
            yield server
    except services.Missing as missing:
        pytest.skip(str(missing))


def look(client: httpx2.Client, path: str) -> Answer:
    begun = time.monotonic()
    answer = client.get(path)
    return Answer(answer.status_code, answer.headers.get("Retry-After"), time.monotonic() - begun)


def state_of(database_url: str, call_id: str) -> str:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT state FROM invitations_call WHERE call_id = %s", [call_id]).fetchone()
    assert row is not None
    return str(row[0])


def test_all_is_refused_soon_while_the_database_is_away_and_well_soon_after(
    database: services.Postgres, redis_url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        running = stack.enter_context(ExitStack())
        url = running.enter_context(database.running())
        env = {"DATABASE_URL": url, "REDIS_URL": redis_url, "CALLINVITE_PROCESSES": "2"}
        product = RunningServer(tmp_path / "data", env=env).prepare()
        web = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(product.port), "-v", "0", "callinvite.asgi:application")
        stack.enter_context(process(product, *web))
        stack.enter_context(process(product, "manage.py", "dispatch"))
        until(product.answers)
        alice = token(product, "alice")
        cookies = {each["name"]: each["value"] for each in sign_everybody_in(product)["bob"]}
        app, browser = (stack.enter_context(httpx2.Client(base_url=product.url, timeout=60)) for _ in range(2))
        app.headers["Authorization"] = f"Bearer {alice}"
        browser.cookies.update(cookies)
        body = {"invitees": ["bob"], "is_video_call": False, "timeout_seconds": int(OUTAGE_SECONDS / 2)}
        call_id = ask(product, "calls", body, alice)["call"]["call_id"]

        running.close()
        over = time.monotonic() + OUTAGE_SECONDS
        refused: list[Answer] = []
        with ThreadPoolExecutor(AT_ONCE) as askers:
            while time.monotonic() < over:
                refused += askers.map(lambda _: look(app, "/api/v1/calls"), range(AT_ONCE))
                refused += askers.map(lambda _: look(browser, "/"), range(AT_ONCE))
        stack.enter_context(database.running())
        back = time.monotonic()
        until(lambda: look(app, "/api/v1/calls").status == look(browser, "/").status == 200)
        answered_after = time.monotonic() - back
        until(lambda: state_of(url, call_id) == "ended")
        dispatched_after = time.monotonic() - back

    assert {(each.status, each.retry_after) for each in refused} == {(503, "1")}
    assert max(each.seconds for each in refused) < REFUSED_SECONDS + SLACK_SECONDS
    assert answered_after < HEALED_SECONDS + SLACK_SECONDS
    assert dispatched_after < HEALED_SECONDS + SLACK_SECONDS
