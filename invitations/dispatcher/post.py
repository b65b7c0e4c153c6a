"""The post: takes due deliveries, sends many of them at once, and records the outcomes.

A delivery is sent and settled under the same lease, so any number of posts may run, and any of them may be killed.
Nothing is sent for a call that is over: that is checked when a delivery is taken, and its lease is short."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from django.utils import timezone

from invitations import calls, contacts, hooks, transports, words
from invitations.calls.transaction import write
from invitations.dispatcher.carrying import LOOK_EVERY_SECONDS, SHORTEST_PAUSE_SECONDS, Carrier
from invitations.models import DeliveryKind, DeliveryState
from invitations.push import deliveries, devices, messages, notices
from invitations.push.deliveries import Claimed, Outcome
from invitations.push.devices import DISABLING
from invitations.store.sheets import CallSheet
from invitations.transports import SEND_SECONDS, Address, Effect, Gone, Message, Refused, TryLater

logger = logging.getLogger(__name__)

IN_FLIGHT = 256
"""How many messages may be on their way at once."""
UNSENT = "unsent"
"""The code of a delivery that no message could be made from, which is a bug of ours."""


class Moot(Exception):
    """There is nothing to tell, or no way to tell it.

    Args:
        code: of the delivery, which is dropped.
    """

    def __init__(self, code: str = deliveries.SETTLED) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery that is ready to send."""

    claimed: Claimed
    payload: bytes
    topic: str
    effect: Effect
    urgency: str = messages.URGENCY
    stand_in: str = ""


class Post(Carrier[Parcel, Outcome]):
    """Sends until it is told to stop.

    Args:
        clock: returns the current time as an aware datetime.
        in_flight: how many messages may be on their way at once.
    """

    thread_name = "post"
    who = "The post"
    longest_seconds = SEND_SECONDS

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now, in_flight: int = IN_FLIGHT) -> None:
        super().__init__(clock=clock, in_flight=in_flight)

    async def sent(self, parcel: Parcel) -> Outcome:
        claimed = parcel.claimed
        address = Address(*claimed.address)
        host = transports.host_of(address)
        now = self._clock()
        # The lease must last at least as long as an answer may take, or else another post could claim the delivery.
        if claimed.claimed_until - now < timedelta(seconds=SEND_SECONDS):
            return Outcome(claimed, DeliveryState.PENDING, None, deliveries.TOO_LATE, host, now, retry_at=now)
        ttl_seconds = int((claimed.expires_at - now).total_seconds())
        if ttl_seconds < 1:
            return Outcome(claimed, DeliveryState.EXPIRED, None, deliveries.TOO_LATE, host, now)
        message = Message(
            parcel.payload,
            ttl_seconds=ttl_seconds,
            urgency=parcel.urgency,
            topic=parcel.topic,
            effect=parcel.effect,
            name=_name_of(claimed),
            expires_at=claimed.expires_at,
            stand_in=parcel.stand_in,
        )
        try:
            status = await transports.transport_named(address.transport).send(address, message)
        except Gone as gone:
            return Outcome(claimed, DeliveryState.GONE, gone.status, gone.code, host, self._clock())
        except TryLater as later:
            return self._later(claimed, later, host)
        except Refused as refused:
            logger.error("A push to %s was refused: %s (%s)", host, refused.code, refused.status or "not sent")
            return Outcome(claimed, DeliveryState.FAILED, refused.status, refused.code, host, self._clock())
        except Exception:
            logger.exception("A push to %s could not be sent", host)
            return Outcome(claimed, DeliveryState.FAILED, None, UNSENT, host, self._clock())
        return Outcome(claimed, DeliveryState.SENT, status, "", host, self._clock())

    def _later(self, claimed: Claimed, later: TryLater, host: str) -> Outcome:
        now = self._clock()
        again = deliveries.retry_at(claimed, now=now, after_seconds=later.after_seconds)
        state = DeliveryState.EXPIRED if again is None else DeliveryState.PENDING
        return Outcome(claimed, state, later.status, later.code, host, now, retry_at=again)

    def exchange(self, outcomes: list[Outcome], room: int) -> tuple[list[Parcel], float]:
        self.settle(outcomes)
        now = self._clock()
        due_at = deliveries.next_moment(now)
        if due_at is None:
            return [], LOOK_EVERY_SECONDS
        if room <= 0 or due_at > now:
            pause_seconds = (due_at - now).total_seconds() if room > 0 else LOOK_EVERY_SECONDS
            return [], min(max(pause_seconds, SHORTEST_PAUSE_SECONDS), LOOK_EVERY_SECONDS)
        with write():
            taken = deliveries.claim(now=now, size=room)
        # Nothing was taken although something is due: it was put off or dropped, or waits for an earlier message.
        return self._packed(taken, now), SHORTEST_PAUSE_SECONDS

    def settle_together(self, outcomes: list[Outcome]) -> None:
        """Takes locks in the same order as the verbs: calls, devices, deliveries."""
        rang = [
            calls.Taken(each.claimed.call_pk, each.claimed.invitation_pk, each.at)
            for each in outcomes
            if each.state == DeliveryState.SENT
            and each.claimed.call_pk is not None
            and each.claimed.invitation_pk is not None
            and each.claimed.kind == DeliveryKind.RING
        ]
        dead = sorted((each for each in outcomes if each.code in DISABLING), key=lambda each: each.claimed.device_pk)
        with write():
            calls.notified(rang)
            for each in dead:
                reason = DISABLING[each.code]
                if devices.disable(each.claimed.device_pk, each.claimed.digest, reason, now=each.at):
                    hooks.plan_disabled(each.claimed.user_id, each.claimed.device_key, reason.value, now=each.at)
            deliveries.settle(outcomes)

    def _packed(self, taken: list[Claimed], now: datetime) -> list[Parcel]:
        sheets = calls.sheets_by_key(sorted({each.call_pk for each in taken if each.call_pk is not None}))
        parcels: list[Parcel] = []
        for claimed in taken:
            try:
                with words.in_language(claimed.language):
                    parcels.append(_parcel(claimed, sheets, now))
            except Moot as moot:
                self.outcomes.append(Outcome(claimed, DeliveryState.DROPPED, None, moot.code, "", now))
            except Exception:
                logger.exception("Delivery %d could not be made into a message", claimed.pk)
                self.outcomes.append(Outcome(claimed, DeliveryState.FAILED, None, UNSENT, "", now))
        return parcels

    async def close(self) -> None:
        await transports.close()


