"""The ring hook: asked before anybody is rung, by a real request to a real program, and what comes of each answer."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from invitations import calls
from invitations.hooks import registering
from invitations.models import Call, CallEvent, Hook, HookKind, RingResource, Service, User
from invitations.requests import ring_hook as asking
from invitations.transports.waiting import wait_for
from tests.calls.conftest import acting
from tests.hooks.conftest import lose_key, until
from tests.hooks.receiver_answers import MIB_3, NOTHING_PLAIN, said
from tests.sockets.page import HOST, Page, in_thread, session_of
from tests.support.hook_receiver import Arrived, HookReceiver, Lying
from tests.support.push_answers import Answer, Endless, HangUp, Redirect, Silence, Slow

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1/"
Ask = Callable[..., Any]
ApiAs = Callable[[User], APIClient]


PATIENCE_SECONDS = 5.0
"""A stall of the machine is not to be taken for a hook's silence, but where that is what it is about."""
SILENT = ("late", "silent", "endless", "lying")


@pytest.fixture
def ring_hook(
    service: Service,
    receiver: HookReceiver,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Hook]:
    if not request.node.name.endswith(tuple(f"[{each}]" for each in SILENT)):
        monkeypatch.setattr(asking._outbound, "_seconds", PATIENCE_SECONDS)
    made = registering.add(service.pk, receiver.url, HookKind.RING, [], now=now)
    receiver.secret = made.secret
    yield made.hook
    wait_for(asking.close())


@pytest.fixture
def send(api_as: ApiAs, alice: User) -> Ask:
    """Alice sends by REST."""
    client = api_as(alice)

    def ask(*invitees: str, **more: Any) -> Any:
        body = {"invitees": list(invitees), "is_video_call": True, **more}
        return client.post(API + "calls", body, format="json")

    return ask


def errors_of(answer: Any) -> dict[str, tuple[str, str]]:
    return {each["invitee"]: (each["code"], each["detail"]) for each in answer.json()["errors"]}


def told(api_as: ApiAs, user: User, call_id: str) -> dict[str, Any]:
    """The first entry of a call's timeline."""
    entries = api_as(user).get(f"{API}calls/{call_id}/timeline").json()["entries"]
    return dict(entries[0])


def test_it_is_asked_who_would_ring_whom_and_how(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, alice: User, bob: User, api_as: ApiAs
) -> None:
    receiver.answer(said(allow=True))
    answer = send("bob", custom_data="room 7", notification_message="Lunch?", urgent=True, call_id="ring")
    assert answer.status_code == 201
    [question] = receiver.arrived
    assert receiver.forged == []
    assert question.json == {
        "type": "ring.ask",
        "data": {
            "act": "send",
            "caller": "alice",
            "invitees": ["bob"],
            "is_video_call": True,
            "custom_data": "room 7",
            "resource_id": None,
            "notification_title": None,
            "notification_message": "Lunch?",
            "timeout_seconds": 60,
            "urgent": True,
        },
    }
    assert "ring_hook" not in told(api_as, alice, "ring")["data"]


def test_it_can_refuse_all(ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, carol: User) -> None:
    receiver.answer(said(allow=False, detail="The clinic is closed."))
    answer = send("bob", "carol", "nobody")
    assert (answer.status_code, answer.json()["code"]) == (400, "no_valid_invitee")
    refused = ("not_allowed", "The clinic is closed.")
    assert errors_of(answer) == {
        "bob": refused,
        "carol": refused,
        "nobody": ("unknown_user", "This user doesn't exist."),
    }
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    "named", [{"bob": {}}, {"bob": 1}, [], "bob", 0, {"Bob": {"allow": False}, "bob": {"allow": True}}]
)
def test_a_refusal_of_all_holds_whatever_else_is_said(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, named: Any
) -> None:
    receiver.answer(said(allow=False, detail="Closed.", invitees=named))
    assert errors_of(send("bob")) == {"bob": ("not_allowed", "Closed.")}


def test_a_person_is_named_in_any_capitals(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, carol: User
) -> None:
    receiver.answer(said(allow=True, invitees={"Carol": {"allow": False}}))
    assert [each["invitee"]["id"] for each in send("bob", "carol").json()["call"]["invitations"]] == ["bob"]


def test_nobody_has_it_asked_more_often_than_they_may_invite(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "sends_per_minute": 2}
    receiver.answer(*[said(allow=False)] * 2)
    assert [send("bob").status_code for _ in range(3)] == [400, 400, 429]
    assert len(receiver.arrived) == 2


def test_it_can_refuse_one(ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, carol: User) -> None:
    receiver.answer(said(allow=True, invitees={"carol": {"allow": False, "detail": "Not her patient."}}))
    answer = send("bob", "carol")
    assert answer.status_code == 201
    assert [each["invitee"]["id"] for each in answer.json()["call"]["invitations"]] == ["bob"]
    assert errors_of(answer) == {"carol": ("not_allowed", "Not her patient.")}


