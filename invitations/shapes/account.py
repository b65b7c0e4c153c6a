"""The shapes of a person's own account: their profile and their settings."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from invitations.errors import Code
from invitations.models import WEEKDAYS, Audience, LetThrough, PushShows, RingsFrom
from invitations.shapes.parts import Count, Moment, Said, ShownName, UserId, Words

TIME_OF_DAY = "^([01]\\d|2[0-3]):[0-5]\\d$"
Requests = Annotated[int, Said("How many people ask you to be let in and wait for an answer.", minimum=0)]
DoNotDisturbUntil = Annotated[Moment | None, Said("Until when you are not to be disturbed, as you said by hand.")]
QuietUntil = Annotated[
    Moment | None, Said("Until when you are not, your quiet hours counted in; at most 8 days ahead by these.")
]
MADE = "Since when the token that you came with lives: it was made or prolonged then; null if you came with a session."
ENDS_UNLESS_USED = "When the token that you came with ends unless it is used; null if you came with a session."
IN_ANSWERS = "In answers alone: a live frame is for all of a person's pages and apps."


QuietHours = TypedDict(
    "QuietHours",
    {
        "days": Annotated[
            list[Annotated[str, Words("Weekday", WEEKDAYS)]], Said("On which days they begin.", minItems=1)
        ],
        "from": Annotated[str, Said("When they begin, in your time zone.", pattern=TIME_OF_DAY)],
        "to": Annotated[
            str, Said("When they end: on the next day unless it is later than `from`.", pattern=TIME_OF_DAY)
        ],
    },
)
QuietHours.__doc__ = "When no call rings, day by day."


class Me(TypedDict):
    """One's own profile and settings."""

    id: UserId
    name: ShownName
    call_waiting: Annotated[bool, Said("Further calls ring while in a call, instead of being answered with busy.")]
    missed_unseen: Annotated[Count, Said("How many missed calls were not looked at.")]
    requests: Requests
    rings_from: Annotated[str, Words("RingsFrom", RingsFrom.values), Said("Whose calls ring.")]
    rings_from_chosen: Annotated[bool, Said("You have chosen that; if not, it is this server's own choice.")]
    do_not_disturb_until: DoNotDisturbUntil
    quiet_hours: Annotated[QuietHours | None, Said("When no call rings, day by day.")]
    quiet_until: QuietUntil
    time_zone: Annotated[str, Said("Where your days and hours are counted.")]
    let_through: Annotated[
        list[Annotated[str, Words("LetThrough", LetThrough.values)]],
        Said("What rings although you do not want to be disturbed."),
    ]
    show_presence: Annotated[
        str, Words("Audience", Audience.values), Said("Who sees whether you are online or in a call.")
    ]
    show_in_people: Annotated[bool, Said("Others find you in the list of people.")]
    push_shows: Annotated[str, Words("PushShows", PushShows.values), Said("How much of a call a notification shows.")]
    mail_if_unreachable: Annotated[bool, Said("You are written to when calls no longer reach you.")]
    token_created_at: NotRequired[Annotated[Moment | None, Said(f"{MADE} {IN_ANSWERS}")]]
    token_expires_at: NotRequired[Annotated[Moment | None, Said(f"{ENDS_UNLESS_USED} {IN_ANSWERS}")]]


class Account(TypedDict):
    """Somebody's account, as services see it."""

    id: UserId
    name: ShownName
    email: Annotated[str, Said("For mail to them; empty for none.")]
    is_active: Annotated[bool, Said("They can sign in, and be called.")]
    language: Annotated[str | None, Said("The tag of the language in which they are written to; null if nobody said.")]
    rings_from: Annotated[
        str | None, Words("RingsFrom", RingsFrom.values), Said("Whose calls ring; null for this server's own choice.")
    ]


class Imported(TypedDict):
    """What became of one account of an import."""

    id: Annotated[str | None, Said("The account's id as it is now, or as it was sent; null if it was no text.")]
    status: Annotated[int, Said("201 if it was made, 200 if it was changed, else that of the code.")]
    code: Annotated[
        str | None,
        Words("ImportCode", [Code.INVALID, Code.DUPLICATE, Code.NOT_ALLOWED, Code.UNAVAILABLE]),
        Said("Why it failed; null if it did not."),
    ]
    errors: Annotated[dict[str, Any] | None, Said("Of `invalid`: sentences by field.")]


class ImportedAccounts(TypedDict):
    """What became of an import."""

    results: Annotated[list[Imported], Said("One for each account, in the order in which they were sent.")]
