"""Deleting an account: what goes, what others keep, and what happens if it is cut short."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import PROTECT
from knox.models import AuthToken

from invitations import calls
from invitations.calls import forgetting
from invitations.calls.transaction import write
from invitations.dispatcher.pruning import prune
from invitations.dispatcher.upkeep import Upkeep
from invitations.errors import CallError, Code
from invitations.models import (
    AccountDeletion,
    AppToken,
    Call,
    Device,
    IdempotencyKey,
    PairingCode,
    RetiredName,
    User,
)
from invitations.own_data import erasing
from invitations.push import deliveries
from invitations.serializers import call_view
from invitations.store import people
from tests.conftest import PASSWORD
from tests.own_data.conftest import API, acting, later
from tests.own_data.leftovers import leftovers

if TYPE_CHECKING:
    from rest_framework.test import APIClient

Ring = Callable[..., calls.CallSheet]
As = Callable[[User], "APIClient"]
DELETED = {"id": "", "name": "Deleted account"}
NAMES = ("alice", "Alice Liddell", "alice@wonderland.example", "Alice", "wonderland")


@pytest.fixture
def alice(make_user: Callable[..., User]) -> User:
    """Somebody with all the names that one can have."""
    user = make_user("alice", display_name="Alice Liddell")
    user.email, user.first_name = "alice@wonderland.example", "Alice"
    user.save()
    return user


def erase(user: User, now: datetime) -> None:
    erasing.begin(user.pk, now=now)
    assert erasing.finish(user.pk, now=now)


def seen(call_id: str, viewer: User, now: datetime) -> Any:
    return call_view(calls.view(call_id, viewer_id=viewer.pk, now=now), viewer.pk, now)


@pytest.fixture
def past(
    ring: Ring, phone_of: Callable[..., Device], alice: User, bob: User, carol: User, now: datetime
) -> dict[str, str]:
    """Calls of every kind between alice and others, which are over: their ids."""
    for user in (alice, bob, carol):
        phone_of(user)
    ids = {}
    # By her, with her words and an id that the server made of her name.
    sheet = ring(
        alice,
        bob,
        notification_title="Alice L.",
        notification_message="Tea at four?",
        custom_data='{"from": "Alice", "escaped": "\\u0041lice"}',
        at=later(now, -500),
    )
    ids["hers"] = sheet.call.call_id
    with write():
        deliveries.claim(now=later(now, -500), size=50)
    calls.ringing(ids["hers"], by=acting(bob), audible=True, now=later(now, -498))
    calls.accept(ids["hers"], by=acting(bob), custom_data="Coming, Alice", now=later(now, -495))
    calls.invite(ids["hers"], by=acting(alice), invitees=["carol"], custom_data="by alice", now=later(now, -490))
    calls.reject(ids["hers"], by=acting(carol), custom_data="Not now", now=later(now, -480))
    calls.leave(ids["hers"], by=acting(alice), now=later(now, -470))
    # To her: she rings, rejects with words of hers, and with her name in others.
    for key, words in (("kind", "I'll call back"), ("signed", "I'll call back. Alice")):
        ids[key] = ring(bob, alice, call_id=f"{key}-1", at=later(now, -400)).call.call_id
        calls.ringing(ids[key], by=acting(alice), audible=False, now=later(now, -399))
        calls.reject(ids[key], by=acting(alice), custom_data=words, now=later(now, -398))
    # Missed by her, with the words of another person that name her.
    missed = ring(carol, alice, call_id="missed-1", notification_message="Hi Alice", at=later(now, -300)).call
    calls.expire(missed.pk, now=later(now, -200))
    ids["missed"] = missed.call_id
    return ids


@pytest.fixture
def shown(alice: User, bob: User, now: datetime, app_of: As, api_as: As) -> None:
    """What else there is of alice: sessions, tokens, groups, the admin's history, and what bob's request got as a
    refusal that names her."""
    app_of(alice)
    api_as(alice).post(f"{API}auth/pairing")
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    root = User.objects.create_superuser("root", password=PASSWORD)
    LogEntry.objects.create(
        user=root,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(alice.pk),
        object_repr="alice",
        action_flag=CHANGE,
        change_message='[{"changed": {"object": "Alice Liddell"}}]',
    )
    call = Call.objects.create(
        call_id="other",
        is_video_call=False,
        caller=bob,
        timeout_seconds=60,
        fingerprint="",
        created_at=now,
        ring_expires_at=later(now, 60),
        state="ended",
        end_reason="completed",
        ended_at=now,
    )
    for user in (alice, bob):
        IdempotencyKey.objects.create(
            user=user,
            key="k",
            fingerprint="",
            call=call,
            created_at=now,
            answer={"errors": [{"invitee": "alice", "code": "cooling_down"}], "warnings": []},
        )


def test_nothing_is_left_of_a_deleted_person(
    past: dict[str, str], shown: None, alice: User, bob: User, now: datetime
) -> None:
    before = leftovers(*NAMES)
    assert {
        "invitations_user.username",
        "invitations_user.email",
        "invitations_callingpreferences.display_name",
        "invitations_device.label",
        "invitations_device.push_endpoint",
        "invitations_delivery.device_label",
        "invitations_call.call_id",
        "invitations_call.custom_data",
        "invitations_invitation.custom_data",
        "invitations_invitation.ringing_label",
        "invitations_invitation.ringing_devices",
        "invitations_callevent.data",
        "invitations_idempotencykey.answer",
        "django_admin_log.object_repr",
        "django_admin_log.change_message",
        "account_emailaddress.email",
    } <= before.keys()
    erase(alice, now)
    assert leftovers(*NAMES) == {
        # Other people's own words, which are theirs.
        "invitations_call.notification_message": ["Hi Alice"],
        "invitations_invitation.custom_data": ["Coming, Alice"],
        "invitations_invitation.notification_message": ["Hi Alice"],
    }
    assert not any(each.objects.exists() for each in (AuthToken, AppToken, PairingCode, EmailAddress))
    assert not AccountDeletion.objects.exists()


def test_others_keep_their_calls_with_a_deleted_account_in_the_place(
    past: dict[str, str], alice: User, bob: User, carol: User, now: datetime
) -> None:
    counted = {user.pk: len(calls.history(user.pk)) for user in (bob, carol)}
    before = seen(past["hers"], bob, now)
    erase(alice, now)
    after = seen(forgetting.nameless(past["hers"]) or "", bob, now)
    assert {user.pk: len(calls.history(user.pk)) for user in (bob, carol)} == counted
    assert (after["caller"], after["notification_title"]) == (DELETED, "Deleted account")
    assert (after["sender_title"], after["sender_message"]) == ("", "Tea at four?")
    assert [each["inviter"] for each in after["invitations"]] == [DELETED, DELETED]
    assert [each["user"] for each in after["participants"]] == [DELETED, {"id": "bob", "name": "Bob"}]
    for same in ("state", "end_reason", "duration_seconds", "you", "created_at", "answered_at", "revision"):
        assert after[same] == before[same]
    told = seen(after["call_id"], carol, now)["invitations"]
    assert [each["custom_data"] for each in told if each["invitee"]["id"] == "carol"] == ["Not now"]


def test_what_they_said_stays_unless_it_names_them(past: dict[str, str], alice: User, bob: User, now: datetime) -> None:
    erase(alice, now)
    said = {key: seen(past[key], bob, now)["invitations"][0]["custom_data"] for key in ("kind", "signed")}
    assert said == {"kind": "I'll call back", "signed": ""}


def test_the_log_says_deleted_account(past: dict[str, str], alice: User, bob: User, now: datetime) -> None:
    hers = calls.Attempt(past["hers"], 1)
    before = [each["code"] for each in calls.timeline(hers, viewer_id=bob.pk, now=now)]
    erase(alice, now)
    hers = calls.Attempt(forgetting.nameless(past["hers"]) or "", 1)
    entries = calls.timeline(hers, viewer_id=bob.pk, now=now)
    assert [each["code"] for each in entries] == before
    texts = [each["text"] for each in entries]
    assert texts[0] == "Deleted account called Bob."
    assert "Deleted account left." in " ".join(texts)
    theirs = calls.timeline(past["kind"], viewer_id=bob.pk, now=now)
    assert theirs[0]["text"] == "Bob called Deleted account."
    assert {each["user"] for each in theirs if "invitee" in each["data"]} == {""}


def test_a_former_id_finds_the_call(past: dict[str, str], api_as: As, alice: User, bob: User, now: datetime) -> None:
    erase(alice, now)
    browser = api_as(bob)
    found = browser.get(f"{API}calls/{past['hers']}")
    assert (found.status_code, found.json()["caller"]) == (200, DELETED)
    assert "alice" not in found.text.lower().replace("coming, alice", "")
    assert browser.get(f"{API}calls/{past['hers']}/timeline").json()["entries"]
    assert api_as(User.objects.create_user("eve")).get(f"{API}calls/{past['hers']}").status_code == 404


def test_a_call_goes_on_under_its_id_and_is_renamed_after_its_end(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    for user in (bob, carol):
        calls.accept(call_id, by=acting(user), now=now)
    erase(alice, now)
    call = Call.objects.get(call_id=call_id)
    assert (call.state, call.caller_id) == ("active", None)
    assert [each.user for each in call.participants.filter(left_at=None)] == [bob, carol]
    prune(now)
    assert calls.leave(call_id, by=acting(bob), now=later(now, 5)).call.state == "ended"
    assert prune(later(now, 6)).counts["names in ids of calls"] == 1
    assert leftovers("alice") == {}
    assert seen(forgetting.nameless(call_id) or "", bob, later(now, 7))["caller"] == DELETED


def test_an_id_of_anothers_name_stays(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    first = ring(bob, alice, at=later(now, -900)).call
    calls.expire(first.pk, now=later(now, -800))
    assert ring(alice, bob, call_id=first.call_id, at=later(now, -700)).call.attempt == 2
    erase(alice, now)
    assert set(Call.objects.values_list("call_id", flat=True)) == {first.call_id}


def test_a_call_of_two_ends_at_once(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    ringing = ring(carol, alice, at=later(now, 1)).call.call_id
    erase(alice, later(now, 2))
    assert not calls.has_open_calls(bob.pk)
    assert seen(forgetting.nameless(call_id) or "", bob, later(now, 2))["end_reason"] == "completed"
    assert seen(ringing, carol, later(now, 2))["state"] == "ended"
    assert ring(carol, bob, at=later(now, 3)).call.state == "ringing"


def test_an_account_of_a_model_that_knows_no_inactive_ones_is_deleted_too(
    ring: Ring, app_of: As, alice: User, bob: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "has_is_active", lambda: False)
    app = app_of(alice)
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    erasing.begin(alice.pk, now=later(now, 2))
    assert User.objects.get(pk=alice.pk).is_active
    assert app.get(f"{API}me").status_code == 401
    assert erasing.finish(alice.pk, now=later(now, 2))
    call = Call.objects.get()
    assert (call.state, call.end_reason, call.caller_id) == ("ended", "completed", None)


def test_an_account_that_rows_of_the_project_protect_is_left_as_it_was(
    alice: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LogEntry._meta.get_field("user").remote_field, "on_delete", PROTECT)
    LogEntry.objects.create(user=alice, object_repr="x", action_flag=CHANGE)
    with pytest.raises(CallError) as refused:
        erasing.begin(alice.pk, now=now)
    assert refused.value.code == Code.NOT_ALLOWED
    assert User.objects.get(pk=alice.pk).is_active
    assert not RetiredName.objects.exists()


@pytest.mark.parametrize("name", ["alice", "ALICE", "Alice", "\uff41lice"])
def test_a_name_is_never_given_again(alice: User, now: datetime, name: str) -> None:
    erase(alice, now)
    with pytest.raises(ValidationError):
        User(username=name, password="x").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(name)
    assert not RetiredName.objects.filter(digest__icontains="alice").exists()


def test_a_name_is_kept_however_the_account_is_deleted(alice: User, bob: User) -> None:
    alice.delete()
    get_user_model().objects.filter(pk=bob.pk).delete()
    for name in ("alice", "Bob"):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user(name)
    assert User.objects.create_user("alicia").pk


def test_nobody_takes_a_retired_name_by_renaming(alice: User, bob: User, now: datetime) -> None:
    erase(alice, now)
    bob.username = "Alice"
    with pytest.raises(ValidationError):
        bob.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        bob.save()


def test_somebody_whose_name_differs_in_capitals_alone_keeps_it(alice: User, now: datetime) -> None:
    twin = User.objects.create_user("ALICE", password=PASSWORD)
    erase(alice, now)
    twin.email = "twin@wonderland.example"
    twin.save()
    assert User.objects.get().email == "twin@wonderland.example"


def test_the_only_superuser_stays(alice: User, bob: User, now: datetime) -> None:
    User.objects.filter(pk__in=[alice.pk, bob.pk]).update(is_superuser=True, is_staff=True)
    erase(bob, now)
    User.objects.create_superuser("asleep", is_active=False)
    with pytest.raises(CallError) as refused:
        erasing.begin(alice.pk, now=now)
    assert refused.value.code == Code.NOT_ALLOWED
    assert User.objects.get(pk=alice.pk).is_active
    assert not AccountDeletion.objects.exists()


def test_what_was_cut_short_is_finished_by_the_dispatcher(
    past: dict[str, str], alice: User, bob: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 1)
    monkeypatch.setattr(forgetting.concerning, "__defaults__", (1,))
    erasing.begin(alice.pk, now=now)
    assert not erasing.finish(alice.pk, now=now, stopping=lambda: True)
    assert (User.objects.get(pk=alice.pk).is_active, Device.objects.filter(user=alice).count()) == (False, 0)
    assert len(calls.history(bob.pk)) == 3
    clock = [later(now, 5)]
    upkeep = Upkeep(clock=lambda: clock[0])
    upkeep.step()
    assert User.objects.filter(pk=alice.pk).exists()
    clock[0] = later(now, 60)
    upkeep.step()
    assert not User.objects.filter(pk=alice.pk).exists()
    assert "invitations_callevent.data" not in leftovers(*NAMES)


def test_beginning_and_finishing_can_be_repeated(past: dict[str, str], alice: User, now: datetime) -> None:
    for _ in range(2):
        erasing.begin(alice.pk, now=now)
    for _ in range(2):
        assert erasing.finish(alice.pk, now=now)
    assert not erasing.begin(alice.pk, now=now)
