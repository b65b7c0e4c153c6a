"""How services add, change and take away their hooks, and look at what they were owed.

A hook of another service does not exist for whoever asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from invitations import conf
from invitations.errors import CallError, Code
from invitations.hooks import keys, planning, switching
from invitations.models import Hook, HookKind, HookMessage, HookMessageState, HookOff, Service
from invitations.models.hook import EVERYTHING, NOTHING, mask_of
from invitations.transports import targets
from invitations.words import say, say_lazy

MOST = 20
"""How many hooks one service may have."""
_SHOWN = ("message_id", "type", "state", "attempts", "claim", "status", "code", "failed_by", "created_at", "due_at")


class Made(NamedTuple):
    """A hook with a secret that is shown this once."""

    hook: Hook
    secret: str


def of_service(service_id: int) -> QuerySet[Hook]:
    """The hooks of a service, the oldest first."""
    return Hook.objects.filter(service_id=service_id).order_by("pk")


def one(service_id: int, hook_id: str, *, lock: bool = False) -> Hook:
    """A hook of a service.

    Args:
        service_id: the service's key.
        hook_id: the public id.
        lock: within a transaction, until its end.

    Raises:
        CallError: `not_found`.
    """
    found = of_service(service_id).filter(hook_id=hook_id)
    hook = (found.select_for_update() if lock else found).first()
    if hook is None:
        raise CallError(Code.NOT_FOUND)
    return hook


def add(service_id: int, url: str, kind: HookKind, events: Sequence[str], *, now: datetime) -> Made:
    """Add a hook to a service.

    Args:
        service_id: the service's key.
        url: where it leads, by https.
        kind: what it is for.
        events: the kinds that it is told of, values of `HOOK_EVENTS`; none means all. A ring hook is told of none.
        now: an aware datetime.

    Raises:
        CallError: `invalid`: the address cannot be used, the service has `MOST`, or there is a ring hook.
    """
    hook = Hook(service_id=service_id, kind=kind.value, created_at=now)
    _lead_to(hook, url)
    _listen_to(hook, events)
    secret = keys.give(hook)
    with transaction.atomic():
        Service.objects.select_for_update().get(pk=service_id)
        if of_service(service_id).count() >= MOST:
            raise CallError(Code.INVALID, say_lazy("hook.too_many", most=MOST))
        with _one_ring_hook():
            hook.save()
    return Made(hook, secret)


def change(
    service_id: int,
    hook_id: str,
    *,
    now: datetime,
    url: str | None = None,
    events: Sequence[str] | None = None,
    is_active: bool | None = None,
    kind: str | None = None,
) -> Hook:
    """Change what is given of a hook.

    Args:
        service_id: the service's key.
        hook_id: the public id.
        now: an aware datetime.
        url: where it leads from now on; what waits goes there too.
        events: of what it is told from now on.
        is_active: false switches it off, which gives up what waits; true on again.
        kind: what it is for, a value of `HookKind`, which stays as it is.

    Raises:
        CallError: as `one` and `add`; `invalid` for another kind.
    """
    with transaction.atomic():
        hook = one(service_id, hook_id, lock=True)
        if kind not in (None, hook.kind):
            raise CallError(Code.INVALID, errors={"kind": [say("hook.kind_stays")]})
        if url is not None:
            _lead_to(hook, url)
        if events is not None:
            _listen_to(hook, events)
        hook.save(update_fields=["url", "events", "mask"])
        if is_active is False:
            switching.switch_off(hook.pk, HookOff.BY_SERVICE, now=now)
        elif is_active:
            with _one_ring_hook():
                switching.switch_on(hook.pk)
    return one(service_id, hook_id)


def remove(service_id: int, hook_id: str) -> bool:
    """Take a hook away, with all that it is owed. Safe to repeat.

    Returns:
        Whether there was one.
    """
    return bool(of_service(service_id).filter(hook_id=hook_id).delete()[0])


def rotate(service_id: int, hook_id: str, *, now: datetime) -> Made:
    """Give a hook a new secret, beside which the present one counts for `keys.BOTH_FOR`.

    Raises:
        CallError: as `one`.
    """
    with transaction.atomic():
        hook = one(service_id, hook_id, lock=True)
        return Made(hook, keys.rotate(hook, now=now))


def try_out(service_id: int, hook_id: str, *, now: datetime) -> HookMessage:
    """Owe a hook a message that tells of nothing.

    Raises:
        CallError: as `one`; `invalid` if it is switched off, or is asked and not told.
    """
    with transaction.atomic():
        hook = one(service_id, hook_id, lock=True)
        _refuse_if_off(hook)
        return planning.plan_test(hook.pk, now=now)


def messages_of(hook: Hook) -> QuerySet[HookMessage]:
    """What a hook was owed, without the bodies, each with the id of its call."""
    return HookMessage.objects.filter(hook=hook).select_related("call").only(*_SHOWN, "call__call_id")


def replay(service_id: int, hook_id: str, message_id: str, *, now: datetime) -> HookMessage:
    """Owe a message that was delivered or given up once more: with the same id and body, at once, and behind no other.
    One that still waits goes at once.

    Args:
        service_id: the service's key.
        hook_id: whose it was.
        message_id: what the receiver knows it by.
        now: an aware datetime.

    Raises:
        CallError: as `try_out`; `not_found` too if the hook was not owed it.
    """
    with transaction.atomic():
        hook = one(service_id, hook_id, lock=True)
        _refuse_if_off(hook)
        owed = HookMessage.objects.filter(hook=hook, message_id=message_id).select_related("call").defer("body")
        message = owed.select_for_update(of=("self",)).first()
        if message is None:
            raise CallError(Code.NOT_FOUND)
        if message.state == HookMessageState.PENDING:
            # On its way, or waiting for its turn, which stays the one that it has.
            if not message.claim:
                message.due_at = now
        else:
            message.state, message.settled_at = HookMessageState.PENDING.value, None
            message.attempts, message.due_at, message.lane = 0, now, ""
            message.status, message.code, message.failed_by = None, "", ""
        message.save(update_fields=["state", "settled_at", "attempts", "due_at", "lane", "status", "code", "failed_by"])
        transaction.on_commit(planning.wake)
    return message


def _lead_to(hook: Hook, url: str) -> None:
    try:
        to = targets.anywhere(url)
    except targets.NotAllowed as error:
        raise CallError(Code.INVALID, errors={"url": [str(error)]}) from None
    address = targets.written_address(to)
    if address is not None and not (targets.is_public_address(address) or conf.is_hook_network(address)):
        raise CallError(Code.INVALID, errors={"url": [say("hook.private_address", address=address)]})
    hook.url = to.text


def _listen_to(hook: Hook, events: Sequence[str]) -> None:
    if hook.kind == HookKind.RING:
        hook.events, hook.mask = [], NOTHING
        return
    hook.events = list(dict.fromkeys(events))
    hook.mask = mask_of(tuple(events)) if events else EVERYTHING


def _refuse_if_off(hook: Hook) -> None:
    if hook.kind != HookKind.EVENTS:
        raise CallError(Code.INVALID, say_lazy("hook.is_asked"))
    if not hook.is_active:
        raise CallError(Code.INVALID, say_lazy("hook.is_off"))


@contextmanager
def _one_ring_hook() -> Iterator[None]:
    """Whoever tries to make a second ring hook is refused."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise CallError(Code.INVALID, errors={"kind": [say("hook.one_ring")]}) from None
