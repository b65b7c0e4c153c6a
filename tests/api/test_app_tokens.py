"""Apps that are signed in: listed, taken back one by one, and given new tokens, for a year at the most."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from invitations.models import AppToken, Device, User
from tests.api.conftest import Rest, RestOf, problem_of
from tests.conftest import PASSWORD

JSON = dict[str, Any]
YEAR = timedelta(days=365)


def _sign_in(nobody: Rest, **fields: object) -> JSON:
    answer = nobody.post("auth/token", {"username": "bob", "password": PASSWORD, **fields})
    assert answer.status_code == 201
    return dict(answer.json())


def _app(token: str) -> Rest:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return Rest(client)


def _age(token: str, by: timedelta) -> None:
    """Let so much time pass for a token, between one use and the next."""
    digest = hash_token(token)
    row = AuthToken.objects.get(digest=digest)
    expiry = None if row.expiry is None else row.expiry - by
    AuthToken.objects.filter(digest=digest).update(created=row.created - by, expiry=expiry)
    AppToken.objects.filter(digest=digest).update(created_at=row.created - by)


def test_apps_are_listed_the_newest_first(nobody: Rest, rest: RestOf, bob: User) -> None:
    phone = _sign_in(nobody, device_name="Bob's phone", device_id="bobs-phone")
    tablet = _sign_in(nobody, device_name="Bob's tablet")
    listed = _app(tablet["token"]).get("auth/tokens").json()["results"]
    assert [(each["device_name"], each["current"]) for each in listed] == [
        ("Bob's tablet", True),
        ("Bob's phone", False),
    ]
    assert listed[1]["device_id"] == "bobs-phone"
    assert listed[1]["expires_at"] == phone["expiry"]
    assert set(listed[0]) == {
        "id", "device_id", "device_name", "created_at", "last_used_at", "expires_at", "current"
    }  # fmt: skip
    assert not any(each["current"] for each in rest(bob).get("auth/tokens").json()["results"])


def test_a_list_shows_nothing_of_a_token(nobody: Rest, rest: RestOf, bob: User) -> None:
    token = _sign_in(nobody, device_id="bobs-phone")["token"]
    text = rest(bob).get("auth/tokens").content.decode()
    digest = hash_token(token)
    assert not any(part in text for part in (token[:8], digest[:8]))


def test_only_ones_own_are_listed_and_ended(nobody: Rest, rest: RestOf, alice: User, bob: User) -> None:
    token = _sign_in(nobody)["token"]
    (listed,) = rest(bob).get("auth/tokens").json()["results"]
    assert rest(alice).get("auth/tokens").json()["results"] == []
    assert problem_of(rest(alice).delete(f"auth/tokens/{listed['id']}")) == (404, "not_found")
    assert _app(token).get("me").status_code == 200


def test_one_app_is_signed_out_and_no_other(nobody: Rest, rest: RestOf, bob: User) -> None:
    lost, kept = (_sign_in(nobody, device_id=each)["token"] for each in ("lost", "kept"))
    listed = {each["device_id"]: each["id"] for each in rest(bob).get("auth/tokens").json()["results"]}
    assert _app(kept).delete(f"auth/tokens/{listed['lost']}").status_code == 204
    assert problem_of(_app(lost).get("me")) == (401, "not_authenticated")
    assert _app(kept).get("me").status_code == 200
    assert problem_of(_app(kept).delete(f"auth/tokens/{listed['lost']}")) == (404, "not_found")
    assert [each["device_id"] for each in rest(bob).get("auth/tokens").json()["results"]] == ["kept"]


def test_a_page_needs_its_csrf_token_to_end_one(nobody: Rest, bob: User) -> None:
    _sign_in(nobody)
    page = APIClient(enforce_csrf_checks=True)
    page.force_login(bob)
    token_id = Rest(page).get("auth/tokens").json()["results"][0]["id"]
    assert problem_of(Rest(page).delete(f"auth/tokens/{token_id}")) == (403, "csrf_failed")


def test_a_token_that_something_else_made_is_listed_too(rest: RestOf, bob: User) -> None:
    _, token = AuthToken.objects.create(bob, expiry=None)
    (listed,) = rest(bob).get("auth/tokens").json()["results"]
    assert (listed["device_name"], listed["last_used_at"]) == ("", None)
    assert rest(bob).delete(f"auth/tokens/{listed['id']}").status_code == 204
    assert problem_of(_app(token).get("me")) == (401, "not_authenticated")


def test_a_refreshed_token_is_another_one_for_the_same_device(
    nobody: Rest, alice: User, bob: User, rest: RestOf
) -> None:
    first = _sign_in(nobody, device_name="Bob's phone")
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    device_id = _app(first["token"]).verb(call_id, "accept").json()["call"]["participants"][-1]["device_id"]
    answer = _app(first["token"]).post("auth/tokens/refresh")
    second = answer.json()
    assert (answer.status_code, second["device_id"], second["user"]["id"]) == (201, device_id, "bob")
    assert second["token"] != first["token"]
    # Without a device id, the new token stands for the device that is in the call.
    assert _app(second["token"]).verb(call_id, "connected").status_code == 200
    assert Device.objects.get(user=bob).label == "Bob's phone"


def test_the_old_token_works_for_a_minute_more(nobody: Rest, bob: User) -> None:
    first = _sign_in(nobody)["token"]
    second = _app(first).post("auth/tokens/refresh").json()["token"]
    assert _app(first).get("me").status_code == 200
    # Using it does not prolong it.
    assert AuthToken.objects.get(digest=hash_token(first)).expiry <= timezone.now() + timedelta(seconds=60)
    _age(first, timedelta(seconds=61))
    assert problem_of(_app(first).get("me")) == (401, "not_authenticated")
    assert problem_of(_app(first).post("auth/tokens/refresh")) == (401, "not_authenticated")
    assert _app(second).get("me").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_device_of_a_token_outlives_its_former_tokens(nobody: Rest, alice: User, bob: User, rest: RestOf) -> None:
    first = _sign_in(nobody)["token"]
    second = _app(first).post("auth/tokens/refresh").json()["token"]
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    _app(second).verb(call_id, "accept")
    _age(first, timedelta(seconds=61))
    _sign_in(nobody, device_id="another")
    assert not AuthToken.objects.filter(digest=hash_token(first)).exists()
    assert _app(second).get(f"calls/{call_id}").json()["state"] == "active"
    _app(second).delete("auth/token")
    assert rest(bob).get(f"calls/{call_id}").json()["state"] == "ended"


def test_a_refresh_whose_answer_was_lost_is_asked_for_again(nobody: Rest, rest: RestOf, bob: User) -> None:
    first = _sign_in(nobody)["token"]
    lost, found = (_app(first).post("auth/tokens/refresh").json()["token"] for _ in range(2))
    assert problem_of(_app(lost).get("me")) == (401, "not_authenticated")
    assert _app(found).get("me").status_code == 200
    ends = {each["expires_at"] for each in rest(bob).get("auth/tokens").json()["results"]}
    assert len(ends) == 2, "the first, which is about to end, and the one that was found"


def test_push_goes_on_after_a_refresh(nobody: Rest, bob: User) -> None:
    first = _sign_in(nobody, device_id="phone")["token"]
    Device.objects.filter(user=bob).update(push_digest="a" * 64, push_credential=f"token-{hash_token(first)[:22]}")
    second = _app(first).post("auth/tokens/refresh").json()["token"]
    AuthToken.objects.get(digest=hash_token(first)).delete()
    assert Device.objects.get(user=bob).push_digest is not None
    _app(second).delete("auth/token")
    assert Device.objects.get(user=bob).push_digest is None


@pytest.mark.parametrize("days", [300, 364])
def test_no_token_outlives_a_year_from_the_first_sign_in(nobody: Rest, bob: User, days: int) -> None:
    first = _sign_in(nobody)["token"]
    signed_in_at = AuthToken.objects.get().created
    AuthToken.objects.update(expiry=None)
    _age(first, timedelta(days=days))
    second = _app(first).post("auth/tokens/refresh").json()
    ends_at = AuthToken.objects.get(digest=hash_token(second["token"])).expiry
    assert ends_at == min(signed_in_at - timedelta(days=days) + YEAR, ends_at)
    assert ends_at < timezone.now() + YEAR - timedelta(days=days)
    for _ in range(2):
        assert _app(second["token"]).get("me").status_code == 200
        assert AuthToken.objects.get(digest=hash_token(second["token"])).expiry == ends_at
    AuthToken.objects.update(expiry=None)
    _age(second["token"], YEAR - timedelta(days=days))
    assert problem_of(_app(second["token"]).get("me")) == (401, "not_authenticated")


def test_only_an_app_refreshes_its_own_token(rest: RestOf, bob: User) -> None:
    assert problem_of(rest(bob).post("auth/tokens/refresh")) == (401, "not_authenticated")


def test_a_use_is_noted_to_the_hour(nobody: Rest, rest: RestOf, bob: User) -> None:
    token = _sign_in(nobody)["token"]
    long_ago = timezone.now() - timedelta(days=1)
    AppToken.objects.update(last_used_at=long_ago)
    _app(token).get("me")
    assert AppToken.objects.get().last_used_at == long_ago
    _age(token, timedelta(hours=2))
    _app(token).get("me")
    assert AppToken.objects.filter(last_used_at__gt=timezone.now() - timedelta(minutes=1)).exists()


def test_the_tokens_that_were_not_used_for_longest_make_room(
    nobody: Rest, rest: RestOf, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "tokens_per_user": 2}
    first, second = (_sign_in(nobody, device_id=each)["token"] for each in ("first", "second"))
    _age(second, timedelta(hours=2))
    AppToken.objects.update(last_used_at=timezone.now() - timedelta(hours=2))
    _age(first, timedelta(hours=2))
    _app(first).get("me")
    _sign_in(nobody, device_id="third")
    assert {each["device_id"] for each in rest(bob).get("auth/tokens").json()["results"]} == {"first", "third"}
    assert problem_of(_app(second).get("me")) == (401, "not_authenticated")


def test_many_apps_are_listed_on_several_pages(nobody: Rest, rest: RestOf, bob: User) -> None:
    for number in range(5):
        _sign_in(nobody, device_id=f"phone-{number}")
    client, found = rest(bob), list[str]()
    query: dict[str, str] | None = {"page_size": "2"}
    while query:
        page = client.get("auth/tokens", **query).json()
        found += [each["device_id"] for each in page["results"]]
        query = page["next"] and dict(parse_qsl(urlsplit(page["next"]).query))
    assert found == [f"phone-{number}" for number in reversed(range(5))]


def test_refreshing_over_and_over_leaves_no_more_than_that_many_behind(
    nobody: Rest, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "tokens_per_user": 2}
    other, token = (_sign_in(nobody, device_id=each)["token"] for each in ("other", "own"))
    former = ""
    for _ in range(5):
        former, token = token, _app(token).post("auth/tokens/refresh").json()["token"]

    assert AuthToken.objects.count() == AppToken.objects.count() == 2 + 2
    # Nothing that is in use has ended, and an answer that was lost can be asked for again.
    for each in (other, token, former):
        assert _app(each).get("me").status_code == 200


def test_refreshing_clears_what_has_ended(nobody: Rest, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "token_overlap_seconds": 0}
    token = _sign_in(nobody)["token"]
    for _ in range(5):
        token = _app(token).post("auth/tokens/refresh").json()["token"]

    assert AuthToken.objects.count() == AppToken.objects.count() == 1
