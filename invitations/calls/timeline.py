"""The explanation of a call: its log in plain words with the codes beside them, and what was sent to which device.

The caller sees what happened to the rings, but not which devices others own. Invitees see their own devices, admins see
all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from invitations.calls import permits
from invitations.calls.events import log
from invitations.calls.loading import CallName
from invitations.calls.reading import view
from invitations.calls.told_deliveries import Told, told
from invitations.models import CallEvent, EventKind, LeftReason, UserKey
from invitations.serializers import device_type, moment, person_view
from invitations.store.sheets import CallSheet
from invitations.words import listed, say

Data = dict[str, Any]
STATES = (EventKind.CALL_ACTIVE, EventKind.CALL_ENDED)
"""What whoever has gone still hears of: how the call itself goes on."""
NOBODY: Data = {"user": None, "device": None}
"""They do not hear whose doing it was."""
ON_DEVICES = (EventKind.INVITATION_RINGING, EventKind.INVITATION_QUIET)
"""What the caller and the inviter hear of devices before an answer: of what kind they are, and no name. Other people
in the call hear nothing of it."""
WHILE_RINGING = {
    "timeline.participant.left.left": "timeline.participant.left.left.unanswered",
    "timeline.participant.left.call_ended": "timeline.participant.left.call_ended.unanswered",
}
"""Sentences on the caller that differ where nobody ever answered: they waited, and talked to nobody."""


def timeline(call: CallName, *, viewer_id: UserKey | None, now: datetime, sees_all: bool = False) -> list[Data]:
    """The call's log as sentences, oldest first.

    Args:
        call: the call.
        viewer_id: the person who asks; strangers get `not_found`. None only with `sees_all`.
        sees_all: the viewer is an admin, who sees every call and all devices.

    Returns:
        Entries with `at`, `code`, `text`, `user`, `device`, `data`.

    Raises:
        CallError: `not_found`.
    """
    sheet = view(call, viewer_id=viewer_id, now=now, sees_all=sees_all)
    names = {each.username: person_view(each)["name"] for each in sheet.people.values()}

    def is_seen(username: str | None) -> bool:
        return sees_all or any(each.id == viewer_id and each.username == username for each in sheet.people.values())

    went_at = None if sees_all or viewer_id is None else sheet.went_at(viewer_id)
    known = sheet if sees_all or viewer_id is None or _keeps_nothing(sheet, viewer_id) else sheet.known_to(viewer_id)
    hears_words = _hears_words(sheet, viewer_id, sees_all=sees_all)
    events = [
        each
        for each in log(sheet)
        if (went_at is None or each.at <= went_at or each.kind in STATES)
        and not _left_no_trace(each, sheet, known)
        and (each.kind not in ON_DEVICES or hears_words(each.data["invitee"]))
    ]
    entries = []
    for event in events:
        came_later = went_at is not None and event.at > went_at
        entry = _entry(
            event, sheet, names, is_seen, hears_words, sees_all=sees_all, is_theirs=viewer_id == event.actor_id
        )
        entries.append((event.at, _is_end(event), {**entry, **NOBODY} if came_later else entry))
    pushed = told(known, shown_to=lambda user_id: sees_all or user_id == viewer_id, now=now)
    entries += [
        (each.at, False, _told_entry(each, sheet))
        for each in pushed
        if went_at is None or each.at <= went_at or each.user_id == viewer_id
    ]
    # A stable sort: the log keeps its order, what follows from it comes after, and the end of the call comes last.
    return [entry for _, _, entry in sorted(entries, key=lambda each: each[:2])]


def _left_no_trace(event: CallEvent, sheet: CallSheet, known: CallSheet) -> bool:
    """Whether the fact is about an invitation in the call that is not among those that the viewer may know of."""
    if known is sheet or "invitee" not in event.data:
        return False
    return any(
        sheet.people[each.invitee_id].username == event.data["invitee"]
        and each.created_at <= event.at
        and (each.closed_at is None or event.at <= each.closed_at)
        for each in sheet.invitations
        if each not in known.invitations
    )


def _keeps_nothing(sheet: CallSheet, viewer_id: UserKey) -> bool:
    """Whether the viewer is the caller, who hears of all, and no ring is kept from them."""
    return viewer_id == sheet.call.caller_id and viewer_id not in sheet.kept_from()


def _is_end(event: CallEvent) -> bool:
    return event.kind == EventKind.CALL_ENDED or (
        event.kind == EventKind.PARTICIPANT_LEFT and event.data.get("reason") == LeftReason.CALL_ENDED
    )


def _told_entry(entry: Told, sheet: CallSheet) -> Data:
    return {
        "at": moment(entry.at),
        "code": entry.code,
        "text": entry.text,
        "user": _username(sheet, entry.user_id),
        "device": entry.device,
        "data": entry.data,
    }


def _hears_words(sheet: CallSheet, viewer_id: UserKey | None, *, sees_all: bool) -> Callable[[str | None], bool]:
    """Whether the viewer learns the device on which this person answered: as the caller, their inviter, or they
    themselves."""
    if sees_all or viewer_id == sheet.call.caller_id:
        return lambda username: True
    ours = {
        sheet.people[each.invitee_id].username
        for each in sheet.invitations
        if viewer_id in (each.invitee_id, each.inviter_id)
    }
    return lambda username: username in ours


def _entry(
    event: CallEvent,
    sheet: CallSheet,
    names: dict[str, str],
    is_seen: Callable[[str | None], bool],
    hears_words: Callable[[str | None], bool],
    *,
    sees_all: bool,
    is_theirs: bool,
) -> Data:
    data = dict(event.data)
    if not sees_all:
        # Nobody is to know when the ring hook refuses nobody.
        data.pop(permits.NO_ANSWER, None)
        if not is_theirs:
            data.pop(permits.KEPT, None)
    actor = _username(sheet, event.actor_id)
    subject = data.get("invitee", data.get("user", actor))
    # Nobody in the call: an admin, who acts on the calls of others.
    unknown = subject or say("person.unknown")
    shown = {**data, "name": names.get(subject or ("" if event.actor_id is None else unknown), unknown)}
    kind = data.pop("device_kind", "")
    label = data.pop("label", None)
    if label is not None and event.kind in ON_DEVICES and not is_seen(subject):
        shown["label"] = device_type(label, kind) if hears_words(subject) else None
    elif label is not None and not hears_words(subject):
        shown["label"] = None
    of_subject = data.pop("device", None)
    # A fact about one person may have been caused on another person's device.
    owner, device = (subject, of_subject) if of_subject else (actor, event.device_id or None)
    return {
        "at": moment(event.at),
        "code": event.kind,
        "text": _changed(
            _by_whom(_text(event, shown, names, is_answered=sheet.call.answered_at is not None), data), data
        ),
        "user": subject,
        "device": device if owner is not None and is_seen(owner) else None,
        "data": data,
    }


def _by_whom(text: str, data: Data) -> str:
    """A sentence, with the service that did it for a person."""
    if "service" not in data:
        return text
    return say("timeline.by_service", sentence=text.removesuffix(say("timeline.full_stop")), service=data["service"])


def _changed(text: str, data: Data) -> str:
    """A sentence, with what the ring hook made otherwise than the caller asked."""
    if what := [say(f"timeline.ring_hook.{each}") for each in data.get("ring_hook", ())]:
        text = say("timeline.by_ring_hook", sentence=text, what=listed(what))
    if kept := data.get(permits.KEPT):
        text = say("timeline.by_ring_hook.refused", sentence=text, count=kept)
    if data.get(permits.NO_ANSWER):
        text = say("timeline.by_ring_hook.silent", sentence=text)
    return text


def _text(event: CallEvent, data: Data, names: dict[str, str], *, is_answered: bool) -> str:
    if event.kind == EventKind.CALL_SENT:
        people = listed([names.get(each, each) for each in data["invitees"]])
        return say("timeline.call.sent", name=data["name"], people=people)
    device = data.get("label")
    code = f"timeline.{event.kind}{_case(event.kind, data, has_device=bool(device))}"
    if not is_answered:
        code = WHILE_RINGING.get(code, code)
    return say(code, name=data["name"], device=device)


def _case(kind: str, data: Data, *, has_device: bool) -> str:
    """The suffix of a sentence's code, for kinds of events that have more than one sentence."""
    if kind in (EventKind.CALL_ENDED, EventKind.PARTICIPANT_LEFT):
        return f".{data['reason']}"
    if kind == EventKind.INVITATION_CANCELLED and data.get("by_admin"):
        return ".by_admin"
    if kind == EventKind.INVITATION_REJECTED:
        return f".{data['reason']}_on" if has_device else f".{data['reason']}"
    if kind == EventKind.INVITATION_RINGING and not data.get("audible", True):
        return ".silently_on" if has_device else ".silently"
    takes_device = kind in (*ON_DEVICES, EventKind.INVITATION_ACCEPTED)
    return ".on" if has_device and takes_device else ""


def _username(sheet: CallSheet, user_id: UserKey | None) -> str | None:
    person = sheet.people.get(user_id) if user_id is not None else None
    return person.username if person else None
