"""The one wire shape of a call, for REST, the socket and push messages.

Reads nothing from the database but the few ring resources, which are remembered. What two people see of the same call
has a shared part, made once, and a part of each."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, overload

from invitations import ring_words, shapes
from invitations.models import CallState, DeviceKind, InvitationState, UserKey
from invitations.shapes.calls import CallObject, You
from invitations.store import looks
from invitations.store.sheets import CallSheet, Person
from invitations.words import say

if TYPE_CHECKING:
    from invitations.models import Invitation, Participant

# As in the labels that our pages give themselves (`client/identity.js`).
_BROWSER = re.compile(r"\b(?:Edge|Opera|Samsung Internet|Firefox|Chrome|Safari|Node)\b")
_SYSTEM = re.compile(r"\b(?:iPhone|iPad|Android|ChromeOS|Windows|Mac|Linux)\b")


def call_view(sheet: CallSheet, viewer_id: UserKey | None, now: datetime) -> CallObject:
    """The call object, as seen by one person.

    Args:
        sheet: the call as loaded.
        viewer_id: the person for `you`; None or a stranger (such as an admin) has no role in the call.
        now: the server's time, for `server_time` and `remaining_ms`.
    """
    return seen_by(viewer_id, sheet, shared_view(sheet, now), now)


def service_view(sheet: CallSheet, now: datetime) -> CallObject:
    """The call object, as a service sees it that acts for itself: nobody's own, with all that the rules decided.

    Args:
        sheet: the call as loaded.
        now: the server's time.
    """
    view = call_view(sheet, None, now)
    decided = [each.verdict for each in sheet.latest_invitations()]
    told = zip(view["invitations"], decided, strict=True)
    return {**view, "invitations": [{**each, "verdict": verdict} for each, verdict in told]}


def shared_view(sheet: CallSheet, now: datetime) -> CallObject:
    """What everyone sees of a call: made once per change, then completed for each receiver."""
    made = sheet.shared_view
    if made is None or made[0] != sheet.call.revision or made[1] != now:
        made = sheet.shared_view = (sheet.call.revision, now, _shared_view(sheet, now))
    return made[2]


def _shared_view(sheet: CallSheet, now: datetime) -> CallObject:
    call = sheet.call
    return {
        "call_id": call.call_id,
        "attempt": call.attempt,
        "revision": call.revision,
        "state": call.state,
        "end_reason": call.end_reason,
        "is_video_call": call.is_video_call,
        "caller": person_view(sheet.people[call.caller_id]),
        "custom_data": call.custom_data,
        "resource_id": call.resource_id,
        "ringtone_url": None,
        "silent": False,
        "vibration": [],
        "accent": None,
        "notification_title": "",
        "notification_message": "",
        "sender_title": "",
        "sender_message": "",
        "timeout_seconds": call.timeout_seconds,
        "created_at": moment(call.created_at),
        "ring_expires_at": moment(call.ring_expires_at),
        "remaining_ms": 0,
        "server_time": moment(now),
        "answered_at": moment(call.answered_at),
        "ended_at": moment(call.ended_at),
        "duration_seconds": call.duration_seconds,
        "invitations": [_invitation_view(each, sheet.people) for each in sheet.latest_invitations()],
        "participants": [_participant_view(each, sheet.people) for each in sheet.participants],
        "you": None,
    }


def seen_by(viewer_id: UserKey | None, sheet: CallSheet, shared: CallObject, now: datetime) -> CallObject:
    """The shared part plus what only this viewer sees: the ring that concerns them and their own role."""
    call = sheet.call
    own = None if viewer_id is None else sheet.invitation_of(viewer_id)
    ring = call if own is None else own
    expires_at = call.ring_expires_at if own is None else own.expires_at
    rings = call.state == CallState.RINGING if own is None else own.state == InvitationState.PENDING
    look = looks.look_of(ring.resource_id)
    words = ring_words.of(sheet, ring, look)
    view: CallObject = {
        **shared,
        "resource_id": ring.resource_id,
        "ringtone_url": look.ringtone_url,
        "silent": look.silent,
        "vibration": list(look.vibration),
        "accent": look.accent or None,
        "notification_title": words.title,
        "notification_message": words.message,
        "sender_title": words.sender_title,
        "sender_message": words.sender_message,
        "timeout_seconds": ring.timeout_seconds,
        "ring_expires_at": moment(expires_at),
        "remaining_ms": max(0, round((expires_at - now).total_seconds() * 1000)) if rings else 0,
        "you": you_view(sheet, viewer_id, own),
    }
    if own is not None:
        view["custom_data"] = own.ring_data
    if viewer_id is not None and viewer_id != call.caller_id:
        _keep_to_their_own(view, sheet, viewer_id)
    elif viewer_id is not None and viewer_id in sheet.kept_from():
        known = sheet.known_to(viewer_id)
        view["invitations"] = [_invitation_view(each, sheet.people) for each in known.latest_invitations()]
    return view


def _keep_to_their_own(view: CallObject, sheet: CallSheet, viewer_id: UserKey) -> None:
    """Leave out what is not the viewer's: rings of theirs that left no trace; what others say with an answer and on
    which devices they ring and answer, which are for the caller and the inviter alone; and, for whoever has gone, all
    that came afterwards."""
    went_at = sheet.went_at(viewer_id)
    seen = sheet.known_to(viewer_id)
    is_all_theirs = all(viewer_id in (each.invitee_id, each.inviter_id) for each in sheet.invitations)
    if went_at is not None:
        seen = seen.as_of(went_at)
    if seen is sheet and is_all_theirs:
        return
    if seen.participants is not sheet.participants:
        view["participants"] = [_participant_view(each, sheet.people) for each in seen.participants]
    view["invitations"] = [
        _invitation_view(each, sheet.people, discreet=viewer_id not in (each.invitee_id, each.inviter_id))
        for each in seen.latest_invitations()
    ]


def you_view(sheet: CallSheet, viewer_id: UserKey | None, own: Invitation | None) -> You | None:
    """The viewer's role and state in the call, and the verbs that they may use now."""
    call = sheet.call
    is_caller = viewer_id == call.caller_id
    if viewer_id is None or (own is None and not is_caller):
        return None
    inside = sheet.participant_of(viewer_id) is not None
    return {
        "role": "caller" if is_caller else "invitee",
        "state": own.state if own is not None else ("joined" if inside else "left"),
        "can": _open_verbs(sheet, viewer_id, own, inside=inside),
        "missed": own is not None and own.missed,
        "duration_seconds": sheet.seconds_inside(viewer_id),
        "verdict": None if own is None else own.verdict,
        "from_contact": None if own is None else own.from_contact,
        "urgent": own is not None and own.urgent,
    }


