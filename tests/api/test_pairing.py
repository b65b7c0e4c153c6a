"""A signed-in page connects a phone by a code: once, soon, and only by whoever was shown it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from invitations.credentials import pairing
from invitations.credentials.sessions import SIGNED_IN_AT
from invitations.models import Device, PairingCode, User
from tests.api.conftest import Rest, RestOf, problem_of

if TYPE_CHECKING:
    from tests.api.conftest import Answer

JSON = dict[str, Any]


def _code(page: Rest) -> str:
    return str(page.post("auth/pairing").json()["pairing_code"])


def _pair(nobody: Rest, code: str, **fields: object) -> Answer:
    return nobody.post("auth/token", {"pairing_code": code, **fields})


def test_a_phone_is_connected_by_a_code(nobody: Rest, rest: RestOf, bob: User) -> None:
    answer = rest(bob).post("auth/pairing")
    made = answer.json()
    assert (answer.status_code, len(made["pairing_code"])) == (201, pairing.CODE_CHARS)
    paired = _pair(nobody, made["pairing_code"], device_name="Bob's phone", device_id="bobs-phone")
    body = paired.json()
    assert (paired.status_code, body["user"]["id"], body["device_id"]) == (201, "bob", "bobs-phone")
    app = APIClient()
    app.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert Rest(app).get("me").json()["id"] == "bob"
    assert Device.objects.get(user=bob).label == "Bob's phone"


def test_a_phone_is_as_proven_as_the_page_that_connected_it(nobody: Rest, rest: RestOf, bob: User) -> None:
    """Refreshing its token changes nothing about that."""
    page = rest(bob)
    session = page.client.session
    hour_ago = timezone.now() - timedelta(hours=1)
    session[SIGNED_IN_AT] = hour_ago.timestamp()
    session.save()
    app = APIClient()
    for _ in range(2):
        token = _pair(nobody, _code(page)).json()["token"]
        app.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        token = Rest(app).post("auth/tokens/refresh").json()["token"]
        app.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    answer = Rest(app).delete("me")
    assert (answer.status_code, answer.json()["reauthenticate"]) == (403, True)

    session[SIGNED_IN_AT] = timezone.now().timestamp()
    session.save()
    app.credentials(HTTP_AUTHORIZATION=f"Bearer {_pair(nobody, _code(page)).json()['token']}")
    assert Rest(app).delete("me").status_code == 204


def test_the_link_has_all_that_an_app_needs(rest: RestOf, bob: User) -> None:
    made = rest(bob).post("auth/pairing").json()
    link = urlsplit(made["link"])
    assert (link.scheme, link.netloc) == ("callinvite", "pair")
    assert parse_qs(link.query) == {"server": ["http://testserver/"], "code": [made["pairing_code"]]}


def test_the_picture_is_the_link_black_on_white(rest: RestOf, bob: User) -> None:
    made = rest(bob).post("auth/pairing").json()
    assert re.match(r"<svg [^>]*><rect fill=\"white\"[^>]*/><path ", made["qr"].partition("\n")[2] or made["qr"])
    assert 'fill="#000000"' in made["qr"]
    assert made["expires_in_seconds"] == 300


def test_the_page_sees_which_device_used_the_code(nobody: Rest, rest: RestOf, bob: User) -> None:
    page = rest(bob)
    assert problem_of(page.get("auth/pairing")) == (404, "not_found")
    made = page.post("auth/pairing").json()
    assert page.get("auth/pairing").json() == {
        "state": "open", "expires_at": made["expires_at"], "device_id": None, "device_name": ""
    }  # fmt: skip
    _pair(nobody, made["pairing_code"], device_name="Bob's phone", device_id="bobs-phone")
    seen = page.get("auth/pairing").json()
    assert (seen["state"], seen["device_id"], seen["device_name"]) == ("used", "bobs-phone", "Bob's phone")


def test_a_code_may_be_typed_as_people_type(nobody: Rest, rest: RestOf, bob: User) -> None:
    code = _code(rest(bob))
    typed = f" {code[:4]}-{code[4:]} ".lower().replace("0", "o").replace("1", "l")
    assert _pair(nobody, typed).status_code == 201


def test_a_code_is_worth_one_token(nobody: Rest, rest: RestOf, bob: User) -> None:
    code = _code(rest(bob))
    assert _pair(nobody, code).status_code == 201
    assert problem_of(_pair(nobody, code)) == (401, "not_authenticated")


def test_a_new_code_ends_the_old_one(nobody: Rest, rest: RestOf, bob: User) -> None:
    old, new = _code(rest(bob)), _code(rest(bob))
    assert problem_of(_pair(nobody, old)) == (401, "not_authenticated")
    assert _pair(nobody, new).status_code == 201


def test_a_code_ends_after_five_minutes(nobody: Rest, rest: RestOf, bob: User) -> None:
    page = rest(bob)
    code = _code(page)
    left = PairingCode.objects.get().expires_at - timezone.now()
    assert timedelta(seconds=290) < left <= timedelta(seconds=300)
    PairingCode.objects.update(expires_at=timezone.now())
    assert problem_of(_pair(nobody, code)) == (401, "not_authenticated")
    assert page.get("auth/pairing").json()["state"] == "expired"


def test_a_code_can_be_taken_back(nobody: Rest, rest: RestOf, bob: User) -> None:
    page = rest(bob)
    code = _code(page)
    assert page.delete("auth/pairing").status_code == 204
    assert problem_of(_pair(nobody, code)) == (401, "not_authenticated")
    assert problem_of(page.get("auth/pairing")) == (404, "not_found")


def test_a_code_ends_with_the_session_that_made_it(nobody: Rest, rest: RestOf, bob: User) -> None:
    page = rest(bob)
    code = _code(page)
    page.client.logout()
    assert problem_of(_pair(nobody, code)) == (401, "not_authenticated")


def test_a_disabled_account_connects_nothing(nobody: Rest, rest: RestOf, bob: User) -> None:
    code = _code(rest(bob))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert problem_of(_pair(nobody, code)) == (401, "not_authenticated")


def test_a_token_begets_no_others(app_of: RestOf, bob: User) -> None:
    assert problem_of(app_of(bob).post("auth/pairing")) == (401, "not_authenticated")
    assert problem_of(app_of(bob).get("auth/pairing")) == (401, "not_authenticated")


def test_a_page_needs_its_csrf_token(bob: User) -> None:
    page = APIClient(enforce_csrf_checks=True)
    page.force_login(bob)
    assert problem_of(Rest(page).post("auth/pairing")) == (403, "csrf_failed")


def test_a_code_cannot_be_read_from_the_database(rest: RestOf, bob: User) -> None:
    code = _code(rest(bob))
    kept = PairingCode.objects.values_list().get()
    assert not any(code in str(each) for each in kept)


@pytest.mark.parametrize("given", [{"username": "bob"}, {"password": "x"}, {"username": "bob", "password": "x"}])
def test_a_code_stands_alone(nobody: Rest, db: None, given: JSON) -> None:
    answer = _pair(nobody, "7K3M9QXA", **given)
    assert problem_of(answer) == (400, "invalid")
    assert set(answer.json()["errors"]) == set(given)


def test_wrong_codes_cannot_be_told_apart_and_are_logged(
    nobody: Rest, rest: RestOf, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    used = _code(rest(bob))
    _pair(nobody, used)
    caplog.clear()
    assert _pair(nobody, used).content == _pair(nobody, "00000000").content
    lines = [each.getMessage() for each in caplog.records if each.name == "invitations.audit"]
    assert [line.partition(" address")[0] for line in lines] == ["refused why=wrong_pairing_code"] * 2
    assert not any(used in line for line in lines)


class TestGuessing:
    def test_an_address_has_the_tries_that_it_has_for_passwords(
        self, nobody: Rest, rest: RestOf, bob: User, settings: Settings
    ) -> None:
        settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 3}
        nobody.post("auth/token", {"username": "bob", "password": "wrong"})
        answers = [_pair(nobody, "00000000").status_code for _ in range(3)]
        assert answers == [401, 401, 429]
        # The right one does not help then, and is not used up.
        code = _code(rest(bob))
        assert problem_of(_pair(nobody, code)) == (429, "throttled")
        body = {"pairing_code": code}
        assert nobody.post("auth/token", body, REMOTE_ADDR="10.0.0.9").status_code == 201

    def test_many_addresses_have_so_many_wrong_ones_together(
        self, nobody: Rest, rest: RestOf, bob: User, settings: Settings
    ) -> None:
        settings.CALLINVITE = {
            **settings.CALLINVITE,
            "logins_per_minute": 3,
            "wrong_pairing_codes_per_minute": 4,
        }
        # Right ones do not count.
        for each in range(6):
            body = {"pairing_code": _code(rest(bob))}
            assert nobody.post("auth/token", body, REMOTE_ADDR=f"10.0.1.{each}").status_code == 201
        body = {"pairing_code": "00000000"}
        answers = [nobody.post("auth/token", body, REMOTE_ADDR=f"10.0.2.{each}") for each in range(6)]
        assert [each.status_code for each in answers] == [401, 401, 401, 401, 429, 429]
        assert 1 <= int(answers[-1]["Retry-After"]) <= 60

    @pytest.fixture(autouse=True)
    def _forget(self) -> None:
        cache.clear()
