"""`DELETE /me`: who may, and what ends at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from invitations import calls
from invitations.models import AppToken, Call, Device, User
from invitations.requests import freshness
from tests.conftest import PASSWORD
from tests.own_data.conftest import API, acting

if TYPE_CHECKING:
    from pytest_django import Settings
    from rest_framework.test import APIClient

    As = Callable[[User], APIClient]

ME = f"{API}me"


def aged(client: APIClient, seconds: float) -> APIClient:
    """The same client, whose session or token was made so much earlier."""
    earlier = timezone.now() - timedelta(seconds=seconds)
    AuthToken.objects.update(created=earlier)
    AppToken.objects.update(proved_at=earlier)
    if client.cookies:
        session = client.session
        session[freshness.SIGNED_IN_AT] = earlier.timestamp()
        session.save()
    return client


@pytest.fixture(params=["session", "token"])
def signed_in(request: pytest.FixtureRequest, api_as: As, app_of: As, alice: User) -> APIClient:
    """Alice in a browser, and in an app."""
    return api_as(alice) if request.param == "session" else app_of(alice)


def test_an_account_is_deleted_by_its_owner(signed_in: APIClient, alice: User, bob: User) -> None:
    answer = signed_in.delete(ME)
    assert (answer.status_code, answer.content) == (204, b"")
    assert list(User.objects.all()) == [bob]
    again = signed_in.delete(ME)
    assert (again.status_code, again.json()["code"]) == (401, "not_authenticated")


def test_only_somebody_who_has_just_signed_in_may(signed_in: APIClient, alice: User) -> None:
    answer = aged(signed_in, 601).delete(ME)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["reauthenticate"]) == (403, "not_allowed", True)
    assert "within 10 minutes" in problem["detail"]
    assert User.objects.get(pk=alice.pk).is_active
    assert signed_in.get(ME).status_code == 200
    assert aged(signed_in, 595).delete(ME).status_code == 204


def test_how_long_ago_is_a_setting(signed_in: APIClient, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "fresh_seconds": 60}
    assert "within 1 minute of" in aged(signed_in, 61).delete(ME).json()["detail"]


def test_a_session_of_which_nothing_is_known_is_not_fresh(api_as: As, alice: User) -> None:
    browser = api_as(alice)
    session = browser.session
    del session[freshness.SIGNED_IN_AT]
    session.save()
    assert browser.delete(ME).status_code == 403
    # What django-allauth notes when somebody proves again who they are.
    session[freshness.METHODS] = [{"method": "password", "at": timezone.now().timestamp()}, {"method": "mfa"}]
    session.save()
    assert browser.delete(ME).status_code == 204


def test_the_password_given_again_makes_a_session_fresh(api_as: As, alice: User) -> None:
    browser = aged(api_as(alice), 3600)
    assert browser.delete(ME).status_code == 403
    again = reverse("account_reauthenticate")
    assert browser.post(again, {"password": "wrong"}).status_code == 200
    assert browser.delete(ME).status_code == 403
    assert browser.post(f"{again}?next=/%23settings", {"password": PASSWORD})["Location"] == "/#settings"
    assert browser.delete(ME).status_code == 204


def test_a_refreshed_token_is_as_old_as_its_sign_in(app_of: As, alice: User) -> None:
    app = aged(app_of(alice), 3600)
    token = app.post(f"{API}auth/tokens/refresh").json()["token"]
    app.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert app.get(ME).status_code == 200
    assert app.delete(ME).status_code == 403


def test_using_a_session_or_token_does_not_make_it_fresh(signed_in: APIClient, alice: User) -> None:
    aged(signed_in, 601)
    for path in ("me", "calls", "devices"):
        assert signed_in.get(API + path).status_code == 200
    assert signed_in.delete(ME).status_code == 403


def test_another_site_cannot(alice: User) -> None:
    from rest_framework.test import APIClient as Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.delete(ME).json()["code"] == "csrf_failed"
    assert User.objects.filter(pk=alice.pk).exists()


def test_all_that_signs_in_to_it_ends(
    signed_in: APIClient,
    api_as: As,
    app_of: As,
    anonymous_api: APIClient,
    phone_of: Callable[..., Device],
    alice: User,
    bob: User,
) -> None:
    phone_of(alice)
    phone_of(bob)
    others = [api_as(alice), app_of(alice)]
    bystanders = [api_as(bob), app_of(bob)]
    tickets = [each.post(f"{API}live/ticket").json()["ticket"] for each in others]
    assert all(tickets)
    assert signed_in.delete(ME).status_code == 204
    assert [each.get(ME).status_code for each in others] == [401, 401]
    assert [each.get(ME).status_code for each in bystanders] == [200, 200]
    assert Session.objects.count() == AuthToken.objects.count() == 1
    assert {each.user for each in Device.objects.exclude(push_digest=None)} == {bob}
    asked = {"username": "alice", "password": PASSWORD}
    assert anonymous_api.post(f"{API}auth/token", asked, format="json").status_code == 401
    assert [each["id"] for each in bystanders[0].get(f"{API}users").json()["results"]] == []
    sent = bystanders[0].post(f"{API}calls", {"invitees": ["alice"], "is_video_call": False}, format="json").json()
    assert sent["errors"][0]["code"] == "unknown_user"


def test_a_call_of_two_ends_and_the_other_reads_deleted_account(
    signed_in: APIClient, api_as: As, alice: User, bob: User, now: datetime
) -> None:
    call_id = calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now).sheet.call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    assert signed_in.delete(ME).status_code == 204
    assert (Call.objects.get().state, Call.objects.get().end_reason) == ("ended", "completed")
    listed = api_as(bob).get(f"{API}calls").json()["results"]
    assert [each["caller"] for each in listed] == [{"id": "", "name": "Deleted account"}]


def test_the_audit_log_has_a_line_without_names(
    signed_in: APIClient, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "invitations.audit")
    signed_in.delete(ME)
    lines = [each.getMessage() for each in caplog.records]
    assert f"account-deleted user={alice.pk} address=127.0.0.1 path=/api/v1/me" in lines
    assert not [each for each in lines if "alice" in each.lower()]


def test_the_last_superuser_is_told_why_not(signed_in: APIClient, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    problem = signed_in.delete(ME).json()
    assert (problem["status"], problem["detail"]) == (
        403,
        "This is the only superuser. Make somebody else a superuser first.",
    )
    assert "reauthenticate" not in problem
