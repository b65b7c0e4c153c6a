"""Tokens that a process has seen before: known without asking, and never trusted without asking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from knox.models import AuthToken

from invitations.models import Call, CallingPreferences, Invitation, User
from invitations.requests import known_tokens
from tests.api.conftest import Rest, RestOf, problem_of

ENDINGS: dict[str, Callable[[], object]] = {
    "revoked": AuthToken.objects.all().delete,
    "expired": lambda: AuthToken.objects.update(expiry=timezone.now()),
    "inactive": lambda: User.objects.filter(username="bob").update(is_active=False),
}
"""What another process may do to a token meanwhile."""
REQUESTS: dict[str, Callable[[Rest, str], Any]] = {
    "a call": lambda app, _: app.send("alice"),
    "a bad call": lambda app, _: app.send("nobody"),
    "an answer": lambda app, call_id: app.verb(call_id, "accept"),
    "an answer to the current call": lambda app, _: app.verb("current", "accept"),
    "an answer to no call": lambda app, _: app.verb("none", "accept"),
    "a bad body": lambda app, call_id: app.verb(call_id, "accept", hold="maybe"),
    "a body that is no JSON": lambda app, _: app.client.post("/api/v1/calls", "{", content_type="application/json"),
    "a heartbeat": lambda app, call_id: app.verb(call_id, "heartbeat"),
    "a cleared badge": lambda app, _: app.post("history/seen"),
    "a list": lambda app, _: app.get("calls"),
}


@pytest.fixture
def app(bob: User, app_of: RestOf) -> Rest:
    """An app of bob's, which this process knows."""
    app = app_of(bob)
    assert app.verb("none", "accept").status_code == 404
    return app


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_known_token_that_ended_is_refused_at_once(
    alice: User, rest: RestOf, app: Rest, ending: str, request_: str
) -> None:
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    with transaction.atomic():
        ENDINGS[ending]()
    for _ in ("as it ends", "ever after"):
        refused = REQUESTS[request_](app, call_id)
        assert problem_of(refused) == (401, "not_authenticated")
        assert refused["WWW-Authenticate"] == 'Bearer realm="callinvite", error="invalid_token"'
    assert list(Call.objects.values_list("call_id", "revision")) == [(call_id, 1)]
    assert Invitation.objects.get().state == "pending"
    assert not CallingPreferences.objects.filter(history_seen_at__isnull=False).exists()


@pytest.mark.parametrize("is_known", [False, True])
def test_a_user_goes_by_the_name_of_now(alice: User, bob: User, app_of: RestOf, is_known: bool) -> None:
    app = app_of(bob)
    if is_known:
        app.verb("none", "accept")
    User.objects.filter(username="bob").update(username="robert")
    for _ in ("as it is learnt", "ever after"):
        sent = app.send("alice")
        assert (sent.status_code, sent.json()["call"]["caller"]["id"]) == (201, "robert")
        assert app.verb(sent.json()["call"]["call_id"], "end").status_code == 200
    assert Call.objects.count() == 2


def test_a_known_token_lives_on_when_it_is_used(app: Rest) -> None:
    soon = timezone.now() + timedelta(days=1)
    known_tokens._known.update({key: each._replace(expiry=soon) for key, each in known_tokens._known.items()})
    AuthToken.objects.update(expiry=soon)
    app.verb("none", "accept")
    assert AuthToken.objects.get().expiry > soon + timedelta(days=80)


def test_not_all_tokens_are_remembered(bob: User, app_of: RestOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tokens, "MOST_KNOWN", 3)
    monkeypatch.setattr(known_tokens, "_known", {})
    apps = [app_of(bob) for _ in range(5)]
    for app in [*apps, *apps]:
        assert app.verb("none", "accept").status_code == 404
    assert len(known_tokens._known) == 3


@pytest.mark.postgres
@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_a_known_token_takes_no_message_of_its_own(alice: User, bob: User, app_of: RestOf) -> None:
    caller, invitee = app_of(alice), app_of(bob)
    trips: list[int] = []

    def counted(asked: Callable[..., Any], *args: str) -> Any:
        before = connection.trips  # type: ignore[attr-defined]
        found = asked(*args)
        trips.append(connection.trips - before)  # type: ignore[attr-defined]
        return found

    for _ in ("the process learns the tokens and the statements", "as it goes on"):
        trips.clear()
        call_id = counted(caller.send, "bob").json()["call"]["call_id"]
        counted(invitee.verb, call_id, "accept")
        counted(caller.verb, call_id, "end")
    assert trips == [2, 2, 2]
