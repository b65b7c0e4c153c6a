"""Asking to be let in, and letting in: what two people's rows about each other come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q

from invitations import calls
from invitations.conf import limits
from invitations.contacts.locking import judge_anew, locked
from invitations.contacts.reading import TURNED_DOWN_FOR
from invitations.contacts.standing import standing
from invitations.contacts.telling import seem_to_tell_contact, tell_contact
from invitations.errors import CallError, Code
from invitations.models import Block, Contact, ContactState, UserKey
from invitations.push import planning
from invitations.words import say_lazy


class Kept(NamedTuple):
    """What came of an act.

    Args:
        contact: the actor's own row.
        is_new: it has changed by this act.
    """

    contact: Contact
    is_new: bool


class _Pair(NamedTuple):
    """Two people's rows about each other, as far as there are any."""

    mine: Contact | None
    theirs: Contact | None


def ask(user: Any, other: Any, *, message: str, now: datetime) -> Kept:
    """Ask somebody to be let in.

    Whoever has been asked by them, or is in their contacts, becomes their contact, and they become a contact: both have
    said so. Otherwise they are asked, unless they have blocked the asker or turned them down of late: of that the asker
    hears nothing, nor does the answer come sooner.

    Args:
        user: who asks, loaded with their `calling_preferences`.
        other: whom, loaded alike; active.
        message: for them; at most `ASK_CHARS` characters.

    Raises:
        CallError: `self`; `you_blocked`; `invalid`, the asker has too many contacts.
    """
    if user.pk == other.pk:
        raise CallError(Code.SELF, say_lazy("error.self.contact"))
    with locked(user.pk, other.pk):
        mine, theirs = _pair(user.pk, other.pk)
        blocks = _blocks(user.pk, other.pk)
        if (user.pk, other.pk) in blocks:
            raise CallError(Code.YOU_BLOCKED)
        is_blocked = (other.pk, user.pk) in blocks
        if mine is not None and mine.state == ContactState.CONTACT:
            return Kept(_about(mine, other), is_new=False)
        if mine is not None and _is_repeat(mine, theirs):
            # It made room for later ones, or was not heard because of a block that is no more.
            _say_to(other, user, theirs, message=message, is_heard=theirs is None and not is_blocked, now=now)
            return Kept(_about(mine, other), is_new=False)
        if mine is None:
            _refuse_too_many(user.pk)
        if _agreed(theirs):
            kept = _both_let_in(user, other, mine, theirs, now=now)
            judge_anew(user.pk, other.pk, now=now)
            return kept
        asked = _set(mine, user, other, ContactState.ASKED, message=message, now=now)
        _say_to(other, user, theirs, message=message, is_heard=not is_blocked and _hears(theirs, now), now=now)
        return Kept(asked, is_new=True)


def accept(user: Any, other: Any, *, now: datetime) -> Kept:
    """Let somebody in who asks. Both are contacts of each other then, unless the other one has thought better of it.

    Args:
        user: who is asked, loaded with their `calling_preferences`.
        other: who asks, loaded alike.

    Raises:
        CallError: `not_found`, they do not ask (any more).
    """
    with locked(user.pk, other.pk):
        mine, theirs = _pair(user.pk, other.pk)
        if mine is not None and mine.state == ContactState.CONTACT:
            return Kept(_about(mine, other), is_new=False)
        if mine is None or mine.state != ContactState.ASKS_YOU:
            raise CallError(Code.NOT_FOUND)
        kept = _both_let_in(user, other, mine, theirs, now=now)
        judge_anew(user.pk, other.pk, now=now)
        return kept


def remove(user: Any, other: Any, *, now: datetime) -> bool:
    """Take somebody out of one's contacts, take back what one has asked them, or turn down what they ask.

    Whoever is turned down or taken out is not told. A request that is taken back is gone for the one who was asked.

    Args:
        user: whose contact it is, loaded with their `calling_preferences`.
        other: the other person, loaded alike.

    Returns:
        Whether there was anything to remove.
    """
    with locked(user.pk, other.pk):
        mine, theirs = _pair(user.pk, other.pk)
        if mine is None or mine.state == ContactState.TURNED_DOWN:
            return False
        state = mine.state
        if state == ContactState.ASKS_YOU:
            mine.state, mine.message, mine.changed_at = ContactState.TURNED_DOWN.value, "", _since(now, mine)
            mine.save(update_fields=["state", "message", "changed_at"])
        else:
            mine.delete()
        tell_contact(user.pk, other, None, now=_since(now, mine))
        if state == ContactState.ASKED:
            # As much work whether or not they have heard of it, so that the time tells nothing.
            asks = Contact.objects.filter(user_id=other.pk, other_id=user.pk, state=ContactState.ASKS_YOU)
            tell = tell_contact if asks.delete()[0] else seem_to_tell_contact
            tell(other.pk, user, None, now=now if theirs is None else _since(now, theirs))
        if state == ContactState.CONTACT:
            judge_anew(user.pk, now=now)
        return True


