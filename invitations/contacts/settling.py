"""A person's own settings: who may ring them and when, and what others see of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from invitations import calls, mailing, shapes
from invitations.conf import limits
from invitations.contacts.locking import locked
from invitations.contacts.reading import count_requests
from invitations.errors import CallError, Code
from invitations.live import publishing
from invitations.models import CallingPreferences, QuietHours, UserKey
from invitations.rules.hours import quiet_until, zone_of
from invitations.serializers import moment
from invitations.store import people
from invitations.words import say

LONGEST_DO_NOT_DISTURB = timedelta(days=366)
RULED_BY = frozenset({"rings_from", "do_not_disturb_until", "quiet_hours", "time_zone", "let_through"})
"""The settings that rings are judged by."""


def own_settings(user: Any, *, now: datetime) -> shapes.account.Me:
    """A person's profile and settings."""
    return _view(user, _preferences_of(user.pk), now)


def settle(user: Any, values: Mapping[str, Any], *, now: datetime) -> shapes.account.Me:
    """Change some of a person's settings. All their pages and apps are told.

    Args:
        user: whose.
        values: by their names in `CallingPreferences`, each of them valid by itself.

    Returns:
        The profile and settings after the change.

    Raises:
        CallError: `invalid` with `errors`: they are not to be disturbed until a moment that has passed, or for longer
            than `LONGEST_DO_NOT_DISTURB`; or they are to be written to, and have confirmed no address.
    """
    _check_until(values.get("do_not_disturb_until"), now)
    if values.get("mail_if_unreachable") and mailing.confirmed_address(user.pk) is None:
        raise CallError(Code.INVALID, errors={"mail_if_unreachable": [say("invalid.no_confirmed_address")]})

    def act() -> CallingPreferences:
        preferences, _ = CallingPreferences.objects.update_or_create(
            user_id=user.pk, defaults=values, create_defaults=values
        )
        transaction.on_commit(partial(publishing.publish_own, user.pk, partial(_frame, user, preferences, now)))
        return preferences

    if not values:
        return own_settings(user, now=now)
    if RULED_BY.isdisjoint(values):
        with locked(user.pk):
            return _view(user, act(), now)
    return _view(user, calls.change_rules(user.pk, act, now=now), now)


def _check_until(until: datetime | None, now: datetime) -> None:
    if until is None:
        return
    wrong = ""
    if until <= now:
        wrong = say("invalid.moment_has_passed")
    elif until > now + LONGEST_DO_NOT_DISTURB:
        wrong = say("invalid.moment_too_far", days=LONGEST_DO_NOT_DISTURB.days)
    if wrong:
        raise CallError(Code.INVALID, errors={"do_not_disturb_until": [wrong]})


def _preferences_of(user_id: UserKey) -> CallingPreferences:
    return CallingPreferences.objects.filter(user_id=user_id).first() or CallingPreferences(user_id=user_id)


def _frame(user: Any, preferences: CallingPreferences, now: datetime) -> dict[str, Any]:
    return {"type": "me", "server_time": moment(now), "me": _view(user, preferences, now)}


def _view(user: Any, chosen: CallingPreferences, now: datetime) -> shapes.account.Me:
    username, until = user.get_username(), chosen.do_not_disturb_until
    quiet = quiet_until(chosen.quiet_hours, chosen.time_zone, until, now=now)
    return {
        "id": username,
        "name": people.shown_name(username, chosen.display_name),
        "call_waiting": chosen.call_waiting,
        "missed_unseen": calls.missed_unseen(user.pk),
        "requests": count_requests(user.pk),
        "rings_from": chosen.rings_from or limits().rings_from,
        "rings_from_chosen": bool(chosen.rings_from),
        "do_not_disturb_until": moment(until) if until is not None and until > now else None,
        "quiet_hours": _hours_view(chosen.quiet_hours),
        "quiet_until": moment(quiet),
        "time_zone": zone_of(chosen.time_zone).key,
        "let_through": chosen.let_through,
        "show_presence": chosen.show_presence,
        "show_in_people": _shown_in_people(user, chosen),
        "push_shows": chosen.push_shows,
        "mail_if_unreachable": chosen.mail_if_unreachable,
    }


def _hours_view(hours: QuietHours | None) -> shapes.account.QuietHours | None:
    return None if hours is None else {"days": hours["days"], "from": hours["from"], "to": hours["to"]}


def _shown_in_people(user: Any, chosen: CallingPreferences) -> bool:
    if chosen.show_in_people is None:
        return not getattr(user, "is_staff", False)
    return chosen.show_in_people
