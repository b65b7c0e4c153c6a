"""Each refusal that a verb declares does happen. That no other does, the random stories in `tests/calls` assert."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.errors import Code
from invitations.requests.verbs import VERBS, perform
from invitations.store.sheets import Actor

DECLARED = [(verb.name, code) for verb in VERBS.values() for code in sorted(verb.refuses)]
ANSWERS = ("accept", "reject", "ringing")
BODIES: dict[str, dict[str, Any]] = {"invite": {"invitees": ["carol"]}, "remove": {"user": "bob"}}


class Story:
    """People who act on one call, named `ring`."""

    def __init__(self, people: dict[str, Any], now: datetime) -> None:
        self.people = people
        self.now = now

    def does(
        self,
        name: str,
        verb: str,
        call_id: str | None = "ring",
        device: str = "phone",
        key: str | None = None,
        **body: Any,
    ) -> str:
        """Lets them do it, a second after the last thing; gives the code of the refusal, or nothing."""
        self.now += timedelta(seconds=1)
        user = self.people[name]
        actor = Actor(user.pk, name, device, is_admin=name == "admin")
        body = {**BODIES.get(verb, {}), **body}
        answer = perform(verb, actor=actor, call_id=call_id, body=body, now=self.now, idempotency_key=key)
        return str(answer[1].get("code", ""))

    def rings(self, caller: str, *invitees: str, call_id: str = "ring", **body: Any) -> str:
        sent = {"invitees": list(invitees), "is_video_call": False, **body}
        return self.does(caller, "send", call_id, **sent)

    def waits(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def story(make_user: Callable[..., Any], now: datetime) -> Story:
    names = ("alice", "bob", "carol", "dave", "mallory", "admin")
    return Story({name: make_user(name, call_waiting=name == "dave") for name in names}, now)


def _not_found(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    return story.does("mallory", verb)


def _not_allowed(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    if verb == "join":
        # A stranger sees nothing to join; an admin does.
        return story.does("admin", verb)
    return story.does("alice" if verb in ANSWERS else "bob", verb)


def _invitation_cancelled(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    story.does("alice", "cancel")
    return story.does("bob", verb)


def _invitation_timed_out(story: Story, verb: str) -> str:
    story.rings("alice", "bob", timeout_seconds=5)
    story.waits(10)
    return story.does("bob", verb)


def _call_ended(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    story.does("bob", "reject" if verb == "accept" else "accept")
    story.does("bob", "leave")
    return story.does("alice" if verb in ("cancel", "end", "leave", "remove") else "bob", verb)


def _answered_elsewhere(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    story.does("bob", "accept", device="laptop")
    return story.does("bob", verb)


def _rejected_elsewhere(story: Story, verb: str) -> str:
    story.rings("alice", "bob", "carol")
    story.does("bob", "reject", device="laptop")
    return story.does("bob", verb)


def _already_answered(story: Story, verb: str) -> str:
    story.rings("alice", "bob", "carol")
    story.does("bob", "reject" if verb == "accept" else "accept")
    if verb == "cancel":
        story.does("carol", "reject")
    return story.does("alice" if verb == "cancel" else "bob", verb)


def _no_current_call(story: Story, verb: str) -> str:
    return story.does("bob", verb, "current")


def _ambiguous_current_call(story: Story, verb: str) -> str:
    story.rings("alice", "dave")
    story.rings("bob", "dave", call_id="another")
    return story.does("dave", verb, "current")


def _call_full(story: Story, verb: str) -> str:
    story.rings("alice", "bob", "carol")
    story.does("bob", "accept")
    story.does("carol", "accept")
    story.does("carol", "leave")
    story.does("alice", "invite", invitees=["dave"])
    return story.does("carol", verb)


def _self(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    return story.does("alice", verb, user="alice")


def _not_invited(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    return story.does("alice", verb, user="carol")


def _no_valid_invitee(story: Story, verb: str) -> str:
    if verb == "send":
        return story.rings("alice", "nobody")
    story.rings("alice", "bob")
    return story.does("alice", verb, invitees=["nobody"])


def _already_in_call(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    return story.rings("alice", "carol", call_id="another")


def _call_id_in_use(story: Story, verb: str) -> str:
    story.rings("alice", "bob")
    return story.rings("alice", "carol")


def _throttled(story: Story, verb: str) -> str:
    for number, name in enumerate(("bob", "carol")):
        story.rings("alice", name, call_id=f"ring-{number}")
        story.does("alice", "cancel", f"ring-{number}")
    if verb == "send":
        return story.rings("alice", "bob", "carol")
    story.rings("alice", "bob")
    return story.does("alice", verb)


def _idempotency_key_in_use(story: Story, verb: str) -> str:
    story.rings("alice", "bob", key="once")
    return story.does("alice", verb, key="once", is_video_call=True, invitees=["carol"])


STORIES = {
    Code.NOT_FOUND: _not_found,
    Code.NOT_ALLOWED: _not_allowed,
    Code.INVITATION_CANCELLED: _invitation_cancelled,
    Code.INVITATION_TIMED_OUT: _invitation_timed_out,
    Code.CALL_ENDED: _call_ended,
    Code.ANSWERED_ELSEWHERE: _answered_elsewhere,
    Code.REJECTED_ELSEWHERE: _rejected_elsewhere,
    Code.ALREADY_ANSWERED: _already_answered,
    Code.NO_CURRENT_CALL: _no_current_call,
    Code.AMBIGUOUS_CURRENT_CALL: _ambiguous_current_call,
    Code.CALL_FULL: _call_full,
    Code.NO_VALID_INVITEE: _no_valid_invitee,
    Code.ALREADY_IN_CALL: _already_in_call,
    Code.CALL_ID_IN_USE: _call_id_in_use,
    Code.IDEMPOTENCY_KEY_IN_USE: _idempotency_key_in_use,
    Code.SELF: _self,
    Code.NOT_INVITED: _not_invited,
    Code.THROTTLED: _throttled,
}


@pytest.mark.parametrize(("verb", "code"), DECLARED)
def test_a_declared_refusal_happens(story: Story, settings: Settings, verb: str, code: Code) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "people_per_call": 3, "sends_per_minute": 3}
    assert STORIES[code](story, verb) == code


def test_a_full_call_is_a_conflict_that_shows_the_call(story: Story, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "people_per_call": 3}
    assert _call_full(story, "join") == Code.CALL_FULL
    carol = Actor(story.people["carol"].pk, "carol", "phone")
    status, problem = perform("join", actor=carol, call_id="ring", body={}, now=story.now)
    assert (status, problem["status"], problem["call"]["call_id"]) == (409, 409, "ring")


def test_a_request_is_known_by_its_key_however_it_names_its_call(story: Story) -> None:
    alice = Actor(story.people["alice"].pk, "alice", "phone")

    def asks(
        verb: str, call_id: str | None, key: str, body: dict[str, Any], attempt: int | None = None
    ) -> tuple[int, str]:
        status, said = perform(
            verb, actor=alice, call_id=call_id, body=body, now=story.now, attempt=attempt, idempotency_key=key
        )
        return status, str(said.get("code", ""))

    wanted, more = {"invitees": ["bob"], "is_video_call": False}, {"invitees": ["carol"]}
    assert asks("send", "ring", "sent", wanted) == (201, "")
    assert asks("send", None, "sent", {**wanted, "call_id": "ring"}) == (200, "")
    assert asks("invite", "ring", "more", more) == (201, "")
    assert asks("invite", "ring", "more", more, attempt=1) == (200, "")
    assert asks("invite", "ring", "more", more, attempt=2) == (409, "idempotency_key_in_use")
    assert asks("invite", "another", "more", more) == (409, "idempotency_key_in_use")


@pytest.mark.parametrize("name", [name for name in VERBS if hasattr(calls, name)])
def test_the_function_of_a_verb_tells_of_the_same_refusals(name: str) -> None:
    told = re.search(r"CallError: (.+?)\n\s*\"?\Z", f"{getattr(calls, name).__doc__.rstrip()}\n", re.DOTALL)
    assert told is not None
    assert set(re.findall(r"`([a-z_]+)`", told[1])) == VERBS[name].refuses


@pytest.mark.parametrize("name", ["open", "history_seen", "ice_servers"])
def test_reads_of_ones_own_are_never_refused(story: Story, name: str) -> None:
    assert story.does("alice", name, None) == ""
    assert VERBS[name].refuses == frozenset()
