"""What a preview says of a call, against what the same call comes to when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from invitations import calls
from invitations.errors import CallError
from invitations.live import presence
from invitations.models import (
    Block,
    CallingPreferences,
    Contact,
    ContactState,
    Delivery,
    Device,
    DisabledReason,
    Invitation,
    InvitationState,
    RingResource,
    User,
)
from invitations.push import devices
from invitations.store import looks
from invitations.transports import Address
from tests.calls.conftest import acting, seconds
from tests.calls.pages import Pages

pytestmark = [pytest.mark.django_db(transaction=True)]


@dataclass
class Scene:
    """Alice, who is about to call Bob, and what there is between them."""

    alice: User
    bob: User
    carol: User
    now: datetime

    def block(self, user: User, other: User) -> None:
        Block.objects.create(user=user, other=other, created_at=self.now)

    def let_in(self, *, favourite: bool = False) -> None:
        values = {"state": ContactState.CONTACT, "favourite": favourite, "changed_at": self.now}
        Contact.objects.create(user=self.bob, other=self.alice, **values)

    def prefer(self, **chosen: Any) -> None:
        CallingPreferences.objects.update_or_create(user=self.bob, defaults=chosen)

    def disturb_not(self, *let_through: str) -> None:
        self.prefer(do_not_disturb_until=self.now + timedelta(hours=1), let_through=list(let_through))

    def call(self, by: User, other: User, *, ago: float = 0, **more: Any) -> str:
        at = self.now - seconds(ago)
        sent = calls.send(by=acting(by), invitees=[other.username], is_video_call=True, now=at, **more)
        return sent.sheet.call.call_id

    def take_back(self, by: User, other: User, *, ago: float, **more: Any) -> None:
        call_id = self.call(by, other, ago=ago, **more)
        calls.cancel(call_id, by=acting(by), now=self.now - seconds(ago - 5))

    def call_in_vain(self, *, ago: float) -> None:
        self.take_back(self.alice, self.bob, ago=ago)

    def talk(self, by: User, other: User) -> None:
        calls.accept(self.call(by, other), by=acting(other), now=self.now)

    def foreseen(self, *, urgent: bool = False) -> tuple[Any, ...]:
        told = calls.told_preview(calls.preview(self.alice.username, self.bob.username, urgent=urgent, now=self.now))
        answer = told["caller_gets"]
        # About a call that there is, the rules are not asked.
        verdict = None if answer["kind"] in {"merged", "rejoin"} or answer["code"] else told["verdict"]
        return (answer["kind"], answer["code"], told["retry_after_seconds"], answer["can_ask"], verdict, told["urgent"])

    def came(self, *, urgent: bool = False) -> tuple[Any, ...]:
        try:
            sent = calls.send(
                by=acting(self.alice), invitees=[self.bob.username], is_video_call=True, urgent=urgent, now=self.now
            )
        except CallError as refused:
            [problem] = refused.extra.get("errors", [{"code": refused.code.value, **refused.extra}])
            wait, can_ask = problem.get("retry_after_seconds"), problem.get("can_ask", False)
            return ("error", problem["code"], wait, can_ask, None, None)
        if sent.merged or sent.rejoin:
            return ("merged" if sent.merged else "rejoin", None, None, False, None, None)
        [made] = sent.sheet.invitations
        kind = "busy" if made.state == InvitationState.BUSY else "silence" if made.is_withheld else "ring"
        return (kind, None, None, False, made.verdict, made.urgent)


@pytest.fixture
def scene(alice: User, bob: User, carol: User, now: datetime) -> Scene:
    return Scene(alice, bob, carol, now)


def compare(scene: Scene, **how: Any) -> tuple[Any, ...]:
    """What was foreseen; it must have come."""
    before, came = scene.foreseen(**how), scene.came(**how)
    # `urgent` of a ring that was never made can only be foreseen.
    assert before[:5] == came[:5]
    assert came[5] is None or before[5] == came[5]
    return before


def test_a_call_that_nothing_keeps_from_ringing(scene: Scene) -> None:
    assert compare(scene)[0] == "ring"


def test_the_caller_has_blocked_them(scene: Scene) -> None:
    scene.block(scene.alice, scene.bob)
    assert compare(scene)[:2] == ("error", "you_blocked")


def test_they_have_blocked_the_caller(scene: Scene) -> None:
    scene.block(scene.bob, scene.alice)
    assert compare(scene)[4] == "blocked"


@pytest.mark.parametrize("rings_from", ["known", "contacts", "nobody"])
def test_they_take_no_calls_from_strangers(scene: Scene, rings_from: str) -> None:
    scene.prefer(rings_from=rings_from)
    assert compare(scene)[:4] == ("error", "not_allowed", None, True)


def test_they_know_the_caller(scene: Scene) -> None:
    scene.take_back(scene.bob, scene.alice, ago=60)
    scene.prefer(rings_from="known")
    assert compare(scene)[0] == "ring"


def test_the_caller_has_to_wait(scene: Scene) -> None:
    for ago in (50, 40, 30):
        scene.call_in_vain(ago=ago)
    foreseen = compare(scene)
    assert foreseen[:2] == ("error", "cooling_down")
    assert foreseen[2] > 0


def test_the_caller_has_called_too_many(scene: Scene, settings: Settings) -> None:
    settings.CALLINVITE = {"sends_per_minute": 2}
    for ago in (40, 30):
        scene.take_back(scene.alice, scene.carol, ago=ago)
    assert compare(scene)[:3] == ("error", "throttled", 20)


def test_they_do_not_want_to_be_disturbed(scene: Scene) -> None:
    scene.disturb_not()
    assert compare(scene)[4] == "silenced"


@pytest.mark.parametrize("way", ["favourites", "repeat", "urgent"])
def test_what_is_let_through(scene: Scene, way: str) -> None:
    scene.let_in(favourite=way == "favourites")
    scene.disturb_not(way)
    if way == "repeat":
        scene.call_in_vain(ago=100)
    assert compare(scene, urgent=way == "urgent")[4] == "rings"


@pytest.mark.parametrize("call_waiting", [False, True])
def test_they_are_in_a_call(scene: Scene, call_waiting: bool) -> None:
    scene.prefer(call_waiting=call_waiting)
    scene.talk(scene.bob, scene.carol)
    assert compare(scene)[0] == ("ring" if call_waiting else "busy")


def test_they_are_in_a_call_and_have_blocked_the_caller(scene: Scene) -> None:
    scene.talk(scene.bob, scene.carol)
    scene.block(scene.bob, scene.alice)
    assert compare(scene)[0] == "silence"


def test_the_caller_is_in_a_call(scene: Scene) -> None:
    scene.talk(scene.alice, scene.carol)
    assert compare(scene)[:2] == ("error", "already_in_call")


def test_the_two_are_in_a_call(scene: Scene) -> None:
    scene.talk(scene.alice, scene.bob)
    assert compare(scene)[0] == "rejoin"


def test_they_are_calling_at_this_moment(scene: Scene) -> None:
    scene.call(scene.bob, scene.alice)
    assert compare(scene)[0] == "merged"


def test_somebody_blocked_is_calling_at_this_moment(scene: Scene) -> None:
    scene.block(scene.alice, scene.bob)
    scene.call(scene.bob, scene.alice)
    assert compare(scene)[:2] == ("error", "you_blocked")


def test_a_call_that_is_long_over_makes_nobody_busy(scene: Scene) -> None:
    """No dispatcher runs here: the preview finds it overdue, as a send would."""
    scene.call(scene.bob, scene.carol, ago=100)
    assert compare(scene)[0] == "ring"


def test_every_combination_comes_as_foreseen(make_user: Callable[..., User], now: datetime) -> None:
    combinations = list(
        product(
            ("", "by_caller", "by_invitee"),
            ("everyone", "contacts", "nobody"),
            ("", "contact", "favourite"),
            (None, ["favourites"], ["urgent"]),
            (False, True),
        )
    )
    for number, (blocked, rings_from, contact, let_through, urgent) in enumerate(combinations):
        caller, invitee = (make_user(f"{each}{number}") for each in ("caller", "invitee"))
        if blocked:
            pair = (caller, invitee) if blocked == "by_caller" else (invitee, caller)
            Block.objects.create(user=pair[0], other=pair[1], created_at=now)
        if contact:
            values = {"state": ContactState.CONTACT, "favourite": contact == "favourite", "changed_at": now}
            Contact.objects.create(user=invitee, other=caller, **values)
        chosen: dict[str, Any] = {"rings_from": rings_from}
        if let_through is not None:
            chosen |= {"do_not_disturb_until": now + timedelta(hours=1), "let_through": let_through}
        CallingPreferences.objects.update_or_create(user=invitee, defaults=chosen)
        scene = Scene(caller, invitee, caller, now)
        assert compare(scene, urgent=urgent)[0] in {"ring", "silence", "error"}


# --- no ring, no trace ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["rings", "silenced", "blocked", "cooling_down"])
def test_nothing_rings_and_nothing_is_kept(scene: Scene, pages: Pages, what: str) -> None:
    if what == "silenced":
        scene.disturb_not()
    if what == "blocked":
        scene.block(scene.bob, scene.alice)
    if what == "cooling_down":
        for ago in (50, 40, 30):
            scene.call_in_vain(ago=ago)
    pages.frames()
    before = {model: list(model._default_manager.order_by("pk").values()) for model in _tables()}
    with CaptureQueriesContext(connection) as captured:
        for _ in range(40):
            assert calls.preview("alice", "bob", now=scene.now).found.verdict == what
    assert {model: list(model._default_manager.order_by("pk").values()) for model in _tables()} == before
    statements = {each["sql"].lstrip("(").split()[0] for each in captured}
    assert statements == {"SELECT"}
    assert not [each["sql"] for each in captured if "FOR " in each["sql"] and "UPDATE" in each["sql"]]
    assert not any(pages.frames().values())


def _tables() -> list[Any]:
    return list(apps.get_app_config("invitations").get_models())


@pytest.mark.parametrize(
    ("caller", "invitee", "role"),
    [("nobody", "bob", "caller"), ("alice", "nobody", "invitee"), ("alice", "alice", "invitee")],
)
def test_there_must_be_two(scene: Scene, caller: str, invitee: str, role: str) -> None:
    with pytest.raises(calls.NobodyElse) as caught:
        calls.preview(caller, invitee, now=scene.now)
    assert caught.value.role == role


def test_who_may_not_sign_in_neither_calls_nor_is_called(scene: Scene) -> None:
    User.objects.filter(pk=scene.bob.pk).update(is_active=False)
    with pytest.raises(calls.NobodyElse):
        calls.preview("alice", "bob", now=scene.now)


def test_ids_are_found_in_any_capitals(scene: Scene) -> None:
    assert calls.preview("Alice", "BOB", now=scene.now).invitee.username == "bob"


# --- in words, device by device ---------------------------------------------------------------------------------------


@pytest.fixture
def device(bob: User, now: datetime) -> Callable[..., Device]:
    def make(device_id: str, *, push: bool = True) -> Device:
        made = devices.describe(bob.pk, device_id, label=device_id.capitalize(), kind="browser", now=now)
        if push:
            address = Address("webpush", f"https://fcm.googleapis.com/{device_id}", "", "")
            devices.set_address(made, address, origin="https://calls.example.org", credential="session-1", now=now)
        return made

    return make


def outcomes(scene: Scene) -> dict[str, tuple[str, str]]:
    told = calls.told_preview(calls.preview("alice", "bob", now=scene.now))
    return {each["device_id"]: (each["page"], each["outcome"]) for each in told["devices"]}


def test_each_device_as_it_is(scene: Scene, device: Callable[..., Device]) -> None:
    looks.forget()
    device("push")
    device("bare", push=False)
    device("open")
    device("heard")
    device("mute", push=False)
    dead = device("dead")
    devices.disable(dead.pk, dead.push_digest or "", DisabledReason.GONE, now=scene.now)
    for each in ("open", "heard", "mute"):
        presence.mark_online(scene.bob.pk, each)
    presence.mark_audible(scene.bob.pk, "heard", True)
    assert outcomes(scene) == {
        "push": ("closed", "push"),
        "bare": ("closed", "unreachable"),
        "open": ("open", "page_and_push"),
        "heard": ("audible", "page"),
        "mute": ("open", "page"),
        "dead": ("closed", "unreachable"),
    }
    # Those, and no others, are owed a ring when it comes to it.
    scene.came()
    assert set(Delivery.objects.values_list("device_key", flat=True)) == {"push", "open", "heard"}


def test_on_which_a_page_has_gone_it_cannot_be_heard(scene: Scene, device: Callable[..., Device]) -> None:
    device("desk")
    presence.mark_online(scene.bob.pk, "desk")
    presence.mark_audible(scene.bob.pk, "desk", True)
    presence.mark_device_gone(scene.bob.pk, "desk")
    assert outcomes(scene) == {"desk": ("closed", "push")}


@pytest.mark.parametrize(
    ("what", "outcome"),
    [("silenced", "withheld"), ("blocked", "withheld"), ("nobody", "not_rung"), ("busy", "not_rung")],
)
def test_where_nothing_rings_no_device_does(
    scene: Scene, device: Callable[..., Device], what: str, outcome: str
) -> None:
    device("push")
    if what == "silenced":
        scene.disturb_not()
    elif what == "blocked":
        scene.block(scene.bob, scene.alice)
    elif what == "nobody":
        scene.prefer(rings_from="nobody")
    else:
        scene.talk(scene.bob, scene.carol)
    assert outcomes(scene) == {"push": ("closed", outcome)}


def test_a_silent_resource_is_said(scene: Scene, device: Callable[..., Device]) -> None:
    device("push")
    RingResource.objects.create(resource_id="quiet", name="Quiet", silent=True, is_default=True)
    looks.forget()
    told = calls.told_preview(calls.preview("alice", "bob", now=scene.now))
    assert told["silent"]
    assert "silent" in told["devices"][0]["text"]
    looks.forget()


def test_the_end_of_silence_and_what_lets_a_call_through_are_said(scene: Scene) -> None:
    scene.disturb_not("favourites")
    told = calls.told_preview(calls.preview("alice", "bob", now=scene.now))
    assert told["until"] == (scene.now + timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert "disturbed until" in told["text"]
    assert told["invitee_gets"]["kind"] == "silenced"
    scene.let_in(favourite=True)
    told = calls.told_preview(calls.preview("alice", "bob", now=scene.now))
    assert (told["verdict"], told["until"]) == ("rings", None)
    assert "is a favourite" in told["text"]


def test_a_third_urgent_call_of_a_day_is_the_last(scene: Scene) -> None:
    scene.let_in()
    scene.disturb_not("urgent")
    for ago in (9000, 6000, 3000):
        scene.take_back(scene.alice, scene.bob, ago=ago, urgent=True)
    assert compare(scene, urgent=True)[4:] == ("silenced", False)
    assert Invitation.objects.filter(urgent=True).count() == 3
