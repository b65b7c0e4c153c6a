"""Those whom no call reaches any more are written to, if they wish so: once a week, and whatever else happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError
from pytest_django import Settings

from invitations import mailing
from invitations.dispatcher import warning
from invitations.dispatcher.upkeep import Upkeep
from invitations.dispatcher.warning import warn_due
from invitations.live import presence
from invitations.models import CallingPreferences, Device, DisabledReason, Mail, User
from invitations.push import devices
from invitations.transports import Address
from tests.dispatcher.conftest import Clock
from tests.support.mail_server import send_by

pytestmark = pytest.mark.django_db(transaction=True)
HOUR, DAY = 3600, 24 * 3600


@pytest.fixture(autouse=True)
def _mail(settings: Settings) -> None:
    send_by(settings, "locmem")


@pytest.fixture
def lost(bob: User, clock: Clock) -> Device:
    """Bob's only device, which has lost its permission. He wishes to be written to, and can be."""
    made = devices.describe(bob.pk, "desk", label="Firefox on Linux", kind="browser", now=clock.now)
    address = Address("webpush", "https://fcm.googleapis.com/1", "", "")
    devices.set_address(made, address, origin="https://calls.example.org", credential="s", now=clock.now)
    devices.disable(made.pk, made.push_digest or "", DisabledReason.PERMISSION, now=clock.now - timedelta(days=3))
    EmailAddress.objects.create(user=bob, email="bob@example.org", verified=True, primary=True)
    CallingPreferences.objects.update_or_create(user=bob, defaults={"mail_if_unreachable": True})
    return made


def mails() -> list[str]:
    return list(Mail.objects.order_by("pk").values_list("to", flat=True))


def test_who_wishes_it_is_written_to(lost: Device, clock: Clock) -> None:
    assert warn_due(now=clock.now) == 1
    [mail] = Mail.objects.all()
    assert (mail.to, mail.subject) == ("bob@example.org", "Calls don't reach you")
    assert "Firefox on Linux lost its permission 3 days ago." in mail.text
    assert "https://calls.example.org/" in mail.text.split("\n\n")


@pytest.mark.parametrize(
    "why", ["no wish", "not confirmed", "no address", "a device rings", "a page is open", "just lost", "not active"]
)
def test_nobody_else_is(lost: Device, bob: User, clock: Clock, why: str) -> None:
    if why == "no wish":
        CallingPreferences.objects.update(mail_if_unreachable=False)
    elif why == "not confirmed":
        EmailAddress.objects.update(verified=False)
    elif why == "no address":
        EmailAddress.objects.all().delete()
    elif why == "a device rings":
        Device.objects.update(push_disabled_at=None, push_disabled_reason="")
    elif why == "a page is open":
        presence.mark_online(bob.pk, "desk")
    elif why == "just lost":
        Device.objects.update(push_disabled_at=clock.now - timedelta(minutes=14))
    else:
        User.objects.update(is_active=False)
    assert warn_due(now=clock.now) == 0
    assert mails() == []


def test_it_is_looked_at_every_hour_and_written_once_a_week(lost: Device, clock: Clock) -> None:
    begun = clock.now
    written = []
    for _ in range(24 * 15):
        if warn_due(now=clock.now):
            written.append((clock.now - begun).total_seconds() / DAY)
        clock.advance(HOUR)
    assert written == [0, 7, 14]


def test_within_the_hour_nobody_is_looked_at_again(lost: Device, clock: Clock) -> None:
    presence.mark_online(lost.user_id, "desk")
    assert warn_due(now=clock.now) == 0
    presence.mark_device_gone(lost.user_id, "desk")
    assert warn_due(now=clock.advance(HOUR - 1)) == 0
    assert warn_due(now=clock.advance(1)) == 1


def test_two_dispatchers_write_once(lost: Device, clock: Clock) -> None:
    """The second one looks between the first one's look and its note."""
    [read_before] = CallingPreferences.objects.filter(mail_if_unreachable=True)
    assert warn_due(now=clock.now) == 1
    assert not warning._look_at(read_before, clock.now)
    assert mails() == ["bob@example.org"]


def test_one_that_dies_half_way_leaves_nobody_out(lost: Device, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(**_: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(mailing, "owe", die)
        with pytest.raises(DatabaseError):
            warn_due(now=clock.now)
    assert CallingPreferences.objects.get(mail_if_unreachable=True).reach_looked_at is None
    assert warn_due(now=clock.now) == 1


def test_a_batch_is_bounded_and_the_others_have_their_turn(
    make_user: Callable[..., User], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warning, "BATCH", 2)
    for number in range(5):
        user = make_user(f"user{number}")
        CallingPreferences.objects.update_or_create(user=user, defaults={"mail_if_unreachable": True})
        EmailAddress.objects.create(user=user, email=f"{number}@example.org", verified=True, primary=True)
    assert [warn_due(now=clock.now) for _ in range(4)] == [2, 2, 1, 0]
    assert len(set(mails())) == 5


def test_a_server_without_mail_looks_at_nobody(lost: Device, clock: Clock, settings: Settings) -> None:
    send_by(settings, "dummy")
    assert warn_due(now=clock.now) == 0
    assert CallingPreferences.objects.get(mail_if_unreachable=True).reach_looked_at is None


def test_the_upkeep_does_it(lost: Device, clock: Clock) -> None:
    upkeep = Upkeep(clock=clock)
    upkeep.step()
    assert mails() == ["bob@example.org"]
