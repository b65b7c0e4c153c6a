"""What people settle about each other against what happens at the same moment, many times over: either comes first, and
nothing in between is ever seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.contacts.locking import judge_anew, locked
from invitations.models import Block, Contact, Invitation, User
from tests.calls.conftest import acting, called, over, seconds
from tests.calls.settled import block, let_in, prefer
from tests.calls.track import PROCESS_ROUNDS, ROUNDS, Track, process, said
from tests.push.conftest import MakeDevice, claim, device, owed

__all__ = ["device"]
RULE_ROUNDS = ROUNDS // 2

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def settling(user: User, act: Callable[..., None], *args: Any, now: datetime, **more: Any) -> Callable[[], None]:
    """Somebody settles something, in a lane of its own."""
    return partial(calls.change_rules, user.pk, partial(act, user, *args, **more), now=now)


def unblock(user: User, other: User) -> None:
    Block.objects.filter(user=user, other=other).delete()


def the_ring(call_id: str) -> Invitation:
    return Invitation.objects.get(call__call_id=call_id)


@pytest.fixture
def moments(track: Track) -> Callable[[int], datetime]:
    """The moment of a round, two minutes after the last."""
    return lambda number: track.now(120 * number)


@pytest.fixture
def alone(nobody_stuck: None, alice: User, bob: User, carol: User) -> Any:
    """Afterwards nobody has settled anything any more, so that everybody can be rung."""
    yield
    for each in (alice, bob, carol):
        prefer(each, rings_from="everyone", do_not_disturb_until=None)
    Block.objects.all().delete()


Moments = Callable[[int], datetime]


def test_who_is_blocked_while_they_send_rings_nobody(
    track: Track, moments: Moments, device: MakeDevice, alice: User, bob: User, alone: None
) -> None:
    device(bob)
    for number in range(RULE_ROUNDS):
        now = moments(number)
        sheet, _ = track.run(number, partial(called, alice, bob, now), settling(bob, block, alice, now, now=now))
        invitation = the_ring(sheet.call.call_id)
        assert (invitation.verdict, invitation.state) == ("blocked", "pending")
        assert calls.open_calls(bob.pk, now=now) == []
        assert claim(now + seconds(3)) == []
        over(sheet.call.call_id, alice, now + seconds(4))
        unblock(bob, alice)
    assert calls.missed_unseen(bob.pk) == 0


def test_a_block_and_an_accept_have_one_winner(
    track: Track, moments: Moments, alice: User, bob: User, alone: None
) -> None:
    for number in range(RULE_ROUNDS):
        now = moments(number)
        call_id = called(alice, bob, now).call.call_id
        accepted, _ = track.run(
            number,
            partial(calls.accept, call_id, by=acting(bob), now=now),
            settling(bob, block, alice, now, now=now),
        )
        invitation = the_ring(call_id)
        won = ("pending", "blocked") if accepted == "not_found" else ("accepted", "rings")
        assert (invitation.state, invitation.verdict) == won
        over(call_id, alice, now)
        unblock(bob, alice)


def test_a_block_and_the_deadline_have_one_winner(
    track: Track, moments: Moments, alice: User, bob: User, alone: None
) -> None:
    missed = 0
    for number in range(RULE_ROUNDS):
        now = moments(number)
        sheet = called(alice, bob, now, timeout_seconds=10)
        track.run(
            number,
            partial(calls.expire, sheet.call.pk, now=now + seconds(10)),
            settling(bob, block, alice, now, now=now + seconds(9.999)),
        )
        invitation = the_ring(sheet.call.call_id)
        assert invitation.state == "timed_out"
        assert invitation.missed == (invitation.verdict == "rings")
        missed += invitation.missed
        unblock(bob, alice)
    assert calls.missed_unseen(bob.pk) == missed


def test_nothing_rings_again_after_a_block(
    track: Track, moments: Moments, device: MakeDevice, alice: User, bob: User, alone: None
) -> None:
    device(bob)
    for number in range(RULE_ROUNDS):
        now = moments(number)
        sheet = called(alice, bob, now)
        track.run(
            number,
            partial(calls.expire, sheet.call.pk, now=now + seconds(10)),
            settling(bob, block, alice, now, now=now + seconds(9.999)),
        )
        assert the_ring(sheet.call.call_id).verdict == "blocked"
        assert claim(now + seconds(11)) == []
        over(sheet.call.call_id, alice, now + seconds(12))
        unblock(bob, alice)
    assert owed("stop") == []


def test_who_is_let_in_while_they_send_rings_or_is_refused(
    track: Track, moments: Moments, alice: User, bob: User, alone: None
) -> None:
    prefer(bob, rings_from="contacts")
    for number in range(RULE_ROUNDS):
        now = moments(number)
        sent, _ = track.run(number, partial(called, alice, bob, now), settling(bob, let_in, alice, now, now=now))
        made = Invitation.objects.filter(created_at=now).values_list("verdict", "from_contact")
        assert list(made) == ([] if sent == "no_valid_invitee" else [("rings", True)])
        if made:
            over(sent.call.call_id, alice, now)
        Contact.objects.all().delete()


@pytest.mark.parametrize("quiet", [True, False])
def test_who_wants_to_be_left_alone_while_somebody_sends_is(
    track: Track, moments: Moments, alice: User, bob: User, alone: None, quiet: bool
) -> None:
    for number in range(RULE_ROUNDS // 2):
        now = moments(number)
        until = now + timedelta(hours=1)
        prefer(bob, do_not_disturb_until=None if quiet else until)
        sheet, _ = track.run(
            number,
            partial(called, alice, bob, now),
            settling(bob, prefer, do_not_disturb_until=until if quiet else None, now=now),
        )
        assert the_ring(sheet.call.call_id).verdict == ("silenced" if quiet else "rings")
        assert len(calls.open_calls(bob.pk, now=now)) == (0 if quiet else 1)
        over(sheet.call.call_id, alice, now)


def test_a_block_that_is_taken_back_and_a_cancel_have_one_winner(
    track: Track, moments: Moments, alice: User, bob: User, alone: None
) -> None:
    missed = 0
    for number in range(RULE_ROUNDS):
        now = moments(number)
        block(bob, alice, now)
        call_id = called(alice, bob, now).call.call_id
        cancelled, _ = track.run(
            number,
            partial(calls.cancel, call_id, by=acting(alice), now=now + seconds(5)),
            settling(bob, unblock, alice, now=now + seconds(5)),
        )
        assert cancelled.cancelled == ["bob"]
        invitation = the_ring(call_id)
        assert invitation.state == "cancelled"
        assert invitation.missed == (invitation.verdict == "rings")
        missed += invitation.missed
    assert calls.missed_unseen(bob.pk) == missed


def test_two_things_settled_at_once_both_hold(
    track: Track, moments: Moments, alice: User, bob: User, carol: User, alone: None
) -> None:
    for number in range(RULE_ROUNDS):
        now = moments(number)
        ids = [called(each, bob, now).call.call_id for each in (alice, carol)]
        track.run(number, *(settling(bob, block, each, now, now=now) for each in (alice, carol)))
        assert [the_ring(call_id).verdict for call_id in ids] == ["blocked", "blocked"]
        for call_id, each in zip(ids, (alice, carol), strict=True):
            over(call_id, each, now)
            unblock(bob, each)


def block_beside(user: User, other: User, now: datetime) -> None:
    """Block somebody in a transaction that holds the locks on both."""
    with locked(user.pk, other.pk):
        block(user, other, now)
        judge_anew(user.pk, now=now)


def test_two_who_settle_something_about_each_other_never_wait_for_each_other(
    track: Track, moments: Moments, alice: User, bob: User, alone: None
) -> None:
    for number in range(RULE_ROUNDS):
        now = moments(number)
        call_id = called(alice, bob, now).call.call_id
        outcomes = track.run(
            number,
            *(partial(block_beside, one, other, now) for one, other in ((alice, bob), (bob, alice))),
        )
        assert outcomes == [None, None]
        assert the_ring(call_id).verdict == "blocked"
        over(call_id, alice, now)
        Block.objects.all().delete()


def test_who_blocks_somebody_whom_they_call_back_is_connected_or_not_rung(
    track: Track, moments: Moments, alice: User, bob: User, alone: None
) -> None:
    """Both call each other at once, while one of them blocks the other."""
    for number in range(RULE_ROUNDS):
        now = moments(number)
        theirs = called(alice, bob, now).call.call_id
        sent, _ = track.run(
            number,
            partial(calls.send, by=acting(bob), invitees=["alice"], is_video_call=True, now=now),
            settling(bob, block, alice, now, now=now),
        )
        invitation = the_ring(theirs)
        is_refused = sent == "no_valid_invitee"
        assert is_refused or sent.merged
        assert (invitation.state, invitation.verdict) == (
            ("pending", "blocked") if is_refused else ("accepted", "rings")
        )
        over(theirs, alice, now)
        unblock(bob, alice)


@pytest.mark.sqlite_only
def test_a_block_in_one_process_and_an_accept_in_another_have_one_winner(
    alice: User, bob: User, now: datetime, settings: Settings, alone: None
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 0}
    with ExitStack() as stack:
        racers = [stack.enter_context(process()) for _ in range(2)]
        assert [said(racer) for racer in racers] == ["ready", "ready"]
        seen: Counter[tuple[str, str, str]] = Counter()
        for number in range(PROCESS_ROUNDS):
            moment = now + seconds(number * 3)
            call_id = called(alice, bob, moment).call.call_id
            acts: list[dict[str, Any]] = [
                {"verb": "accept", "call_id": call_id, "username": "bob", "device": "phone"},
                {"verb": "block", "other_id": alice.pk},
            ]
            for racer, act in zip(racers, acts, strict=True):
                print(json.dumps({**act, "user_id": bob.pk, "now": moment.isoformat()}), file=racer.stdin, flush=True)
            accepted, blocked = (said(racer) for racer in racers)
            assert blocked == "ok"
            invitation = the_ring(call_id)
            seen[accepted, invitation.state, invitation.verdict] += 1
            over(call_id, alice, moment)
            unblock(bob, alice)
        for racer in racers:
            if racer.stdin is not None:
                racer.stdin.close()
    assert set(seen) <= {("ok", "accepted", "rings"), ("not_found", "pending", "blocked")}
