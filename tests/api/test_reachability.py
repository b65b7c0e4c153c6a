"""REST about whether calls reach somebody: what devices say of their addresses, what is told, and who is written to."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from invitations.models import CallingPreferences, Device, User
from tests.api.conftest import JSON, Rest, RestOf, problem_of
from tests.api.test_devices import push, registered

pytestmark = pytest.mark.django_db


def proof(token: str, **more: object) -> JSON:
    return {"token": token, "permission": "granted", "subscribed": True, **more}


@pytest.mark.parametrize(
    ("said", "health", "reason"),
    [
        ({}, "ok", None),
        ({"permission": "denied"}, "disabled", "permission"),
        ({"permission": "default", "subscribed": False}, "disabled", "permission"),
        ({"subscribed": False}, "disabled", "unsubscribed"),
    ],
)
def test_a_device_says_how_it_stands_without_signing_in(
    rest: RestOf, nobody: Rest, bob: User, said: JSON, health: str, reason: str | None
) -> None:
    token = registered(rest(bob))["renewal_token"]
    answer = nobody.post("push/proof", proof(token, **said))
    assert answer.status_code == 200
    assert (answer.json()["health"], answer.json()["disabled_reason"]) == (health, reason)
    found = rest(bob).get("me/reachability").json()
    assert found["state"] == ("reached" if health == "ok" else "unreached")
    assert [(each["reach"], each["reason"]) for each in found["devices"]] == [
        ("ok" if health == "ok" else "lost", reason)
    ]


def test_what_was_lost_is_back_once_it_is_registered_anew(rest: RestOf, nobody: Rest, bob: User) -> None:
    token = registered(rest(bob))["renewal_token"]
    nobody.post("push/proof", proof(token, permission="denied"))
    registered(rest(bob))
    assert rest(bob).get("me/reachability").json()["text"] == "Calls reach you on 1 device."


def test_a_token_speaks_for_its_own_address_alone(rest: RestOf, nobody: Rest, bob: User) -> None:
    token = registered(rest(bob))["renewal_token"]
    renewed = nobody.post("push/renew", {"token": token, "push": push("https://ntfy.sh/new")})
    assert renewed.status_code == 200
    for each in (token, token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "x"):
        assert problem_of(nobody.post("push/proof", proof(each, permission="denied"))) == (401, "not_authenticated")
    assert Device.objects.get().push_disabled_at is None


@pytest.mark.parametrize("wrong", [{"permission": "perhaps"}, {"subscribed": "yes"}, {"token": ""}])
def test_what_it_says_is_checked(rest: RestOf, nobody: Rest, bob: User, wrong: JSON) -> None:
    token = registered(rest(bob))["renewal_token"]
    assert problem_of(nobody.post("push/proof", {**proof(token), **wrong})) == (400, "invalid")


def test_it_is_told_to_nobody_else(rest: RestOf, nobody: Rest, alice: User, bob: User) -> None:
    registered(rest(bob))
    assert problem_of(nobody.get("me/reachability")) == (401, "not_authenticated")
    assert rest(alice).get("me/reachability").json()["devices"] == []


def test_only_who_has_a_confirmed_address_is_written_to(rest: RestOf, bob: User) -> None:
    refused = rest(bob).patch("me", {"mail_if_unreachable": True})
    assert problem_of(refused) == (400, "invalid")
    assert list(refused.json()["errors"]) == ["mail_if_unreachable"]
    address = EmailAddress.objects.create(user=bob, email="bob@example.org", primary=True)
    assert rest(bob).patch("me", {"mail_if_unreachable": True}).status_code == 400
    address.verified = True
    address.save()
    assert rest(bob).patch("me", {"mail_if_unreachable": True}).json()["mail_if_unreachable"] is True
    address.delete()
    assert rest(bob).patch("me", {"mail_if_unreachable": False}).json()["mail_if_unreachable"] is False
    assert not CallingPreferences.objects.filter(mail_if_unreachable=True).exists()
