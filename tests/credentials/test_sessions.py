"""How long a browser stays signed in: renewed by use, ended by time, and never within a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from invitations import calls
from invitations.credentials import sessions
from invitations.credentials.session_engine import SessionStore
from invitations.credentials.sessions import SIGNED_IN_AT
from invitations.models import Device, User
from invitations.push import devices
from tests.calls.conftest import acting
from tests.conftest import PASSWORD
from tests.support import aging

pytestmark = pytest.mark.django_db(transaction=True)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def sign_in(*, is_kept: bool = True, **headers: str) -> Client:
    """A browser in which bob has signed in by the form."""
    client = Client(headers=headers)
    form = {"username": "bob", "password": PASSWORD, **({"remember": "on"} if is_kept else {})}
    assert client.post("/sign-in/", form).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/api/v1/me").status_code == 200)


def pass_time(client: Client, span: timedelta) -> None:
    """As if the browser's last use, and its signing in, were so much longer ago."""
    aging.pass_time(key_of(client), span)


def left(client: Client) -> timedelta:
    """In what time the browser is signed out unless it is used."""
    return aging.left(key_of(client))


def key_of(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def credential_of(client: Client) -> str:
    return devices.credential_of(session_key=key_of(client))


def use_for_long(client: Client) -> None:
    """Use it for 88 of the 90 days that it may last."""
    for _ in range(4):
        pass_time(client, 22 * DAY)
        assert is_in(client)
    assert left(client) == about(2 * DAY)


def about(span: timedelta, *, within: timedelta = MINUTE) -> Any:
    return pytest.approx(span, abs=within)


def test_who_asks_to_stay_signed_in_does(bob: User) -> None:
    client = sign_in()
    assert left(client) == about(30 * DAY)
    # A day more than the session can last.
    assert int(client.cookies["sessionid"]["max-age"]) == pytest.approx(91 * 86400, abs=60)


def test_others_are_signed_out_with_the_browser_or_after_half_a_day(bob: User) -> None:
    client = sign_in(is_kept=False)
    assert left(client) == about(12 * HOUR)
    assert client.cookies["sessionid"]["max-age"] == ""


@pytest.mark.parametrize("is_kept", [True, False])
def test_whether_the_box_is_ticked_is_the_operators_choice(is_kept: bool, settings: Settings) -> None:
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = not is_kept
    form = Client().get("/sign-in/").context["form"]
    assert form["remember"].initial is is_kept


def test_doors_without_the_box_go_by_that_choice_too(bob: User, settings: Settings) -> None:
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    client = Client()
    client.force_login(bob)
    assert left(client) == about(12 * HOUR)


@pytest.mark.parametrize("path", ["/", "/api/v1/me"])
def test_a_session_lasts_longer_for_being_used(path: str, bob: User) -> None:
    client = sign_in()
    pass_time(client, 2 * DAY)
    assert left(client) == about(28 * DAY)
    assert client.get(path).status_code == 200
    assert left(client) == about(30 * DAY)


def test_not_every_use_is_written_down(bob: User) -> None:
    client = sign_in()
    pass_time(client, HOUR)
    assert is_in(client)
    with CaptureQueriesContext(connection) as asked:
        assert is_in(client)
    assert not [each["sql"] for each in asked if not each["sql"].startswith("SELECT")]
    assert left(client) == about(30 * DAY - HOUR)


def test_an_unused_session_ends(bob: User) -> None:
    client = sign_in()
    pass_time(client, 30 * DAY)
    assert not is_in(client)
    assert client.get("/").status_code == 302


def test_the_longest_time_is_kept_to_however_much_a_session_is_used(bob: User) -> None:
    client = sign_in()
    use_for_long(client)
    pass_time(client, 2 * DAY - 5 * MINUTE)
    assert is_in(client)
    pass_time(client, 5 * MINUTE)
    assert not is_in(client)


def test_a_session_that_is_not_kept_has_a_longest_time_too(bob: User) -> None:
    client = sign_in(is_kept=False)
    pass_time(client, 11 * HOUR)
    assert is_in(client)
    assert left(client) == about(12 * HOUR)
    pass_time(client, 11 * HOUR)
    assert is_in(client)
    assert left(client) == about(2 * HOUR)


def test_shorter_terms_hold_for_sessions_that_are_there(bob: User, settings: Settings) -> None:
    client = sign_in()
    settings.CALLINVITE = {**settings.CALLINVITE, "session_idle_seconds": 86400}
    assert is_in(client)
    assert left(client) == about(DAY)
    settings.CALLINVITE = {**settings.CALLINVITE, "session_seconds": 3600}
    pass_time(client, 2 * HOUR)
    # Not at once: whoever is in a call has time to end it.
    assert is_in(client)
    assert left(client) == about(15 * MINUTE)


def test_a_session_of_an_older_version_is_counted_from_its_first_use(bob: User) -> None:
    client = sign_in()
    row = Session.objects.get()
    data = row.get_decoded()
    del data[SIGNED_IN_AT]
    Session.objects.update(session_data=SessionStore().encode(data), expire_date=timezone.now() + DAY)
    assert is_in(client)
    assert left(client) == about(30 * DAY)
    pass_time(client, 89 * DAY)
    Session.objects.update(expire_date=timezone.now() + DAY)
    assert is_in(client)
    assert left(client) == about(DAY)


def _in_a_call(alice: User, bob: User, device_id: str) -> str:
    now = timezone.now()
    sheet = calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now).sheet
    calls.accept(sheet.call.call_id, by=acting(bob, device_id), now=now)
    return sheet.call.call_id