def test_a_refusal_of_all_spares_whom_it_names(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, carol: User
) -> None:
    receiver.answer(said(allow=False, detail="Closed.", invitees={"Carol": {"allow": True}}))
    answer = send("bob", "carol")
    assert [each["invitee"]["id"] for each in answer.json()["call"]["invitations"]] == ["carol"]
    assert errors_of(answer) == {"bob": ("not_allowed", "Closed.")}


def test_how_many_it_refused_is_in_the_timeline_for_the_person_who_asked(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, alice: User, bob: User, carol: User, api_as: ApiAs
) -> None:
    receiver.answer(said(allow=True, invitees={"carol": {"allow": False}}))
    send("bob", "carol", "nobody", call_id="ring")
    entry = told(api_as, alice, "ring")
    assert entry["data"]["ring_hook_refused"] == 1
    assert entry["text"] == "Alice called Bob. The ring hook refused to ring 1 other person."
    assert "refused" not in str(told(api_as, bob, "ring"))
    assert "carol" not in str(CallEvent.objects.values_list("data", flat=True))
    receiver.answer(said(allow=True))
    api_as(alice).post(API + "calls/ring/invite", {"invitees": ["carol"]}, format="json")
    [added] = [
        each
        for each in api_as(alice).get(API + "calls/ring/timeline").json()["entries"]
        if each["code"] == "invitation.sent"
    ]
    assert "ring_hook_refused" not in added["data"]


def test_what_it_changes_is_in_the_call_and_in_the_timeline(
    ring_hook: Hook,
    receiver: HookReceiver,
    send: Ask,
    alice: User,
    bob: User,
    api_as: ApiAs,
) -> None:
    RingResource.objects.create(resource_id="calm", name="Calm")
    receiver.answer(said(allow=True, notification_message="About your visit", resource_id="calm", timeout_seconds=20))
    call = send("bob", notification_message="Pay at evil.example", call_id="ring").json()["call"]
    assert (call["timeout_seconds"], call["resource_id"], call["sender_message"]) == (20, "calm", "About your visit")
    seen = api_as(bob).get(API + "calls/ring").json()
    assert (seen["timeout_seconds"], seen["resource_id"], seen["sender_message"]) == (20, "calm", "About your visit")
    entry = told(api_as, alice, "ring")
    assert entry["data"]["ring_hook"] == ["notification_message", "resource_id", "timeout_seconds"]
    assert entry["text"].endswith("The ring hook changed the message, the ringtone and how long it rings.")


