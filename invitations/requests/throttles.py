"""What guards every door at which a password, a code or a link is asked for: tries are counted in the shared cache, and
only a few passwords are hashed at once. Searches and copies are counted too; the verbs themselves count invitations."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Condition
from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from invitations import conf
from invitations.errors import CallError, Code
from invitations.models import UserKey, key_as_word
from invitations.requests import audit, known_devices, shut_doors
from invitations.requests.clients import address_of, network_of
from invitations.requests.counters import Bound, count, give_back, key_of
from invitations.words import say_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

logger = logging.getLogger(__name__)
STEPS = ((1, 60), (3, 15 * 60), (10, 4 * 3600))
"""How many times `logins_per_minute` are let through in how many seconds. The first counts every try, the others wrong
ones alone: whoever goes on guessing waits a minute, then a quarter of an hour, then hours."""
CODES_A_DAY = 3
"""How many times `logins_per_minute` wrong codes of one person's second factor are looked at in a day. Three of a
million are right at a time: by the default, guessing takes twenty years to find one as likely as not."""
HOUR_SECONDS = 3600
DAY_SECONDS = 24 * 3600
STARTS_FOR_A_TRY = 6
"""How many starts at an identity provider one address has for each try with a password."""
EXPORT_HELD_SECONDS = 90
"""How long nobody may ask for another copy of somebody's data after one was broken off."""
HASHED_AT_ONCE = 2
WAITING_AT_ONCE = 4
"""How many known devices wait for their turn to have a password hashed, in one process."""
TURN_SECONDS = 10
"""How long one waits."""
BUSY_SECONDS = 1
LONG_SECONDS = 120
"""From when a wait is told in minutes."""


class Attempt:
    """One try at a door, counted as wrong until it is known to be right.

    Args:
        wrong: what it counts towards as long as it is wrong.
        seconds: when, since 1970.
        is_known: whether somebody signed in before on this device under this name.
    """

    def __init__(self, wrong: Sequence[Bound], seconds: float, *, is_known: bool) -> None:
        self._wrong = wrong
        self._seconds = seconds
        self.is_known = is_known

    def was_right(self) -> None:
        """Count it as no guess."""
        wrong, self._wrong = self._wrong, ()
        try:
            give_back(wrong, self._seconds)
        except Exception:
            logger.exception("A right password counts as a guess: the cache does not answer")


@contextmanager
def door(request: HttpRequest, username: str | None) -> Iterator[Attempt]:
    """What a door does around looking at a password: REST, the pages for signing in and up, and those of passwords.

    Hashing a password takes a thread for a tenth of a second and more. Guessing must not take them all, so no more than
    `HASHED_AT_ONCE` are hashed in one process; strangers are asked to come again, and known devices wait for a turn.

    Args:
        request: for its IP address, and for the device.
        username: the name or address that was entered; None at sign-up.

    Raises:
        CallError: `throttled`, or `unavailable` with `retry_after_seconds`.
    """
    attempt = check_login(request, username)
    with _turns.one(may_wait=attempt.is_known):
        yield attempt


def check_login(request: HttpRequest, username: str | None, now: datetime | None = None) -> Attempt:
    """Count one try at any door.

    On a device on which somebody signed in before under this name, tries are counted for that device alone: a stranger
    who guesses at the name, or from the same network, keeps nobody out there.

    Args:
        request: the request, for its IP address, and for the device.
        username: the name that was entered, whether or not the user exists; None counts the address alone.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if this name or this address has used up what it may try. A
            refused attempt does not count.
    """
    if username is None:
        return _try(request, {"address": network_of(address_of(request))}, now)
    name = known_devices.as_one_name(username)
    if device := known_devices.known_as(request, username):
        return _try(request, {"device": f"{device} {name}"}, now, is_known=True)
    return _try(request, {"address": network_of(address_of(request)), "name": name}, now)


def check_pairing(request: HttpRequest, now: datetime | None = None) -> Attempt:
    """Count one try at a pairing code. Wrong ones are counted for all addresses together too, because who guesses codes
    guesses those of everybody.

    Args:
        request: for its IP address.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`.
    """
    limit = conf.limits().wrong_pairing_codes_per_minute
    everybodys = [Bound("login:pairing", limit, STEPS[0][1])] if limit > 0 else []
    return _try(request, {"address": network_of(address_of(request))}, now, wrong=everybodys)


def check_code(request: HttpRequest, user_id: UserKey, now: datetime | None = None) -> Attempt:
    """Count one try at a person's second factor, which only who has the password gets to: strangers on the same network
    keep nobody out here.

    Args:
        request: for its IP address.
        user_id: the key of the person.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`.
    """
    by = {"code": key_as_word(user_id)}
    most = CODES_A_DAY * conf.limits().logins_per_minute
    daily = [Bound(key_of("login:code-day", key_as_word(user_id)), most, DAY_SECONDS)] if most > 0 else []
    return _try(request, by, now, wrong=daily)


