"""Reading calls: one call, the open ones, the history, and what a page that fell behind has missed.

A read that finds something overdue first has it expired, so that no screen shows a ghost if the dispatcher is down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from invitations import shapes
from invitations.calls.expiring import expire
from invitations.calls.loading import CallName, load, load_all
from invitations.calls.transaction import write
from invitations.errors import CallError, Code
from invitations.live import publishing
from invitations.models import Call, CallingPreferences, CallState, Invitation, Participant, UserKey
from invitations.store import people
from invitations.store.sheets import CallSheet
from invitations.store.statements import Bind, Prepared, aggregated

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_RINGS = Invitation.objects.ringing().order_by().filter(invitee_id=Bind("user"))
_STAYS = Participant.objects.open().order_by().filter(user_id=Bind("user"))

# Two look-ups in partial indexes on open rows.
OPEN_CALLS = Prepared(_STAYS.values_list("call_id").union(_RINGS.values_list("call_id")).order_by(), row=itemgetter(0))

# The same two look-ups, as a yes or no. An invitation counts until its deadline and a caller until that of the last
# ring, even if nothing has expired them yet. Leases do not matter: the person who asks is connected. So `due_at` of the
# call cannot tell: it is the nearest of all deadlines, and also passes when a lease lapses or a ring is to be repeated.
_RINGING = _RINGS.filter(expires_at__gt=Bind("now"))
_INSIDE = _STAYS.filter(Q(call__state=CallState.ACTIVE) | Q(call__ring_expires_at__gt=Bind("now")))
_CHOSEN_NAME = CallingPreferences.objects.filter(user_id=Bind("user")).order_by().values_list("display_name")
CHOSEN_NAME = Prepared(_CHOSEN_NAME, row=itemgetter(0))
IN_OPEN_CALL = Prepared(
    _RINGING.values_list("call_id").union(_INSIDE.values_list("call_id"), all=True).order_by()[:1], row=tuple
)

_SEEN_AT = CallingPreferences.objects.filter(user_id=Bind("user")).values("history_seen_at")[:1]
MISSED_UNSEEN = Prepared(
    aggregated(
        Invitation.objects.missed(Bind("user")).filter(closed_at__gt=Coalesce(Subquery(_SEEN_AT), Value(LONG_AGO))),
        Count("*"),
    ),
    row=itemgetter(0),
)


@dataclass(slots=True)
class Synced:
    """What a page needs to be up to date.

    Args:
        sheets: calls newer than what the page holds, or unknown to it.
        gone: ids that it holds of calls that are over, unknown or not its user's.
    """

    sheets: list[CallSheet]
    gone: list[str]


def view(call: CallName, *, viewer_id: UserKey | None, now: datetime, sees_all: bool = False) -> CallSheet:
    """One call as seen by a person it concerns.

    Args:
        call: the call.
        viewer_id: the person who asks; None only with `sees_all`.
        sees_all: the viewer is an admin, who sees every call.

    Raises:
        CallError: `not_found`, also for strangers.
    """
    if viewer_id is None and not sees_all:
        raise CallError(Code.NOT_FOUND)
    viewer = None if sees_all else viewer_id
    sheet = load(call, for_user=viewer)
    if sheet is not None and sheet.is_overdue(now):
        expire(sheet.call.pk, now=now)
        sheet = load(call, for_user=viewer)
    if sheet is None:
        raise CallError(Code.NOT_FOUND)
    return sheet


def open_calls(user_id: UserKey, *, now: datetime) -> list[CallSheet]:
    """The calls that a user is in or is being rung for, newest first."""
    keys = OPEN_CALLS.rows(user=user_id)
    if not keys:
        return []
    sheets = load_all(keys)
    late = [each.call.pk for each in sheets.values() if each.is_overdue(now)]
    if late:
        for call_pk in late:
            expire(call_pk, now=now)
        return open_calls(user_id, now=now)
    # A call that they left, or that ended, after its key was found is none of these any more.
    still = [each for each in sheets.values() if user_id in each.heard_by()]
    return sorted(still, key=lambda each: (each.call.created_at, each.call.pk), reverse=True)


def has_open_calls(user_id: UserKey) -> bool:
    """Whether a user is in any call, or any rings for them, as far as rows say: what is overdue counts."""
    return bool(OPEN_CALLS.rows(user=user_id))


def sync(user_id: UserKey, held: Mapping[str, int], *, now: datetime) -> Synced:
    """Compare what a page holds with the current state.

    Args:
        user_id: the page's user.
        held: the revision it has of each call, by public id.
    """
    current = {each.call.call_id: each for each in open_calls(user_id, now=now)}
    newer = [each for call_id, each in current.items() if held.get(call_id, -1) < each.call.revision]
    missing = [call_id for call_id in held if call_id not in current]
    gone: list[str] = []
    if missing:
        known = _latest(missing, user_id)
        gone = [each for each in missing if each not in known or known[each].call.state == CallState.ENDED]
        # Whoever went hears nothing more, except that it is over.
        told = {call_id: each for call_id, each in known.items() if call_id in gone or each.tells(user_id)}
        newer += [each for call_id, each in told.items() if held[call_id] < each.call.revision]
    return Synced(newer, gone)


def _latest(call_ids: Sequence[str], user_id: UserKey) -> dict[str, CallSheet]:
    """The latest attempt under each of these ids that concerns the user, by id."""
    named = Call.objects.filter(call_id__in=call_ids).order_by()
    keys = named.values("call_id").annotate(latest=Max("pk")).values_list("latest", flat=True)
    latest = load_all(list(keys)).values()
    hidden = [each.call.call_id for each in latest if each.call.attempt > 1 and not each.shows(user_id)]
    theirs = Call.objects.under(hidden, user_id).order_by()
    earlier = load_all(list(theirs.values("call_id").annotate(latest=Max("pk")).values_list("latest", flat=True)))
    return {each.call.call_id: each for each in (*latest, *earlier.values()) if each.shows(user_id)}


def history(
    user_id: UserKey,
    *,
    state: str | None = None,
    direction: str | None = None,
    missed: bool | None = None,
    with_user: str | None = None,
    is_video_call: bool | None = None,
    end_reason: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Call]:
    """A user's own calls, newest first.

    Args:
        user_id: the user's key.
        state: `ringing`, `active` or `ended`.
        direction: `incoming` or `outgoing`.
        missed: only calls that the user missed, or only others.
        with_user: the public id of another person in the call.
        is_video_call: only video calls, or only audio calls.
        end_reason: one of `EndReason`.
        since: only calls sent at this moment or later.
        until: only calls sent before this moment.
    """
    calls = Call.objects.involving(user_id).order_by("-created_at", "-id")
    if state is not None:
        calls = calls.filter(state=state)
    if direction is not None:
        mine = Q(caller_id=user_id)
        calls = calls.filter(mine if direction == "outgoing" else ~mine)
    if missed is not None:
        keys = Invitation.objects.missed(user_id).values("call_id")
        calls = calls.filter(pk__in=keys) if missed else calls.exclude(pk__in=keys)
    if with_user is not None:
        with_user = people.as_registered(with_user)
        invited = _heard_of(user_id).filter(**{f"invitee__{people.USERNAME}": with_user}).values("call_id")
        calls = calls.filter(Q(**{f"caller__{people.USERNAME}": with_user}) | Q(pk__in=invited))
    if is_video_call is not None:
        calls = calls.filter(is_video_call=is_video_call)
    if end_reason is not None:
        calls = calls.filter(end_reason=end_reason)
    if since is not None:
        calls = calls.filter(created_at__gte=since)
    if until is not None:
        calls = calls.filter(created_at__lt=until)
    return calls


def everybodys(
    *,
    user: str | None = None,
    state: str | None = None,
    end_reason: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Call]:
    """All calls, newest first, for a service.

    Args:
        user: the public id of a person who started the call or was ever invited to it; nobody's finds nothing.
        state: `ringing`, `active` or `ended`.
        end_reason: one of `EndReason`.
        since: only calls sent at this moment or later.
        until: only calls sent before this moment.
    """
    calls = Call.objects.order_by("-created_at", "-id")
    if user is not None:
        person = people.named(user, active=False)
        started = Call.objects.filter(caller_id=person and person.pk, caller__isnull=False).values("pk").order_by()
        invited = Invitation.objects.filter(invitee_id=person and person.pk, invitee__isnull=False)
        calls = calls.filter(pk__in=started.union(invited.values("call_id").order_by()))
    if state is not None:
        calls = calls.filter(state=state)
    if end_reason is not None:
        calls = calls.filter(end_reason=end_reason)
    if since is not None:
        calls = calls.filter(created_at__gte=since)
    if until is not None:
        calls = calls.filter(created_at__lt=until)
    return calls


def sheets_as_of_now(calls: Sequence[Call], *, now: datetime) -> list[CallSheet]:
    """Sheets of these calls, in their order. What is overdue in them is expired first."""
    found = sheets(calls)
    late = [each.call.pk for each in found if each.is_overdue(now)]
    for call_pk in late:
        expire(call_pk, now=now)
    return sheets(calls) if late else found


def _heard_of(user_id: UserKey) -> QuerySet[Invitation]:
    """Invitations in a user's calls, except those made after the user had gone (`CallSheet.went_at`)."""
    here, made_at = OuterRef("call_id"), OuterRef("created_at")
    rings = Invitation.objects.traced(user_id).filter(call_id=here)
    stays = Participant.objects.filter(call_id=here, user_id=user_id)
    return Invitation.objects.filter(
        Q(call__caller_id=user_id)
        | Exists(rings.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=made_at)))
        | Exists(stays.filter(Q(left_at__isnull=True) | Q(left_at__gte=made_at)))
    )


