"""Services: what a token of another program may do, for whom, and what nobody may do by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication

from invitations.api.endpoint import Endpoint
from invitations.api.urls import urlpatterns
from invitations.credentials import service_tokens
from invitations.models import Service, ServiceScope, ServiceToken
from invitations.requests.service_access import ServiceAuthentication
from tests.api.conftest import Rest, RestOf, problem_of

if TYPE_CHECKING:
    from rest_framework.response import _MonkeyPatchedResponse as Answer

    from invitations.models import User

ServiceOf = Callable[..., Rest]
IN_PATH = {
    "call_id": "no-such-call",
    "device_id": "some-device",
    "session_id": "some-session",
    "token_id": uuid4(),
    "user": "alice",
    "hook_id": "no-such-hook",
    "message_id": "no-such-message",
}
FREE = {"push_key", "resources"}
"""What any service may see: it is the same for everybody."""
SCOPES = {
    "users": (
        *("me", "reachability", "export_me", "users", "contacts", "accept_contact", "contact"),
        *("blocks", "blocked_calls", "block", "devices", "device", "test_ring"),
    ),
    "tokens": ("auth_tokens", "auth_one_token", "auth_sessions", "auth_one_session", "auth_sign_out_everywhere"),
    "calls": (
        *("send", "invite", "cancel", "accept", "reject", "join", "leave", "end", "remove"),
        *("ringing", "connected", "heartbeat", "ice_servers", "history_seen"),
    ),
    "calls:read": ("open", "get", "timeline", "preview_rules"),
    "hooks": ("hooks", "hook", "rotate_hook", "test_hook", "hook_messages", "replay_hook_message"),
}
"""What each address wants, by its name: the design's table, written down once more."""
WANTED = {name: scope for scope, names in SCOPES.items() for name in names}
BY_METHOD = {("send", "get"): "calls:read"}
"""Where it differs by method."""
THEIR_OWN = set(SCOPES["hooks"])
"""What services do for themselves alone."""
NOT_YET = {"live_ticket"}


@pytest.fixture
def service() -> ServiceOf:
    """REST as a service with these scopes."""
    return client_of


def client_of(*scopes: str, name: str = "clinic") -> Rest:
    from rest_framework.test import APIClient

    made = service_tokens.make(name, scopes, now=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.token}")
    return Rest(client)


def routes() -> Iterator[tuple[str, str]]:
    """Every method of every address of REST that a service's token could come to, by name."""
    for pattern in urlpatterns:
        view = getattr(pattern.callback, "view_class", None)
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method) and takes_service(view, method):
                yield str(pattern.name), method


def takes_service(view: Any, method: str) -> bool:
    if not issubclass(view, Endpoint):
        return False
    instance: Any = view(request=type("Asked", (), {"method": method.upper()})())
    found: list[BaseAuthentication] = instance.get_authenticators()
    return any(isinstance(each, ServiceAuthentication) for each in found)


def ask(rest: Rest, name: str, method: str, as_user: str | None = "alice") -> Answer:
    """The address, with valid values in its path, for a user if it is to be."""
    pattern: Any = next(each for each in urlpatterns if each.name == name)
    path = reverse(f"callinvite:{name}", kwargs={key: IN_PATH[key] for key in pattern.pattern.converters})
    named = {} if as_user is None else {"as_user": as_user}
    if method in ("get", "delete"):
        query = "&".join(f"{key}={value}" for key, value in named.items())
        return getattr(rest.client, method)(f"{path}?{query}")
    return getattr(rest.client, method)(path, named, format="json")


ROUTES = sorted(set(routes()))


def test_every_address_is_in_the_table() -> None:
    unknown = {"schema", "docs", "problem", "unknown", "auth_token", "auth_token_refresh", "auth_pairing"}
    assert {str(each.name) for each in urlpatterns} - unknown - {name for name, _ in ROUTES} == {
        "test_ring_shown", "push_proof", "push_renew"
    }  # fmt: skip
    assert {name for name, _ in ROUTES} == set(WANTED) | FREE | NOT_YET


def test_every_address_refuses_a_service_that_lacks_its_scope(service: ServiceOf, alice: User) -> None:
    for name, method in ROUTES:
        wanted = BY_METHOD.get((name, method)) or WANTED.get(name)
        others = [each for each in ServiceScope.values if each != wanted and (wanted, each) != ("calls:read", "calls")]
        response = ask(service(*others, name=f"without {wanted}".replace(":", " ")), name, method)
        if name in FREE:
            assert response.status_code != 403, name
            continue
        assert problem_of(response) == (403, "not_allowed"), (name, method)
        if name not in NOT_YET:
            assert response.json()["scope"] == wanted, (name, method)
            assert f"scope {wanted}." in response.json()["detail"]


def test_every_address_lets_a_service_with_its_scope_act_for_a_user(
    service: ServiceOf, make_user: Callable[..., User]
) -> None:
    for number, (name, method) in enumerate(each for each in ROUTES if each[0] not in FREE | NOT_YET):
        wanted = BY_METHOD.get((name, method)) or WANTED[name]
        own, user = service(wanted, name=f"with {wanted}".replace(":", " ")), make_user(f"user{number}")
        said = _said(ask(own, name, method, as_user=user.get_username()))
        assert "scope" not in said, (name, method)
        if name in THEIR_OWN:
            assert "as_user" in said["errors"], (name, method)
            assert ask(own, name, method, as_user=None).status_code != 403, (name, method)
            continue
        assert "as_user" not in said.get("errors", {}), (name, method)
        if name != "preview_rules":
            said = ask(own, name, method, as_user=None).json()
            assert said["errors"]["as_user"] == ["This field is required."], (name, method)
        assert "as_user" in ask(own, name, method, as_user="nobody-here").json()["errors"], (name, method)


