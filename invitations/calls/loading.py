"""Loading and locking calls for the verbs.

The lock order is the same everywhere: users by key, then calls by key. A verb that takes a user's one slot holds that
user's lock; a verb that only frees slots needs only the call's lock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Q

from invitations.calls.transaction import TRIES, Overdue
from invitations.errors import CallError, Code
from invitations.models import Call, CallState, Invitation, InvitationState, Participant, UserKey
from invitations.store import people
from invitations.store.listening import LISTENING
from invitations.store.sheets import Actor, CallSheet, Person
from invitations.store.statements import Bind, Prepared, Soon


class Attempt(NamedTuple):
    """One of the calls that were made under the same id.

    Args:
        call_id: the id.
        number: 1 for the first call under it, 2 for the next, and so on.
    """

    call_id: str
    number: int


CallName = str | Attempt
"""What a verb is given to find its call. An id alone means the attempt that is open or, when none is, the latest of
those that concern the actor."""


class Stay(NamedTuple):
    """A call that a person is in: its key and its public id."""

    call_pk: int
    call_id: str


_OPEN_STAYS = Participant.objects.open().order_by().filter(user_id=Bind("user"))
STAYS = Prepared(_OPEN_STAYS.values_list("call_id", "call__call_id"), row=Stay._make)

_LOCKED = Call.objects.select_for_update(no_key=True, of=("self",)).annotate(listening=LISTENING)
# An attempt is made only when the one before has ended, so that the open one is always the latest.
_LATEST = Call.objects.filter(call_id=Bind("call_id")).order_by("-attempt")
_ATTEMPT = Call.objects.filter(call_id=Bind("call_id"), attempt=Bind("number")).order_by()
KEY = Prepared(_LATEST.values_list("pk")[:1], row=itemgetter(0))
CALL = people.beside(_LATEST[:1], "caller")
CALL_LOCKED = people.beside(
    _LATEST.select_for_update(no_key=True, of=("self",)).annotate(listening=LISTENING)[:1], "caller"
)
ATTEMPT = people.beside(_ATTEMPT, "caller")
ATTEMPT_LOCKED = people.beside(
    _ATTEMPT.select_for_update(no_key=True, of=("self",)).annotate(listening=LISTENING), "caller"
)
REVISIONS = Prepared(Call.objects.filter(pk__in=Bind("keys")).order_by().values_list("pk", "revision"), row=tuple)
CALLS = people.beside(Call.objects.order_by("pk").filter(pk__in=Bind("keys")), "caller")
CALLS_LOCKED = people.beside(_LOCKED.order_by("pk").filter(pk__in=Bind("keys")), "caller")

INVITATIONS_OF_CALLS = people.beside(Invitation.objects.order_by("pk").filter(call_id__in=Bind("keys")), "invitee")
PARTICIPANTS_OF_CALLS = Prepared(Participant.objects.order_by("pk").filter(call_id__in=Bind("keys")))


class _Rest:
    """How what belongs to one call is found.

    Args:
        call: its key, as a value or a query.
    """

    def __init__(self, call: Any) -> None:
        invitations = Invitation.objects.order_by("pk").filter(call_id=call)
        self.invitations = people.beside(invitations, "invitee")
        self.invitations_labelled = people.beside(invitations, "invitee", labelled=True)
        participants, stays = Q(call_id=call), Q(user_id=Bind("user"), left_at__isnull=True)
        self.participants = Prepared(Participant.objects.order_by("pk").filter(participants))
        self.participants_and_stays = Prepared(Participant.objects.order_by("pk").filter(participants | stays))


OF_CALL = _Rest(Bind("key"))
# Asked together with the call itself, before its key is known.
OF_LATEST = _Rest(_LATEST.values("pk")[:1])
OF_ATTEMPT = _Rest(_ATTEMPT.values("pk")[:1])


class InsideAnother(Exception):
    """The actor is in another call, which must be locked in order too: the verb starts again and locks both."""


def lock_for(by: Actor, name: CallName, *, now: datetime, labelled: bool = False) -> CallSheet:
    """Lock one call that concerns the actor. Nothing in it is overdue then.

    Args:
        by: the actor.
        name: the call.
        labelled: load the actor's person with the label and kind of their device.

    Raises:
        CallError: `not_found`, also for a stranger's call.
        Overdue: a deadline in it has passed.
    """
    return _locked(by, name, now, labelled=labelled)[0]


def lock_alone(by: Actor, name: CallName, *, now: datetime) -> CallSheet:
    """Take the lock on the actor's one slot and, like `lock_for` with a label, on a call, if they are in no other.

    Raises:
        CallError: see `lock_person` and `lock_for`.
        Overdue: see `lock_for`.
        InsideAnother: the actor is in another call.
    """
    person = _person_locked(by)
    try:
        sheet, elsewhere = _locked(by, name, now, labelled=True, stays_too=True)
    except CallError:
        _refuse_if_gone(person)
        raise
    _refuse_if_gone(person)
    if elsewhere:
        raise InsideAnother
    return sheet


def lock_calls(call_pks: Iterable[int], *, now: datetime) -> dict[int, CallSheet]:
    """Lock several calls by key, in the order of their keys.

    Raises:
        Overdue: a deadline in one of them has passed.
    """
    found = CALLS_LOCKED.rows(keys=sorted(set(call_pks)))
    return {call.pk: _punctual(_fill(call, caller), now) for call, caller in found}


def lock_all(call_pks: Collection[int]) -> dict[int, CallSheet]:
    """Lock many calls by key, in the order of their keys, overdue or not, in three queries. Deleted calls are left
    out."""
    return _rest(CALLS_LOCKED.rows(keys=sorted(set(call_pks)))) if call_pks else {}


def lock_one(call_pk: int) -> CallSheet | None:
    """Lock one call by key, overdue or not; None if it was deleted."""
    found = CALLS_LOCKED.rows(keys=[call_pk])
    return _fill(*found[0]) if found else None


def lock_stays(by: Actor, name: CallName, *, now: datetime) -> dict[int, CallSheet]:
    """Lock the calls that the actor is in and the one that they are turning to, in the order of their keys.

    Args:
        by: the actor, whose own lock must be held.
        name: the call that they are turning to.

    Returns:
        The calls by key; empty for most people, who are in no call.

    Raises:
        Overdue: a deadline in one of them has passed.
    """
    found = STAYS.rows(user=by.user_id)
    inside = [each.call_pk for each in found]
    call_id = id_in(name)
    # Nobody is in another attempt than the latest.
    if all(each.call_id == call_id for each in found):
        return {}
    locked = lock_calls([*inside, *KEY.rows(call_id=call_id)], now=now)
    return {call_pk: locked[call_pk] for call_pk in inside}


def lock_person(by: Actor) -> None:
    """Take the lock on the actor's one slot. No query where the database allows one writer at a time anyway.

    Raises:
        CallError: `not_authenticated` if the account is gone.
    """
    _refuse_if_gone(_person_locked(by))


def _person_locked(by: Actor) -> Soon[Person] | None:
    return people.soon_of_names([by.username], lock=True) if people.are_locked() else None


def _refuse_if_gone(person: Soon[Person] | None) -> None:
    if person is not None and person.first() is None:
        raise CallError(Code.NOT_AUTHENTICATED)


def load(name: CallName, *, for_user: UserKey | None = None) -> CallSheet | None:
    """One call by its public id, not locked.

    Args:
        name: the call.
        for_user: the person who reads it, who gets the latest that they may read; None for any call.
    """
    found = _named(name)
    sheet = _whole([found]).get(found[0].pk) if found else None
    if sheet is None or for_user is None or sheet.shows(for_user):
        return sheet
    earlier = _earlier(name, sheet, for_user)
    return None if earlier is None else load(earlier, for_user=for_user)


def is_superseded(call: Call) -> bool:
    """Whether there is a later attempt under the call's id. Final while the call's own lock is held."""
    return Call.objects.filter(call_id=call.call_id, attempt__gt=call.attempt).exists()


def id_in(name: CallName) -> str:
    """The public id in a call's name."""
    return name if isinstance(name, str) else name.call_id


