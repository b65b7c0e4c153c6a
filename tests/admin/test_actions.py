"""What an admin may do to calls, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from invitations import calls
from invitations.models import Call, CallEvent, Invitation

if TYPE_CHECKING:
    from invitations.models import User

CALLS = "admin:invitations_call_changelist"
INVITATIONS = "admin:invitations_invitation_changelist"
Ring = Callable[..., calls.CallSheet]


def act(client: Client, page: str, action: str, *rows: Any) -> list[str]:
    """Run an admin action on these rows; gives the messages shown afterwards."""
    answer = client.post(reverse(page), {"action": action, "_selected_action": [each.pk for each in rows]}, follow=True)
    assert answer.status_code == 200
    return [str(each) for each in answer.context["messages"]]


def test_an_admin_ends_a_call_for_everyone(admin_site: Client, admin: User, alice: User, bob: User, ring: Ring) -> None:
    sheet = ring(alice, bob)
    assert act(admin_site, CALLS, "end_calls", sheet.call) == ["1 call ended."]
    call = Call.objects.get()
    assert (call.state, call.end_reason) == ("ended", "ended_by_admin")
    assert Invitation.objects.get().state == "cancelled"
    event = CallEvent.objects.get(kind="call.ended")
    assert (event.actor, event.device_id) == (admin, "admin")


def test_an_admin_ends_an_active_call(admin_site: Client, alice: User, bob: User, ring: Ring, now: datetime) -> None:
    sheet = ring(alice, bob)
    calls.accept(sheet.call.call_id, by=calls.Actor(bob.pk, "bob", "phone"), now=now)
    act(admin_site, CALLS, "end_calls", sheet.call)
    assert Call.objects.get().end_reason == "ended_by_admin"
    assert not sheet.call.participants.filter(left_at=None).exists()


def test_a_refusal_is_told_in_words_and_the_other_calls_are_ended(
    admin_site: Client, alice: User, bob: User, carol: User, ring: Ring, now: datetime
) -> None:
    over = ring(alice, bob)
    calls.cancel(over.call.call_id, by=calls.Actor(alice.pk, "alice", "phone"), now=now)
    live = ring(carol, bob)
    told = act(admin_site, CALLS, "end_calls", over.call, live.call)
    assert told == [f"{over.call.call_id}: The call has ended.", "1 call ended."]
    assert Call.objects.get(pk=live.call.pk).end_reason == "ended_by_admin"


def test_an_admin_cancels_all_pending_invitations_of_a_call(
    admin_site: Client, admin: User, alice: User, bob: User, carol: User, ring: Ring
) -> None:
    sheet = ring(alice, bob, carol)
    assert act(admin_site, CALLS, "cancel_pending_invitations", sheet.call) == ["2 invitations cancelled."]
    assert Call.objects.get().end_reason == "cancelled"
    assert {each.actor for each in CallEvent.objects.filter(kind="invitation.cancelled")} == {admin}


def test_a_call_where_nothing_is_pending_says_so(
    admin_site: Client, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.accept(sheet.call.call_id, by=calls.Actor(bob.pk, "bob", "phone"), now=now)
    told = act(admin_site, CALLS, "cancel_pending_invitations", sheet.call)
    assert told == [f"{sheet.call.call_id}: The invitation has already been answered."]
    assert Call.objects.get().state == "active"


def test_an_admin_cancels_chosen_invitations_only(
    admin_site: Client, alice: User, bob: User, carol: User, ring: Ring
) -> None:
    ring(alice, bob, carol)
    chosen = Invitation.objects.get(invitee=bob)
    assert act(admin_site, INVITATIONS, "cancel_invitations", chosen) == ["1 invitation cancelled."]
    assert set(Invitation.objects.values_list("invitee__username", "state")) == {
        ("bob", "cancelled"),
        ("carol", "pending"),
    }


def test_who_may_only_look_is_offered_no_actions(
    client: Client, make_user: Callable[..., User], alice: User, bob: User, ring: Ring
) -> None:
    from django.contrib.auth.models import Permission

    viewer = make_user("viewer")
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.add(Permission.objects.get(codename="view_call"))
    client.force_login(viewer)
    sheet = ring(alice, bob)
    page = client.get(reverse(CALLS))
    assert sheet.call.call_id in page.text
    assert "end_calls" not in page.text
    client.post(reverse(CALLS), {"action": "end_calls", "_selected_action": [sheet.call.pk]})
    assert Call.objects.get().state == "ringing"


@pytest.mark.parametrize("model", [Call, Invitation])
def test_calls_are_neither_added_nor_edited_nor_deleted_by_hand(
    admin_site: Client, alice: User, bob: User, ring: Ring, model: type[Call | Invitation]
) -> None:
    ring(alice, bob)
    row = model.objects.get()
    page = f"admin:invitations_{model._meta.model_name}"
    assert admin_site.get(reverse(f"{page}_add")).status_code == 403
    assert admin_site.post(reverse(f"{page}_delete", args=[row.pk])).status_code == 403
    assert admin_site.post(reverse(f"{page}_change", args=[row.pk]), {}).status_code == 403
