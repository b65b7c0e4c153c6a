"""Services: what a token of another program may do, for whom, and what nobody may do by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from invitations.api.endpoint import Endpoint
from invitations.api.urls import urlpatterns
from invitations.credentials import service_tokens
from invitations.models import Call, Contact, ContactState, Invitation, Service, ServiceScope, ServiceToken
from invitations.own_data import erasing
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
NOT_FOR_SERVICES = {
    ("auth_token", "delete"),
    ("auth_token_refresh", "post"),
    *(("auth_pairing", method) for method in ("get", "post", "delete")),
    ("test_ring_shown", "post"),
}
"""What only a user's own credential can do."""
FREE = {"push_key", "resources"}
"""What any service may see: it is the same for everybody."""
SCOPES = {
    "users": (
        *("me", "reachability", "export_me", "users", "contacts", "accept_contact", "contact"),
        *("blocks", "blocked_calls", "block", "devices", "device", "test_ring", "account", "import_accounts"),
    ),
    "tokens": (
        "account_tokens",
        "auth_tokens",
        "auth_one_token",
        "auth_sessions",
        "auth_one_session",
        "auth_sign_out_everywhere",
    ),
    "calls": (
        *("send", "invite", "cancel", "accept", "reject", "join", "leave", "end", "remove"),
        *("ringing", "connected", "heartbeat", "ice_servers", "history_seen", "live_ticket", "preview_rules"),
    ),
    "calls:read": ("open", "get", "timeline"),
    "hooks": ("hooks", "hook", "rotate_hook", "test_hook", "hook_messages", "replay_hook_message"),
}
"""What each address wants, by its name: the design's table, written down once more."""
WANTED = {name: scope for scope, names in SCOPES.items() for name in names}
BY_METHOD = {("send", "get"): "calls:read"}
"""Where it differs by method."""
THEIR_OWN = {*SCOPES["hooks"], "account", "import_accounts", "account_tokens"}
"""What services do for themselves alone."""
ITSELF = {
    ("send", "get"),
    ("get", "get"),
    ("timeline", "get"),
    ("preview_rules", "get"),
    ("end", "post"),
    ("remove", "post"),
}
"""What a service may also do for itself, naming nobody."""


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
    """Every method of every address of REST that asks who somebody is, by name."""
    for pattern in urlpatterns:
        view = getattr(pattern.callback, "view_class", None)
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method) and asks_who_it_is(view, method):
                yield str(pattern.name), method


def asks_who_it_is(view: Any, method: str) -> bool:
    if not issubclass(view, Endpoint):
        return False
    instance: Any = view(request=type("Asked", (), {"method": method.upper()})())
    return bool(instance.get_authenticators())


def ask(rest: Rest, name: str, method: str, as_user: str | None = "alice") -> Answer:
    """The address, with valid values in its path, for a user if it is to be."""
    pattern: Any = next(each for each in urlpatterns if each.name == name)
    path = reverse(f"callinvite:{name}", kwargs={key: IN_PATH[key] for key in pattern.pattern.converters})
    named = {} if as_user is None else {"as_user": as_user}
    if method in ("get", "delete"):
        query = "&".join(f"{key}={value}" for key, value in named.items())
        return getattr(rest.client, method)(f"{path}?{query}")
    return getattr(rest.client, method)(path, named, format="json")


ROUTES = sorted(set(routes()) - NOT_FOR_SERVICES)


def test_every_address_is_in_the_table() -> None:
    assert set(routes()) >= NOT_FOR_SERVICES
    unknown = {"schema", "docs", "problem", "unknown", "auth_token", "auth_token_refresh", "auth_pairing"}
    assert {str(each.name) for each in urlpatterns} - unknown - {name for name, _ in ROUTES} == {
        "test_ring_shown", "push_proof", "push_renew"
    }  # fmt: skip
    assert {name for name, _ in ROUTES} == set(WANTED) | FREE


