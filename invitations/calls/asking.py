"""What a send and an invite share: how people are rung, who can be invited, and the result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from invitations.calls.expiring import next_ring_at
from invitations.calls.slots import Occupation
from invitations.conf import limits
from invitations.errors import CallError, Code
from invitations.models import Invitation, InvitationState, Verdict
from invitations.store import looks, rows
from invitations.store.people import registered
from invitations.store.sheets import Actor, CallSheet, Person

Problem = dict[str, Any]


@dataclass(slots=True)
class Sent:
    """The result of a send or an invite.

    Args:
        sheet: the call.
        errors: the people who could not be invited, each with `invitee`, `code` and `detail`.
        warnings: what differs from the request but did not stop the ring.
        created: something new was made (201); False for a repeat, a merge or a rejoin (200).
        merged: the send became an accept of the other person's call.
        rejoin: the same two people are in this call already.
    """

    sheet: CallSheet
    errors: list[Problem] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    created: bool = True
    merged: bool = False
    rejoin: bool = False


class Ring(NamedTuple):
    """How invitees are rung: what a send or an invite states once for all of them.

    Args:
        custom_data: stored unchanged; at most `custom_data_bytes` of UTF-8.
        resource_id: names a ring resource.
        notification_title: the heading of what the sender says (`ring_words`).
        notification_message: what the sender says.
        timeout_seconds: how long it rings, 1 to 600.
    """

    custom_data: str = ""
    resource_id: str | None = None
    notification_title: str | None = None
    notification_message: str | None = None
    timeout_seconds: int = 60


class RingKeywords(TypedDict, total=False):
    """The fields of `Ring` as keyword arguments of verbs."""

    custom_data: str
    resource_id: str | None
    notification_title: str | None
    notification_message: str | None
    timeout_seconds: int


class Respelled(Exception):
    """Some of the names are nobody's, but differ from people's in capitals alone.

    Args:
        names: the public ids that were meant, by name.
    """

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        super().__init__(names)


def found_among(names: Collection[str], known: list[Person]) -> dict[str, Person]:
    """The people who were found by these names, by public id.

    Raises:
        Respelled: others were meant as well. Raised rather than looked up: they are to be locked in one order.
    """
    found = {each.username: each for each in known}
    unknown = [each for each in names if each not in found]
    if unknown and (meant := registered(unknown)):
        raise Respelled(meant)
    return found


def in_any_capitals(act: Callable[[list[str]], Sent], names: Sequence[str]) -> Sent:
    """Send or invite, and if names were written in other capitals, again with the ids that were meant.

    Args:
        act: takes the names, and may raise `Respelled`.
        names: as they were written. Problems name people like this.

    Raises:
        CallError: as `act` does.
    """
    asked, written = list(names), dict[str, str]()
    while True:
        try:
            sent = act(asked)
        except Respelled as respelled:
            written |= {meant: each for each, meant in respelled.names.items()}
            asked = [respelled.names.get(each, each) for each in asked]
            continue
        except CallError as refused:
            _as_written(refused.extra.get("errors", []), written)
            raise
        _as_written(sent.errors, written)
        return sent


def _as_written(problems: list[Problem], written: dict[str, str]) -> None:
    for each in problems:
        each["invitee"] = written.get(each["invitee"], each["invitee"])


def invitable(
    by: Actor, invitees: Sequence[str], found: dict[str, Person], sheet: CallSheet | None = None
) -> tuple[list[Person], list[Problem]]:
    """Who can be invited, and why the others cannot.

    Args:
        by: the person who invites.
        invitees: public ids, as requested.
        found: the people who exist, by public id.
        sheet: the call to invite them into; None for a new one.
    """
    people: list[Person] = []
    errors: list[Problem] = []
    seen: set[str] = set()
    ringing = {each.invitee_id for each in sheet.pending()} if sheet else set()
    inside = {each.user_id for each in sheet.inside()} if sheet else {by.user_id}
    terms = limits()
    room = terms.people_per_call - len(sheet.seats() if sheet else inside)
    if sheet:
        room = min(room, terms.invitations_per_call - len(sheet.invitations))
    for name in invitees:
        person = found.get(name)
        code = None
        if name in seen:
            code = Code.DUPLICATE
        elif name == by.username:
            code = Code.SELF
        elif person is None:
            code = Code.UNKNOWN_USER
        elif sheet and person.id in inside:
            code = Code.ALREADY_IN_CALL
        elif person.id in ringing:
            code = Code.ALREADY_RINGING
        elif len(people) >= room:
            code = Code.CALL_FULL
        seen.add(name)
        if code is None and person is not None:
            people.append(person)
        elif code is not None:
            errors.append(problem_of(name, code))
    return people, errors


def problem_of(name: str, code: Code, **extra: Any) -> Problem:
    """Why one person cannot be invited, or their ring not be cancelled.

    Args:
        name: as it was sent.
        code: the reason.
        extra: further members.
    """
    return {"invitee": name, "code": code.value, "detail": code.sentence, **extra}


class Judged(NamedTuple):
    """Somebody who gets an invitation.

    Args:
        person: who.
        verdict: `rings`, or one that keeps it from them.
        from_contact: they have let the inviter in.
        urgent: the inviter, one of their contacts, says that it is urgent, and does not say so all the time.
    """

    person: Person
    verdict: Verdict
    from_contact: bool
    urgent: bool


def new_invitations(
    sheet: CallSheet, by: Actor, people: list[Judged], ring: Ring, busy: list[Occupation], now: datetime
) -> list[Invitation]:
    """New invitations, not stored yet: pending, or already busy. One that is kept from its invitee is pending, whatever
    they are doing.

    Args:
        sheet: the call, stored or not.
        by: the person who invites.
        people: the invitees.
        ring: how they are rung.
        busy: the calls that they are in; this one does not count.
    """
    occupied = {each.user_id for each in busy if each.inside and each.call_pk != sheet.call.pk}
    again_at = next_ring_at(now, now)
    # An invitation's own custom data comes from the act that closes it.
    said = ring._asdict() | {"ring_data": ring.custom_data, "custom_data": ""}
    made = []
    for person, verdict, from_contact, urgent in people:
        is_busy = person.id in occupied and not person.call_waiting and verdict == Verdict.RINGS
        made.append(
            rows.make(
                Invitation,
                call_id=sheet.call.pk,
                invitee_id=person.id,
                inviter_id=by.user_id,
                state=InvitationState.BUSY.value if is_busy else InvitationState.PENDING.value,
                created_at=now,
                expires_at=now + timedelta(seconds=ring.timeout_seconds),
                closed_at=now if is_busy else None,
                missed=is_busy,
                next_ring_at=None if is_busy else again_at,
                verdict=verdict.value,
                from_contact=from_contact,
                urgent=urgent,
                service=by.service or "",
                titled=by.titles,
                **said,
            )
        )
    return made


def warnings_about(ring: Ring) -> list[dict[str, str]]:
    """Warn the sender of an unknown ring resource, which never stops a ring."""
    known = ring.resource_id is None or looks.is_known(ring.resource_id)
    return [] if known else [{"code": "unknown_resource"}]
