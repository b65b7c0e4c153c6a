"""REST about hooks: a service's own, whose secrets are shown once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from invitations.models import Hook, HookMessage, User
from tests.api.conftest import Rest, RestOf, problem_of
from tests.api.test_services import client_of

URL = "https://clinic.example.org/in"


@pytest.fixture
def clinic(db: None) -> Rest:
    return client_of("hooks", "calls")


def add(rest: Rest, **body: Any) -> Any:
    made = rest.post("hooks", {"url": URL, **body})
    assert made.status_code == 201, made.json()
    return made.json()


def test_a_hook_is_added_shown_changed_and_taken_away(clinic: Rest) -> None:
    made = add(clinic, events=["call.ended", "user.missed"])
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made == clinic.get(f"hooks/{made['id']}").json()
    assert (made["url"], made["kind"], made["is_active"], made["disabled_reason"]) == (URL, "events", True, None)
    changed = clinic.patch(f"hooks/{made['id']}", {"url": f"{URL}/2", "events": []}).json()
    assert (changed["url"], changed["events"]) == (f"{URL}/2", [])
    off = clinic.patch(f"hooks/{made['id']}", {"is_active": False}).json()
    assert (off["is_active"], off["disabled_reason"]) == (False, "by_service")
    assert clinic.patch(f"hooks/{made['id']}", {"is_active": True}).json()["disabled_reason"] is None
    assert clinic.get("hooks").json()["results"] == [clinic.get(f"hooks/{made['id']}").json()]
    for _ in range(2):
        assert clinic.delete(f"hooks/{made['id']}").status_code == 204
    assert problem_of(clinic.get(f"hooks/{made['id']}")) == (404, "not_found")


def test_a_hook_of_another_service_does_not_exist(clinic: Rest) -> None:
    made = add(clinic)
    other = client_of("hooks", name="shop")
    for answer in (
        other.get(f"hooks/{made['id']}"),
        other.patch(f"hooks/{made['id']}", {"is_active": False}),
        other.post(f"hooks/{made['id']}/rotate", {}),
        other.post(f"hooks/{made['id']}/test", {}),
        other.get(f"hooks/{made['id']}/messages"),
        other.post(f"hooks/{made['id']}/messages/msg_1/replay", {}),
    ):
        assert problem_of(answer) == (404, "not_found")
    other.delete(f"hooks/{made['id']}")
    assert clinic.get(f"hooks/{made['id']}").status_code == 200
    assert other.get("hooks").json()["results"] == []


def test_a_rotation_gives_another_secret_and_nothing_else_shows_one(clinic: Rest, lines: list[str]) -> None:
    made = add(clinic)
    rotated = clinic.post(f"hooks/{made['id']}/rotate", {}).json()
    assert rotated["secret"] != made["secret"]
    secrets = {made["secret"], rotated["secret"]}
    shown = clinic.get("hooks").content.decode() + clinic.get(f"hooks/{made['id']}").content.decode()
    assert not any(each in shown + "\n".join(lines) for each in secrets)
    assert any(each.startswith("INFO service-acted") and "/rotate" in each for each in lines)


def test_a_test_shows_in_the_log_and_can_be_replayed(clinic: Rest) -> None:
    made = add(clinic)
    tried = clinic.post(f"hooks/{made['id']}/test", {})
    assert tried.status_code == 202
    entry = tried.json()
    assert (entry["type"], entry["state"], entry["attempts"], entry["status"]) == ("hook.test", "pending", 0, None)
    assert entry["call_id"] is None
    assert clinic.get(f"hooks/{made['id']}/messages").json()["results"] == [entry]
    HookMessage.objects.update(
        state="given_up", settled_at="2026-01-01T00:00:00Z", attempts=9, status=500, code="refused"
    )
    [gone] = clinic.get(f"hooks/{made['id']}/messages").json()["results"]
    assert (gone["state"], gone["next_at"], gone["status"]) == ("given_up", None, 500)
    replayed = clinic.post(f"hooks/{made['id']}/messages/{entry['id']}/replay", {})
    assert replayed.status_code == 202
    replayed_at = {"next_at": replayed.json()["next_at"]}
    assert replayed.json() == {**entry, **replayed_at}
    assert clinic.get(f"hooks/{made['id']}/messages").json()["results"] == [replayed.json()]
    assert problem_of(clinic.post(f"hooks/{made['id']}/messages/msg_x/replay", {})) == (404, "not_found")


def test_nothing_is_sent_to_a_hook_that_is_off(clinic: Rest) -> None:
    made = add(clinic)
    clinic.post(f"hooks/{made['id']}/test", {})
    clinic.patch(f"hooks/{made['id']}", {"is_active": False})
    [waited] = clinic.get(f"hooks/{made['id']}/messages").json()["results"]
    assert (waited["state"], waited["code"]) == ("given_up", "hook_off")
    assert problem_of(clinic.post(f"hooks/{made['id']}/test", {})) == (400, "invalid")
    assert problem_of(clinic.post(f"hooks/{made['id']}/messages/{waited['id']}/replay", {})) == (400, "invalid")


def test_a_service_has_twenty_hooks_at_most(clinic: Rest) -> None:
    for _ in range(20):
        add(clinic)
    assert problem_of(clinic.post("hooks", {"url": URL})) == (400, "invalid")
    assert Hook.objects.count() == 20
    assert add(client_of("hooks", name="shop"))["id"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.168.1.1", "192.168.1.1"),
        ("169.254.169.254:8443", "169.254.169.254"),
        ("[::1]", "::1"),
        ("[::ffff:10.0.0.1]", "::ffff:10.0.0.1"),
    ],
)
def test_a_hook_leads_to_no_private_address_that_the_operator_has_not_allowed(
    clinic: Rest, settings: Settings, host: str, address: str
) -> None:
    hook_id = add(clinic)["id"]
    url = f"https://{host}/in"
    for refused in (clinic.post("hooks", {"url": url}), clinic.patch(f"hooks/{hook_id}", {"url": url})):
        assert problem_of(refused) == (400, "invalid")
        [said] = refused.json()["errors"]["url"]
        assert "isn't public" in said
        assert "CALLINVITE_HOOK_NETWORKS" in said
    assert clinic.get("hooks").json()["results"][0]["url"] == URL
    settings.CALLINVITE = {"hook_networks": (address.removeprefix("::ffff:"),)}
    assert clinic.patch(f"hooks/{hook_id}", {"url": url}).status_code == 200
    for public in ("https://9.9.9.9/in", "https://[2620:fe::fe]/in"):
        assert add(clinic, url=public)["url"] == public


def test_what_a_hook_is_for_stays(clinic: Rest) -> None:
    for made, other in ((add(clinic), "ring"), (add(clinic, kind="ring"), "events")):
        for kind in (other, "both"):
            refused = clinic.patch(f"hooks/{made['id']}", {"url": f"{URL}/2", "kind": kind})
            assert problem_of(refused) == (400, "invalid")
            assert list(refused.json()["errors"]) == ["kind"]
        changed = clinic.patch(f"hooks/{made['id']}", {"url": f"{URL}/3", "kind": made["kind"]})
        assert (changed.json()["url"], changed.json()["kind"]) == (f"{URL}/3", made["kind"])


def test_there_is_one_ring_hook(clinic: Rest) -> None:
    made = add(clinic, kind="ring", events=["call.ended"])
    assert made["events"] == [], "it is asked, and told of nothing"
    assert problem_of(clinic.post("hooks", {"url": URL, "kind": "ring"})) == (400, "invalid")
    clinic.patch(f"hooks/{made['id']}", {"is_active": False})
    add(clinic, kind="ring")
    assert problem_of(clinic.patch(f"hooks/{made['id']}", {"is_active": True})) == (400, "invalid")


@pytest.mark.parametrize(
    "bad",
    [
        {"url": "http://clinic.example.org/"},
        {"url": "https://user:secret@clinic.example.org/"},
        {"url": "https://clinic.example.org/#x"},
        {"url": "https://clinic.example.org:99999/"},
        {"url": "file:///etc/passwd"},
        {"url": "https://x/\r\nHost: y"},
        {"url": "x" * 3000},
        {"url": 7},
        {"url": None},
        {},
        {"url": URL, "events": ["call.sent", "all"]},
        {"url": URL, "events": "call.sent"},
        {"url": URL, "kind": "both"},
    ],
)
def test_what_is_no_hook_is_refused(clinic: Rest, bad: dict[str, Any]) -> None:
    assert problem_of(clinic.post("hooks", bad)) == (400, "invalid")
    assert not Hook.objects.exists()


def test_a_user_has_no_hooks(app_of: RestOf, alice: User) -> None:
    refused = app_of(alice).get("hooks")
    assert problem_of(refused) == (403, "not_allowed")
    assert refused.json()["scope"] == "hooks"


def test_what_a_service_does_for_somebody_is_told_as_theirs(
    clinic: Rest, alice: User, bob: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    made = add(clinic)
    clinic.send("bob", as_user="alice")
    [entry] = clinic.get(f"hooks/{made['id']}/messages").json()["results"]
    assert entry["type"] == "call.sent"
    assert '"actor":"alice"' in HookMessage.objects.get().body


def test_each_message_names_its_call_also_after_a_replay(
    clinic: Rest, alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = add(clinic)
    log = f"hooks/{made['id']}/messages"
    with CaptureQueriesContext(connection) as one:
        clinic.get(log)
    cost = len(one)
    call_id = clinic.send("bob", as_user="alice").json()["call"]["call_id"]
    assert clinic.post(f"calls/{call_id}/end", {}).status_code == 200
    clinic.post(f"hooks/{made['id']}/test", {})
    HookMessage.objects.update(state="given_up", settled_at="2026-01-01T00:00:00Z")
    with django_assert_num_queries(cost):
        test, *told = clinic.get(log).json()["results"]
    assert (test["call_id"], {each["call_id"] for each in told}) == (None, {call_id})
    assert len(told) > 1
    assert clinic.post(f"{log}/{told[0]['id']}/replay", {}).json()["call_id"] == call_id