def sheets(calls: Sequence[Call]) -> list[CallSheet]:
    """Sheets of these calls, in their order, in a constant number of queries."""
    loaded = load_all([each.pk for each in calls])
    return [loaded[each.pk] for each in calls if each.pk in loaded]


def sheets_by_key(call_pks: Sequence[int]) -> dict[int, CallSheet]:
    """Sheets of these calls by key, in a constant number of queries."""
    return load_all(call_pks)


def missed_unseen(user_id: UserKey) -> int:
    """How many missed calls the user has not seen yet."""
    return MISSED_UNSEEN.rows(user=user_id)[0]


def mark_history_seen(user_id: UserKey, *, now: datetime, origin: str | None = None) -> None:
    """Clear the missed badge on all of the user's devices. Those with an open socket are told at once.

    Args:
        user_id: the user's key.
        origin: the channel of the socket that asked; skipped, because it gets the result as its answer.
    """
    with write():
        CallingPreferences.objects.update_or_create(user_id=user_id, defaults={"history_seen_at": now})
        transaction.on_commit(partial(publishing.publish_history, user_id, missed_unseen=0, origin=origin))


def me(user_id: UserKey, username: str) -> shapes.parts.Person:
    """A user on the wire: the public id and the display name."""
    return {"id": username, "name": people.shown_name(username, CHOSEN_NAME.first(user=user_id))}


def met_lately(user_id: UserKey) -> list[UserKey]:
    """The people whom a user called, or was called by, in their last hundred rings each way: the latest first."""
    ways = [
        (Invitation.objects.traced(user_id), "inviter_id"),
        (Invitation.objects.filter(inviter_id=user_id), "invitee_id"),
    ]
    rings = [
        ring
        for invitations, other in ways
        for ring in invitations.order_by("-created_at").values_list("created_at", other)[:100]
    ]
    rings.sort(key=itemgetter(0), reverse=True)
    return list(dict.fromkeys(key for _, key in rings if key is not None))


def is_in_open_call(user_id: UserKey, *, now: datetime) -> bool:
    """Whether a user is in a call or being rung now. One query, which expires nothing.

    Args:
        user_id: the user's key.
    """
    return bool(IN_OPEN_CALL.rows(user=user_id, now=now))
