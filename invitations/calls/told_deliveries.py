"""The part of a call's explanation that is not in the log: what was sent to which device, and with what result.

Invitees see this for their own devices, admins for all. Everyone in the call sees whether it can have rung."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from invitations.models import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    Device,
    Invitation,
    InvitationState,
    UserKey,
    Verdict,
)
from invitations.push.recent import SKEW
from invitations.push.words import reason_words
from invitations.store.sheets import CallSheet
from invitations.store.statements import Bind, Prepared
from invitations.words import say

# While a call goes on, and not at any time: PostgreSQL finds those of one month without looking into the others.
OWED = Prepared(
    Delivery.objects.filter(
        invitation_id__in=Bind("rings"), created_at__gte=Bind("made_from"), created_at__lt=Bind("made_before")
    ).order_by("pk")
)


@dataclass(frozen=True, slots=True)
class Told:
    """One entry.

    Args:
        at: when.
        code: one of `shapes.calls.TOLD_CODES`.
        text: a sentence.
        user_id: the owner of the device.
        device: its id; None if the entry is about no particular device.
        data: the codes behind the sentence.
    """

    at: datetime
    code: str
    text: str
    user_id: UserKey
    device: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


def told(sheet: CallSheet, *, shown_to: Callable[[UserKey], bool], now: datetime) -> list[Told]:
    """What is known about the push messages of a call.

    Args:
        sheet: the call.
        shown_to: whether the viewer may see the devices of the user with this key.
    """
    keys = [each.pk for each in sheet.invitations]
    call = sheet.call
    owed = OWED.rows(rings=keys, made_from=call.created_at, made_before=(call.ended_at or now) + SKEW)
    invitees: set[UserKey] = {each.invitee_id for each in sheet.invitations} - {None}
    seen = [each for each in invitees if shown_to(each)]
    devices = list(Device.objects.filter(user_id__in=seen).order_by("id")) if seen else []
    entries: list[Told] = []
    for invitation in sheet.invitations:
        of_ring = [each for each in owed if each.invitation_id == invitation.pk]
        if shown_to(invitation.invitee_id):
            own = [each for each in devices if each.user_id == invitation.invitee_id]
            entries += _without_push(invitation, own, of_ring)
            for delivery in of_ring:
                entries += _of_delivery(delivery, invitation)
        if shown_to(invitation.invitee_id) and (verdict := _verdict(sheet, invitation)) is not None:
            entries.append(verdict)
        else:
            entries += _unheard(sheet, invitation, of_ring)
    return entries


def _of_delivery(delivery: Delivery, invitation: Invitation) -> Iterator[Told]:
    data = {"kind": delivery.kind, "number": delivery.number, "attempts": delivery.attempts}
    data |= {"status": delivery.status, "reason": delivery.code or None, "host": delivery.host or None}
    at, device = delivery.settled_at or delivery.created_at, delivery.device_label or say("device.unnamed")
    text = _delivery_text(delivery, device)
    yield Told(at, f"delivery.{delivery.state}", text, delivery.user_id, delivery.device_key, data)
    # The call's log already has the first acknowledgement.
    if delivery.acknowledged_at is not None and delivery.acknowledged_at != invitation.ringing_at:
        text = say("timeline.delivery.acknowledged", device=device)
        yield Told(delivery.acknowledged_at, "delivery.acknowledged", text, delivery.user_id, delivery.device_key, data)


def _delivery_text(delivery: Delivery, device: str) -> str:
    if delivery.state == DeliveryState.WITHHELD:
        return say("timeline.delivery.withheld", device=device)
    what = "repeat" if delivery.kind == DeliveryKind.RING and delivery.number > 1 else delivery.kind
    host = delivery.host or say("host.unknown")
    reason = reason_words(delivery.code, delivery.host)
    code = f"timeline.delivery.{_outcome(delivery)}.{what}"
    return say(code, device=device, host=host, reason=reason, number=delivery.number)


def _outcome(delivery: Delivery) -> str:
    if delivery.state == DeliveryState.PENDING:
        return "retrying" if delivery.code else "pending"
    return "sent" if delivery.state == DeliveryState.SENT else "unsent"


def _without_push(invitation: Invitation, own: Sequence[Device], of_ring: Sequence[Delivery]) -> Iterator[Told]:
    """The devices that existed but could not be sent a push message."""
    sent_to = {each.device_key for each in of_ring}
    # An app's token counts as a device until the app names one.
    stands_for = {each.push_credential for each in own}
    for device in own:
        if device.device_id in sent_to or device.device_id in stands_for or device.created_at > invitation.created_at:
            continue
        reason = ""
        if device.push_disabled_at is not None and device.push_disabled_at <= invitation.created_at:
            reason = device.push_disabled_reason
        name, code = "device.no_address", "timeline.device.no_address"
        if reason:
            name, code = "device.disabled", f"timeline.device.disabled.{reason}"
        text = say(code, device=device.label or say("device.unnamed"))
        data = {"reason": device.push_disabled_reason or None}
        yield Told(invitation.created_at, name, text, device.user_id, device.device_id, data)


def _verdict(sheet: CallSheet, invitation: Invitation) -> Told | None:
    """What the rules said, if they kept the ring from its invitee, or did so for a while."""
    if invitation.verdict == Verdict.RINGS and invitation.judged_at is None:
        return None
    person = sheet.people[invitation.invitee_id]
    text = say(f"timeline.verdict.{invitation.verdict}", name=person.name)
    return Told(invitation.judged_at or invitation.created_at, f"verdict.{invitation.verdict}", text, person.id)


def _unheard(sheet: CallSheet, invitation: Invitation, of_ring: Iterable[Delivery]) -> Iterator[Told]:
    """Possible causes, for a ring that ended without any device reporting that it rang."""
    if invitation.ringing_at is not None or invitation.state not in (
        InvitationState.TIMED_OUT,
        InvitationState.CANCELLED,
    ):
        return
    rings = [each for each in of_ring if each.kind == DeliveryKind.RING]
    name = sheet.people[invitation.invitee_id].name
    case = "not_accepted" if rings else "no_device"
    if any(each.state == DeliveryState.SENT for each in rings):
        case = "no_response"
    at = invitation.closed_at or invitation.expires_at
    yield Told(at, "ring.unheard", say(f"timeline.ring.unheard.{case}", name=name), invitation.invitee_id)