def load_all(call_pks: Sequence[int]) -> dict[int, CallSheet]:
    """Many calls by key, not locked, in four queries. Each is in one state that it was in, never half in the next."""
    return _whole(CALLS.rows(keys=call_pks)) if call_pks else {}


def refuse_if_over(sheet: CallSheet, by: Actor) -> None:
    """Refuse what an ended call no longer allows. The actor's own invitation gives the reason, or else the call.

    Raises:
        CallError: `invitation_cancelled`, `invitation_timed_out`, `call_ended`.
    """
    if sheet.call.state != CallState.ENDED:
        return
    own = sheet.invitation_of(by.user_id)
    if own is not None:
        refuse_if_closed(sheet, own)
    raise CallError(Code.CALL_ENDED, sheet=sheet)


def refuse_if_closed(sheet: CallSheet, own: Invitation) -> None:
    """Refuse what an invitation that was closed before its invitee answered no longer allows.

    Raises:
        CallError: `invitation_cancelled`, `invitation_timed_out`.
    """
    if own.state == InvitationState.CANCELLED:
        raise CallError(Code.INVITATION_CANCELLED, sheet=sheet)
    if own.state == InvitationState.TIMED_OUT:
        raise CallError(Code.INVITATION_TIMED_OUT, sheet=sheet)