def test_a_service_is_told_where_it_can_do_nothing_and_keeps_its_token(service: ServiceOf, alice: User) -> None:
    clinic = service(*ServiceScope.values)
    for name, method in NOT_FOR_SERVICES:
        for as_user in ("alice", None):
            response = ask(clinic, name, method, as_user)
            assert problem_of(response) == (403, "not_allowed"), (name, method)
            assert response.json()["detail"] == "Services can't do this."
    clinic.client.credentials(HTTP_AUTHORIZATION="Bearer svc_" + "a" * 43)
    for name, method in NOT_FOR_SERVICES:
        assert problem_of(ask(clinic, name, method)) == (401, "not_authenticated"), (name, method)


def test_every_address_refuses_a_service_that_lacks_its_scope(service: ServiceOf, alice: User) -> None:
    for name, method in ROUTES:
        wanted = BY_METHOD.get((name, method)) or WANTED.get(name)
        others = [each for each in ServiceScope.values if each != wanted and (wanted, each) != ("calls:read", "calls")]
        response = ask(service(*others, name=f"without {wanted}".replace(":", " ")), name, method)
        if name in FREE:
            assert response.status_code != 403, name
            continue
        assert problem_of(response) == (403, "not_allowed"), (name, method)
        assert response.json()["scope"] == wanted, (name, method)
        assert f"scope {wanted}." in response.json()["detail"]


def test_every_address_lets_a_service_with_its_scope_act_for_a_user(
    service: ServiceOf, make_user: Callable[..., User]
) -> None:
    for number, (name, method) in enumerate(each for each in ROUTES if each[0] not in FREE):
        wanted = BY_METHOD.get((name, method)) or WANTED[name]
        own, user = service(wanted, name=f"with {wanted}".replace(":", " ")), make_user(f"user{number}")
        said = _said(ask(own, name, method, as_user=user.get_username()))
        assert "scope" not in said, (name, method)
        if name in THEIR_OWN:
            assert "as_user" in said["errors"], (name, method)
            assert ask(own, name, method, as_user=None).status_code != 403, (name, method)
            continue
        assert "as_user" not in said.get("errors", {}), (name, method)
        by_itself = _said(ask(own, name, method, as_user=None)).get("errors", {})
        assert ("as_user" in by_itself) == ((name, method) not in ITSELF), (name, method)
        assert "as_user" in ask(own, name, method, as_user="nobody-here").json()["errors"], (name, method)


def test_no_address_takes_as_user_from_a_user(app_of: RestOf, alice: User, bob: User) -> None:
    mine = app_of(alice)
    for name, method in ROUTES:
        for other in ("bob", "alice"):
            response = ask(mine, name, method, as_user=other)
            if name in THEIR_OWN:
                assert problem_of(response) == (403, "not_allowed"), (name, method)
                assert response.json()["scope"] == WANTED[name], (name, method)
                continue
            assert problem_of(response) == (400, "invalid"), (name, method)
            assert list(response.json()["errors"]) == ["as_user"], (name, method)


def test_a_body_that_could_only_name_a_user_is_an_object_whoever_sends_it(
    service: ServiceOf, app_of: RestOf, alice: User, bob: User
) -> None:
    mine = app_of(alice).client
    for client in (mine, service("users").client):
        for sent in ("[null, null]", '"AAA"', "{"):
            response = client.put("/api/v1/blocks/bob", sent, content_type="application/json")
            assert problem_of(response) == (400, "invalid"), sent
        response = client.put("/api/v1/blocks/bob", "as_user=alice", content_type="text/plain")
        assert problem_of(response) == (415, "unsupported_media_type")
    assert mine.get("/api/v1/blocks").json()["results"] == []
    assert mine.put("/api/v1/blocks/bob").status_code == 201


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
    assert own[0]["text"] == "Alice called Bob (by clinic)."
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
    refused = clinic.get("me", as_user="alice")
    assert problem_of(refused) == (401, "not_authenticated")
    assert refused.json()["detail"] == "This token is unknown or has ended."
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