def test_no_address_takes_as_user_from_a_user(app_of: RestOf, alice: User, bob: User) -> None:
    mine = app_of(alice)
    for name, method in ROUTES:
        for other in ("bob", "alice"):
            response = ask(mine, name, method, as_user=other)
            if name in THEIR_OWN:
                assert problem_of(response) == (403, "not_allowed"), (name, method)
                continue
            assert problem_of(response) == (400, "invalid"), (name, method)
            assert list(response.json()["errors"]) == ["as_user"], (name, method)


def _said(response: Answer) -> dict[str, Any]:
    is_json = "json" in response.headers.get("Content-Type", "") and not response.streaming and response.content
    said: Any = response.json() if is_json else {}
    return said if isinstance(said, dict) else {}


def test_a_call_by_a_service_is_the_users_own_and_says_who_made_it(
    service: ServiceOf, rest: RestOf, alice: User, bob: User, lines: list[str]
) -> None:
    clinic = service("calls")
    sent = clinic.send("bob", as_user="alice", custom_data="Room 3")
    assert sent.status_code == 201
    call = sent.json()["call"]
    assert (call["caller"]["id"], call["you"]["role"]) == ("alice", "caller")
    own = rest(alice).get(f"calls/{call['call_id']}/timeline").json()["entries"]
    assert own[0]["text"] == "Alice called Bob. (by clinic)"
    assert own[0]["data"]["service"] == "clinic"
    assert clinic.get("calls/open", as_user="bob").json()["calls"][0]["you"]["can"] == ["accept", "reject"]
    assert (
        f"INFO service-acted method=POST user={alice.pk} service=clinic address=127.0.0.1 path=/api/v1/calls" in lines
    )


def test_the_rules_hold_for_a_service_too(service: ServiceOf, rest: RestOf, alice: User, bob: User) -> None:
    rest(bob).patch("me", {"rings_from": "nobody"})
    refused = service("calls").send("bob", as_user="alice")
    assert problem_of(refused) == (400, "no_valid_invitee")
    assert refused.json()["errors"][0]["code"] == "not_allowed"


def test_a_user_cannot_name_a_caller(app_of: RestOf, alice: User, bob: User) -> None:
    for body in ({"caller": "bob"}, {"caller": "alice"}, {"as_user": "bob"}):
        refused = app_of(alice).send("bob", **body)
        assert problem_of(refused) == (400, "invalid")
        assert list(refused.json()["errors"]) == list(body)
    assert app_of(alice).send("bob", as_user=None, caller=None).status_code == 201


def test_a_service_names_its_user_in_one_place(service: ServiceOf, alice: User, bob: User) -> None:
    clinic = service("calls", "users")
    assert problem_of(clinic.client.post("/api/v1/calls?as_user=alice", {}, format="json")) == (400, "invalid")
    in_body = clinic.client.generic("DELETE", "/api/v1/me", '{"as_user": "alice"}', content_type="application/json")
    assert in_body.json()["errors"] == {
        "as_user": ["It belongs in the body of POST, PUT and PATCH, and in the query of GET and DELETE."]
    }
    assert list(clinic.send("bob", caller="alice").json()["errors"]) == ["caller"]
    for odd in (7, ["alice"], "", "al\0ice"):
        assert problem_of(clinic.send("bob", as_user=odd)) == (400, "invalid")


def test_no_service_acts_for_staff_or_for_somebody_who_may_not_sign_in(
    service: ServiceOf, alice: User, bob: User
) -> None:
    clinic = service(*ServiceScope.values)
    for rights in ({"is_staff": True}, {"is_superuser": True}):
        type(alice).objects.filter(pk=alice.pk).update(**{"is_staff": False, "is_superuser": False} | rights)
        refused = clinic.get("me", as_user="alice")
        assert problem_of(refused) == (403, "not_allowed")
        assert refused.json()["detail"] == "Services can't act for staff, or change their accounts."
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    assert problem_of(clinic.get("me", as_user="bob")) == (400, "invalid")


def test_a_token_that_has_ended_lets_nobody_in(service: ServiceOf, alice: User) -> None:
    clinic = service("users")
    assert clinic.get("me", as_user="alice").status_code == 200
    row = ServiceToken.objects.get()
    assert row.last_used_at is not None
    service_tokens.revoke(ServiceToken.objects.all(), now=timezone.now())
    assert problem_of(clinic.get("me", as_user="alice")) == (401, "not_authenticated")
    ServiceToken.objects.update(revoked_at=None, expires_at=row.created_at + timedelta(microseconds=1))
    assert problem_of(clinic.get("me", as_user="alice")) == (401, "not_authenticated")
    ServiceToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert clinic.get("me", as_user="alice").status_code == 200
    Service.objects.update(is_active=False)
    assert problem_of(clinic.get("me", as_user="alice")) == (401, "not_authenticated")


def test_what_only_looks_like_a_token_lets_nobody_in(nobody: Rest, db: None) -> None:
    for odd in ("svc_", "svc_" + "a" * 43, "svc_ä" + "a" * 42, "svc_" + "a" * 5000, "svc_a svc_b"):
        nobody.client.credentials(HTTP_AUTHORIZATION=f"Bearer {odd}")
        assert problem_of(nobody.get("me")) == (401, "not_authenticated")


def test_a_token_wins_over_a_cookie(service: ServiceOf, alice: User, bob: User) -> None:
    clinic = service("users")
    clinic.client.force_login(bob)
    assert clinic.get("me", as_user="alice").json()["id"] == "alice"
