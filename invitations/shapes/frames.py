"""The shapes of what goes over the live socket, both ways, and the codes with which it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from invitations.errors import Code
from invitations.models import EventKind
from invitations.shapes.account import Me
from invitations.shapes.calls import CallObject, Snapshot
from invitations.shapes.contacts import Block, Contact
from invitations.shapes.parts import (
    CALL_ID,
    LABEL_CHARS,
    CallId,
    Count,
    DeviceId,
    Moment,
    Person,
    Said,
    Sentence,
    Words,
)

NOT_AUTHENTICATED = 4401
BAD_ORIGIN = 4403
NO_SUCH_PATH = 4404
ONE_TOO_MANY = 4408
TOO_MUCH = 4429
# Not 1008 or 1011: autobahn, and so daphne, lets applications close only with 1000 and codes from 3000.
UNAVAILABLE = 4503
CLOSES: Mapping[int, str] = {
    NOT_AUTHENTICATED: "Not, or no longer, signed in: sign in first.",
    BAD_ORIGIN: "The page is of an origin that may not connect.",
    NO_SUCH_PATH: "There is no such socket.",
    ONE_TOO_MANY: "One socket too many: the oldest of the user, or of the device, has to go.",
    TOO_MUCH: "Far too many frames, or too many that were never read. Connect again later.",
    UNAVAILABLE: "The service cannot do it now. Connect again.",
}
"""Why the server closes a socket. Besides these there are those of the protocol: 1001, it goes away; 1009, a frame is
far too long."""
MOST_HELD_CALLS = 200

RequestId = Annotated[str | int, Said("Chosen by the client, for the result: 1 to 64 characters, or a whole number.")]
EventKindWord = Annotated[str, Words("EventKind", EventKind.values)]
VerbName = Annotated[str, Said("What to do.")]


class Endpoint(TypedDict):
    """One device of one user."""

    user: Annotated[str, Said("The public id.")]
    device_id: DeviceId


class HelloFrame(TypedDict):
    """Who connects. The first frame; nothing else counts before it."""

    type: Annotated[str, Said(const="hello")]
    device_id: DeviceId
    label: NotRequired[Annotated[str | None, Said("What the device calls itself.", maxLength=LABEL_CHARS)]]
    audible: NotRequired[Annotated[bool, Said("Somebody would hear it ring.")]]


class SyncFrame(TypedDict):
    """A sign of life, with what the client holds: every 5 s with an open call, else every 15 s."""

    type: Annotated[str, Said(const="sync")]
    calls: NotRequired[
        Annotated[dict[str, int], Said("The revision of each call, by its id.", maxProperties=MOST_HELD_CALLS)]
    ]


class RequestFrame(TypedDict):
    """A verb of REST, with the same body, rules and codes."""

    type: Annotated[str, Said(const="request")]
    id: RequestId
    verb: VerbName
    call_id: NotRequired[Annotated[str | None, Said("The call that it is about.", pattern=f"^{CALL_ID}$")]]
    attempt: NotRequired[Annotated[int | None, Said("Which of the calls under this id.", minimum=1)]]
    idempotency_key: NotRequired[
        Annotated[str | None, Said("Known when it is repeated.", minLength=1, maxLength=128, pattern="^[ -~]*$")]
    ]
    body: NotRequired[Annotated[dict[str, Any] | None, Said("As by REST.")]]


class SignalFrame(TypedDict):
    """Something of WebRTC for one device in the same call, passed on unread."""

    type: Annotated[str, Said(const="signal")]
    call_id: CallId
    to: Annotated[Endpoint, Said("Whom it is for.")]
    data: Annotated[Any, Said("Any JSON.")]


RelayedFrame = TypedDict(
    "RelayedFrame",
    {
        "type": Annotated[str, Said(const="signal")],
        "call_id": CallId,
        "from": Annotated[Endpoint, Said("Who sent it.")],
        "data": Annotated[Any, Said("As it was sent.")],
    },
)
RelayedFrame.__doc__ = "A signal of another device in the same call."


class SnapshotFrame(Snapshot):
    """Everything that is going on, after `hello`, and whenever it must be told anew: apply all of it before ringing."""

    type: Annotated[str, Said(const="snapshot")]


class CallFrame(TypedDict):
    """Something happened to a call. Ignore it if its `revision` is not newer than what you hold."""

    type: Annotated[str, Said(const="call")]
    event: Annotated[EventKindWord, Said("The act.")]
    events: Annotated[list[EventKindWord], Said("All that it made true, the act first.", minItems=1)]
    actor: Annotated[str | None, Said("The id of who acted; null for the server.")]
    user: Annotated[Person, Said("What you are called now.")]
    call: Annotated[CallObject, Said("The whole call.")]


class SyncedFrame(TypedDict):
    """The answer to `sync`."""

    type: Annotated[str, Said(const="synced")]
    server_time: Annotated[Moment, Said("When this was told.")]
    calls: Annotated[list[CallObject], Said("What was newer than what you hold, or unknown to you.")]
    gone: Annotated[list[str], Said("The ids of those that are over, or were never yours.")]


class ResultFrame(TypedDict):
    """The answer to a `request`."""

    type: Annotated[str, Said(const="result")]
    id: RequestId
    status: Annotated[int, Said("That of HTTP.", minimum=200, maximum=599)]
    body: Annotated[dict[str, Any], Said("As by REST.")]


class HistoryFrame(TypedDict):
    """Missed calls were looked at on another device: set the badge."""

    type: Annotated[str, Said(const="history")]
    missed_unseen: Annotated[Count, Said("How many were not looked at.")]


class ContactFrame(TypedDict):
    """How you stand to somebody, as you have settled it on another page, or they have asked."""

    type: Annotated[str, Said(const="contact")]
    server_time: Annotated[Moment, Said("When this was told.")]
    user: Annotated[Person, Said("The other one.")]
    contact: Annotated[Contact | None, Said("As `GET /contacts` has it; null if there is nothing.")]
    requests: Annotated[Count, Said("How many people ask you and wait for an answer.")]


class BlockFrame(TypedDict):
    """Whether you have blocked somebody."""

    type: Annotated[str, Said(const="block")]
    server_time: Annotated[Moment, Said("When this was told.")]
    user: Annotated[Person, Said("The other one.")]
    block: Annotated[Block | None, Said("As `GET /blocks` has it; null if there is none.")]


class MeFrame(TypedDict):
    """What you have settled about yourself."""

    type: Annotated[str, Said(const="me")]
    server_time: Annotated[Moment, Said("When this was told.")]
    me: Annotated[Me, Said("As `GET /me` has it.")]


class ErrorFrame(TypedDict):
    """A frame that could not be acted on. The socket stays open."""

    type: Annotated[str, Said(const="error")]
    code: Annotated[str, Words("ProblemCode", [str(each) for each in Code]), Said("Why.")]
    detail: Sentence
    call_id: NotRequired[Annotated[str, Said("As it was sent.")]]
    id: NotRequired[Annotated[RequestId, Said("As it was sent.")]]
