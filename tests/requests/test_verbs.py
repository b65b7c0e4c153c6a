"""The way into the verbs that REST and the socket share."""

from __future__ import annotations

import timeit
from datetime import datetime
from typing import Any

import pytest

from invitations.live.tickets import Ticket, make_ticket, redeem_ticket
from invitations.models import Call, Participant, User
from invitations.requests import inputs
from invitations.requests.verbs import VERBS, perform
from invitations.store.sheets import Actor

GOOD = {"invitees": ["bob"], "is_video_call": True}


def _actor(user: User, **fields: Any) -> Actor:
    return Actor(user_id=user.pk, username=user.username, **{"device_id": "laptop", **fields})


def test_the_id_may_stand_beside_the_body_of_a_send(alice: User, bob: User, now: datetime) -> None:
    status, body = perform("send", actor=_actor(alice), call_id="beside", body=GOOD, now=now)
    assert (status, body["call"]["call_id"]) == (201, "beside")


def test_the_bodys_own_id_goes_first(alice: User, bob: User, now: datetime) -> None:
    _, body = perform("send", actor=_actor(alice), call_id="beside", body={**GOOD, "call_id": "inside"}, now=now)
    assert body["call"]["call_id"] == "inside"


@pytest.mark.parametrize("call_id", ["open", "a b", ""])
def test_an_odd_id_beside_a_send(alice: User, bob: User, now: datetime, call_id: str) -> None:
    status, body = perform("send", actor=_actor(alice), call_id=call_id, body=GOOD, now=now)
    assert (status, body["code"], list(body["errors"])) == (400, "invalid", ["call_id"])


@pytest.mark.parametrize("body", [[], "x", 5, True])
def test_a_body_that_is_no_object(alice: User, now: datetime, body: object) -> None:
    status, answer = perform("open", actor=_actor(alice), call_id=None, body=body, now=now)
    assert (status, answer["code"]) == (400, "invalid")


@pytest.mark.parametrize(("call_id", "expected"), [(None, (400, "invalid")), ("a b", (404, "not_found"))])
def test_a_verb_on_no_call(alice: User, now: datetime, call_id: str | None, expected: tuple[int, str]) -> None:
    status, body = perform("accept", actor=_actor(alice), call_id=call_id, body={}, now=now)
    assert (status, body["code"]) == expected


def test_an_unknown_verb(alice: User, now: datetime) -> None:
    status, body = perform("shout", actor=_actor(alice), call_id=None, body={}, now=now)
    assert (status, body["code"], list(body["errors"])) == (400, "invalid", ["verb"])


def test_a_body_names_the_device(alice: User, bob: User, now: datetime) -> None:
    asker = _actor(alice, device_label="Laptop", lives=True)
    perform("send", actor=asker, call_id="ring", body={**GOOD, "device_id": "phone"}, now=now)
    participant = Participant.objects.get()
    assert (participant.device_id, participant.proved_at) == ("phone", None)


def test_the_same_device_keeps_what_is_known_of_it(alice: User, bob: User, now: datetime) -> None:
    asker = _actor(alice, lives=True)
    perform("send", actor=asker, call_id="ring", body={**GOOD, "device_id": "laptop"}, now=now)
    assert Participant.objects.get().proved_at == now


def test_reads_are_there_too(alice: User, bob: User, now: datetime) -> None:
    perform("send", actor=_actor(alice), call_id="ring", body=GOOD, now=now)
    assert perform("get", actor=_actor(bob), call_id="ring", body=None, now=now)[1]["you"]["role"] == "invitee"
    assert perform("open", actor=_actor(bob), call_id=None, body=None, now=now)[1]["calls"][0]["call_id"] == "ring"
    assert perform("timeline", actor=_actor(bob), call_id="ring", body=None, now=now)[1]["call_id"] == "ring"
    assert perform("history_seen", actor=_actor(bob), call_id=None, body=None, now=now)[0] == 200


def test_a_refusal_carries_the_call(alice: User, bob: User, carol: User, now: datetime) -> None:
    perform("send", actor=_actor(alice), call_id="ring", body=GOOD, now=now)
    status, body = perform("send", actor=_actor(alice), call_id=None, body={**GOOD, "invitees": ["carol"]}, now=now)
    assert (status, body["code"]) == (409, "already_in_call")
    assert body["call"]["you"]["role"] == "caller"
    assert Call.objects.count() == 1


def test_every_verb_has_its_input() -> None:
    assert all(isinstance(each.input, inputs.Body) for each in VERBS.values())


def test_checking_a_body_costs_next_to_nothing() -> None:
    body = {**GOOD, "custom_data": "x" * 200, "timeout_seconds": 30, "device_id": "laptop", "call_id": "ring"}
    rounds = 2_000
    seconds = min(timeit.repeat(lambda: inputs.SEND.checked(body), number=rounds, repeat=5))
    assert seconds / rounds < 60e-6


def test_a_ticket_is_good_once() -> None:
    ticket = make_ticket(7, token_digest="d")
    assert redeem_ticket(ticket) == Ticket(7, None, "d")
    assert redeem_ticket(ticket) is None


def test_a_made_up_ticket_is_worthless() -> None:
    make_ticket(7, session_key="s")
    assert redeem_ticket("x") is None
    assert redeem_ticket("\ud800") is None


def test_of_several_who_redeem_at_once_one_gets_in() -> None:
    from concurrent.futures import ThreadPoolExecutor

    for _ in range(20):
        ticket = make_ticket(7)
        with ThreadPoolExecutor(8) as pool:
            redeemed = list(pool.map(redeem_ticket, [ticket] * 8))
        assert sum(each is not None for each in redeemed) == 1