@pytest.mark.parametrize("names_device", [True, False])
def test_no_session_ends_while_its_device_is_in_a_call(alice: User, bob: User, names_device: bool) -> None:
    client = sign_in()
    device_id = credential_of(client)
    if names_device:
        device_id = "web-1"
        client.put(f"/api/v1/devices/{device_id}", {"label": "x", "kind": "browser"}, "application/json")
    call_id = _in_a_call(alice, bob, device_id)
    use_for_long(client)
    pass_time(client, 2 * DAY - MINUTE)
    for _ in range(20):
        assert is_in(client)
        assert left(client) == about(15 * MINUTE)
        pass_time(client, 10 * MINUTE)
    calls.leave(call_id, by=acting(bob, device_id), now=timezone.now())
    assert is_in(client)
    assert left(client) == about(5 * MINUTE)
    pass_time(client, 5 * MINUTE)
    assert not is_in(client)


def test_another_devices_call_puts_nothing_off(alice: User, bob: User) -> None:
    client = sign_in()
    _in_a_call(alice, bob, "elsewhere")
    use_for_long(client)
    pass_time(client, 2 * DAY - MINUTE)
    assert is_in(client)
    pass_time(client, MINUTE)
    assert not is_in(client)


def test_what_a_session_registered_goes_with_it_when_it_ends_by_time(bob: User) -> None:
    client = sign_in()
    credential = credential_of(client)
    client.put("/api/v1/devices/web-1", {"label": "x", "kind": "browser"}, "application/json")
    Device.objects.update(push_digest="0" * 64, push_credential=credential)
    pass_time(client, 30 * DAY + MINUTE)
    call_command("prune")
    assert Device.objects.get().push_digest is None
    assert not UserSession.objects.exists()


def test_a_session_that_is_saved_keeps_what_was_put_off(alice: User, bob: User) -> None:
    client = sign_in()
    _in_a_call(alice, bob, credential_of(client))
    use_for_long(client)
    pass_time(client, 2 * DAY - MINUTE)
    assert is_in(client)
    pass_time(client, 3 * MINUTE)
    store = client.session
    store["said"] = "something"
    store.save()
    assert left(client) == about(12 * MINUTE)


def test_somebodys_key_is_never_the_one_from_before_they_signed_in(bob: User) -> None:
    client = Client()
    planted = SessionStore()
    planted["planted"] = True
    planted.save()
    client.cookies["sessionid"] = str(planted.session_key)
    form = {"username": "bob", "password": PASSWORD}
    assert client.post("/sign-in/", form).status_code == 302
    assert key_of(client) != planted.session_key
    assert not Session.objects.filter(session_key=planted.session_key).exists()
    assert is_in(client)


@pytest.mark.parametrize("engine", ["signed_cookies", "cached_db", "cache", "db"])
def test_other_engines_work_as_they_did(engine: str, bob: User, settings: Settings) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    # By a door of the project's own: allauth's cannot store keys as long as those of sessions in cookies.
    client = _by_another_door(bob)
    assert is_in(client)
    assert client.post("/api/v1/auth/sign-out-everywhere", content_type="application/json").status_code == 204
    assert is_in(client)


def _by_form(bob: User) -> Client:
    return sign_in()


def _by_another_door(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def _with_a_new_key(bob: User) -> Client:
    client = sign_in()
    new = "an-0ther-one!"
    answer = client.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.status_code == 302
    return client


def _by_an_older_version(bob: User) -> Client:
    client = sign_in()
    UserSession.objects.all().delete()
    return client


@pytest.mark.parametrize("begin", [_by_form, _by_another_door, _with_a_new_key, _by_an_older_version])
def test_whatever_began_a_session_it_is_found(begin: Callable[[User], Client], bob: User) -> None:
    client = begin(bob)
    key = key_of(client)
    assert sessions.keys_of(bob.pk) == [key]
    other = Client()
    other.force_login(User.objects.get())
    assert other.post("/api/v1/auth/sign-out-everywhere", content_type="application/json").status_code == 204
    assert not is_in(client)
    assert UserSession.objects.filter(session_key=key).exists() is False
    assert is_in(other)


def test_the_sessions_of_others_are_not_looked_through(bob: User, alice: User) -> None:
    sign_in()
    for _ in range(3):
        Client().force_login(alice)
    # Nothing in them can be read: whoever tried would find no owner.
    Session.objects.filter(session_key__in=sessions.keys_of(alice.pk)).update(session_data="unreadable")
    assert len(sessions.keys_of(alice.pk)) == 3
    assert len(sessions.keys_of(bob.pk)) == 1


def test_who_signs_in_ever_again_loses_the_browsers_that_were_not_used_for_longest(
    bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "sessions_per_user": 3}
    clients = []
    for number in range(5):
        clients.append(_by_another_door(bob))
        UserSession.objects.filter(session_key=key_of(clients[-1])).update(
            last_seen_at=timezone.now() - DAY + number * MINUTE
        )
    assert [is_in(each) for each in clients] == [False, False, True, True, True]
