"""What an admin may do to calls, and how it is told."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from invitations import calls
from invitations.models import Call, CallEvent, Invitation
from tests.calls.pages import Pages

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from invitations.models import User

CALLS = "admin:invitations_call_changelist"
INVITATIONS = "admin:invitations_invitation_changelist"
Ring = Callable[..., calls.CallSheet]


def act(client: Client, page: str, action: str, *rows: Any) -> list[str]:
    """Run an admin action on these rows, with yes to its question; gives the messages shown afterwards."""
    chosen = {"action": action, "_selected_action": [each.pk for each in rows], "post": "yes"}
    answer = client.post(reverse(page), chosen, follow=True)
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


@pytest.mark.parametrize("start", ["list", "page"])
def test_a_call_is_ended_from_its_row_and_from_its_page_after_a_question(
    admin_site: Client, admin: User, alice: User, bob: User, carol: User, ring: Ring, start: str
) -> None:
    call = ring(alice, bob, carol).call
    listing, page = reverse(CALLS), reverse("admin:invitations_call_change", args=[call.pk])
    shown = admin_site.get({"list": listing, "page": page}[start]).text
    address = html.unescape(re.findall(r'href="([^"]+/end/[^"]*)"', shown)[0])
    question = admin_site.get(address).text
    assert "End this call for everyone?" in question
    assert f"alice called bob and carol ({call.call_id})" in question
    assert Call.objects.get().state == "ringing"
    answer = admin_site.post(address, follow=True)
    assert answer.redirect_chain == [({"list": listing, "page": page}[start], 302)]
    assert [str(each) for each in answer.context["messages"]] == ["1 call ended."]
    assert Call.objects.get().end_reason == "ended_by_admin"
    assert "/end/" not in answer.text
    history = admin_site.get(reverse("admin:invitations_call_history", args=[call.pk])).text
    assert "Ended for everyone." in history
    assert LogEntry.objects.get().user == admin


def test_selected_calls_are_ended_after_a_question(
    admin_site: Client, alice: User, bob: User, carol: User, mallory: User, ring: Ring
) -> None:
    rung = [ring(alice, bob).call, ring(carol, mallory).call]
    chosen = {"action": "end_calls", "_selected_action": [each.pk for each in rung]}
    question = admin_site.post(reverse(CALLS), chosen).text
    assert "End these 2 calls for everyone?" in question
    assert not Call.objects.filter(state="ended").exists()
    fields = dict(re.findall(r'name="(action|post)" value="([^"]+)"', question))
    keys = re.findall(r'name="_selected_action" value="(\d+)"', question)
    admin_site.post(reverse(CALLS), {**fields, "_selected_action": keys})
    assert set(Call.objects.values_list("end_reason", flat=True)) == {"ended_by_admin"}
    assert LogEntry.objects.count() == 2


def test_a_call_that_is_over_is_ended_only_once(admin_site: Client, alice: User, bob: User, ring: Ring) -> None:
    call = ring(alice, bob).call
    address = reverse("admin:invitations_call_end", args=[call.pk])
    admin_site.post(address, follow=True)
    told = admin_site.post(address, follow=True).context["messages"]
    assert LogEntry.objects.count() == 1
    assert len(told) == 1
    assert admin_site.get(reverse("admin:invitations_call_end", args=[call.pk + 1])).status_code == 404


def way_out(client: Client, call: Call) -> list[str]:
    """The addresses on a call's page that take somebody out of it."""
    page = client.get(reverse("admin:invitations_call_change", args=[call.pk])).text
    return [html.unescape(each) for each in re.findall(r'href="([^"]+/remove/\d+/)"', page)]