def check_passkey(request: HttpRequest, now: datetime | None = None) -> Attempt:
    """Count one try with a passkey that tells itself whose it is. Apart from passwords: nobody guesses a passkey, and
    who is kept from their password by guesses from the same network still has it.

    Args:
        request: for its IP address.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`.
    """
    return _try(request, {"passkey": network_of(address_of(request))}, now)


def check_provider(request: HttpRequest, now: datetime | None = None) -> None:
    """Count one start of a sign-in at an identity provider. Nothing can be guessed there, but it makes a session and
    may make us ask the provider; many people come from one address in the morning.

    Args:
        request: for its IP address.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`.
    """
    limit = STARTS_FOR_A_TRY * conf.limits().logins_per_minute
    _bound(request, [Bound(key_of("login:provider", network_of(address_of(request))), limit, STEPS[0][1])], now)


def check_signup(request: HttpRequest, now: datetime | None = None) -> None:
    """Count one new account, about to be made by a stranger.

    Args:
        request: for its IP address.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if `signups_per_hour` accounts were made from this address in
            the last hour.
    """
    limit = conf.limits().signups_per_hour
    bounds = [Bound(key_of("login:signup", network_of(address_of(request))), limit, HOUR_SECONDS)]
    _bound(request, bounds, now, words=say_lazy("sign_up.wait"))


def check_mail(request: HttpRequest, email: str, now: datetime | None = None) -> None:
    """Count one mail, about to be sent because a stranger asked for it.

    Args:
        request: for its IP address, from which four times as many may be asked for.
        email: to whom.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if `mails_per_hour` were asked for in the last hour.
    """
    limit = conf.limits().mails_per_hour
    bounds = [
        Bound(key_of("mail:address", network_of(address_of(request))), 4 * limit, HOUR_SECONDS),
        Bound(key_of("mail:to", known_devices.as_one_name(email)), limit, HOUR_SECONDS),
    ]
    _bound(request, bounds, now)


def check_search(request: HttpRequest, user_id: UserKey, now: datetime | None = None) -> None:
    """Count one search among people, one look-up by id, or one block: each may cost a look at everybody, and who makes
    very many wants to know who is here.

    Args:
        request: for the audit log.
        user_id: who searches.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if there were `searches_per_minute`.
    """
    limit = conf.limits().searches_per_minute
    bound = Bound(key_of("search", key_as_word(user_id)), limit, STEPS[0][1], told_as="searches")
    try:
        wait = count([bound], _seconds(now)) if limit > 0 else 0
    except Exception:
        # People are found, and called, without the cache.
        logger.exception("Searches are not counted: the cache does not answer")
        return
    if wait:
        audit.refused(request, Code.THROTTLED, user_id=user_id)
        raise CallError(Code.THROTTLED, retry_after_seconds=wait)


def check_service(request: HttpRequest, service_id: int, now: datetime | None = None) -> None:
    """Count one request of a service: a program that runs away must not take what others need.

    Args:
        request: for the audit log.
        service_id: the service's key.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if there were `service_requests_per_minute`.
    """
    limit = conf.limits().service_requests_per_minute
    bound = Bound(key_of("service", str(service_id)), limit, STEPS[0][1], told_as="service-requests")
    try:
        wait = count([bound], _seconds(now)) if limit > 0 else 0
    except Exception:
        # Back ends go on without the cache.
        logger.exception("Requests of services are not counted: the cache does not answer")
        return
    if wait:
        audit.refused(request, Code.THROTTLED)
        raise CallError(Code.THROTTLED, retry_after_seconds=wait)


def check_ask(request: HttpRequest, user_id: UserKey, other: str, now: datetime | None = None) -> None:
    """Count one request to be let in, whatever comes of it.

    Args:
        request: for the audit log.
        user_id: who asks.
        other: the public id that they ask, as it was sent; may be nobody's.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if there were `asks_per_day` in a day, or `asks_per_pair_day`
            for this person.
    """
    terms, own = conf.limits(), key_as_word(user_id)
    bounds = [
        Bound(key_of("ask", own), terms.asks_per_day, DAY_SECONDS, told_as="contact-requests"),
        Bound(
            key_of("ask:pair", f"{own} {other.lower()}"),
            terms.asks_per_pair_day,
            DAY_SECONDS,
            told_as="contact-requests-to-one",
        ),
    ]
    if wait := count([each for each in bounds if each.most > 0], _seconds(now)):
        audit.refused(request, Code.THROTTLED, user_id=user_id)
        raise CallError(Code.THROTTLED, say_lazy("error.throttled.asks"), retry_after_seconds=wait)


