"""The explanation of a call: its log in plain words, with the codes beside them, and what was sent to which device.

The caller sees what happened to the rings, not which devices others own; an invitee sees their own devices, an admin
all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from invitations.calls.reading import view
from invitations.calls.told_deliveries import Told, told
from invitations.models import CallEvent, EventKind
from invitations.serializers import moment
from invitations.store.sheets import CallSheet

Data = dict[str, Any]

END_WORDS = {
    "completed": "The call ended.",
    "cancelled": "The call ended because the caller took it back before anybody answered.",
    "rejected": "The call ended because everybody rejected it.",
    "busy": "The call ended because everybody was busy.",
    "timed_out": "The call ended because nobody answered in time.",
    "caller_lost": "The call ended because the caller's device could no longer be reached.",
    "connection_lost": "The call ended because the connection was lost.",
    "media_failed": "The call ended because sound and picture could not be set up.",
    "max_duration": "The call ended because it reached the longest allowed duration.",
    "ended_by_admin": "An administrator ended the call.",
}
LEFT_WORDS = {
    "left": "{user} left.",
    "moved": "{user} moved the call to another device.",
    "connection_lost": "The connection to {user} was lost.",
    "media_failed": "{user}'s sound and picture could not be set up.",
    "call_ended": "{user} was in the call until its end.",
    "removed": "{user} was removed.",
}
REJECT_WORDS = {"declined": "declined", "busy": "is busy", "later": "will call back later"}


def timeline(call_id: str, *, viewer_id: int, now: datetime, sees_all: bool = False) -> list[Data]:
    """The call's log as sentences, oldest first.

    Args:
        call_id: the call.
        viewer_id: who asks; strangers do not see it.
        now: the moment.
        sees_all: the viewer is an admin, who sees every call and everybody's devices.

    Returns:
        Entries of `at`, `code`, `text`, `user`, `device`, `data`.

    Raises:
        CallError: `not_found`.
    """
    sheet = view(call_id, viewer_id=None if sees_all else viewer_id, now=now)
    names = {each.username: each.name for each in sheet.people.values()}

    def is_seen(username: str | None) -> bool:
        return sees_all or any(each.id == viewer_id and each.username == username for each in sheet.people.values())

    entries = [(each.at, _is_end(each), _entry(each, sheet, names, is_seen)) for each in sheet_events(sheet)]
    pushed = told(sheet, shown_to=lambda user_id: sees_all or user_id == viewer_id)
    entries += [(each.at, False, _told_entry(each, sheet)) for each in pushed]
    # Stable: what the log says in order stays so, what follows from it comes after, and the call's end last.
    return [entry for _, _, entry in sorted(entries, key=lambda each: each[:2])]


def sheet_events(sheet: CallSheet) -> list[CallEvent]:
    """The log rows of a call in order."""
    return list(CallEvent.objects.filter(call_id=sheet.call.pk).order_by("revision"))


def _is_end(event: CallEvent) -> bool:
    return event.kind == EventKind.CALL_ENDED or (
        event.kind == EventKind.PARTICIPANT_LEFT and event.data.get("reason") == "call_ended"
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


def _entry(event: CallEvent, sheet: CallSheet, names: dict[str, str], is_seen: Callable[[str | None], bool]) -> Data:
    data = dict(event.data)
    actor = _username(sheet, event.actor_id)
    subject = data.get("invitee") or data.get("user") or actor
    mine = subject is not None and is_seen(subject)
    shown = {**data, "name": names.get(subject or "", subject or "Somebody")}
    data.pop("label", None)
    of_subject = data.pop("device", None)
    # A fact about one person may have been brought about on another's device.
    owner, device = (subject, of_subject) if of_subject else (actor, event.device_id or None)
    return {
        "at": moment(event.at),
        "code": event.kind,
        "text": _text(event, shown, mine=mine, names=names),
        "user": subject,
        "device": device if owner is not None and is_seen(owner) else None,
        "data": data,
    }


def _text(event: CallEvent, data: Data, *, mine: bool, names: dict[str, str]) -> str:
    words: dict[str, Callable[[], str]] = {
        EventKind.CALL_SENT: lambda: _sent(data, names),
        EventKind.CALL_ACTIVE: lambda: "The call was answered and became active.",
        EventKind.CALL_ENDED: lambda: END_WORDS[data["reason"]],
        EventKind.INVITATION_SENT: lambda: f"{data['name']} was invited as well.",
        EventKind.INVITATION_NOTIFIED: lambda: f"A push service took the ring for {data['name']}.",
        EventKind.INVITATION_RINGING: lambda: _ringing(data),
        EventKind.INVITATION_ACCEPTED: lambda: f"{data['name']} accepted{_on(data)}.",
        EventKind.INVITATION_REJECTED: lambda: f"{data['name']} rejected{_on(data)}: {REJECT_WORDS[data['reason']]}.",
        EventKind.INVITATION_BUSY: lambda: f"{data['name']} was busy, so it did not ring.",
        EventKind.INVITATION_CANCELLED: lambda: f"The ring for {data['name']} was cancelled.",
        EventKind.INVITATION_TIMED_OUT: lambda: f"{data['name']} did not answer in time.",
        EventKind.PARTICIPANT_JOINED: lambda: f"{data['name']} joined.",
        EventKind.PARTICIPANT_CONNECTED: lambda: f"{data['name']}'s sound and picture are up.",
        EventKind.PARTICIPANT_LEFT: lambda: LEFT_WORDS[data["reason"]].format(user=data["name"]),
    }
    return words[event.kind]()


def _sent(data: Data, names: dict[str, str]) -> str:
    called = [names.get(each, each) for each in data["invitees"]]
    listed = " and ".join(filter(None, [", ".join(called[:-1]), called[-1]]))
    return f"{data['name']} called {listed}."


def _ringing(data: Data) -> str:
    silent = "" if data.get("audible", True) else ", without sound"
    return f"It rang for {data['name']}{_on(data)}{silent}."


def _on(data: Data) -> str:
    return f" on {data['label']}" if data.get("label") else ""


def _username(sheet: CallSheet, user_id: int | None) -> str | None:
    person = sheet.people.get(user_id) if user_id is not None else None
    return person.username if person else None