def test_what_is_out_of_bounds_is_ignored_with_a_line_in_the_log(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answer(said(allow=True, timeout_seconds=601, notification_message="x" * 513, resource_id=7))
    with caplog.at_level(logging.WARNING, "invitations.requests.ring_hook"):
        call = send("bob", timeout_seconds=30).json()["call"]
    assert (call["timeout_seconds"], call["resource_id"], call["sender_message"]) == (30, None, "")
    assert [each.getMessage().split(" would ")[1].split(" beyond")[0] for each in caplog.records] == [
        "change notification_message",
        "change resource_id",
        "change timeout_seconds",
    ]


def test_a_resource_that_there_is_not_leaves_the_callers_own(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, alice: User, bob: User, api_as: ApiAs
) -> None:
    receiver.answer(said(allow=True, resource_id="nowhere"))
    answer = send("bob", call_id="ring").json()
    assert (answer["call"]["resource_id"], answer.get("warnings", [])) == (None, [])
    assert "ring_hook" not in told(api_as, alice, "ring")["data"]


def test_its_owner_sees_since_when_it_fails(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "ring_hook_fails": "closed"}

    def failing_since() -> datetime | None:
        return Hook.objects.get(pk=ring_hook.pk).failing_since

    receiver.answer(500, 500, said(allow=True))
    send("bob")
    first = failing_since()
    assert first is not None
    send("bob")
    assert failing_since() == first
    send("bob")
    assert failing_since() is None


def test_without_a_readable_secret_it_is_not_asked_and_the_log_says_once_what_to_do(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, alice: User, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    lose_key(ring_hook)
    for call_id in ("one", "two"):
        assert send("bob", call_id=call_id).status_code == 201
        calls.cancel(call_id, by=acting(alice), now=timezone.now())
    assert receiver.arrived == []
    said = f"Hook {ring_hook.hook_id} did not say whether to ring (secret_unreadable); it fails open"
    assert caplog.text.count(said) == 2
    assert caplog.text.count(f"The secret of hook {ring_hook.hook_id} cannot be read") == 1


@pytest.mark.parametrize(
    "answer",
    [
        *(pytest.param(each, id=f"{index}-not-plain") for index, each in enumerate(NOTHING_PLAIN)),
        pytest.param(Slow(1.5, Answer(200, body=b'{"allow": true}')), id="late"),
        pytest.param(Silence(), id="silent"),
        pytest.param(Lying(), id="lying"),
        pytest.param(HangUp(), id="hanging-up"),
        pytest.param(Endless(200), id="endless"),
        pytest.param(MIB_3, id="3-MB"),
        pytest.param(Redirect(), id="redirecting"),
        pytest.param(500, id="500"),
        pytest.param(204, id="204"),
    ],
)
def test_without_a_good_answer_it_fails_open_or_closed_and_asks_once(
    ring_hook: Hook,
    receiver: HookReceiver,
    send: Ask,
    alice: User,
    bob: User,
    api_as: ApiAs,
    settings: Settings,
    answer: Any,
) -> None:
    receiver.answer(answer, answer)
    settings.CALLINVITE = {**settings.CALLINVITE, "ring_hook_fails": "closed"}
    refused = send("bob")
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (503, "unavailable", "1")
    assert not Call.objects.exists()
    settings.CALLINVITE = {**settings.CALLINVITE, "ring_hook_fails": "open"}
    call_id = send("bob").json()["call"]["call_id"]
    assert "ring_hook_silent" not in told(api_as, alice, call_id)["data"]
    [entry, *_] = calls.timeline(call_id, viewer_id=None, now=timezone.now(), sees_all=True)
    assert entry["data"]["ring_hook_silent"] is True
    assert entry["text"] == "Alice called Bob. The ring hook gave no answer."
    assert len(receiver.arrived) == 2


def test_it_is_not_asked_about_what_rings_nobody(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, alice: User, bob: User, api_as: ApiAs
) -> None:
    receiver.always(lambda arrived: said(allow=True))
    assert send("bob", call_id="ring").status_code == 201
    assert send("bob", call_id="ring").status_code == 200
    assert send("nobody").status_code == 400
    back = api_as(bob).post(API + "calls", {"invitees": ["alice"], "is_video_call": True}, format="json")
    assert back.json()["merged"] is True
    assert len(receiver.arrived) == 1
    registering.change(ring_hook.service_id, ring_hook.hook_id, now=ring_hook.created_at, is_active=False)
    api_as(bob).post(API + "calls/ring/end", {}, format="json")
    api_as(alice).post(API + "calls/ring/end", {}, format="json")
    assert send("bob").status_code == 201
    assert len(receiver.arrived) == 1


def test_an_invite_is_asked_about_too(
    ring_hook: Hook,
    receiver: HookReceiver,
    send: Ask,
    alice: User,
    bob: User,
    carol: User,
    api_as: ApiAs,
) -> None:
    receiver.answer(said(allow=True), said(allow=False))
    send("bob", call_id="ring")
    answer = api_as(alice).post(API + "calls/ring/invite", {"invitees": ["carol"]}, format="json")
    assert errors_of(answer)["carol"][0] == "not_allowed"
    data = receiver.arrived[1].json["data"]
    assert (data["act"], data["invitees"], data["is_video_call"]) == ("invite", ["carol"], True)
    receiver.answer(said(allow=True, timeout_seconds=7))
    api_as(alice).post(API + "calls/ring/invite", {"invitees": ["carol"]}, format="json")
    entries = api_as(alice).get(API + "calls/ring/timeline").json()["entries"]
    [added] = [each for each in entries if each["code"] == "invitation.sent"]
    assert added["data"]["ring_hook"] == ["timeout_seconds"]


def test_no_transaction_waits_for_the_answer(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, alice: User, bob: User
) -> None:
    """On SQLite there is one writer, and on PostgreSQL the send would hold both people's locks."""

    done: list[bool] = []

    def write() -> None:
        User.objects.filter(pk__in=[alice.pk, bob.pk]).update(first_name="Meanwhile")
        connection.close()

    def answer(arrived: Arrived) -> Answer:
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(0.9)
        done.append(not writer.is_alive())
        return said(allow=True)

    receiver.always(answer)
    assert send("bob").status_code == 201
    assert done == [True]


async def test_over_the_socket_others_do_not_wait_for_its_answer(
    ring_hook: Hook, receiver: HookReceiver, settings: Settings, alice: User, bob: User
) -> None:
    settings.ALLOWED_HOSTS = [HOST]
    slow = Slow(0.9, said(allow=False, detail="Not now."))
    receiver.answer(slow)
    pages = []
    for user in (alice, bob):
        page = Page.of(await in_thread(session_of, user))
        assert await page.open()
        await page.hello("laptop")
        pages.append(page)
    mine, theirs = pages
    await mine.request("send", None, {"invitees": ["bob"], "is_video_call": False})
    await in_thread(until, lambda: bool(receiver.arrived))
    assert (await theirs.ask("history_seen"))["status"] == 200
    slow.release()
    result = await mine.hear()
    assert (result["status"], result["body"]["errors"][0]["detail"]) == (400, "Not now.")
    for page in pages:
        await page.close()
    await asking.close()


def test_a_log_names_no_words_of_people(
    ring_hook: Hook, receiver: HookReceiver, send: Ask, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answer(Answer(200, body=json.dumps({"allow": "Geheim"}).encode()))
    with caplog.at_level(logging.DEBUG):
        send("bob", notification_message="Vertraulich")
    assert f"Hook {ring_hook.hook_id} did not say whether to ring (no_boolean); it fails open" in caplog.text
    assert "Geheim" not in caplog.text
    assert "Vertraulich" not in caplog.text
    assert receiver.url not in caplog.text