def set_favourite(user_id: UserKey, other: Any, favourite: bool, *, now: datetime) -> Contact:
    """Make a contact a favourite, or no favourite any more.

    Args:
        user_id: whose contact it is.
        other: the contact, loaded with their `calling_preferences`.
        favourite: whether they are one from now on.

    Raises:
        CallError: `not_found`, they are no contact.
    """

    def act() -> Contact:
        mine = Contact.objects.filter(user_id=user_id, other_id=other.pk, state=ContactState.CONTACT).first()
        if mine is None:
            raise CallError(Code.NOT_FOUND)
        if mine.favourite != favourite:
            mine.favourite, mine.changed_at = favourite, _since(now, mine)
            mine.save(update_fields=["favourite", "changed_at"])
            tell_contact(user_id, other, _about(mine, other), now=mine.changed_at)
        return _about(mine, other)

    return calls.change_rules(user_id, act, now=now)


@contextmanager
def _undone_unless(wanted: bool) -> Iterator[None]:
    """Have something done in any case, and undone if it is not wanted: so that the time it takes does not tell whether
    it was."""
    with transaction.atomic():
        yield
        if not wanted:
            transaction.set_rollback(True)


def _say_to(other: Any, user: Any, theirs: Contact | None, *, message: str, is_heard: bool, now: datetime) -> None:
    """Tell somebody that they are asked by a user, if they hear of it; it takes as long if they do not."""
    with _undone_unless(is_heard):
        _make_room(other.pk)
        said = _set(theirs, other, user, ContactState.ASKS_YOU, message=message, now=now)
        with _undone_unless(standing(other.pk).quiet_until(now) is None):
            planning.plan_request_notice(other.pk, now=now)
    if not is_heard:
        seem_to_tell_contact(other.pk, user, said, now=said.changed_at)


def _both_let_in(user: Any, other: Any, mine: Contact | None, theirs: Contact | None, *, now: datetime) -> Kept:
    """Let each other in. Whoever does not ask (any more) keeps what they have."""
    if theirs is not None and theirs.state == ContactState.ASKED:
        _set(theirs, other, user, ContactState.CONTACT, now=now)
    return Kept(_set(mine, user, other, ContactState.CONTACT, now=now), is_new=True)


def _set(
    row: Contact | None, owner: Any, about: Any, state: ContactState, *, now: datetime, message: str = ""
) -> Contact:
    """Store how one person stands to another, and tell the first."""
    row = Contact(user_id=owner.pk, other_id=about.pk) if row is None else row
    row.state, row.message = state.value, message
    row.changed_at = _since(now, row)
    row.save()
    tell_contact(owner.pk, about, _about(row, about), now=row.changed_at)
    return _about(row, about)


def _about(row: Contact, other: Any) -> Contact:
    row.other = other
    return row


def _since(now: datetime, row: Contact) -> datetime:
    """The moment of a change, never before that of the last one: requests may get their turn in another order than
    they came in."""
    return now if row.changed_at is None else max(now, row.changed_at)


def _pair(user_id: UserKey, other_id: UserKey) -> _Pair:
    found = Contact.objects.filter(
        Q(user_id=user_id, other_id=other_id) | Q(user_id=other_id, other_id=user_id)
    ).order_by()
    rows = {each.user_id: each for each in found}
    return _Pair(rows.get(user_id), rows.get(other_id))


def _blocks(user_id: UserKey, other_id: UserKey) -> set[tuple[UserKey, UserKey]]:
    """Which of two people have blocked the other, as pairs of who and whom."""
    either = Q(user_id=user_id, other_id=other_id) | Q(user_id=other_id, other_id=user_id)
    return set(Block.objects.filter(either).order_by().values_list("user_id", "other_id"))


def _is_repeat(mine: Contact, theirs: Contact | None) -> bool:
    return mine.state == ContactState.ASKED and not _agreed(theirs)


def _agreed(theirs: Contact | None) -> bool:
    """Whether the other person has said already that they want each other. Who blocks somebody has said the contrary:
    no such row outlives a block."""
    return theirs is not None and theirs.state in (ContactState.ASKED, ContactState.CONTACT)


def _hears(theirs: Contact | None, now: datetime) -> bool:
    """Whether the other person is to see that they are asked."""
    if theirs is None or theirs.state == ContactState.ASKS_YOU:
        return True
    return theirs.state == ContactState.TURNED_DOWN and theirs.changed_at <= now - TURNED_DOWN_FOR


def _refuse_too_many(user_id: UserKey) -> None:
    most = limits().contacts_per_user
    shown: Iterable[str] = (ContactState.ASKED, ContactState.CONTACT)
    if most and Contact.objects.filter(user_id=user_id, state__in=shown).count() >= most:
        raise CallError(Code.INVALID, say_lazy("contacts.too_many", limit=most))


def _make_room(user_id: UserKey) -> None:
    """Let the oldest requests go that a person has not answered, so that there is room for one more. Those who asked
    are not told, and may ask again."""
    most = limits().requests_per_user
    if not most:
        return
    waiting = Contact.objects.filter(user_id=user_id, state=ContactState.ASKS_YOU).order_by("-changed_at", "-pk")
    late = list(waiting.values_list("pk", flat=True)[most - 1 : most + 99])
    if late:
        Contact.objects.filter(pk__in=late).delete()
