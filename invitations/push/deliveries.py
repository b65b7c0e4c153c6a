"""The push messages that are owed: who sends which and when, and what became of each.

Sends nothing itself and decides nothing about calls. A claim is a lease, so that any number of dispatchers may take
from the same table and any of them may die."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from django.db.models import (
    Case,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from invitations.live import presence
from invitations.models import Delivery, DeliveryKind, DeliveryState, InvitationState, UserKey, Verdict
from invitations.push.allowance import UNCOUNTED, Allowance
from invitations.push.recent import RECENT, span
from invitations.store.statements import Bind, Prepared, PreparedUpdate, aggregated
from invitations.transports import SEND_SECONDS, Address

LEASE_SECONDS = 2 * SEND_SECONDS
"""How long a claimed delivery belongs to its dispatcher: twice as long as a push service may take to answer."""
WITHHOLD_SECONDS = 2
"""How long the first ring is held back from a device with an open page, so that the page can say that it is heard."""
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
MOST_DOUBLINGS = 16
LONGEST_STOP_BACKOFF_SECONDS = 300.0
"""The end of a ring may arrive within a day: retried as often as rings, ends to a service that is down would fill the
post."""
CALL_OVER = "call_over"
ACKNOWLEDGED = "acknowledged"
NO_ADDRESS = "no_address"
TOO_LATE = "too_late"
TOO_MANY = "too_many"
UNALERTED = "no_alert_token"
SETTLED = "settled"
"""Why a delivery is dropped. All other codes come from the transports."""

NEXT_MOMENT = Prepared(
    aggregated(
        Delivery.objects.filter(RECENT, state=DeliveryState.PENDING),
        Min(Case(When(claimed_until__gt=Bind("now"), then=F("claimed_until")), default=F("due_at"))),
    ),
    row=itemgetter(0),
)

_THIS_RING = Delivery.objects.filter(
    RECENT, invitation_id=Bind("ring"), device_key=Bind("device"), kind=DeliveryKind.RING
).order_by()
SHOWN_ON: Prepared[str] = Prepared(
    Delivery.objects.filter(
        RECENT,
        invitation_id=Bind("ring"),
        device_key__in=Bind("devices"),
        kind=DeliveryKind.RING,
        state=DeliveryState.SENT,
    )
    .order_by()
    .values_list("device_key"),
    row=itemgetter(0),
)
_UNCLAIMED = Q(claimed_until__isnull=True) | Q(claimed_until__lte=Bind("now"))
_UNSENT = Q(_UNCLAIMED, state=DeliveryState.PENDING)
_ACKNOWLEDGED_AT = Coalesce("acknowledged_at", Bind("now"))
ACKNOWLEDGE = PreparedUpdate(_THIS_RING, acknowledged_at=_ACKNOWLEDGED_AT)
WITHHOLD = PreparedUpdate(
    _THIS_RING,
    acknowledged_at=_ACKNOWLEDGED_AT,
    state=Case(When(_UNSENT, then=Value(DeliveryState.WITHHELD.value)), default=F("state")),
    settled_at=Case(When(_UNSENT, then=Bind("now")), default=F("settled_at")),
)

TAKE = PreparedUpdate(
    Delivery.objects.filter(RECENT, pk__in=Bind("keys")),
    claim=Bind("claim"),
    claimed_until=Bind("until"),
    tried_at=Bind("now"),
    attempts=F("attempts") + 1,
)
_ONE = Delivery.objects.filter(pk=Bind("pk"), created_at=Bind("created_at"))
DROP = PreparedUpdate(_ONE, state=DeliveryState.DROPPED.value, code=Bind("code"), settled_at=Bind("now"))
HOLD = PreparedUpdate(_ONE, due_at=Bind("due_at"))
SETTLE = PreparedUpdate(
    _ONE.filter(claim=Bind("claim"), state=DeliveryState.PENDING),
    **{name: Bind(f"new_{name}") for name in ("state", "status", "code", "host", "settled_at", "due_at")},
    claimed_until=None,
)


ADDRESS = (
    *(each.name for each in fields(Address)),
    *("origin", "language", "digest", "disabled_at"),
)
"""What is known about a device's push address."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process may send until its lease runs out.

    Args:
        pk: its key.
        claim: the lease's name; settling under another name has no effect.
        claimed_until: when the lease runs out.
        kind: one of `DeliveryKind`.
        reason: one of `StopReason`, for a stop.
        number: the number of the ring, from 1.
        attempts: how often it has been tried, including this time.
        created_at: when it was planned.
        expires_at: when it becomes worthless.
        user_id: the device's owner.
        device_pk: the device's key.
        device_key: the device's id.
        digest: of the address that it is sent to.
        invitation_pk: the invitation that rings; None for a test and for a notice.
        call_pk: its call; None for a test and for a notice.
        origin: where the app is open on that device.
        language: the tag of the language read there; empty for the site's own.
        address: its parts, in the order of `transports.Address`.
    """

    pk: int
    claim: str
    claimed_until: datetime
    kind: str
    reason: str
    number: int
    attempts: int
    created_at: datetime
    expires_at: datetime
    user_id: UserKey
    device_pk: int
    device_key: str
    digest: str
    invitation_pk: int | None
    call_pk: int | None
    origin: str
    language: str
    address: tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery that was tried.

    Args:
        claimed: the delivery.
        state: its new state; `pending` if it is to be tried again.
        status: the push service's HTTP status, if it answered.
        code: why it was not accepted.
        host: the push service's host.
        at: when this was known.
        retry_at: if `pending`, when to try again.
    """

    claimed: Claimed
    state: DeliveryState
    status: int | None
    code: str
    host: str
    at: datetime
    retry_at: datetime | None = None


