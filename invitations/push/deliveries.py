"""Which push messages are owed to which devices: planned with the change that owes them, claimed, settled.

Sends nothing itself and decides nothing about calls. A plan is one statement in the verb's own transaction; a claim is
a lease, so that any number of dispatchers may take from the same table and any of them may die."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from invitations.live import presence, publishing
from invitations.models import Delivery, DeliveryKind, DeliveryState, Device, StopReason
from invitations.store import rows, statements

LEASE_SECONDS = 10
"""How long a claimed delivery belongs to who claimed it: twice what a push service may take to answer."""
WITHHOLD_SECONDS = 2
"""How long the first ring waits for a device whose page is open: in this time the page says that it can be heard."""
MISSED_SECONDS = 24 * 3600
ANSWERED_SECONDS = 300
"""How long it is worth telling a device that a ring is over: that it was missed, or only that it must stop."""
TEST_SECONDS = 60
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
MOST_DOUBLINGS = 16
LONGEST_STOP_BACKOFF_SECONDS = 300.0
"""The end of a ring is worth a day: tried as often as a ring, those to a service that is away would fill the post."""
MISSED = {StopReason.CANCELLED, StopReason.TIMED_OUT}

CALL_OVER = "call_over"
ACKNOWLEDGED = "acknowledged"
NO_ADDRESS = "no_address"
TOO_LATE = "too_late"
"""Why a delivery is dropped; the other codes are those of the transports."""

NEW = (
    "device_id, user_id, device_key, device_label, invitation_id, kind, reason, number, state, created_at, due_at, "
    "expires_at, attempts, claim, code, host"
)

# One statement for all the rings of a verb, whoever of them has a push address at all.
PLAN_RINGS = f"""
INSERT INTO invitations_delivery ({NEW})
SELECT d.id, d.user_id, d.device_id, d.label, i.id, 'ring', '', 1, 'pending', %s, %s, i.expires_at, 0, '', '', ''
FROM invitations_invitation i JOIN invitations_device d ON d.user_id = i.invitee_id
WHERE i.id IN ({{marks}}) AND d.push_digest IS NOT NULL AND d.push_disabled_at IS NULL
RETURNING id
"""  # noqa: S608  no outside text

# A device whose last ring still waits to be sent does not get another one behind it; nor does one whose push service
# refused a ring, or asked to be left alone until it is over.
PLAN_REPEATS = f"""
INSERT INTO invitations_delivery ({NEW})
SELECT d.id, d.user_id, d.device_id, d.label, i.id, 'ring', '',
  1 + (SELECT COUNT(*) FROM invitations_delivery r
    WHERE r.invitation_id = i.id AND r.device_id = d.id AND r.kind = 'ring'),
  'pending', %s, %s, i.expires_at, 0, '', '', ''
FROM invitations_invitation i JOIN invitations_device d ON d.user_id = i.invitee_id
WHERE i.id = %s AND d.push_digest IS NOT NULL AND d.push_disabled_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM invitations_delivery w
  WHERE w.invitation_id = i.id AND w.device_id = d.id AND w.kind = 'ring'
    AND w.state IN ('pending', 'failed', 'expired'))
RETURNING id
"""  # noqa: S608  no outside text

# Whoever may have got a ring gets its end. A ring that was never tried is dropped when its turn comes. Where rows are
# locked, the rings' are: whoever is just claiming one is waited for, or its device would ring without ever being told.
# A push service that asked to wait hears nothing sooner than it would have heard the ring again; one that asked for
# more time than the ring had did not take it, and hears nothing.
PLAN_STOPS = f"""
WITH r AS MATERIALIZED (
  SELECT device_id, user_id, device_key, device_label, invitation_id, attempts, state, code, due_at
  FROM invitations_delivery WHERE invitation_id IN ({{marks}}) AND kind = 'ring' ORDER BY id{{lock}})
INSERT INTO invitations_delivery ({NEW})
SELECT r.device_id, r.user_id, r.device_key, MAX(r.device_label), r.invitation_id, 'stop', %s, 1, 'pending', %s,
  MAX(CASE WHEN r.state = 'pending' AND r.code IN ('throttled', 'service_error') AND r.due_at > %s
    THEN r.due_at ELSE %s END),
  %s, 0, '', '', ''
