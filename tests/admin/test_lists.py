"""The lists and pages of the admin: what they show, find, and cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invitations import calls
from invitations.models import Block, Call, CallingPreferences, Contact, Device, Invitation
from invitations.models import User as Account

if TYPE_CHECKING:
    from invitations.models import User

LISTS = ["call", "invitation", "user", "device", "delivery", "ringresource", "contact", "block"]
Ring = Callable[..., calls.CallSheet]


def fill(count: int, now: datetime) -> None:
    """This many callers with a device, each with a past call to another person."""
    password = make_password("right-horse-7")
    for number in range(Account.objects.count(), Account.objects.count() + count):
        pair = [Account.objects.create(username=f"{who}{number}", password=password) for who in ("from", "to")]
        for each in pair:
            CallingPreferences.objects.create(user=each, display_name=each.username.title())
            Device.objects.create(user=each, device_id="phone", created_at=now, last_seen_at=now)
        actor = calls.Actor(pair[0].pk, pair[0].username, "phone")
        sheet = calls.send(by=actor, invitees=[pair[1].username], is_video_call=False, now=now).sheet
        calls.cancel(sheet.call.call_id, by=actor, now=now)
        Contact.objects.create(user=pair[0], other=pair[1], state="asked", changed_at=now)
        Block.objects.create(user=pair[1], other=pair[0], created_at=now)


def cost(client: Client, model: str) -> int:
    """How many queries the list takes."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(reverse(f"admin:invitations_{model}_changelist")).status_code == 200
    return len(queries)


@pytest.mark.parametrize("model", LISTS)
def test_a_list_of_fifty_costs_as_many_queries_as_one_of_five(admin_site: Client, now: datetime, model: str) -> None:
    fill(5, now)
    cost(admin_site, model)  # content types and the like are looked up once a process
    few = cost(admin_site, model)
    fill(45, now)
    assert cost(admin_site, model) == few


def test_a_calls_page_costs_the_same_for_one_invitee_and_for_nine(
    admin_site: Client, make_user: Callable[..., User], ring: Ring
) -> None:
    def page_cost(call: Call) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_site.get(reverse("admin:invitations_call_change", args=[call.pk])).status_code == 200
        return len(queries)

    one = ring(make_user("caller1"), make_user("callee1"))
    nine = ring(make_user("caller2"), *[make_user(f"many{number}") for number in range(9)])
    page_cost(one.call)
    assert page_cost(nine.call) == page_cost(one.call)


