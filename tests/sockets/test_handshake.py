"""Who gets a live socket, and with which code everybody else is turned away."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from invitations.credentials.app_tokens import issue_token
from invitations.models import User
from tests.sockets.page import HOST, ORIGIN, Page, in_thread, session_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("embedded_layer")]
NOT_AUTHENTICATED, BAD_ORIGIN, NO_SUCH_PATH, UNAVAILABLE = 4401, 4403, 4404, 4503


async def admitted(page: Page) -> bool:
    """Whether a page gets as far as its snapshot."""
    assert await page.open()
    await page.hello("d-1")
    await page.close()
    return True


async def refusal(page: Page) -> int:
    """The code that a page is closed with, once its handshake was accepted."""
    assert await page.open()
    code = await page.hear_close()
    await page.close()
    return code


async def test_a_session_of_the_own_origin_is_admitted(alice: User) -> None:
    page = Page.of(await in_thread(session_of, alice))
    assert await page.open()

    snapshot = await page.hello("d-1")

    assert snapshot["user"] == {"id": "alice", "name": "Alice"}
    await page.close()


async def test_a_token_is_admitted_without_an_origin(alice: User) -> None:
    token, _ = await in_thread(issue_token, alice, "Phone", timezone.now())
    assert await admitted(Page(headers={"authorization": f"Bearer {token}"}))
    assert await admitted(Page(headers={"authorization": f"bearer {token}"}))


async def test_a_wrong_token_is_refused_even_beside_a_good_session(alice: User) -> None:
    key = await in_thread(session_of, alice)
    assert await refusal(Page(headers={"authorization": "Bearer nonsense"})) == NOT_AUTHENTICATED
    assert await refusal(Page.of(key, authorization="Bearer nonsense")) == NOT_AUTHENTICATED


async def test_a_ticket_is_good_once(alice: User) -> None:
    ticket = await in_thread(_ticket_of, alice)
    assert await admitted(Page(query=f"ticket={ticket}"))
    assert await refusal(Page(query=f"ticket={ticket}")) == NOT_AUTHENTICATED


async def test_a_ticket_runs_out(alice: User) -> None:
    ticket = await in_thread(_ticket_of, alice)
    _age_tickets()
    assert await refusal(Page(query=f"ticket={ticket}")) == NOT_AUTHENTICATED


async def test_a_ticket_dies_with_the_session_it_was_made_in(alice: User) -> None:
    client = APIClient()
    ticket = await in_thread(_ticket_of, alice, client)
    await in_thread(client.logout)
    assert await refusal(Page(query=f"ticket={ticket}")) == NOT_AUTHENTICATED


@pytest.mark.parametrize("query", ["", "ticket=", "ticket=nonsense", "ticket=%00%ff", "tickets=1"])
async def test_nobody_is_accepted_and_then_told(query: str, db: None) -> None:
    assert await refusal(Page(query=query, headers={"origin": ORIGIN})) == NOT_AUTHENTICATED
    assert await refusal(Page(query=query)) == NOT_AUTHENTICATED


@pytest.mark.parametrize("cookie", ["sessionid=nonsense", "sessionid=", "a=b; ; =x; sessionid", "\xff=\xfe"])
async def test_a_cookie_that_is_no_session_is_nobody(cookie: str, db: None) -> None:
    assert await refusal(Page(headers={"origin": ORIGIN, "cookie": cookie})) == NOT_AUTHENTICATED


async def test_a_strange_cookie_beside_it_hides_no_session(alice: User) -> None:
    key = await in_thread(session_of, alice)
    cookie = f'odd[name]={{"a":1}}; sessionid={key}'
    assert await admitted(Page(headers={"origin": ORIGIN, "cookie": cookie}))


async def test_an_inactive_user_is_nobody(alice: User) -> None:
    key = await in_thread(session_of, alice)
    token, _ = await in_thread(issue_token, alice, "Phone", timezone.now())
    await in_thread(User.objects.filter(pk=alice.pk).update, is_active=False)
    assert await refusal(Page.of(key)) == NOT_AUTHENTICATED
    assert await refusal(Page(headers={"authorization": f"Bearer {token}"})) == NOT_AUTHENTICATED


@pytest.mark.parametrize(
    "origin",
    [
        f"http://{HOST}:8001",
        f"https://{HOST}",
        "http://evil.example",
        f"http://{HOST}.evil.example",
        f"http://evil.example/{HOST}",
        f"http://user@{HOST}",
        HOST,
        "null",
        "",
        "\xff",
    ],
)
async def test_a_page_of_another_origin_is_refused(alice: User, origin: str) -> None:
    page = Page.of(await in_thread(session_of, alice), origin=origin)
    assert await refusal(page) == BAD_ORIGIN


async def test_another_origin_is_refused_with_a_token_and_a_ticket_too(alice: User) -> None:
    ticket = await in_thread(_ticket_of, alice)
    token, _ = await in_thread(issue_token, alice, "Phone", timezone.now())
    evil = {"origin": "http://evil.example"}
    assert await refusal(Page(headers={**evil, "authorization": f"Bearer {token}"})) == BAD_ORIGIN
    assert await refusal(Page(query=f"ticket={ticket}", headers=evil)) == BAD_ORIGIN
    # The ticket was not spent on it.
    assert await admitted(Page(query=f"ticket={ticket}"))


@pytest.mark.parametrize("query", ["", "ticket=", "tickets=1", "x=ticket="])
async def test_a_session_without_an_origin_is_refused(alice: User, query: str) -> None:
    key = await in_thread(session_of, alice)
    assert await refusal(Page(query=query, headers={"cookie": f"sessionid={key}"})) == BAD_ORIGIN


async def test_a_foreign_host_is_refused_though_the_origin_matches_it(alice: User) -> None:
    key = await in_thread(session_of, alice)
    assert await refusal(Page.of(key, host="evil.example", origin="http://evil.example")) == BAD_ORIGIN


@pytest.mark.parametrize("host", ["[::1", "a b", "", "evil.example:80:80", "[", "\xff"])
async def test_a_host_that_is_none_is_refused(alice: User, host: str) -> None:
    key = await in_thread(session_of, alice)
    assert await refusal(Page.of(key, host=host, origin=f"http://{host}")) == BAD_ORIGIN


@pytest.mark.parametrize("host", ["testserver:8000", "[::1]:8000", "127.0.0.1"])
async def test_every_allowed_host_and_port_is_an_origin(alice: User, settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "[::1]", "127.0.0.1"]
    assert await admitted(Page.of(await in_thread(session_of, alice), host=host, origin=f"http://{host}"))


@pytest.mark.parametrize("origin", ["https://app.example", "https://eu.calls.example"])
async def test_trusted_origins_are_admitted(alice: User, settings: Settings, origin: str) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example", "https://*.calls.example"]
    assert await admitted(Page.of(await in_thread(session_of, alice), origin=origin))


@pytest.mark.parametrize("origin", ["http://app.example", "https://app.example:444", "https://notcalls.example"])
async def test_what_is_only_like_a_trusted_origin_is_not(alice: User, settings: Settings, origin: str) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example", "https://*.calls.example"]
    assert await refusal(Page.of(await in_thread(session_of, alice), origin=origin)) == BAD_ORIGIN


SHELLS = ("https://app.example.org", "capacitor://localhost", "ionic://localhost", "file://", "null")


@pytest.mark.parametrize("origin", SHELLS)
async def test_an_app_shell_of_the_settings_is_admitted_by_token_and_by_ticket(
    alice: User, settings: Settings, origin: str
) -> None:
    settings.CALLINVITE = {"origins": SHELLS}
    token, _ = await in_thread(issue_token, alice, "Phone", timezone.now())
    ticket = await in_thread(_ticket_of, alice)
    assert await admitted(Page(headers={"origin": origin, "authorization": f"Bearer {token}"}))
    assert await admitted(Page(query=f"ticket={ticket}", headers={"origin": origin}))
    assert await refusal(Page(headers={"origin": origin})) == NOT_AUTHENTICATED


@pytest.mark.parametrize("origin", SHELLS)
async def test_an_app_shell_is_never_admitted_by_a_session(alice: User, settings: Settings, origin: str) -> None:
    settings.CALLINVITE = {"origins": SHELLS}
    assert await refusal(Page.of(await in_thread(session_of, alice), origin=origin)) == BAD_ORIGIN


async def test_what_is_only_like_an_app_shell_is_refused(alice: User, settings: Settings) -> None:
    settings.CALLINVITE = {"origins": ("capacitor://localhost",)}
    token, _ = await in_thread(issue_token, alice, "Phone", timezone.now())
    for origin in ("capacitor://localhost:1", "capacitor://localhost.evil.example", "Capacitor://localhost", "null"):
        assert await refusal(Page(headers={"origin": origin, "authorization": f"Bearer {token}"})) == BAD_ORIGIN


async def test_a_proxy_may_name_the_scheme_of_the_socket(alice: User, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    key = await in_thread(session_of, alice)
    assert await admitted(Page.of(key, origin=f"https://{HOST}", **{"x-forwarded-proto": "wss"}))
    assert await refusal(Page.of(key, origin=f"https://{HOST}", **{"x-forwarded-proto": "ws"})) == BAD_ORIGIN


async def test_behind_a_proxy_the_browsers_scheme_counts(alice: User, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    key = await in_thread(session_of, alice)
    secure = {"x-forwarded-proto": "https"}
    assert await admitted(Page.of(key, origin=f"https://{HOST}", **secure))
    assert await refusal(Page.of(key, origin=ORIGIN, **secure)) == BAD_ORIGIN
    assert await refusal(Page.of(key, origin=f"https://{HOST}")) == BAD_ORIGIN


async def test_a_forwarded_scheme_is_believed_only_if_the_settings_say_so(alice: User) -> None:
    key = await in_thread(session_of, alice)
    assert await refusal(Page.of(key, origin=f"https://{HOST}", **{"x-forwarded-proto": "https"})) == BAD_ORIGIN


@pytest.mark.parametrize("path", ["/", "/ws/v1/live/", "/ws/v2/live", "/api/v1/calls"])
async def test_no_other_path_is_a_socket(alice: User, path: str) -> None:
    page = Page(path=path, headers={"origin": ORIGIN})
    assert not await page.open()
    await page.close()


def _ticket_of(user: User, client: APIClient | None = None) -> str:
    client = client or APIClient()
    client.force_login(user)
    answer = client.post("/api/v1/live/ticket")
    assert answer.status_code == 201, answer.content
    assert answer.json()["expires_in_seconds"] == 30
    return str(answer.json()["ticket"])


def _age_tickets() -> None:
    """Let the cache's entries be as old as their time allows."""
    moments: dict[str, float] = vars(caches["default"])["_expire_info"]
    for key in list(moments):
        moments[key] = 0


async def test_another_path_is_closed_with_its_own_code() -> None:
    assert await Page(path="/ws/v1/elsewhere").turned_away() == NO_SUCH_PATH


async def test_a_database_that_is_away_is_not_taken_for_a_wrong_sign_in(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page.of(await in_thread(session_of, alice))

    def away(*args: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("invitations.sockets.door.identify", away)
    assert await refusal(page) == UNAVAILABLE