@contextmanager
def exporting(request: HttpRequest, user_id: UserKey, now: datetime | None = None) -> Iterator[Callable[[], bool]]:
    """Count one copy of a person's data, and hold their place while it is made: one at a time.

    Args:
        request: for the audit log.
        user_id: whose data it is.
        now: an aware datetime; the current time if omitted.

    Yields:
        What is to be called at least every `EXPORT_HELD_SECONDS` to keep the place.

    Raises:
        CallError: `throttled` with `retry_after_seconds`: one is being made, or there were `exports_per_hour`.
    """
    place, own = f"export:{key_as_word(user_id)}", uuid4().hex
    limit = conf.limits().exports_per_hour
    if not cache.add(place, own, EXPORT_HELD_SECONDS):
        audit.refused(request, Code.THROTTLED, user_id=user_id)
        raise CallError(Code.THROTTLED, say_lazy("my_data.export.running"), retry_after_seconds=EXPORT_HELD_SECONDS)
    try:
        bounds = [Bound(key_of("export", key_as_word(user_id)), limit, HOUR_SECONDS, told_as="exports")]
        _bound(request, bounds, now, words=say_lazy("my_data.export.limit"), user_id=user_id)
        yield lambda: cache.touch(place, EXPORT_HELD_SECONDS)
    finally:
        # It may have run out, and be another's.
        if cache.get(place) == own:
            cache.delete(place)


def _bound(
    request: HttpRequest,
    bounds: Sequence[Bound],
    now: datetime | None,
    *,
    words: StrPromise | None = None,
    user_id: UserKey | None = None,
) -> None:
    """Count one of something that is nobody's guess.

    Args:
        request: for the audit log.
        bounds: all that hold; with 0 there is no limit.
        now: an aware datetime; the current time if None.
        words: what a refusal says, if not by when to come again.
        user_id: whose it is, if somebody is signed in.

    Raises:
        CallError: `throttled` with `retry_after_seconds`.
    """
    if wait := count([each for each in bounds if each.most > 0], _seconds(now)):
        audit.refused(request, Code.THROTTLED, user_id=user_id)
        raise CallError(Code.THROTTLED, words or _wait_words(wait), retry_after_seconds=wait)


def _try(
    request: HttpRequest,
    by: dict[str, str],
    now: datetime | None,
    *,
    is_known: bool = False,
    wrong: Sequence[Bound] = (),
) -> Attempt:
    """Count one try.

    Args:
        request: where it comes from.
        by: what `logins_per_minute` holds for, by kind.
        now: an aware datetime; the current time if None.
        is_known: whether the device is.
        wrong: what bounds wrong tries beside.
    """
    limit, seconds = conf.limits().logins_per_minute, _seconds(now)
    waits: dict[str, int] = {}
    counted: list[Bound] = []
    all_bounds: dict[str, Sequence[Bound]] = {"": wrong} if wrong else {}
    if limit > 0:
        for kind, value in by.items():
            key = key_of(f"login:{kind}", value)
            # Who tries to get in under somebody's name is nobody else's affair, nor how often.
            told_as = "" if kind == "name" else "sign-ins"
            all_bounds[kind] = [
                Bound(key, times * limit, window, told_as if times == 1 else "") for times, window in STEPS
            ]
    if not all_bounds:
        return Attempt((), seconds, is_known=is_known)
    try:
        for kind, bounds in all_bounds.items():
            waits[kind] = count(bounds, seconds)
            counted += [] if waits[kind] else bounds
        if any(waits.values()):
            give_back(counted, seconds)
    except Exception:
        # People must be able to sign in without the cache; only a slow password hash protects them then.
        logger.exception("Tries to sign in are not counted: the cache does not answer")
        return Attempt((), seconds, is_known=is_known)
    if wait := max(waits.values()):
        audit.refused(request, Code.THROTTLED)
        if waits.get("address"):
            shut_doors.told_to_wait(request, waits["address"])
        raise CallError(Code.THROTTLED, _wait_words(wait), retry_after_seconds=wait)
    guesses = [*wrong, *(each for each in counted if each.window_seconds > STEPS[0][1])]
    return Attempt(guesses, seconds, is_known=is_known)


def _seconds(now: datetime | None) -> float:
    return (now or timezone.now()).timestamp()


def _wait_words(seconds: int) -> StrPromise:
    if seconds < LONG_SECONDS:
        return say_lazy("sign_in.wait", count=seconds)
    return say_lazy("sign_in.wait.minutes", count=-(-seconds // 60))


class _Turns:
    """`HASHED_AT_ONCE` at a time. Strangers do not wait, and take no turn while a known device waits for one."""

    def __init__(self) -> None:
        self._free = HASHED_AT_ONCE
        self._waiting = 0
        self._changed = Condition()

    @contextmanager
    def one(self, *, may_wait: bool) -> Iterator[None]:
        with self._changed:
            if not self._taken(may_wait):
                raise CallError(Code.UNAVAILABLE, say_lazy("sign_in.busy"), retry_after_seconds=BUSY_SECONDS)
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify()

    def _taken(self, may_wait: bool) -> bool:
        if not may_wait or self._waiting >= WAITING_AT_ONCE:
            return self._free > 0 and not self._waiting
        self._waiting += 1
        try:
            return self._changed.wait_for(lambda: self._free > 0, TURN_SECONDS)
        finally:
            self._waiting -= 1


_turns = _Turns()
