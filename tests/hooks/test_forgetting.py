"""What goes of the messages to hooks: in time, with their hook, and with the accounts that they name."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from invitations import calls, hooks
from invitations.calls.transaction import write
from invitations.dispatcher.pruning import prune
from invitations.hooks import messages, registering
from invitations.hooks.messages import Carried, Outcome
from invitations.models import Hook, HookMessage, User
from invitations.own_data import erasing
from tests.calls.conftest import acting
from tests.hooks.conftest import log, send
from tests.own_data.leftovers import leftovers

pytestmark = pytest.mark.django_db(transaction=True)


def deliver_all(now: datetime) -> None:
    """As a post does."""
    with write():
        for due in messages.hooks():
            chains, _ = messages.claim(due, name="a", now=now, size=16)
            sent = (Carried(each, [Outcome(one, now, 204) for one in each.messages]) for each in chains)
            messages.settle(sent, held=set())


def test_no_message_names_a_deleted_account_once_it_was_sent(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    send(alice, bob, now=now)
    hooks.plan_disabled(alice.pk, "phone", "gone", now=now)
    deliver_all(now)
    erasing.begin(alice.pk, now=now)
    assert erasing.finish(alice.pk, now=now)
    later = now + timedelta(seconds=9)
    # What her going did to the call is told; what was told before is gone.
    assert log(hook) == [("participant.left", "pending", 0, None)]
    deliver_all(later)
    assert prune(later).counts["messages to hooks about deleted accounts"] == 1
    assert [each for each in leftovers("alice") if each.startswith("invitations_hook")] == []


def test_old_ones_go_and_those_of_a_hook_that_is_gone(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    calls.cancel(send(alice, bob, now=now - timedelta(days=31)), by=acting(alice), now=now - timedelta(days=31))
    send(alice, bob, now=now)
    assert prune(now).counts["messages to hooks"] == 2
    assert [each[0] for each in log(hook)] == ["call.sent"]
    registering.remove(hook.service_id, hook.hook_id)
    assert prune(now).counts["messages to deleted hooks"] == 1
    assert not HookMessage.objects.exists()


def test_what_was_owed_to_a_hook_just_as_it_was_switched_off_is_given_up(
    alice: User, bob: User, hook: Hook, now: datetime
) -> None:
    registering.change(hook.service_id, hook.hook_id, now=now, is_active=False)
    Hook.objects.update(is_active=True, disabled_reason="", disabled_at=None)
    send(alice, bob, now=now)
    Hook.objects.update(is_active=False, disabled_reason="gone", disabled_at=now)
    assert prune(now + timedelta(seconds=1)).counts["messages to hooks given up"] == 1
    assert log(hook) == [("call.sent", "given_up", 0, None)]
