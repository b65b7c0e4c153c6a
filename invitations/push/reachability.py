"""Whether calls reach a person, by all that is known of their devices: one answer, for them and for those who write to
them. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from invitations import shapes
from invitations.live import presence
from invitations.models import Delivery, DeliveryKind, DeliveryState, Device, Health, UserKey
from invitations.push import recent
from invitations.push.words import reason_words
from invitations.serializers import moment
from invitations.words import say

UNHEARD_FOR = timedelta(days=30)
"""After this time without a sign of life nobody knows any more whether a device can be woken."""
MOST_MESSAGES = 200
"""How many of a person's latest push messages are looked at for failures."""


class Reach(StrEnum):
    """How it stands with a device."""

    OK = "ok"
    FAILING = "failing"
    UNHEARD = "unheard"
    LOST = "lost"
    OPEN = "open"
    NONE = "none"


class State(StrEnum):
    """How it stands with a person."""

    REACHED = "reached"
    DOUBTFUL = "doubtful"
    OPEN = "open"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Way:
    """One device.

    Args:
        device: the device.
        reach: how it stands with it.
        reason: why it is lost, one of `DisabledReason`, or fails: the code of a delivery.
        since: since when it is lost or fails, or when it was last heard of.
        host: of the push service at which it fails.
        is_open: a page or app is connected there.
    """

    device: Device
    reach: Reach
    reason: str = ""
    since: datetime | None = None
    host: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Reachability:
    """Whether calls reach a person.

    Args:
        state: the answer.
        ways: their devices, in the order in which they were registered.
        at: the moment of the answer.
    """

    state: State
    ways: list[Way]
    at: datetime


def look(user_id: UserKey, *, now: datetime) -> Reachability:
    """Whether calls reach a person now. Two queries.

    Args:
        user_id: their key.
    """
    devices = list(Device.objects.filter(user_id=user_id).order_by("pk"))
    failures = _failures(user_id, now)
    live = {key for _, key in presence.live_devices((user_id, each.device_id) for each in devices)}
    ways = [_way(each, failures.get(each.pk), each.device_id in live, now) for each in devices]
    return Reachability(_state(ways), ways, now)


def view(found: Reachability) -> shapes.devices.Reachability:
    """The answer on the wire."""
    return {
        "state": found.state.value,
        "text": sentence(found),
        "devices_reached": sum(each.reach is Reach.OK for each in found.ways),
        "devices": [
            {
                "device_id": each.device.device_id,
                "label": each.device.label,
                "reach": each.reach.value,
                "reason": each.reason or None,
                "since": moment(each.since),
            }
            for each in found.ways
        ],
    }


def sentence(found: Reachability) -> str:
    """The one line that the person reads."""
    if found.state is State.REACHED:
        return say("reach.reached", count=sum(each.reach is Reach.OK for each in found.ways))
    if found.state is State.DOUBTFUL:
        worst = _latest(found.ways, Reach.FAILING) or _latest(found.ways, Reach.UNHEARD)
        return "" if worst is None else _doubt(worst, found.at)
    if (lost := _latest(found.ways, Reach.LOST)) is not None and lost.since is not None:
        days = (found.at - lost.since).days
        name = lost.device.label or say("device.unnamed")
        if days:
            return say(f"reach.lost.{lost.reason}", device=name, count=days)
        return say(f"reach.lost_today.{lost.reason}", device=name)
    return say("reach.open") if found.state is State.OPEN else say("reach.unreached")


def _doubt(way: Way, at: datetime) -> str:
    name = way.device.label or say("device.unnamed")
    if way.reach is Reach.FAILING:
        return say("reach.failing", device=name, reason=reason_words(way.reason, way.host))
    days = UNHEARD_FOR.days if way.since is None else (at - way.since).days
    return say("reach.unheard", device=name, count=days)


def _way(device: Device, failure: Delivery | None, is_live: bool, now: datetime) -> Way:
    if device.health is Health.DISABLED:
        return Way(device, Reach.LOST, device.push_disabled_reason, device.push_disabled_at, is_open=is_live)
    if device.health is Health.NO_ADDRESS:
        return Way(device, Reach.OPEN if is_live else Reach.NONE, is_open=is_live)
    if failure is not None and (device.push_set_at is None or failure.created_at > device.push_set_at):
        return Way(device, Reach.FAILING, failure.code, failure.settled_at, failure.host)
    signs = (device.push_set_at, device.push_proved_at, device.last_ringing_at, device.last_seen_at)
    heard_at = max((each for each in signs if each is not None), default=device.created_at)
    return Way(device, Reach.OK if heard_at > now - UNHEARD_FOR else Reach.UNHEARD, since=heard_at)


def _state(ways: Sequence[Way]) -> State:
    reaches = {each.reach for each in ways}
    if Reach.OK in reaches:
        return State.REACHED
    if reaches & {Reach.FAILING, Reach.UNHEARD}:
        return State.DOUBTFUL
    return State.OPEN if any(each.is_open for each in ways) else State.UNREACHED


def _latest(ways: Iterable[Way], reach: Reach) -> Way | None:
    return max(
        (each for each in ways if each.reach is reach),
        key=lambda each: each.since or each.device.created_at,
        default=None,
    )


def _failures(user_id: UserKey, now: datetime) -> dict[int, Delivery]:
    """The last push message of each device, where the push service did not take it. A stop is no sign."""
    sent = Delivery.objects.filter(user_id=user_id, created_at__gt=now - recent.SPAN, created_at__lt=now + recent.SKEW)
    settled = sent.exclude(kind=DeliveryKind.STOP).filter(settled_at__isnull=False, attempts__gt=0)
    last: dict[int, Delivery] = {}
    for each in settled.order_by("-created_at", "-pk")[:MOST_MESSAGES]:
        if each.device_id is not None:
            last.setdefault(each.device_id, each)
    return {key: each for key, each in last.items() if each.state in (DeliveryState.FAILED, DeliveryState.EXPIRED)}