def test_a_service_sees_all_calls_and_what_the_rules_decided(
    service: ServiceOf, rest: RestOf, alice: User, bob: User, carol: User
) -> None:
    rest(carol).put("blocks/alice", {})
    first = rest(alice).send("bob", "carol", call_id="first").json()["call"]
    rest(alice).verb("first", "end")
    second = rest(bob).send("carol", call_id="second").json()["call"]
    reader = service("calls:read")

    seen = reader.get("calls/first").json()
    assert seen["you"] is None
    assert {each["invitee"]["id"]: each["verdict"] for each in seen["invitations"]} == {
        "bob": "rings", "carol": "blocked"
    }  # fmt: skip
    assert "verdict" not in first["invitations"][0]
    texts = [each["text"] for each in reader.get("calls/first/timeline").json()["entries"]]
    assert texts[0] == "Alice called Bob and Carol."

    def listed(**filters: str) -> list[str]:
        page = reader.get("calls", **filters).json()
        assert all(each["you"] is None and "verdict" in each["invitations"][0] for each in page["results"])
        return [each["call_id"] for each in page["results"]]

    assert listed() == ["second", "first"]
    assert listed(user="alice") == listed(state="ended") == listed(end_reason="cancelled") == ["first"]
    assert listed(user="carol") == ["second", "first"]
    assert listed(user="nobody-here") == []
    assert listed(**{"from": second["created_at"]}) == ["second"]
    assert listed(to=second["created_at"]) == ["first"]
    assert problem_of(reader.get("calls", missed="true")) == (400, "invalid")
    own = reader.get("calls", as_user="alice", direction="outgoing").json()["results"]
    assert [each["you"]["role"] for each in own] == ["caller"]


def test_a_list_of_all_calls_shows_no_ring_that_is_over(
    service: ServiceOf, rest: RestOf, alice: User, bob: User
) -> None:
    rest(alice).send("bob", timeout_seconds=1)
    past = timezone.now() - timedelta(seconds=2)
    Call.objects.update(created_at=past - timedelta(minutes=1), ring_expires_at=past, due_at=past)
    Invitation.objects.update(created_at=past - timedelta(minutes=1), expires_at=past)
    assert [each["end_reason"] for each in service("calls:read").get("calls").json()["results"]] == ["timed_out"]


def test_a_service_ends_any_call_and_takes_people_out(
    service: ServiceOf, rest: RestOf, alice: User, bob: User, carol: User
) -> None:
    clinic = service("calls")
    rest(alice).send("bob", "carol", call_id="first")
    rest(bob).verb("first", "accept")
    removed = clinic.post("calls/first/remove", {"user": "carol"}).json()["call"]
    assert {each["invitee"]["id"]: each["state"] for each in removed["invitations"]}["carol"] == "cancelled"
    ended = clinic.post("calls/first/end").json()["call"]
    assert (ended["state"], ended["end_reason"], ended["you"]) == ("ended", "ended_by_admin", None)
    assert clinic.post("calls/first/end").status_code == 200
    assert problem_of(service("calls", name="other").post("calls/first/end")) == (410, "call_ended")
    last = rest(alice).get("calls/first/timeline").json()["entries"][-1]
    assert (last["text"], last["user"]) == ("An administrator ended the call (by clinic).", None)


def test_a_service_ends_a_call_whose_caller_was_deleted(
    service: ServiceOf, rest: RestOf, alice: User, bob: User, carol: User
) -> None:
    rest(alice).send("bob", "carol", call_id="first")
    for each in (bob, carol):
        rest(each).verb("first", "accept")
    erasing.begin(alice.pk, now=timezone.now())
    erasing.finish(alice.pk, now=timezone.now())
    assert Call.objects.get().caller_id is None
    ended = service("calls").post("calls/first/end").json()["call"]
    assert ended["end_reason"] == "ended_by_admin"


def test_a_service_asks_what_would_become_of_a_call(service: ServiceOf, alice: User, bob: User) -> None:
    asked = {"caller": "alice", "invitee": "bob"}
    clinic = service("calls")
    assert clinic.get("rules/preview", **asked).json()["verdict"] == "rings"
    alice.user_permissions.add(Permission.objects.get(codename="view_call"))
    assert problem_of(clinic.get("rules/preview", **asked, as_user="alice")) == (403, "not_allowed")
    mine = clinic.get("calls/first/timeline", as_user="alice")
    assert problem_of(mine) == (404, "not_found")


