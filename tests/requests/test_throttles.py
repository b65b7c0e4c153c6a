"""Guessing: who is stopped, for how long, and who is not. Through the pages and REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from pytest_django import Settings

from invitations.errors import CallError
from invitations.models import Mail
from invitations.requests import known_devices, throttles
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LIMIT = 3
TOKEN = "/api/v1/auth/token"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
Guess = Callable[..., Any]


@pytest.fixture(autouse=True)
def few(settings: Settings) -> Iterator[None]:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": LIMIT, "mails_per_hour": 2}
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def erin() -> Any:
    return get_user_model().objects.create_user("erin", "erin@example.org", PASSWORD)


def sign_in(client: Client, password: str = PASSWORD, address: str = "192.0.2.1") -> Any:
    return client.post("/sign-in/", {"username": "erin", "password": password}, REMOTE_ADDR=address)


def token(client: Client, password: str = PASSWORD, address: str = "192.0.2.1") -> Any:
    body = {"username": "erin", "password": password, "device_name": "Phone"}
    return client.post(TOKEN, body, "application/json", REMOTE_ADDR=address)


def use_up_the_name(address: str = "203.0.113.{}") -> None:
    for number in range(LIMIT):
        sign_in(Client(), "wrong", address.format(number))
    assert sign_in(Client(), "wrong", address.format(99)).status_code == 429


@pytest.mark.parametrize("door", [sign_in, token])
def test_a_stranger_who_guesses_keeps_nobody_out_where_they_signed_in_before(erin: Any, door: Guess) -> None:
    own = Client()
    assert door(own).status_code in (201, 302)
    own.cookies.pop("sessionid", None)
    cache.clear()
    use_up_the_name()

    assert door(Client()).status_code == 429
    assert door(own).status_code in (201, 302)


def test_a_stranger_on_the_same_network_keeps_nobody_out_either(erin: Any) -> None:
    own = Client()
    sign_in(own)
    own.post("/sign-out/")
    cache.clear()
    for number in range(LIMIT + 1):
        Client().post("/sign-in/", {"username": f"x{number}", "password": "wrong"}, REMOTE_ADDR="192.0.2.1")

    assert sign_in(Client()).status_code == 429
    assert sign_in(own).status_code == 302


def test_a_known_device_has_only_so_many_tries_of_its_own(erin: Any) -> None:
    own = Client()
    sign_in(own)
    own.post("/sign-out/")
    cache.clear()

    answers = [sign_in(own, "wrong", f"192.0.2.{number}").status_code for number in range(LIMIT + 1)]

    assert answers == [200] * LIMIT + [429]
    assert sign_in(Client(), address="198.51.100.1").status_code == 302


def test_a_device_is_known_for_the_names_of_its_person_alone(erin: Any) -> None:
    frank = get_user_model().objects.create_user("frank", password=PASSWORD)
    franks = Client()
    franks.post("/sign-in/", {"username": frank.username, "password": PASSWORD})
    franks.post("/sign-out/")
    cache.clear()
    use_up_the_name()

    assert sign_in(franks).status_code == 429


def test_a_device_is_known_by_the_address_too_where_a_name_was_entered(erin: Any) -> None:
    own = Client()
    sign_in(own)
    request = RequestFactory().get("/")
    request.COOKIES = {name: each.value for name, each in own.cookies.items()}

    assert known_devices.known_as(request, "ERIN@example.org")
    assert known_devices.known_as(request, "Erin")
    assert not known_devices.known_as(request, "frank")


def test_a_cookie_that_was_made_up_makes_no_device_known(erin: Any) -> None:
    own = Client()
    sign_in(own)
    forged = own.cookies[known_devices.COOKIE].value[:-2] + "xx"
    use_up_the_name()
    client = Client()
    client.cookies[known_devices.COOKIE] = forged

    assert sign_in(client).status_code == 429
    assert not known_devices.is_known(f"{known_devices.COOKIE}={forged}")


def test_the_cookie_is_for_the_server_alone_and_opens_nothing(erin: Any) -> None:
    own = Client()
    cookie = sign_in(own).cookies[known_devices.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert "erin" not in cookie.value
    other = Client()
    other.cookies[known_devices.COOKIE] = cookie.value

    assert other.get("/").status_code == 302
    assert other.get("/api/v1/me").status_code == 401


def test_whoever_goes_on_guessing_waits_ever_longer() -> None:
    request = RequestFactory().get("/")
    waits, said, now = [], [], NOON
    while now < NOON + timedelta(hours=3):
        try:
            throttles.check_login(request, "erin", now)
            now += timedelta(seconds=1)
        except CallError as refused:
            waits.append(refused.extra["retry_after_seconds"])
            said.append(str(refused.detail))
            now += timedelta(seconds=waits[-1])
    assert waits[0] <= 60
    assert said[0].endswith("seconds.")
    assert said[waits.index(max(waits))].endswith(f"{-(-max(waits) // 60)} minutes.")
    assert 60 < max(waits[: len(waits) // 2]) <= 900
    assert max(waits) > 3600


def test_no_more_is_let_through_than_each_step_allows() -> None:
    request = RequestFactory().get("/")
    let_in: list[datetime] = []
    now = NOON
    while now < NOON + timedelta(hours=8):
        try:
            throttles.check_login(request, "erin", now)
            let_in.append(now)
        except CallError as refused:
            now += timedelta(seconds=refused.extra["retry_after_seconds"] / 4)
        now += timedelta(seconds=1)
    for times, seconds in throttles.STEPS:
        most = max(sum(since <= each < since + timedelta(seconds=seconds) for each in let_in) for since in let_in)
        # Two windows approximate a sliding one.
        assert most <= 2 * times * LIMIT, seconds


def test_right_passwords_are_no_guesses(erin: Any, settings: Settings) -> None:
    request = RequestFactory().get("/")
    now = NOON
    for _ in range(20 * LIMIT):
        throttles.check_login(request, "erin", now).was_right()
        now += timedelta(seconds=60)

    throttles.check_login(request, "erin", now)


@pytest.mark.parametrize("door", [sign_in, token])
def test_many_at_once_get_no_more_than_one_after_the_other(door: Guess) -> None:
    request = RequestFactory().get("/")

    def guess(_: int) -> bool:
        try:
            throttles.check_login(request, "erin")
        except CallError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(guess, range(64))) == LIMIT


@pytest.mark.django_db(transaction=True)
def test_while_strangers_are_sent_away_a_known_device_waits_for_its_turn(erin: Any) -> None:
    own = RequestFactory().get("/")
    answer = sign_in(Client())
    own.COOKIES = {known_devices.COOKIE: answer.cookies[known_devices.COOKIE].value}
    stranger = RequestFactory().get("/", REMOTE_ADDR="198.51.100.9")

    def known() -> str:
        try:
            with throttles.door(own, "erin"):
                return "in"
        finally:
            connection.close()

    with ExitStack() as held, ThreadPoolExecutor(1) as threads:
        for name in ("x", "y"):
            held.enter_context(throttles.door(RequestFactory().get("/", REMOTE_ADDR=f"198.51.100.{len(name)}"), name))
        waiting = threads.submit(known)
        while not throttles._turns._waiting:
            assert not waiting.done()
        with pytest.raises(CallError) as refused, throttles.door(stranger, "z"):
            pass
        assert refused.value.code == "unavailable"
        held.close()
        assert waiting.result(10) == "in"


def test_a_code_is_guessed_only_so_often(erin: Any) -> None:
    for number in range(LIMIT):
        throttles.check_code(RequestFactory().get("/", REMOTE_ADDR=f"192.0.2.{number}"), erin.pk)

    with pytest.raises(CallError):
        throttles.check_code(RequestFactory().get("/", REMOTE_ADDR="198.51.100.1"), erin.pk)


def test_wrong_codes_are_few_in_a_day_and_right_ones_many(erin: Any) -> None:
    def look(now: datetime, number: int) -> throttles.Attempt:
        return throttles.check_code(RequestFactory().get("/", REMOTE_ADDR=f"192.0.{number}.1"), erin.pk, now)

    for number in range(4 * LIMIT):
        look(NOON + timedelta(minutes=20 * number), number).was_right()
    later = NOON + timedelta(days=2)
    for number in range(throttles.CODES_A_DAY * LIMIT):
        look(later + timedelta(hours=number / 2), number)
    with pytest.raises(CallError) as refused:
        look(later + timedelta(hours=5), 99)
    assert refused.value.extra["retry_after_seconds"] > 3600


def test_accounts_that_one_address_makes_are_counted_for_an_hour(settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "signups_per_hour": 2}
    request = RequestFactory().get("/")
    for minutes in (0, 1):
        throttles.check_signup(request, NOON + timedelta(minutes=minutes))

    with pytest.raises(CallError) as refused:
        throttles.check_signup(request, NOON + timedelta(minutes=50))
    assert refused.value.extra["retry_after_seconds"] == 600
    throttles.check_signup(request, NOON + timedelta(hours=2))


def test_nobody_is_flooded_with_mail_that_they_did_not_ask_for(erin: Any) -> None:
    answers = [
        Client().post("/password/", {"email": "Erin@example.org"}, REMOTE_ADDR=f"192.0.2.{number}")
        for number in range(3)
    ]

    assert [each.status_code for each in answers] == [302, 302, 429]
    assert "Try again in" in answers[-1].text
    assert Mail.objects.count() == 2


def test_whether_an_address_is_anybodys_is_told_to_nobody(erin: Any) -> None:
    known, unknown = (
        Client().post("/password/", {"email": each}, follow=True) for each in ("erin@example.org", "x@example.org")
    )

    assert known.redirect_chain == unknown.redirect_chain
    assert known.text.count("<p") == unknown.text.count("<p")
    assert [each.to for each in Mail.objects.all()] == ["erin@example.org"]
