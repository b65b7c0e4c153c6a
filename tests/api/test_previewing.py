"""`GET /rules/preview`: who may look, and what is asked. What is foreseen stands in tests/calls/test_previewing.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from invitations.models import Block, Invitation, User
from tests.api.conftest import JSON, RestOf, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def watcher(make_user: Any) -> User:
    """May see calls."""
    user: User = make_user("watcher")
    user.user_permissions.add(Permission.objects.get(codename="view_call"))
    return user


def test_an_admin_learns_what_would_happen(
    rest: RestOf, watcher: User, alice: User, bob: User, now: Any, lines: list[str]
) -> None:
    Block.objects.create(user=bob, other=alice, created_at=now)
    answer = rest(watcher).get("rules/preview", caller="alice", invitee="bob")
    assert answer.status_code == 200
    told: JSON = answer.json()
    assert (told["verdict"], told["caller_gets"]["kind"], told["invitee_gets"]["kind"]) == (
        "blocked",
        "silence",
        "blocked",
    )
    assert told["text"] == "Bob has blocked Alice."
    assert not Invitation.objects.exists()
    assert [each for each in lines if "rules-previewed" in each]


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_nobody_else_does(rest: RestOf, alice: User, bob: User, who: str) -> None:
    answer = rest({"alice": alice, "bob": bob}[who]).get("rules/preview", caller="alice", invitee="bob")
    assert problem_of(answer) == (403, "not_allowed")


def test_one_must_be_signed_in(anonymous_api: Any) -> None:
    assert anonymous_api.get("/api/v1/rules/preview?caller=alice&invitee=bob").status_code == 401


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"invitee": "bob"}, "caller"),
        ({"caller": "alice"}, "invitee"),
        ({"caller": "", "invitee": "bob"}, "caller"),
        ({"caller": "alice", "invitee": "nobody"}, "invitee"),
        ({"caller": "nobody", "invitee": "bob"}, "caller"),
        ({"caller": "alice", "invitee": "alice"}, "invitee"),
        ({"caller": "alice", "invitee": "bob", "urgent": "perhaps"}, "urgent"),
        ({"caller": "alice", "invitee": "bob", "page_size": "3"}, "page_size"),
    ],
)
def test_what_cannot_be_answered_is_said(
    rest: RestOf, watcher: User, alice: User, bob: User, query: JSON, wrong: str
) -> None:
    answer = rest(watcher).get("rules/preview", **query)
    assert problem_of(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == [wrong]