FROM r
WHERE r.attempts > 0 AND r.device_key <> %s AND r.device_id IS NOT NULL AND r.state NOT IN ('gone', 'failed')
  AND NOT (r.state = 'expired' AND r.code = 'throttled')
GROUP BY r.device_id, r.user_id, r.device_key, r.invitation_id
RETURNING id
"""  # noqa: S608  no outside text

# In order for each device: what was planned earlier and is not put off goes first, and is settled first.
DUE = """
SELECT t.id, t.kind, t.reason, t.number, t.attempts, t.created_at, t.expires_at, t.device_id, t.user_id, t.device_key,
  t.invitation_id, i.call_id, i.state, i.expires_at, i.ringing_at, d.push_transport, d.push_endpoint, d.push_p256dh,
  d.push_auth, d.push_signing_key, d.push_origin, d.push_language, d.push_digest,
  d.push_disabled_at
FROM invitations_delivery t
  LEFT JOIN invitations_device d ON d.id = t.device_id
  LEFT JOIN invitations_invitation i ON i.id = t.invitation_id
WHERE t.state = 'pending' AND t.due_at <= %s AND (t.claimed_until IS NULL OR t.claimed_until <= %s)
  AND NOT EXISTS (SELECT 1 FROM invitations_delivery e
    WHERE e.device_id = t.device_id AND e.id < t.id AND e.state = 'pending' AND e.due_at <= %s)
ORDER BY t.due_at, t.id LIMIT %s
"""

NEXT_MOMENT = """
SELECT MIN(CASE WHEN claimed_until > %s THEN claimed_until ELSE due_at END) FROM invitations_delivery
WHERE state = 'pending'
"""

ACKNOWLEDGE = "UPDATE invitations_delivery SET acknowledged_at = COALESCE(acknowledged_at, %s){more} {where}"
THIS_RING = "WHERE invitation_id = %s AND device_key = %s AND kind = 'ring'"
WITHHOLD = """,
  state = CASE WHEN {waits} THEN 'withheld' ELSE state END,
  settled_at = CASE WHEN {waits} THEN {now} ELSE settled_at END
"""
WAITS = "state = 'pending' AND (claimed_until IS NULL OR claimed_until <= %s)"

TAKE = "UPDATE invitations_delivery SET claim = %s, claimed_until = %s, attempts = attempts + 1 WHERE id IN ({marks})"
DROP = "UPDATE invitations_delivery SET state = 'dropped', code = %s, settled_at = %s WHERE id = %s"
HOLD = "UPDATE invitations_delivery SET due_at = %s WHERE id = %s"
SETTLE = """
UPDATE invitations_delivery SET state = %s, status = %s, code = %s, host = %s, settled_at = %s, due_at = %s,
  claimed_until = NULL