def acknowledge(invitation_pk: int, device_key: str, *, audible: bool, now: datetime) -> None:
    """Record that a device alerts. If it can be heard, withhold the messages that have not been sent to it yet.

    Args:
        invitation_pk: the invitation that rings.
        device_key: the device's id.
        audible: the device can be heard, not only seen.
    """
    (WITHHOLD if audible else ACKNOWLEDGE).later(ring=invitation_pk, device=device_key, now=now, **span(now))


def shown_on(invitation_pk: int, device_keys: Collection[str], *, now: datetime) -> set[str]:
    """Of these devices, the ones whose push service took a ring of this invitation: they show it without a page."""
    return set(SHOWN_ON.rows(ring=invitation_pk, devices=list(device_keys), **span(now)))


def next_moment(now: datetime) -> datetime | None:
    """When the next delivery is due or the next lease runs out; None if nothing waits."""
    return NEXT_MOMENT.first(now=now, **span(now))


def claim(*, now: datetime, size: int) -> list[Claimed]:
    """Take due deliveries for `LEASE_SECONDS`, of all users in turn. Drops those that are no longer wanted, and puts
    off what would be more than one user's share of a push service.

    Runs in the caller's transaction, which must be short.

    Args:
        size: how many at most.
    """
    name = secrets.token_hex(16)
    until = now + timedelta(seconds=LEASE_SECONDS)
    wanted: list[Claimed] = []
    for due in _next(size, now):
        code = _unwanted(due, now)
        if code or due.device_pk is None or due.digest is None:
            DROP.run(pk=due.pk, created_at=due.created_at, code=code or NO_ADDRESS, now=now)
        else:
            wanted.append(due.claimed(name, until, due.device_pk, due.digest))
    held = _held_back(wanted, now)
    for each in wanted:
        if each.pk in held:
            HOLD.run(
                pk=each.pk, created_at=each.created_at, due_at=each.created_at + timedelta(seconds=WITHHOLD_SECONDS)
            )
    taken = _allowed([each for each in wanted if each.pk not in held], now)
    if taken:
        TAKE.run(keys=[each.pk for each in taken], claim=name, until=until, now=now, **span(now))
    return taken


def settle(outcomes: Iterable[Outcome]) -> None:
    """Record what became of deliveries. Leaves those alone whose lease another dispatcher has taken over.

    Args:
        outcomes: one for each delivery.
    """
    SETTLE.run_many(
        {
            "pk": each.claimed.pk,
            "created_at": each.claimed.created_at,
            "claim": each.claimed.claim,
            "new_state": each.state.value,
            "new_status": each.status,
            "new_code": each.code,
            "new_host": each.host,
            "new_settled_at": None if each.retry_at else each.at,
            "new_due_at": each.retry_at or each.at,
        }
        # In the order in which others lock them.
        for each in sorted(outcomes, key=lambda each: each.claimed.pk)
    )


def retry_at(claimed: Claimed, *, now: datetime, after_seconds: float | None) -> datetime | None:
    """When to try a delivery again; None if that would be too late.

    Args:
        claimed: what was tried.
        after_seconds: how long the push service asked to be left alone (RFC 9110 section 10.2.3).
    """
    longest = LONGEST_STOP_BACKOFF_SECONDS if claimed.kind in UNCOUNTED else LONGEST_BACKOFF_SECONDS
    # Bounded first: a float cannot hold a thousand doublings.
    backoff = min(FIRST_BACKOFF_SECONDS * 2 ** min(claimed.attempts - 1, MOST_DOUBLINGS), longest)
    # Jitter, so that messages that failed together are not retried together.
    wait = max(backoff * random.uniform(0.75, 1.25), after_seconds or 0)  # noqa: S311  nothing to guess
    at = now + timedelta(seconds=wait)
    return at if at < claimed.expires_at else None