def _parcel(claimed: Claimed, sheets: dict[int, CallSheet], now: datetime) -> Parcel:
    if claimed.kind == DeliveryKind.CONTACT:
        return _notice(claimed, now)
    device_id, origin = claimed.device_key, claimed.origin
    if claimed.call_pk is None or claimed.invitation_pk is None:
        # A test ring belongs to no call.
        payload = messages.test(claimed.pk, device_id=device_id, origin=origin, expires_at=claimed.expires_at, now=now)
        return _sealed(claimed, payload, messages.topic_of_test(claimed.pk))
    sheet = sheets[claimed.call_pk]
    # Exactly one: deleting an invitation deletes its deliveries.
    [invitation] = [each for each in sheet.invitations if each.pk == claimed.invitation_pk]
    if claimed.kind == DeliveryKind.RING:
        payload = messages.ring(sheet, invitation, device_id=device_id, origin=origin, number=claimed.number, now=now)
    else:
        unseen = calls.missed_unseen(claimed.user_id)
        payload = messages.stop(
            sheet, invitation, claimed.reason, device_id=device_id, origin=origin, missed_unseen=unseen, now=now
        )
    return _sealed(claimed, payload, messages.topic_of(claimed.invitation_pk))


def _notice(claimed: Claimed, now: datetime) -> Parcel:
    """That people ask to be let in.

    Raises:
        Moot: nobody waits any more, the person does not want to be disturbed now, or it cannot be sent there.
    """
    waiting = contacts.waiting(claimed.user_id)
    if waiting is None or waiting.standing.quiet_until(now) is not None:
        raise Moot
    payload = notices.requests(
        waiting.name,
        waiting.message,
        waiting.standing.requests,
        shows=waiting.push_shows,
        device_id=claimed.device_key,
        origin=claimed.origin,
        missed_unseen=calls.missed_unseen(claimed.user_id),
        expires_at=claimed.expires_at,
        topic=notices.topic_of(claimed.user_id),
        now=now,
    )
    return _sealed(claimed, payload, payload["tag"], notices.URGENCY)


def _sealed(claimed: Claimed, payload: messages.JSON, topic: str, urgency: str = messages.URGENCY) -> Parcel:
    """A payload as large as its address takes it.

    Raises:
        Moot: such a message cannot be sent there.
    """
    effect = messages.effect_of(payload)
    room = transports.room_of(Address(*claimed.address), effect)
    if not room:
        raise Moot(deliveries.UNALERTED)
    stand_in = messages.stand_in_of(payload) if effect == Effect.SHOW else ""
    return Parcel(claimed, messages.packed(payload, room), topic, effect, urgency, stand_in)


def _name_of(claimed: Claimed) -> str:
    """The UUID of a delivery, which is the same each time it is tried (RFC 9562 section 5.5)."""
    return str(uuid5(NAMESPACE_OID, f"{claimed.pk} {claimed.created_at.isoformat()} {claimed.digest}"))