def label_of(by: Actor, sheet: CallSheet) -> str:
    """What the actor's device is called: as its owner named it, or else as it calls itself; empty if it has no name."""
    person = sheet.people.get(by.user_id)
    return (person.device_label if person else "") or by.device_label or ""


def _locked(
    by: Actor, name: CallName, now: datetime, *, labelled: bool = False, stays_too: bool = False
) -> tuple[CallSheet, bool]:
    """The call and, if asked with `stays_too`, whether the actor is in another one."""
    sheet = _sheet(by, name, labelled=labelled, stays_too=stays_too)
    if sheet is None:
        raise CallError(Code.NOT_FOUND)
    if not sheet.concerns(by.user_id) and not by.is_admin:
        earlier = _earlier(name, sheet, by.user_id)
        if earlier is None:
            raise CallError(Code.NOT_FOUND)
        return _locked(by, earlier, now, labelled=labelled, stays_too=stays_too)
    elsewhere = any(each.call_id != sheet.call.pk for each in sheet.participants)
    sheet.participants = [each for each in sheet.participants if each.call_id == sheet.call.pk]
    return _punctual(sheet, now), elsewhere


def _sheet(by: Actor, name: CallName, *, labelled: bool, stays_too: bool) -> CallSheet | None:
    """The locked call, with the actor's device label and their other open stays, if asked. All of it is asked for in
    one round trip, each statement after the lock is held."""
    how: dict[str, Any] = {"call_id": name} if isinstance(name, str) else name._asdict()
    locked = (CALL_LOCKED if isinstance(name, str) else ATTEMPT_LOCKED).soon(**how)
    rest = OF_LATEST if isinstance(name, str) else OF_ATTEMPT
    parts = _begun(rest, how, by, labelled=labelled, stays_too=stays_too)
    found = locked.first()
    if found is None:
        return None
    sheet = _made(*found, *parts)
    if any(each.call_id == sheet.call.pk for each in sheet.invitations):
        return sheet
    # Another attempt was made while this one was waited for.
    return _made(*found, *_begun(OF_CALL, {"key": sheet.call.pk}, by, labelled=labelled, stays_too=stays_too))


