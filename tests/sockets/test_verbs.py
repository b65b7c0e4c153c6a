"""Every verb by the socket and by REST, on calls that are alike: the same status, the same code, the same body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from rest_framework.test import APIClient

from invitations.models import User
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread

pytestmark = pytest.mark.django_db(transaction=True)
MOMENTS = ("_at", "server_time", "remaining_ms", "duration_seconds", "expires_at")
READS = {"get": "", "open": "", "timeline": "/timeline"}

Step = tuple[str, str, dict[str, Any]]
"""Who, verb, body."""


@dataclass
class Case:
    """A verb in a situation.

    Args:
        verb: asked by `by`.
        by: alice called bob; carol is in no call, mallory is nobody to them.
        before: what happens to the call first.
        body: of the verb.
        call: the id asked about, where it is not the call's.
        status: expected.
        code: of a problem, expected.
    """

    verb: str
    by: str
    status: int
    code: str | None = None
    before: list[Step] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)
    call: str | None = None

    def __str__(self) -> str:
        after = "-".join(verb for _, verb, _ in self.before)
        return f"{self.verb}-by-{self.by}{f'-after-{after}' if after else ''}-{self.code or self.status}"


ACCEPT: Step = ("bob", "accept", {})
REJECT: Step = ("bob", "reject", {"reason": "later"})
CANCEL: Step = ("alice", "cancel", {})
LEAVE: Step = ("bob", "leave", {})
CASES = [
    Case("send", "carol", 201, body={"invitees": ["mallory"], "is_video_call": True, "custom_data": "ü"}),
    Case("send", "carol", 201, body={"invitees": ["mallory", "nobody", "mallory", "carol"], "is_video_call": False}),
    Case("send", "carol", 201, body={"invitees": ["bob"], "is_video_call": True}),
    Case("send", "carol", 400, "no_valid_invitee", body={"invitees": ["nobody"], "is_video_call": True}),
    Case("send", "carol", 400, "invalid", body={"invitees": [], "is_video_call": "yes"}),
    Case("send", "carol", 400, "invalid", body={}),
    Case("send", "alice", 409, "already_in_call", body={"invitees": ["carol"], "is_video_call": True}),
    Case("send", "bob", 200, body={"invitees": ["alice"], "is_video_call": True}),
    Case("send", "bob", 200, before=[ACCEPT], body={"invitees": ["alice"], "is_video_call": True}),
    Case("invite", "alice", 201, body={"invitees": ["carol"], "custom_data": "come"}),
    Case("invite", "alice", 201, before=[ACCEPT], body={"invitees": ["carol", "bob"]}),
    Case("invite", "bob", 403, "not_allowed", body={"invitees": ["carol"]}),
    Case("invite", "mallory", 404, "not_found", body={"invitees": ["carol"]}),
    Case("invite", "alice", 410, "call_ended", before=[CANCEL], body={"invitees": ["carol"]}),
    Case("accept", "bob", 200, body={"custom_data": "yes"}),
    Case("accept", "bob", 200, before=[ACCEPT]),
    Case("accept", "bob", 200, call="current"),
    Case("accept", "carol", 404, "no_current_call", call="current"),
    Case("accept", "alice", 403, "not_allowed"),
    Case("accept", "mallory", 404, "not_found"),
    Case("accept", "bob", 404, "not_found", call="no-such-call"),
    Case("accept", "bob", 410, "invitation_cancelled", before=[CANCEL]),
    Case("accept", "bob", 409, "rejected_elsewhere", before=[REJECT], body={"device_id": "other"}),
    Case("accept", "bob", 409, "answered_elsewhere", before=[ACCEPT], body={"device_id": "other"}),
    Case("accept", "bob", 400, "invalid", body={"device_id": "a b"}),
    Case("reject", "bob", 200, body={"reason": "busy", "custom_data": "no"}),
    Case("reject", "bob", 200, before=[REJECT]),
    Case("reject", "bob", 400, "invalid", body={"reason": "bored"}),
    Case("reject", "bob", 410, "invitation_cancelled", before=[CANCEL]),
    Case("reject", "mallory", 404, "not_found"),
    Case("cancel", "alice", 200, body={"custom_data": "sorry"}),
    Case("cancel", "alice", 200, body={"callees": ["bob", "carol"]}),
    Case("cancel", "alice", 200, before=[CANCEL]),
    Case("cancel", "alice", 409, "already_answered", before=[ACCEPT]),
    Case("cancel", "bob", 403, "not_allowed"),
    Case("cancel", "alice", 410, "call_ended", before=[REJECT]),
    Case("ringing", "bob", 200, body={"audible": True}),
    Case("ringing", "bob", 200, body={"audible": False}),
    Case("ringing", "alice", 403, "not_allowed"),
    Case("ringing", "bob", 400, "invalid", body={"audible": 1}),
    Case("join", "bob", 200),
    Case("join", "bob", 410, "call_ended", before=[REJECT]),
    Case("join", "bob", 200, before=[ACCEPT], body={"device_id": "other"}),
    Case("leave", "alice", 200),
    Case("leave", "bob", 200, before=[ACCEPT]),
    Case("leave", "bob", 200, before=[ACCEPT, LEAVE]),
    Case("leave", "bob", 403, "not_allowed"),
    Case("end", "alice", 200),
    Case("end", "alice", 200, before=[ACCEPT]),
    Case("end", "bob", 403, "not_allowed", before=[ACCEPT]),
    Case("end", "alice", 410, "call_ended", before=[ACCEPT, LEAVE]),
    Case("connected", "bob", 200, before=[ACCEPT]),
    Case("connected", "bob", 403, "not_allowed"),
    Case("connected", "bob", 403, "not_allowed", before=[ACCEPT], body={"device_id": "other"}),
    Case("heartbeat", "alice", 200),
    Case("heartbeat", "bob", 410, "call_ended", before=[ACCEPT, LEAVE]),
    Case("heartbeat", "mallory", 404, "not_found"),
    Case("get", "bob", 200),
    Case("get", "alice", 200, before=[ACCEPT, LEAVE]),
    Case("get", "mallory", 404, "not_found"),
    Case("timeline", "alice", 200, before=[ACCEPT, LEAVE]),
    Case("timeline", "mallory", 404, "not_found"),
    Case("open", "bob", 200),
    Case("open", "mallory", 200),
    Case("history_seen", "bob", 200, before=[CANCEL]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_the_socket_answers_as_rest_does(
    open_quick_page: OpenPage, make_user: Callable[..., User], case: Case
) -> None:
    first = await _people(make_user, "1")
    second = await _people(make_user, "2")
    pages = {name: await open_quick_page(user, "web-1") for name, user in first.items()}
    clients = {name: await in_thread(_signed_in, user) for name, user in second.items()}

    by_socket = await _by_socket(pages, case)
    by_rest = await in_thread(_by_rest, clients, case)

    assert by_socket[0] == by_rest[0] == case.status, by_socket
    ours, theirs = _comparable(by_socket[1], "1"), _comparable(by_rest[1], "2")
    assert ours == theirs
    if case.code is not None:
        assert by_socket[1]["code"] == case.code


async def test_a_request_is_known_again_whichever_way_it_comes(
    open_quick_page: OpenPage, alice: User, bob: User
) -> None:
    body = {"invitees": ["bob"], "is_video_call": True}
    page = await open_quick_page(alice, "web-1")
    request = {"type": "request", "id": "1", "verb": "send", "body": body, "idempotency_key": "once"}
    await page.say(request)
    first = await page.hear()
    assert (first["type"], first["status"]) == ("result", 201)
    client = await in_thread(_signed_in, alice)
    again = await in_thread(
        lambda: client.post("/api/v1/calls", body, format="json", headers={"Idempotency-Key": "once"})
    )
    assert (again.status_code, again.json()["call"]["call_id"]) == (200, first["body"]["call"]["call_id"])
    await page.say({**request, "idempotency_key": ["once"]})
    refused = await page.hear()
    assert (refused["status"], list(refused["body"]["errors"])) == (400, ["idempotency_key"])


async def test_a_request_may_name_the_attempt(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    page, other = await open_quick_page(alice, "web-1"), await open_quick_page(bob, "web-1")
    for _ in range(2):
        sent = await page.ask("send", invitees=["bob"], is_video_call=True, call_id="room")
        assert sent["status"] == 201
        assert (await other.ask("reject", "room"))["status"] == 200
    seen = {}
    for attempt in (None, 1, 2, 0):
        await page.say({"type": "request", "id": "a", "verb": "get", "call_id": "room", "attempt": attempt})
        while (result := await page.hear())["type"] != "result":
            pass
        seen[attempt] = (result["status"], result["body"].get("attempt"))
    assert seen == {None: (200, 2), 1: (200, 1), 2: (200, 2), 0: (400, None)}
    body = {"invitees": ["bob"], "is_video_call": True}
    await page.say({"type": "request", "id": "b", "verb": "send", "attempt": 3, "body": body})
    refused = await page.hear()
    assert (refused["status"], list(refused["body"]["errors"])) == (400, ["attempt"])


async def _people(make_user: Callable[..., User], suffix: str) -> dict[str, User]:
    names = ("alice", "bob", "carol", "mallory")
    return {name: await in_thread(make_user, f"{name}.{suffix}", display_name=name) for name in names}


def _named(body: dict[str, Any], suffix: str) -> dict[str, Any]:
    """The body with the people of one of the two worlds."""
    named = {key: [f"{each}.{suffix}" for each in value] for key, value in body.items() if isinstance(value, list)}
    return {**body, **named}


async def _by_socket(pages: dict[str, Page], case: Case) -> tuple[int, dict[str, Any]]:
    start = {"invitees": ["bob.1"], "is_video_call": True, "call_id": "call.1"}
    assert (await pages["alice"].ask("send", **start))["status"] == 201
    for who, verb, body in case.before:
        assert (await pages[who].ask(verb, "call.1", **body))["status"] == 200
    call_id = None if case.verb in ("send", "open", "history_seen") else case.call or "call.1"
    result = await pages[case.by].ask(case.verb, call_id, **_named(case.body, "1"))
    return result["status"], result["body"]


def _by_rest(clients: dict[str, APIClient], case: Case) -> tuple[int, dict[str, Any]]:
    def post(who: str, path: str, body: dict[str, Any]) -> Any:
        # The socket's hello names its device; a REST client names it in each body.
        with_device = {"device_id": "web-1", **body}
        return clients[who].post(f"/api/v1/{path}", with_device, format="json")

    start = {"invitees": ["bob.2"], "is_video_call": True, "call_id": "call.2"}
    assert post("alice", "calls", start).status_code == 201
    for who, verb, body in case.before:
        assert post(who, f"calls/call.2/{verb}", body).status_code == 200
    call_id = case.call or "call.2"
    if case.verb in READS:
        path = "calls/open" if case.verb == "open" else f"calls/{call_id}{READS[case.verb]}"
        answer = clients[case.by].get(f"/api/v1/{path}")
    elif case.verb == "history_seen":
        answer = post(case.by, "history/seen", {})
    else:
        path = "calls" if case.verb == "send" else f"calls/{call_id}/{case.verb}"
        answer = post(case.by, path, _named(case.body, "2"))
    return answer.status_code, answer.json()


def _signed_in(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def _comparable(value: Any, suffix: str, key: str = "") -> Any:
    """The same in both worlds: without moments and without the world's number."""
    if key.endswith(MOMENTS):
        return None if value is None else "some"
    if key == "at":
        return "some"
    if key in ("label", "answered_on", "ringing_on"):
        return None
    if key in ("text", "detail"):
        # Only the socket's hello gave the device a name.
        value = str(value).replace(" on Chrome on Linux", "").replace(" (Chrome on Linux)", "")
    if key == "data" and isinstance(value, dict):
        value = {name: each for name, each in value.items() if name != "label"}
    if isinstance(value, dict):
        return {name: _comparable(each, suffix, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_comparable(each, suffix) for each in value]
    if isinstance(value, str):
        value = value.replace(f".{suffix}", "")
        return "generated" if key == "call_id" and value.startswith("call_") else value
    return value
