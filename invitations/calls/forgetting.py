"""Taking a deleted person out of the history of others: their calls stay, and "Deleted account" stands in their place.

What goes: the person, the devices and their names, the title that they gave a ring, and the name in an id that the
server made. What they said stays, for it belongs to those to whom it was said; but a text with one of their names in it
goes. What others said is never touched."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from invitations import hooks
from invitations.calls.events import MISFILED
from invitations.calls.transaction import write
from invitations.models import Call, CallEvent, CallState, EventKind, Invitation, InvitationState, Participant, UserKey
from invitations.push.recent import SKEW

BATCH = 50
"""How many calls are changed in one transaction. Each has some ten rows in other tables."""
ROWS_AT_ONCE = 200
NOBODY = ""
"""Stands in the log for the public id of a deleted account, as it does on the wire."""
NO_DEVICE = "deleted"
_OWN_ACTS = frozenset(
    {
        EventKind.INVITATION_RINGING,
        EventKind.INVITATION_ACCEPTED,
        EventKind.INVITATION_REJECTED,
        EventKind.PARTICIPANT_JOINED,
        EventKind.PARTICIPANT_CONNECTED,
    }
)
"""Facts about the person who acts. They hold the public id that the account had at that time."""
_GENERATED = r"^call_.+_([0-9]{13})$"
_generated = re.compile(_GENERATED, re.DOTALL).fullmatch
_NAMELESS = "call_~"
_escaped = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A person whose account is being deleted.

    Args:
        user_id: the account's key.
        username: its public id.
        names: all by which people know them: public id, shown name, email address.
    """

    user_id: UserKey
    username: str
    names: tuple[str, ...]

    def is_named_in(self, text: str | None) -> bool:
        """Whether one of the names is in a text, in any capitals, also as JSON escapes it."""
        if not text:
            return False
        plain = _escaped.sub(lambda found: chr(int(found[1], 16)), text)
        # Part of another word is no name; an underscore ends one, for ids are made with it.
        return any(re.search(rf"(?<![^\W_]){re.escape(each)}(?![^\W_])", plain, re.IGNORECASE) for each in self.names)


def concerning(user_id: UserKey, most: int = BATCH) -> list[int]:
    """The keys of some calls that still refer to a person: by index, however many calls there are.

    Args:
        user_id: the person's key.
        most: how many.
    """
    started = Call.objects.filter(caller_id=user_id).order_by().values_list("pk", flat=True)
    rings = Invitation.objects.order_by().values_list("call_id", flat=True)
    ways = (started, rings.filter(invitee_id=user_id), rings.filter(inviter_id=user_id))
    return sorted({key for each in ways for key in each[:most]})[:most]


def forget(person: Forgotten, call_pks: Collection[int]) -> None:
    """Take a person out of these calls, all of it in one transaction. Safe to repeat.

    Args:
        person: nobody may act for them any more.
        call_pks: the keys of the calls.
    """
    user_id = person.user_id
    with write():
        locked = list(Call.objects.filter(pk__in=call_pks).select_for_update(no_key=True).order_by("pk"))
        keys = [each.pk for each in locked]
        _forget_events(person, locked)
        hooks.forget_calls(keys)
        Participant.objects.filter(call__in=keys, user_id=user_id).update(user=None, device_id=NO_DEVICE)
        _forget_invitations(person, locked)
        started = [each for each in locked if each.caller_id == user_id]
        # A title stands where the caller's name does, and mostly is it.
        mine = Call.objects.filter(pk__in=[each.pk for each in started])
        mine.update(caller=None, notification_title=None)
        for call in started:
            _clear(person, call, "custom_data", "notification_message")
        _rename(started)


def named_after_nobody() -> QuerySet[Call]:
    """Calls that the server named after a caller whose account was deleted while an attempt under the id went on."""
    named = Call.objects.filter(caller=None, attempt=1, call_id__startswith="call_", call_id__regex=_GENERATED)
    going_on = Call.objects.filter(call_id=OuterRef("call_id")).exclude(state=CallState.ENDED)
    return named.exclude(call_id__startswith=_NAMELESS).filter(~Exists(going_on))


def rename(call_pks: Collection[int]) -> int:
    """Take the names out of the ids of calls (`named_after_nobody`), and of all attempts under them. Safe to repeat.

    Args:
        call_pks: the keys of the calls.

    Returns:
        How many calls have another id now.
    """
    with write():
        return _rename(Call.objects.filter(pk__in=call_pks).select_for_update(no_key=True).order_by("pk"))


def id_since(call_id: str | None) -> str | None:
    """The id that a call has since its caller's account was deleted, by the id that it had before; None if there is no
    such call."""
    since = nameless(call_id or "")
    return since if since is not None and Call.objects.filter(call_id=since).exists() else None


def nameless(call_id: str) -> str | None:
    """The id that a call has instead of this one if its caller's account was deleted; None if this one was not made by
    the server. Follows from the former one, so that whoever kept that one finds the call.

    Args:
        call_id: the former id.
    """
    made = _generated(call_id)
    if made is None or call_id.startswith(_NAMELESS):
        return None
    return f"{_NAMELESS}{hashlib.sha256(call_id.encode()).hexdigest()[:32]}_{made[1]}"


