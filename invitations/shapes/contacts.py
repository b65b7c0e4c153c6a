"""The shapes of other people: whom one can call, has let in, or has blocked."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from invitations.models import ASK_CHARS
from invitations.shapes.parts import Moment, Page, Person, Said, ShownName, UserId, Words

CONTACT_STATES = ("asked", "asks_you", "contact")


class Contact(TypedDict):
    """How you stand to another person. It says nothing of how they stand to you."""

    user: Annotated[Person, Said("The other one.")]
    state: Annotated[
        str,
        Words("ContactState", CONTACT_STATES),
        Said("You have asked them, they ask you, or you have let them in."),
    ]
    favourite: Annotated[bool, Said("They come first, and may be let through. Only contacts can be.")]
    message: Annotated[str, Said("What was written with the request.", maxLength=ASK_CHARS)]
    changed_at: Annotated[Moment, Said("When it became so; an earlier one is older news.")]
    online: NotRequired[Annotated[bool, Said("A page or app of theirs is connected. In answers to reads alone.")]]
    in_call: NotRequired[Annotated[bool, Said("They are in a call. In answers to reads alone.")]]


class Block(TypedDict):
    """A person who never rings you."""

    user: Annotated[Person, Said("Whom you have blocked.")]
    created_at: Annotated[Moment, Said("Since when.")]


class BlockedCall(TypedDict):
    """A call of somebody whom you have blocked, of which you heard nothing."""

    user: Annotated[Person, Said("Who called.")]
    is_video_call: Annotated[bool, Said("With pictures, not with sound alone.")]
    created_at: Annotated[Moment, Said("When.")]


class User(TypedDict):
    """A person who can be called."""

    id: UserId
    name: ShownName
    online: Annotated[bool, Said("A page or app of theirs is connected, as far as they and the rules let you see it.")]
    in_call: Annotated[bool, Said("They are in a call, as far as they and the rules let you see it.")]


class UserPage(Page):
    """A page of the people who can be called."""

    results: Annotated[list[User], Said("By id.")]


class ContactPage(Page):
    """A page of the asker's contacts and of what is asked between them and others."""

    results: Annotated[list[Contact], Said("Favourites first, then by name; what is asked, newest first.")]


class BlockPage(Page):
    """A page of the people whom the asker has blocked."""

    results: Annotated[list[Block], Said("Newest first.")]


class BlockedCallPage(Page):
    """A page of the calls that were kept from the asker."""

    results: Annotated[list[BlockedCall], Said("Newest first.")]