def test_the_keys_of_a_service_are_its_own(
    service: ServiceOf, rest: RestOf, alice: User, bob: User, carol: User
) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "order-7"}
    body = {"invitees": ["bob"], "is_video_call": True}
    clinic, shop = service("calls"), service("calls", name="shop")
    first = clinic.post("calls", {**body, "as_user": "alice"}, **key).json()["call"]["call_id"]
    again = clinic.post("calls", {**body, "as_user": "alice"}, **key)
    assert (again.status_code, again.json()["call"]["call_id"]) == (200, first)
    other = clinic.post("calls", {**body, "invitees": ["carol"], "as_user": "alice"}, **key)
    assert problem_of(other) == (409, "idempotency_key_in_use")
    rest(alice).verb(first, "end")
    for by, named in ((shop, {"as_user": "alice"}), (rest(alice), {})):
        sent = by.post("calls", {**body, "invitees": ["carol"], **named}, **key)
        assert sent.status_code == 201, sent.json()
        rest(alice).verb(sent.json()["call"]["call_id"], "end")


def test_a_service_that_runs_away_is_slowed(
    service: ServiceOf, settings: Settings, alice: User, app_of: RestOf
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "service_requests_per_minute": 3}
    clinic = service("users")
    answers = [clinic.get("me", as_user="alice").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert service("users", name="shop").get("me", as_user="alice").status_code == 200
    assert app_of(alice).get("me").status_code == 200


def test_only_a_person_lets_themselves_through_by_calling_again(
    service: ServiceOf, rest: RestOf, alice: User, bob: User
) -> None:
    Contact.objects.create(user=bob, other=alice, state=ContactState.CONTACT, changed_at=timezone.now())
    rest(bob).patch("me", {"do_not_disturb_until": (timezone.now() + timedelta(hours=1)).isoformat()})
    rest(bob).patch("me", {"let_through": ["repeat"]})

    def verdict_of(sent: Answer) -> str:
        call_id = sent.json()["call"]["call_id"]
        found = Invitation.objects.get(call__call_id=call_id)
        Invitation.objects.filter(pk=found.pk).update(notified_at=timezone.now())
        rest(alice).verb(call_id, "cancel")
        return found.verdict

    clinic = service("calls")
    assert verdict_of(rest(alice).send("bob", call_id="one")) == "silenced"
    assert verdict_of(clinic.send("bob", as_user="alice", call_id="two")) == "silenced"
    assert verdict_of(rest(alice).send("bob", call_id="three")) == "rings"


def test_a_title_is_a_services_own_where_it_has_the_scope(
    service: ServiceOf, rest: RestOf, settings: Settings, alice: User, bob: User
) -> None:
    said = {"notification_title": "City Clinic", "notification_message": "Your appointment"}

    def title_at_bob(sent: Answer) -> tuple[str, str]:
        call_id = sent.json()["call"]["call_id"]
        seen = rest(bob).get(f"calls/{call_id}").json()
        rest(alice).verb(call_id, "end")
        return seen["notification_title"], seen["notification_message"]

    titled = service("calls", "titles")
    plain = service("calls", name="shop")
    own = ("City Clinic", "Alice (@alice) · Incoming video call\nYour appointment")
    assert title_at_bob(titled.send("bob", as_user="alice", **said)) == own
    quoted = title_at_bob(plain.send("bob", as_user="alice", **said))
    assert quoted[0] == "Alice (@alice)"
    assert "“City Clinic" in quoted[1]
    settings.CALLINVITE = {**settings.CALLINVITE, "sender_titles": False, "sends_per_minute": 0}
    assert title_at_bob(titled.send("bob", as_user="alice", **said)) == own
    assert title_at_bob(titled.send("bob", as_user="alice"))[0] == "Alice (@alice)"
