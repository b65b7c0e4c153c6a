"""Recording what happened: one log row per fact, numbered by the call's revision; the push messages and the messages to
hooks that it owes; and the live hint after the commit.

Rows are written in the transaction of the change they record, so nothing is published that did not happen."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from invitations import hooks
from invitations.live import publishing
from invitations.models import CallEvent, EventKind, Invitation, StopReason, UserKey
from invitations.push import planning
from invitations.push.recent import SKEW
from invitations.store import listening, rows
from invitations.store.sheets import Actor, CallSheet
from invitations.store.statements import Bind, Prepared

INSTANT = timedelta(microseconds=1)
"""The least by which two moments differ in every database."""
MISFILED = timedelta(days=1)
"""By how much later than its call a fact may be filed. An older version, which may run on for a while during an update,
files each at its own moment, by the clock of the database: by `SKEW` earlier, if that is behind."""
LOG = Prepared(
    CallEvent.objects.filter(
        call_id=Bind("call"),
        call_created_at__gte=Bind("filed_from"),
        call_created_at__lt=Bind("before"),
        revision__lte=Bind("revision"),
    ).order_by("revision")
)


def log(sheet: CallSheet) -> list[CallEvent]:
    """The log rows of a call, in order, up to the revision that was loaded: later ones do not fit the rest."""
    call = sheet.call
    filed_from, before = call.created_at - SKEW, call.created_at + MISFILED
    return LOG.rows(call=call.pk, filed_from=filed_from, before=before, revision=call.revision)


class Change:
    """The facts of one change to one call, collected while a verb runs and recorded at its end.

    Args:
        sheet: the call that changes.
        by: the actor; None for the server itself.
        now: the moment of the act. The facts have this one, or a later one if the call's last change is later: it was
            taken before the call was locked, and clocks of servers differ. It is later than any moment at which
            somebody went, who must not hear of it.
        headline: the fact that names the change on the wire; the first one if omitted.
    """

    def __init__(self, sheet: CallSheet, *, by: Actor | None, now: datetime, headline: EventKind | None = None) -> None:
        self.sheet = sheet
        self.now = now
        # What a new call begins with is one act.
        if sheet.call.pk is not None and (latest := sheet.latest_moment()) >= now:
            self.now = latest + INSTANT if latest == sheet.last_going() else latest
        self._headline = headline
        self._by = by
        self._facts: list[CallEvent] = []
        self._rings: list[Invitation] = []
        self._missed: list[Invitation] = []
        self._stops: dict[tuple[StopReason, str | None], list[Invitation]] = {}

    def fact(self, kind: EventKind, **data: Any) -> None:
        """Add a fact: one log row and one revision."""
        call = self.sheet.call
        call.revision += 1
        if self._by is not None and self._by.service is not None:
            data["service"] = self._by.service
        self._facts.append(
            rows.make(
                CallEvent,
                revision=call.revision,
                kind=kind.value,
                actor_id=self._by.user_id if self._by else None,
                device_id=self._by.device_id if self._by else "",
                data=data,
                at=self.now,
            )
        )

    def ring(self, invitation: Invitation) -> None:
        """Owe a ring to the invitee's devices."""
        self._rings.append(invitation)

    def miss(self, invitation: Invitation) -> None:
        """Tell hooks that the invitee has missed this ring."""
        self._missed.append(invitation)

    def stop(self, invitation: Invitation, reason: StopReason, *, besides: str | None = None) -> None:
        """Owe the end of a ring to the devices that may have got the ring.

        Args:
            invitation: closed now.
            reason: why.
            besides: the device that answered, which already knows.
        """
        self._stops.setdefault((reason, besides), []).append(invitation)

    def is_by_admin(self, invitation: Invitation | None = None) -> bool:
        """Whether an admin, or a service by itself, acts on a call that is not their own, or on a ring that they did
        not give."""
        if self._by is None or not self._by.is_admin:
            return False
        own = (self.sheet.call.caller_id, invitation.inviter_id if invitation else None)
        return self._by.is_service or self._by.user_id not in own

    @property
    def happened(self) -> bool:
        """Whether there are any facts to record."""
        return bool(self._facts)

    def record(self, *, quietly: bool = False) -> None:
        """Write the log rows and what is owed, and publish the live hint on commit. Does nothing without facts.

        Args:
            quietly: publish nothing, to hooks neither.
        """
        if not self._facts:
            return
        call = self.sheet.call
        for each in self._facts:
            each.call_id, each.call_created_at = call.pk, call.created_at
        rows.insert_later(*self._facts)
        planning.plan_rings(call.pk, [each.invitee_id for each in self._rings], now=self.now)
        for (reason, besides), stopped in self._stops.items():
            planning.plan_stops([each.pk for each in stopped], reason, now=self.now, besides=besides)
        if quietly:
            return
        # A service by itself is nobody in the call.
        actor = (self._by.username or None) if self._by else None
        kinds, receivers = self._kinds(), self._receivers()
        if (heard_by := self.sheet.listening) is not None:
            # What its caller does not hear of, hooks do not either.
            told = kinds if call.caller_id is None or call.caller_id in receivers else []
            hooks.plan_change(
                self.sheet,
                told,
                actor=actor,
                missed=self._missed,
                listeners=listening.read(heard_by),
                now=self.now,
            )
        transaction.on_commit(
            partial(
                publishing.publish_call,
                self.sheet,
                kinds,
                actor=actor,
                now=self.now,
                origin=self._by.origin if self._by else None,
                receivers=receivers,
            )
        )

    def _receivers(self) -> list[UserKey]:
        """Whom to tell: all who hear of the call now, and those whom a fact is about, for it may be the last one that
        they hear. But of a ring that is kept from them nobody hears, not even the caller, who hears of all else."""
        subjects = {each.data.get("invitee") or each.data.get("user") for each in self._facts}
        told, kept = self.sheet.told(), self.sheet.kept_from()
        people = {key: each.username for key, each in self.sheet.people.items() if key is not None}
        if kept:
            rung = {each.data.get("invitee") for each in self._facts}
            people = {key: name for key, name in people.items() if key not in kept or (key in told and rung != {name})}
        return [key for key, name in people.items() if key in told or name in subjects]

    def _kinds(self) -> list[str]:
        kinds = [each.kind for each in self._facts]
        if self._headline in kinds:
            kinds.sort(key=lambda kind: kind != self._headline)
        return kinds