def test_a_calls_page_tells_who_was_rung_and_what_came_of_it(
    admin_site: Client, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    sheet = ring(alice, bob)
    phone = calls.Actor(bob.pk, "bob", "phone", device_label="Bob's phone")
    calls.ringing(sheet.call.call_id, by=phone, now=now)
    calls.reject(sheet.call.call_id, by=phone, reason="later", now=now + timedelta(seconds=2))
    page = admin_site.get(reverse("admin:invitations_call_change", args=[sheet.call.pk])).text
    for word in ("alice", "bob", "later", "invitation ringing", "invitation declined", "call ended"):
        assert word in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize("term", ["bob", "Bob", "alice", "call_alice"])
def test_calls_are_found_by_who_takes_part_and_by_id(
    admin_site: Client, alice: User, bob: User, carol: User, mallory: User, ring: Ring, term: str
) -> None:
    wanted = ring(alice, bob)
    other = ring(carol, mallory)
    page = admin_site.get(reverse("admin:invitations_call_changelist"), {"q": term}).text
    assert wanted.call.call_id in page
    assert other.call.call_id not in page


@pytest.mark.parametrize("model", ["call", "invitation", "user", "device"])
@pytest.mark.parametrize("term", ["иван", "ИВАН"])
def test_people_are_found_whatever_the_capitals_of_their_names(
    admin_site: Client, alice: User, make_user: Callable[..., User], ring: Ring, now: datetime, model: str, term: str
) -> None:
    ivan = make_user("ivan", display_name="Иван")
    ring(alice, ivan)
    Device.objects.create(user=ivan, device_id="phone", created_at=now)
    answer = admin_site.get(reverse(f"admin:invitations_{model}_changelist"), {"q": term})
    assert len(answer.context["cl"].result_list) == 1


def test_calls_are_filtered_by_state_and_walked_by_date(
    admin_site: Client, alice: User, bob: User, carol: User, mallory: User, ring: Ring, now: datetime
) -> None:
    over = ring(alice, bob)
    calls.cancel(over.call.call_id, by=calls.Actor(alice.pk, "alice", "phone"), now=now)
    live = ring(carol, mallory)
    listing = reverse("admin:invitations_call_changelist")
    page = admin_site.get(listing, {"state__exact": "ended"}).text
    assert over.call.call_id in page
    assert live.call.call_id not in page
    assert live.call.call_id in admin_site.get(listing, {"created_at__year": now.year}).text


@pytest.mark.parametrize("model", LISTS)
def test_every_list_can_be_searched(admin_site: Client, alice: User, bob: User, ring: Ring, model: str) -> None:
    ring(alice, bob)
    answer = admin_site.get(reverse(f"admin:invitations_{model}_changelist"), {"q": "bob"})
    assert answer.status_code == 200


def test_a_users_page_edits_the_shown_name_beside_the_account(admin_site: Client, alice: User) -> None:
    address = reverse("admin:invitations_user_change", args=[alice.pk])
    form = admin_site.get(address).context["adminform"].form
    joined = form.initial["date_joined"]
    answer = admin_site.post(
        address,
        {
            "username": "alice",
            "is_active": "on",
            "date_joined_0": f"{joined:%Y-%m-%d}",
            "date_joined_1": f"{joined:%H:%M:%S}",
            "calling_preferences-TOTAL_FORMS": "1",
            "calling_preferences-INITIAL_FORMS": "1",
            "calling_preferences-0-user": str(alice.pk),
            "calling_preferences-0-display_name": "Alice in the office",
            "calling_preferences-0-call_waiting": "on",
        },
    )
    assert answer.status_code == 302
    kept = CallingPreferences.objects.get(user=alice)
    assert (kept.display_name, kept.call_waiting) == ("Alice in the office", True)


def test_a_user_without_preferences_is_listed_by_username(admin_site: Client) -> None:
    Account.objects.create_user("plain", password="right-horse-7")
    assert "plain" in admin_site.get(reverse("admin:invitations_user_changelist")).text


def test_an_invitations_page_can_be_read(admin_site: Client, alice: User, bob: User, ring: Ring) -> None:
    ring(alice, bob)
    address = reverse("admin:invitations_invitation_change", args=[Invitation.objects.get().pk])
    assert "bob" in admin_site.get(address).text


@pytest.mark.parametrize(
    ("model", "empty"),
    [
        ("call", "Nobody has called yet."),
        ("invitation", "Nobody has been called yet."),
        ("device", "No device is known yet."),
        ("delivery", "No push message has been sent yet."),
        ("ringresource", "There are no ring resources yet"),
    ],
)
def test_an_empty_list_says_why(admin_site: Client, model: str, empty: str) -> None:
    address = reverse(f"admin:invitations_{model}_changelist")
    assert empty in admin_site.get(address).text
    searched = admin_site.get(address, {"q": "nobody"}).text
    assert "Nothing matches." in searched
    assert empty not in searched


def test_a_persons_page_leads_to_their_calls_devices_and_messages(
    admin_site: Client, alice: User, bob: User, carol: User, mallory: User, ring: Ring, now: datetime
) -> None:
    called, other = ring(alice, bob, carol).call, ring(carol, mallory).call
    for user in (bob, carol):
        Device.objects.create(
            user=user, device_id=f"{user.username}-phone", label=f"{user.username}'s phone", created_at=now
        )
    page = admin_site.get(reverse("admin:invitations_user_change", args=[bob.pk])).text
    links = re.findall(r'href="([^"]+\?person=\d+)"', page)
    assert [each.split("/")[3] for each in links] == ["call", "device", "delivery"]
    calls_of_bob, devices_of_bob, messages_of_bob = (admin_site.get(each) for each in links)
    assert [each.call_id for each in calls_of_bob.context["cl"].result_list] == [called.call_id]
    assert [each.device_id for each in devices_of_bob.context["cl"].result_list] == ["bob-phone"]
    assert not messages_of_bob.context["cl"].result_list
    assert other.call_id not in calls_of_bob.text
    assert "bob" in str(calls_of_bob.context["cl"].filter_specs[0].lookup_choices)


@pytest.mark.parametrize("key", ["0", "no-key", "\x00", ""])
def test_a_list_of_nobody_is_no_fault(admin_site: Client, alice: User, bob: User, ring: Ring, key: str) -> None:
    ring(alice, bob)
    answer = admin_site.get(reverse("admin:invitations_call_changelist"), {"person": key}, follow=True)
    assert answer.status_code == 200


def test_a_calls_page_begins_with_who_was_reached_and_what_happened(
    admin_site: Client, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    call = ring(alice, bob, timeout_seconds=5).call
    calls.expire(call.pk, now=now + timedelta(seconds=6))
    page = admin_site.get(reverse("admin:invitations_call_change", args=[call.pk])).text
    assert re.search(rf'person={bob.pk}">bob</a>: <strong>never reached</strong>', page)
    places = [page.index(each) for each in ("field-reached", "field-explanation", "field-caller", "field-custom_data")]
    assert places == sorted(places)