def _rename(calls: Iterable[Call]) -> int:
    """Give ids without a name to those of these calls whose id was made of one, unless an attempt under it goes on: the
    devices in it know it by its id. The calls must be locked."""
    wanted = {each.call_id: new for each in calls if (new := nameless(each.call_id)) is not None}
    attempts = Call.objects.filter(call_id__in=wanted).order_by("pk").select_for_update(no_key=True)
    found = list(attempts.only("pk", "call_id", "attempt", "state", "caller"))
    # The id is made of the name of who called first.
    kept = {each.call_id for each in found if each.attempt == 1 and each.caller_id is not None}
    kept |= {each.call_id for each in found if each.state != CallState.ENDED}
    renamed = [each for each in found if each.call_id not in kept]
    for each in renamed:
        each.call_id = wanted[each.call_id]
    return Call.objects.bulk_update(renamed, ["call_id"], ROWS_AT_ONCE)


def _forget_invitations(person: Forgotten, calls: list[Call]) -> None:
    user_id = person.user_id
    callers = {each.pk: each.caller_id for each in calls}
    rings = Invitation.objects.filter(call__in=list(callers))
    devices: dict[str, list[int]] = {}
    for each in rings.select_for_update(no_key=True).order_by("pk"):
        answers = each.invitee_id == user_id and each.state in (InvitationState.ACCEPTED, InvitationState.REJECTED)
        cancels = each.state == InvitationState.CANCELLED and user_id in (each.inviter_id, callers[each.call_id])
        if answers or cancels:
            _clear(person, each, "custom_data")
        if each.inviter_id == user_id:
            _clear(person, each, "ring_data", "notification_message")
        if each.invitee_id == user_id and each.ringing_devices:
            unnamed = [{**device, "device": "", "label": ""} for device in each.ringing_devices]
            devices.setdefault(json.dumps(unnamed), []).append(each.pk)
    _update_alike(rings, "ringing_devices", devices)
    rings.filter(invitee_id=user_id).update(invitee=None, answered_device="", answered_label="", ringing_label="")
    rings.filter(inviter_id=user_id).update(inviter=None, notification_title=None)


def _clear(person: Forgotten, row: Call | Invitation, *texts: str) -> None:
    """Empty those of these texts that name the person."""
    empty = {text: None if row._meta.get_field(text).null else "" for text in texts}
    named = {text: value for text, value in empty.items() if person.is_named_in(getattr(row, text))}
    if named:
        type(row)._base_manager.filter(pk=row.pk).update(**named)


def _update_alike(rows: QuerySet[Any], field: str, keys: Mapping[str, list[int]]) -> None:
    """Write one value into all rows that get the same, of which there are few: many times faster than row by row.

    Args:
        rows: among which they are.
        field: of JSON.
        keys: the keys of the rows by the value, as JSON.
    """
    for value, alike in keys.items():
        rows.filter(pk__in=alike).update(**{field: json.loads(value)})


def _forget_events(person: Forgotten, calls: list[Call]) -> None:
    log = _log(calls)
    changed: dict[str, list[int]] = {}
    for of_call in _by_call(log):
        names = {person.username, *(_subject(each) for each in of_call if _is_own_act(person, each))} - {None}
        for event in of_call:
            data = _without(event, names, is_actor=event.actor_id == person.user_id)
            if data != event.data:
                changed.setdefault(json.dumps(data), []).append(event.pk)
    _update_alike(log, "data", changed)
    log.filter(actor_id=person.user_id).update(actor=None, device_id="")


def _log(calls: list[Call]) -> QuerySet[CallEvent]:
    moments = [each.created_at for each in calls]
    if not moments:
        return CallEvent.objects.none()
    # Without these bounds PostgreSQL would look into every month.
    filed = {"call_created_at__gte": min(moments) - SKEW, "call_created_at__lt": max(moments) + MISFILED}
    return CallEvent.objects.filter(call__in=calls, **filed)


def _by_call(log: QuerySet[CallEvent]) -> list[list[CallEvent]]:
    logs: dict[int, list[CallEvent]] = {}
    for event in log.order_by("call_id", "revision").only("call_id", "kind", "actor_id", "data"):
        logs.setdefault(event.call_id, []).append(event)
    return list(logs.values())


def _is_own_act(person: Forgotten, event: CallEvent) -> bool:
    return event.actor_id == person.user_id and event.kind in _OWN_ACTS


def _subject(event: CallEvent) -> str | None:
    subject: str | None = event.data.get("invitee", event.data.get("user"))
    return subject


def _without(event: CallEvent, names: Collection[str | None], *, is_actor: bool) -> dict[str, Any]:
    data = dict(event.data)
    subject = _subject(event)
    if subject in names or (subject is None and is_actor):
        data = {name: value for name, value in data.items() if name not in ("device", "label")}
    for name in ("invitee", "user"):
        if data.get(name) in names:
            data[name] = NOBODY
    if "invitees" in data:
        data["invitees"] = [NOBODY if each in names else each for each in data["invitees"]]
    return data