WHERE id = %s AND claim = %s AND state = 'pending'
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process may send until its lease runs out.

    Args:
        pk: its key.
        claim: the lease's name; a settlement under another one does nothing.
        claimed_until: when the lease runs out.
        kind: of `DeliveryKind`.
        reason: of `StopReason`, for a stop.
        number: which ring it is, from 1.
        attempts: how often it has been tried, this time included.
        created_at: when it was planned.
        expires_at: when it is worth nothing any more.
        user_id: whose device.
        device_pk: the device's key.
        device_key: the device's id.
        digest: of the address that it is sent to.
        invitation_pk: of which ring; None for a test.
        call_pk: of which call; None for a test.
        origin: where the app is open on that device.
        language: the tag of the language that is read there; empty for the site's own.
        address: transport, endpoint, p256dh, auth and signing key, as `transports.Address` takes them.
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
    user_id: int
    device_pk: int
    device_key: str
    digest: str
    invitation_pk: int | None
    call_pk: int | None
    origin: str
    language: str
    address: tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery that was tried.

    Args:
        claimed: which one.
        state: the state it is in now; `pending` if it is to be tried again.
        status: the push service's HTTP status, where it answered.
        code: why it was not taken.
        host: whose push service.
        at: when that was known.
        retry_at: for `pending`, when to try again.
    """

    claimed: Claimed
    state: DeliveryState
    status: int | None
    code: str
    host: str
    at: datetime
    retry_at: datetime | None = None


def plan_rings(invitation_pks: Sequence[int], *, now: datetime) -> None:
    """Owe a ring to every device with a push address of those invited.

    Args:
        invitation_pks: pending invitations.
        now: the moment.
    """
    if invitation_pks:
        _plan(PLAN_RINGS.format(marks=_marks(invitation_pks)), [now, now, *invitation_pks])


def plan_repeats(invitation_pk: int, *, now: datetime) -> None:
    """Owe one more ring to every device of an invitee who is still being rung and has not acknowledged it.

    Args:
        invitation_pk: a pending invitation.
        now: the moment.
    """
    _plan(PLAN_REPEATS, [now, now, invitation_pk])


def plan_stops(invitation_pks: Sequence[int], reason: StopReason, *, now: datetime, besides: str | None = None) -> None:
    """Owe the end of these rings to every device that may have got them.

    Args:
        invitation_pks: invitations that are closed now.
        reason: why.
        now: the moment.
        besides: the device that answered: it knows.
    """
    worth = timedelta(seconds=MISSED_SECONDS if reason in MISSED else ANSWERED_SECONDS)
    lock = " FOR NO KEY UPDATE" if rows.locks() else ""
    # No device has an empty id.
    values = [*invitation_pks, reason.value, now, now, now, now + worth, besides or ""]
    _plan(PLAN_STOPS.format(marks=_marks(invitation_pks), lock=lock), values)


def plan_test(device: Device, *, now: datetime) -> Delivery:
    """Owe a test ring to one device.

    Args:
        device: with a push address.
        now: the moment.
    """
    owed = Delivery.objects.create(
        device=device,
        user_id=device.user_id,
        device_key=device.device_id,
        device_label=device.label,
        kind=DeliveryKind.TEST,
        created_at=now,
        due_at=now,
        expires_at=now + timedelta(seconds=TEST_SECONDS),
    )
    transaction.on_commit(publishing.wake_dispatchers)
    return owed


def acknowledge(invitation_pk: int, device_key: str, *, audible: bool, now: datetime) -> None:
    """Note that a device alerts; where it can be heard, what was not sent to it yet is withheld.

    Args:
        invitation_pk: of which ring.
        device_key: the device's id.
        audible: the device can be heard, not only seen.
        now: the moment.
    """
    if not audible:
        rows.execute(ACKNOWLEDGE.format(more="", where=THIS_RING), [now, invitation_pk, device_key])
        return
    sql = ACKNOWLEDGE.format(more=WITHHOLD.format(waits=WAITS, now="%s"), where=THIS_RING)
    rows.execute(sql, [now, now, now, now, invitation_pk, device_key])


def next_moment(now: datetime) -> datetime | None:
    """When the next delivery is due, or the next lease runs out; None if nothing waits."""
    return rows.moment(rows.execute(NEXT_MOMENT, [now])[0][0])


def claim(*, now: datetime, size: int) -> list[Claimed]:
    """Take deliveries that are due, for `LEASE_SECONDS`. What is no longer wanted is dropped on the way.

    Runs in the caller's transaction, which must be short.

    Args:
        now: the moment.
        size: how many at most.
    """
    name = secrets.token_hex(16)
    until = now + timedelta(seconds=LEASE_SECONDS)
    lock = " FOR UPDATE OF t SKIP LOCKED" if rows.locks() else ""
    found = [_Due(*row) for row in rows.execute(DUE + lock, [now, now, now, size])]
    wanted: list[_Due] = []
    for due in found:
        if code := _unwanted(due, now):
            rows.execute(DROP, [code, now, due.pk])
        else:
            wanted.append(due)
    held = _held_back(wanted, now)
    for due in wanted:
        if due.pk in held:
            rows.execute(HOLD, [_at(due.created_at) + timedelta(seconds=WITHHOLD_SECONDS), due.pk])
    taken = [due for due in wanted if due.pk not in held]
    if taken:
        keys = [due.pk for due in taken]
        rows.execute(TAKE.format(marks=_marks(keys)), [name, until, *keys])
    return [due.claimed(name, until) for due in taken]


def settle(outcomes: Iterable[Outcome]) -> None:
    """Write down what became of deliveries. Those whose lease another one has taken over are left alone.

    Args:
        outcomes: what is known.
    """
    values = [
        (
            each.state.value,
            each.status,
            each.code,
            each.host,
            None if each.retry_at else statements.adapt(each.at),
            statements.adapt(each.retry_at or each.at),
            each.claimed.pk,
            each.claimed.claim,
        )
        # In the order in which others lock them.
        for each in sorted(outcomes, key=lambda each: each.claimed.pk)
    ]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(SETTLE, values)


def retry_at(claimed: Claimed, *, now: datetime, after_seconds: float | None) -> datetime | None:
    """When to try a delivery again, or None if that would be too late for it.

    Args:
        claimed: what was tried.
        now: the moment.
        after_seconds: how long the push service wants to be left alone (RFC 9110 section 10.2.3).
    """
    longest = LONGEST_STOP_BACKOFF_SECONDS if claimed.kind == DeliveryKind.STOP else LONGEST_BACKOFF_SECONDS
    # Bounded first: a thousand doublings are more than a float holds.
    backoff = min(FIRST_BACKOFF_SECONDS * 2 ** min(claimed.attempts - 1, MOST_DOUBLINGS), longest)
    # Jitter, so that what failed together does not come back together.
    wait = max(backoff * random.uniform(0.75, 1.25), after_seconds or 0)  # noqa: S311  nothing to guess
    at = now + timedelta(seconds=wait)
    return at if at < claimed.expires_at else None


@dataclass(slots=True)
class _Due:
    """A row of `DUE`."""

    pk: int
    kind: str
    reason: str
    number: int
    attempts: int
    created_at: Any
    expires_at: Any
    device_pk: int | None
    user_id: int
    device_key: str
    invitation_pk: int | None
    call_pk: int | None
    state: str | None
    ring_expires_at: Any
    ringing_at: Any
    transport: str | None
    endpoint: str
    p256dh: str
    auth: str
    signing_key: str
    origin: str
    language: str | None
    digest: str | None
    disabled_at: Any

    def claimed(self, name: str, until: datetime) -> Claimed:
        assert self.device_pk is not None and self.digest is not None  # noqa: S101, PT018  else it was dropped
        return Claimed(
            pk=self.pk,
            claim=name,
            claimed_until=until,
            kind=self.kind,
            reason=self.reason,
            number=self.number,
            attempts=self.attempts + 1,
            created_at=_at(self.created_at),
            expires_at=_at(self.expires_at),
            user_id=self.user_id,
            device_pk=self.device_pk,
            device_key=self.device_key,
            digest=self.digest,
            invitation_pk=self.invitation_pk,
            call_pk=self.call_pk,
            origin=self.origin,
            language=self.language or "",
            address=(self.transport or "", self.endpoint, self.p256dh, self.auth, self.signing_key),
        )


def _unwanted(due: _Due, now: datetime) -> str:
    """Why nothing is to be sent any more; empty if it is."""
    if due.kind == DeliveryKind.RING:
        if due.state != "pending" or _at(due.ring_expires_at) <= now + timedelta(seconds=1):
            # A ring with less than a second left would leave with a TTL of 0.
            return CALL_OVER
        if due.number > 1 and due.ringing_at is not None:
            return ACKNOWLEDGED
    if _at(due.expires_at) <= now:
        return TOO_LATE
    if due.device_pk is None or due.digest is None or due.disabled_at is not None:
        return NO_ADDRESS
    return ""


def _held_back(dues: list[_Due], now: datetime) -> set[int]:
    """First rings whose device has its page open: for a moment, so that the page can say that it is heard."""
    since = now - timedelta(seconds=WITHHOLD_SECONDS)
    fresh = [
        each
        for each in dues
        if each.kind == DeliveryKind.RING and each.number == 1 and not each.attempts and _at(each.created_at) > since
    ]
    alive = presence.live_devices((each.user_id, each.device_key) for each in fresh)
    return {each.pk for each in fresh if (each.user_id, each.device_key) in alive}


def _plan(sql: str, values: Sequence[Any]) -> None:
    if rows.execute(sql, values):
        transaction.on_commit(publishing.wake_dispatchers)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _at(value: Any) -> datetime:
    at = rows.moment(value)
    assert at is not None  # noqa: S101  the column is never null
    return at