@pytest.fixture
def talk(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> Call:
    """A call in which Alice, Bob and Carol are."""
    call = ring(alice, bob, carol).call
    for each in (bob, carol):
        calls.accept(call.call_id, by=calls.Actor(each.pk, each.username, "phone"), now=now)
    return call


@pytest.mark.django_db(transaction=True)
def test_an_admin_takes_one_person_out_of_a_call_after_a_question(
    admin_site: Client,
    admin: User,
    api_as: Callable[[User], APIClient],
    alice: User,
    bob: User,
    talk: Call,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = reverse("admin:invitations_call_change", args=[talk.pk])
    address = reverse("admin:invitations_call_remove", args=[talk.pk, talk.participants.get(user=bob).pk])
    assert address in way_out(admin_site, talk)
    question = admin_site.get(address).text
    assert "Take bob out of this call?" in question
    assert f"alice called bob and carol ({talk.call_id})" in question
    assert talk.participants.filter(left_at=None).count() == 3
    bobs_phone = Pages(bob)
    caplog.set_level("INFO", "invitations.audit")
    answer = admin_site.post(address, follow=True)
    frames = bobs_phone.frames()["bob"]
    bobs_phone.close()
    done = f"admin act=changed user={admin.pk} subject=invitations.call key={talk.pk}"
    assert [each.message for each in caplog.records] == [done]
    assert answer.redirect_chain == [(page, 302)]
    assert [str(each) for each in answer.context["messages"]] == ["1 person taken out of the call."]
    stays = dict(talk.participants.values_list("user__username", "left_reason"))
    assert stays == {"alice": None, "bob": "removed", "carol": None}
    assert [(each["event"], each["actor"]) for each in frames] == [("participant.left", "root")]
    assert api_as(bob).post(f"/api/v1/calls/{talk.call_id}/join", {}, format="json").status_code == 403
    assert address not in way_out(admin_site, talk)
    history = admin_site.get(reverse("admin:invitations_call_history", args=[talk.pk])).text
    assert "bob was taken out of the call." in history


def test_somebody_who_is_out_of_the_call_is_not_taken_out_again(
    admin_site: Client, alice: User, bob: User, talk: Call
) -> None:
    stay = talk.participants.get(user=bob)
    address = reverse("admin:invitations_call_remove", args=[talk.pk, stay.pk])
    admin_site.post(address, follow=True)
    answer = admin_site.post(address, follow=True)
    assert [str(each) for each in answer.context["messages"]] == ["Nobody was taken out: bob had already left by then."]
    assert LogEntry.objects.count() == 1
    assert admin_site.get(reverse("admin:invitations_call_remove", args=[talk.pk, stay.pk + 100])).status_code == 404
    calls.end(talk.call_id, by=calls.Actor(alice.pk, "alice", "phone"), now=timezone.now())
    assert way_out(admin_site, talk) == []


def test_a_question_about_a_stay_that_is_over_is_not_about_the_next_one(
    admin_site: Client, bob: User, talk: Call
) -> None:
    stay = talk.participants.get(user=bob)
    calls.leave(talk.call_id, by=calls.Actor(bob.pk, "bob", stay.device_id), now=timezone.now())
    calls.join(talk.call_id, by=calls.Actor(bob.pk, "bob", "tablet"), now=timezone.now())
    admin_site.post(reverse("admin:invitations_call_remove", args=[talk.pk, stay.pk]))
    assert talk.participants.get(user=bob, left_at=None).device_id == "tablet"
    assert not LogEntry.objects.exists()


def test_who_may_only_look_cannot_take_anybody_out(
    client: Client, make_user: Callable[..., User], bob: User, talk: Call
) -> None:
    viewer = make_user("viewer")
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.add(*Permission.objects.filter(codename__in=["view_call", "view_participant"]))
    client.force_login(viewer)
    page = client.get(reverse("admin:invitations_call_change", args=[talk.pk]))
    assert talk.participants.get(user=bob).device_id in page.text
    assert way_out(client, talk) == []
    address = reverse("admin:invitations_call_remove", args=[talk.pk, talk.participants.get(user=bob).pk])
    assert [client.get(address).status_code, client.post(address).status_code] == [403, 403]
    assert not talk.participants.exclude(left_at=None).exists()


def test_an_admin_cancels_all_pending_invitations_of_a_call(
    admin_site: Client, admin: User, alice: User, bob: User, carol: User, ring: Ring
) -> None:
    sheet = ring(alice, bob, carol)
    assert act(admin_site, CALLS, "cancel_pending_invitations", sheet.call) == ["2 invitations cancelled."]
    assert Call.objects.get().end_reason == "ended_by_admin"
    assert {each.actor for each in CallEvent.objects.filter(kind="invitation.cancelled")} == {admin}
    assert LogEntry.objects.get().change_message == "2 pending invitations cancelled."


def test_nobody_is_told_that_the_caller_hung_up_when_an_admin_stops_a_ring(
    admin_site: Client,
    api_as: Callable[[User], APIClient],
    alice: User,
    bob: User,
    carol: User,
    ring: Ring,
    now: datetime,
) -> None:
    sheet = ring(alice, bob, carol, now=now - timedelta(seconds=10))
    address = f"/api/v1/calls/{sheet.call.call_id}"
    calls.accept(sheet.call.call_id, by=calls.Actor(carol.pk, "carol", "phone"), now=now)
    act(admin_site, INVITATIONS, "cancel_invitations", Invitation.objects.get(invitee=bob))
    for who in (alice, bob):
        told = api_as(who).get(address).json()["invitations"]
        assert [each["standing"] for each in told if each["invitee"]["id"] == "bob"] == ["cancelled_by_admin"]
        entries = api_as(who).get(f"{address}/timeline").json()["entries"]
        (entry,) = [each for each in entries if each["code"] == "invitation.cancelled"]
        assert entry["text"] == "An administrator cancelled the ring for Bob."
        assert entry["data"] == {"invitee": "bob", "by_admin": True}
    page = admin_site.get(reverse("admin:invitations_call_change", args=[sheet.call.pk])).text
    assert "bob</a>: <strong>cancelled by an admin</strong>" in page


def test_a_caller_who_is_an_admin_too_cancels_as_the_caller(
    admin_site: Client, admin: User, bob: User, ring: Ring
) -> None:
    act(admin_site, CALLS, "cancel_pending_invitations", ring(admin, bob).call)
    assert Invitation.objects.get().standing == "cancelled_before_ring"
    assert Call.objects.get().end_reason == "cancelled"


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
    viewer = make_user("viewer")
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.add(Permission.objects.get(codename="view_call"))
    client.force_login(viewer)
    sheet = ring(alice, bob)
    page = client.get(reverse(CALLS))
    assert sheet.call.call_id in page.text
    assert "end_calls" not in page.text
    assert "/end/" not in page.text
    assert "/end/" not in client.get(reverse("admin:invitations_call_change", args=[sheet.call.pk])).text
    client.post(reverse(CALLS), {"action": "end_calls", "_selected_action": [sheet.call.pk], "post": "yes"})
    assert client.post(reverse("admin:invitations_call_end", args=[sheet.call.pk])).status_code == 403
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