def _named(name: CallName) -> tuple[Call, Person] | None:
    if isinstance(name, str):
        return CALL.first(call_id=name)
    return ATTEMPT.first(call_id=name.call_id, number=name.number)


def _earlier(name: CallName, latest: CallSheet, user_id: UserKey) -> Attempt | None:
    """The latest attempt that concerns this user, if they asked by an id whose very latest one does not."""
    if not isinstance(name, str) or latest.call.attempt == 1:
        return None
    theirs = Call.objects.attempts(name, user_id).filter(attempt__lt=latest.call.attempt)
    number = theirs.values_list("attempt", flat=True).first()
    return None if number is None else Attempt(name, number)


def _fill(call: Call, caller: Person) -> CallSheet:
    """Load the rest of a call."""
    return _made(call, caller, *_begun(OF_CALL, {"key": call.pk}))


_Parts = tuple[Soon[tuple[Invitation, Person]], Soon[Participant]]


def _begun(
    rest: _Rest, call: dict[str, Any], by: Actor | None = None, *, labelled: bool = False, stays_too: bool = False
) -> _Parts:
    """Begin to load the rest of a call. With `by`, if asked, also that person's device label and their other stays.

    Args:
        rest: how it is found.
        call: the values that name the call there.
    """
    if by is not None and labelled:
        invitations = rest.invitations_labelled.soon(user=by.user_id, device=by.device_id, **call)
    else:
        invitations = rest.invitations.soon(**call)
    if by is not None and stays_too:
        return invitations, rest.participants_and_stays.soon(user=by.user_id, **call)
    return invitations, rest.participants.soon(**call)


def _made(
    call: Call, caller: Person, invitations: Soon[tuple[Invitation, Person]], participants: Soon[Participant]
) -> CallSheet:
    invited = invitations.rows()
    known = {each.id: each for each in (caller, *(invitee for _, invitee in invited))}
    return CallSheet(call, [invitation for invitation, _ in invited], participants.rows(), known)


def _whole(found: list[tuple[Call, Person]]) -> dict[int, CallSheet]:
    """Load the rest of these calls, which are not locked. If one of them has changed meanwhile, it is loaded again.

    Every change raises the revision in the transaction that makes it, and each statement sees whole transactions: so
    what was read between two looks at the same revision belongs together.

    Raises:
        CallError: `unavailable` if one of them changes all the time.
    """
    sheets: dict[int, CallSheet] = {}
    for _ in range(TRIES):
        loaded = _rest(found)
        revisions = dict(REVISIONS.rows(keys=list(loaded)))
        sheets |= {key: each for key, each in loaded.items() if revisions.get(key) == each.call.revision}
        changed = [key for key in loaded if key in revisions and key not in sheets]
        if not changed:
            return sheets
        found = CALLS.rows(keys=changed)
    raise CallError(Code.UNAVAILABLE)


def _rest(found: Sequence[tuple[Call, Person]]) -> dict[int, CallSheet]:
    """These calls with their invitations, participants and people."""
    if not found:
        return {}
    if len(found) == 1:
        call, caller = found[0]
        return {call.pk: _fill(call, caller)}
    sheets = {call.pk: CallSheet(call, [], [], {caller.id: caller}) for call, caller in found}
    keys = list(sheets)
    for invitation, invitee in INVITATIONS_OF_CALLS.rows(keys=keys):
        sheet = sheets[invitation.call_id]
        sheet.invitations.append(invitation)
        sheet.people[invitee.id] = invitee
    for participant in PARTICIPANTS_OF_CALLS.rows(keys=keys):
        sheets[participant.call_id].participants.append(participant)
    return sheets


def _punctual(sheet: CallSheet, now: datetime) -> CallSheet:
    if sheet.is_overdue(now):
        raise Overdue(sheet.call.pk, now=now)
    return sheet
