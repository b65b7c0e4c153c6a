"""What a ring says: who calls, as the server knows it, and below that the sender's own words, as a quote.

The one place where they are put together, for REST, the socket, pages, push messages and the admin. Nothing that a
sender wrote may stand where the name of the caller does, or look as if the server said it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from invitations.conf import limits
from invitations.models import names
from invitations.words import say

if TYPE_CHECKING:
    from invitations.models import Call, Invitation
    from invitations.store.looks import Look
    from invitations.store.sheets import CallSheet, Person

_PLACEHOLDER = re.compile(r"\{(?:caller|call)\}")
_QUOTES = str.maketrans("\u201c\u201d\u201e\u201f", "\u2018\u2019\u2018\u2018")
"""Quotation marks within a quote, so that none ends it."""


class RingWords(NamedTuple):
    """What a ring says.

    Args:
        title: who calls.
        what: what it is, such as "Incoming video call", and whether it is urgent.
        mark: that the caller is none of the invitee's contacts; empty if they are.
        quote: what the sender says, as a quote; empty if that is nothing.
        sender_title: the title that the sender gave, by itself.
        sender_message: the message that the sender gave, by itself.
    """

    title: str
    what: str
    mark: str
    quote: str
    sender_title: str
    sender_message: str

    @property
    def without_quote(self) -> str:
        """What the server itself says below the title of a notification."""
        return say("ring.marked", what=self.what, mark=self.mark) if self.mark else self.what

    @property
    def message(self) -> str:
        """What stands below the title."""
        return f"{self.what}\n{self.quote}" if self.quote else self.what

    @property
    def body(self) -> str:
        """What stands below the title of a notification, which is all that its reader sees."""
        return f"{self.without_quote}\n{self.quote}" if self.quote else self.without_quote


def of(sheet: CallSheet, ring: Call | Invitation, look: Look) -> RingWords:
    """What a ring says.

    Args:
        sheet: the call.
        ring: the invitation or, for the caller's own view and an admin's, the call.
        look: the ring's resource.
    """
    is_stranger = not getattr(ring, "from_contact", True)
    who = who_rang(sheet, ring)
    title, what = _templates(look, who, kind_of(sheet))
    if getattr(ring, "urgent", False):
        what = say("ring.urgent", what=what)
    if ring.titled and (own_title := names.readable(ring.notification_title or "")):
        return _titled(ring, own_title, who, what, is_stranger=is_stranger)
    said_title, said = _title_of(ring), names.readable(ring.notification_message or "")
    words = say("ring.title_and_message", title=said_title, message=said) if said_title and said else said_title or said
    quote = say("ring.quote", who=who, words=within_quotes(words)) if words else ""
    return RingWords(title, what, say("person.no_contact") if is_stranger else "", quote, said_title, said)


def who_rang(sheet: CallSheet, ring: Call | Invitation) -> str:
    """Who gave a ring, as the person who got it is told."""
    inviter = sheet.people[getattr(ring, "inviter_id", sheet.call.caller_id)]
    return name_of(inviter) if getattr(ring, "from_contact", True) else told_apart(inviter)


def name_of(person: Person) -> str:
    """The name of a person, or the words for somebody whose account was deleted."""
    return say("person.deleted") if person.id is None else person.name


def told_apart(person: Person) -> str:
    """The name of a person with their public id, which nobody else has: "Alice (@alice)"."""
    if person.id is None:
        return say("person.deleted")
    code = "person.with_address" if "@" in person.username else "person.with_id"
    return say(code, name=person.name, id=person.username)


def kind_of(sheet: CallSheet) -> str:
    """The kind of call, as in the codes of sentences: `audio`, `video`, `group_audio` or `group_video`."""
    medium = "video" if sheet.call.is_video_call else "audio"
    return f"group_{medium}" if len(sheet.latest_invitations()) > 1 else medium


def _templates(look: Look, who: str, kind: str) -> tuple[str, str]:
    """The title, and what it is, in the words of the ring's resource. Admins write those, but senders choose among
    them: a title that does not name the caller stands below the name."""

    def value(found: re.Match[str]) -> str:
        return who if found[0] == "{caller}" else say(f"call.kind.{kind}")

    def filled(template: str) -> str:
        # In one pass, so that a name that looks like a placeholder is kept as it is.
        return _PLACEHOLDER.sub(value, template)

    title, what = filled(look.title_template), filled(look.message_template) or say(f"call.incoming.{kind}")
    if not title or "{caller}" in look.title_template:
        return title or who, what
    return who, say("ring.title_and_message", title=title, message=what)


def _titled(ring: Call | Invitation, title: str, who: str, what: str, *, is_stranger: bool) -> RingWords:
    """What a ring says that a program of the operator's gave a title, whose words these are: no quotes, and shown
    although the titles of senders may not be."""
    said = names.readable(ring.notification_message or "")
    mark = say("person.no_contact") if is_stranger else ""
    return RingWords(title, say("ring.title_and_message", title=who, message=what), mark, said, title, said)


def _title_of(ring: Call | Invitation) -> str:
    """The title that the sender gave, which stands in a quote."""
    return names.readable(ring.notification_title or "") if limits().sender_titles else ""


def within_quotes(words: str) -> str:
    """Somebody's words as they may stand in quotation marks: in one line, with none that ends the quote."""
    return words.replace("\n", " ").translate(_QUOTES)