class _Due(NamedTuple):
    """A due delivery: its own columns in the table's order, then those of its ring and its device."""

    pk: int
    device_pk: int | None
    user_id: UserKey
    device_key: str
    invitation_pk: int | None
    kind: str
    reason: str
    number: int
    created_at: datetime
    expires_at: datetime
    attempts: int
    call_pk: int | None
    ring_state: str | None
    ring_verdict: str | None
    ring_expires_at: datetime | None
    ringing_at: datetime | None
    transport: str | None
    endpoint: str
    p256dh: str
    auth: str
    signing_key: str
    alert_token: str
    origin: str
    language: str | None
    digest: str | None
    disabled_at: datetime | None

    def claimed(self, name: str, until: datetime, device_pk: int, digest: str) -> Claimed:
        """The delivery under a lease, for the device and the address that it turned out to have."""
        return Claimed(
            pk=self.pk,
            claim=name,
            claimed_until=until,
            kind=self.kind,
            reason=self.reason,
            number=self.number,
            attempts=self.attempts + 1,
            created_at=self.created_at,
            expires_at=self.expires_at,
            user_id=self.user_id,
            device_pk=device_pk,
            device_key=self.device_key,
            digest=digest,
            invitation_pk=self.invitation_pk,
            call_pk=self.call_pk,
            origin=self.origin,
            language=self.language or "",
            address=(self.transport or "", self.endpoint, self.p256dh, self.auth, self.signing_key, self.alert_token),
        )


def _unwanted(due: _Due, now: datetime) -> str:
    """Why a delivery is no longer to be sent, if it still has an address; empty if it is."""
    if due.kind == DeliveryKind.RING:
        # With less than a second left, a ring would be sent with a TTL of 0.
        soon = now + timedelta(seconds=1)
        if due.ring_state != InvitationState.PENDING or due.ring_expires_at is None or due.ring_expires_at <= soon:
            return CALL_OVER
        if due.ring_verdict != Verdict.RINGS:
            return CALL_OVER
        if due.number > 1 and due.ringing_at is not None:
            return ACKNOWLEDGED
    if due.expires_at <= now:
        return TOO_LATE
    return "" if due.disabled_at is None else NO_ADDRESS


def _held_back(wanted: list[Claimed], now: datetime) -> set[int]:
    """First rings to devices with an open page, held back for a moment so that the page can report that it is heard."""
    since = now - timedelta(seconds=WITHHOLD_SECONDS)
    fresh = [
        each
        for each in wanted
        if each.kind == DeliveryKind.RING and each.number == 1 and each.attempts == 1 and each.created_at > since
    ]
    alive = presence.live_devices((each.user_id, each.device_key) for each in fresh)
    return {each.pk for each in fresh if (each.user_id, each.device_key) in alive}


def _allowed(wanted: list[Claimed], now: datetime) -> list[Claimed]:
    """Those of them that may go now. The others wait for their user's share of the push service, or are dropped if they
    would then come too late."""
    counted = [each for each in wanted if each.kind not in UNCOUNTED]
    allowance = Allowance((each.user_id for each in counted), now=now)
    refused: set[int] = set()
    for each in counted:
        due_at = allowance.put_off(each.pk, each.user_id, Address(*each.address))
        if due_at is None:
            continue
        refused.add(each.pk)
        if due_at < each.expires_at:
            HOLD.run(pk=each.pk, created_at=each.created_at, due_at=due_at)
        else:
            DROP.run(pk=each.pk, created_at=each.created_at, code=TOO_MANY, now=now)
    return [each for each in wanted if each.pk not in refused]


def _next(size: int, now: datetime) -> list[_Due]:
    """The next due deliveries, at most `size`. Where more than that are due, users take turns, the one who has waited
    longest first, so that nobody has to wait until all that is owed to somebody else has been sent."""
    due = _due(size).rows(now=now, **span(now))
    users = {each.user_id for each in due}
    if len(due) < size or len(users) == size:
        return due
    due += _due(size, others=True).rows(now=now, users=list(users), **span(now))
    turns: Counter[UserKey] = Counter()

    def turn(each: _Due) -> int:
        turns[each.user_id] += 1
        return turns[each.user_id]

    return sorted(due, key=turn)[:size]


@cache
def _due(size: int, *, others: bool = False) -> Prepared[_Due]:
    """The deliveries that have been due for longest, at most `size`. For each device they are sent and settled in
    order: those planned earlier go first, unless they are put off.

    Args:
        others: only what is owed to others than these `users`.
    """
    pending = Delivery.objects.filter(RECENT, state=DeliveryState.PENDING, due_at__lte=Bind("now"))
    # No ring waits for a notice, which may be on its way to a push service that does not answer.
    earlier = pending.filter(~Q(kind=DeliveryKind.CONTACT), device_id=OuterRef("device_id"), pk__lt=OuterRef("pk"))
    own = ("kind", "reason", "number", "attempts", "created_at", "expires_at", "device", "user", "device_key")
    of_whom = ~Q(user_id__in=Bind("users")) if others else Q()
    found = (
        pending.filter(_UNCLAIMED, ~Exists(earlier), of_whom)
        .order_by("due_at", "pk")
        .only(*own, "invitation")
        .annotate(
            call_pk=F("invitation__call_id"),
            ring_state=F("invitation__state"),
            ring_verdict=F("invitation__verdict"),
            ring_expires_at=F("invitation__expires_at"),
            ringing_at=F("invitation__ringing_at"),
            **{f"push_{each}": F(f"device__push_{each}") for each in ADDRESS},
        )
        .select_for_update(skip_locked=True, of=("self",))
    )
    return Prepared(found[:size], row=_Due._make)