def _open_verbs(sheet: CallSheet, viewer_id: UserKey, own: Invitation | None, *, inside: bool) -> list[str]:
    if sheet.call.state == CallState.ENDED:
        return []
    if own is not None and own.state == InvitationState.PENDING and not inside:
        return ["accept", "reject"]
    if not inside:
        return ["join"] if sheet.may_come_in(viewer_id) else []
    can = ["invite", "leave"]
    is_caller = viewer_id == sheet.call.caller_id
    if any(is_caller or each.inviter_id == viewer_id for each in sheet.pending()):
        can.insert(0, "cancel")
    if is_caller:
        can.append("end")
        if len(sheet.inside()) > 1:
            can.append("remove")
    return can


def device_type(label: str, kind: str) -> str:
    """What kind of device this is, such as "Chrome on Linux" or "Android phone": all that a caller learns of it before
    an answer, since its name is its owner's affair.

    Args:
        label: what it is called; only names of browsers and systems are taken from it.
        kind: one of `DeviceKind`; empty if it is not known.
    """
    browser, system = _BROWSER.search(label), _SYSTEM.search(label)
    if browser and system:
        return say("device.browser_on", browser=browser[0], system=system[0])
    known = system or browser
    return known[0] if known else say(f"device.type.{kind or DeviceKind.OTHER}")


def person_view(person: Person) -> shapes.parts.Person:
    """A person on the wire: the public id and the display name. Somebody whose account was deleted has no id."""
    return {"id": person.username, "name": ring_words.name_of(person)}


@overload
def moment(value: datetime) -> str: ...
@overload
def moment(value: datetime | None) -> str | None: ...
def moment(value: datetime | None) -> str | None:
    """A moment on the wire: UTC, ISO 8601 with milliseconds and `Z`."""
    return None if value is None else _on_the_wire(value)


@lru_cache(maxsize=256)
def _on_the_wire(value: datetime) -> str:
    # A call's few moments are in it several times, and in what each of its people is told.
    text = value.astimezone(UTC).isoformat(timespec="milliseconds")
    return f"{text[: -len('+00:00')]}Z"


def _invitation_view(
    invitation: Invitation, people: dict[UserKey, Person], *, discreet: bool = False
) -> shapes.calls.Invitation:
    """One invitation, or only what is known of it to those who neither gave nor got it."""
    ringing = [] if discreet else invitation.ringing_devices or []
    return {
        "invitee": person_view(people[invitation.invitee_id]),
        "inviter": person_view(people[invitation.inviter_id]),
        "state": invitation.state,
        "progress": invitation.progress,
        "standing": invitation.standing.value,
        "ringing_on": device_type(ringing[0]["label"], ringing[0]["kind"]) if ringing else None,
        "ringing_devices": len(ringing),
        "ringing_audibly": bool(ringing) and invitation.rings_audibly,
        "reject_reason": invitation.reject_reason,
        "custom_data": "" if discreet else invitation.custom_data,
        "expires_at": moment(invitation.expires_at),
        "responded_at": moment(invitation.responded_at),
        "answered_on": None if discreet else invitation.answered_label or None,
    }


def _participant_view(participant: Participant, people: dict[UserKey, Person]) -> shapes.calls.Participant:
    return {
        "user": person_view(people[participant.user_id]),
        "device_id": participant.device_id,
        "joined_at": moment(participant.joined_at),
        "connected_at": moment(participant.connected_at),
        "left_at": moment(participant.left_at),
        "left_reason": participant.left_reason,
    }
