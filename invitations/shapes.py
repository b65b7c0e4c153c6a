"""The shapes of everything that goes out, each stated once: what serializers make and what OpenAPI documents.

Contains no active code. A word or a moment is a string on the wire and typed as one; its possible values stand beside
it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired, TypedDict

from invitations.errors import Code
from invitations.models import (
    ASK_CHARS,
    WEEKDAYS,
    Audience,
    CallState,
    DeviceKind,
    DisabledReason,
    EndReason,
    EventKind,
    Health,
    InvitationState,
    LeftReason,
    LetThrough,
    PushShows,
    RejectReason,
    RingsFrom,
    Standing,
    Verdict,
    id_chars,
)
from invitations.models.names import NAME_CHARS
from invitations.transports import NAMES


class Said:
    """What a type does not tell about a member.

    Args:
        description: what it means.
        bounds: further keywords of JSON Schema; None for no bound.
    """

    def __init__(self, description: str = "", **bounds: Any) -> None:
        self.description = description
        self.bounds = {name: bound for name, bound in bounds.items() if bound is not None}


class Words:
    """The words that a string may be.

    Args:
        name: their common name.
        values: all of them.
    """

    def __init__(self, name: str, values: Sequence[str]) -> None:
        self.name = name
        self.values = values


CALL_ID = r"[A-Za-z0-9._~:@-]{1,128}"
"""The id of any call. `call_id_chars` also limits the ids of new calls."""
DEVICE_ID = r"[A-Za-z0-9._~-]{1,64}"
LABEL_CHARS = NAME_CHARS
TIME_OF_DAY = "^([01]\\d|2[0-3]):[0-5]\\d$"
CONTACT_STATES = ("asked", "asks_you", "contact")
PAIRING_STATES = ("open", "used", "expired")
TEST_STATES = ("waiting", "sent", "arrived", "failed")
HOP_CODES = ("planned", "sent", "retrying", "failed", "arrived")
OPEN_VERBS = ("accept", "reject", "cancel", "invite", "join", "leave", "end", "remove")
TOLD_CODES = (
    "delivery.pending",
    "delivery.sent",
    "delivery.withheld",
    "delivery.dropped",
    "delivery.gone",
    "delivery.failed",
    "delivery.expired",
    "delivery.acknowledged",
    "device.no_address",
    "device.disabled",
    "ring.unheard",
    "verdict.blocked",
    "verdict.not_from_you",
    "verdict.silenced",
    "verdict.rings",
)
"""What a timeline tells besides the log: about push messages, devices that could not be sent any, and
what the rules said."""
DEVICE_REACHES = ("ok", "failing", "unheard", "lost", "open", "none")
REACH_STATES = ("reached", "doubtful", "open", "unreached")
PREVIEWED_ANSWERS = ("ring", "silence", "busy", "error", "merged", "rejoin")
PREVIEWED_NOTICES = ("ring", "missed", "silenced", "blocked", "nothing")
PREVIEWED_PAGES = ("audible", "open", "closed")
PREVIEWED_OUTCOMES = ("page", "page_and_push", "push", "withheld", "not_rung", "unreachable")
INVITEE_CODES = (
    Code.UNKNOWN_USER,
    Code.SELF,
    Code.DUPLICATE,
    Code.ALREADY_IN_CALL,
    Code.ALREADY_RINGING,
    Code.CALL_FULL,
    Code.COOLING_DOWN,
    Code.YOU_BLOCKED,
    Code.NOT_ALLOWED,
)
CALLEE_CODES = (Code.NOT_INVITED, Code.ALREADY_ANSWERED)

Moment = Annotated[str, Said(format="date-time")]
"""UTC, ISO 8601 with milliseconds and `Z`."""
Path = Annotated[str, Said("A path on this server.")]
_ID_CHARS = id_chars()
UserId = Annotated[str, Said("The public id.", maxLength=_ID_CHARS)]
# Whoever has chosen no name is called by the id.
ShownName = Annotated[str, Said("The shown name.", maxLength=_ID_CHARS and max(_ID_CHARS, NAME_CHARS))]
CallId = Annotated[str, Said("The call's id.", pattern=f"^{CALL_ID}$")]
DeviceId = Annotated[str, Said("The device's id.", pattern=f"^{DEVICE_ID}$")]
Count = Annotated[int, Said(minimum=0)]
Sentence = Annotated[str, Said("A sentence for people.")]


class Person(TypedDict):
    """A person, as everyone sees them."""

    id: UserId
    name: ShownName


class Invitation(TypedDict):
    """One person invited into a call."""

    invitee: Annotated[Person, Said("Who is asked.")]
    inviter: Annotated[Person, Said("Who asks.")]
    state: Annotated[str, Words("InvitationState", InvitationState.values), Said("What became of it.")]
    progress: Annotated[str, Words("RingProgress", ["sent", "notified", "ringing"]), Said("What is known of the ring.")]
    standing: Annotated[str, Words("Standing", Standing.values), Said("Where it stands, as a caller is told.")]
    ringing_on: Annotated[str | None, Said('The kind of the first device that alerts, such as "Chrome on Linux".')]
    ringing_devices: Annotated[Count, Said("How many devices said that they alert.")]
    ringing_audibly: Annotated[bool, Said("At least one of them can be heard.")]
    reject_reason: Annotated[str | None, Words("RejectReason", RejectReason.values), Said("Why it was rejected.")]
    custom_data: Annotated[str, Said("Of the act that closed the invitation; for its two people and the caller.")]
    expires_at: Annotated[Moment, Said("When the ring times out.")]
    responded_at: Annotated[Moment | None, Said("When it was answered.")]
    answered_on: Annotated[str | None, Said("The device that answered; for its two people and the caller.")]


class Participant(TypedDict):
    """A stay in a call on one device."""

    user: Annotated[Person, Said("Who is in the call.")]
    device_id: DeviceId
    joined_at: Annotated[Moment, Said("When they came in.")]
    connected_at: Annotated[Moment | None, Said("When the device said that media is up.")]
    left_at: Annotated[Moment | None, Said("When they left; null while they are in the call.")]
    left_reason: Annotated[str | None, Words("LeftReason", LeftReason.values), Said("Why they are no longer in it.")]


class You(TypedDict):
    """The asker's own part in a call."""

    role: Annotated[str, Words("CallRole", ["caller", "invitee"]), Said("Who you are in it.")]
    state: Annotated[
        str,
        Words("OwnState", [*InvitationState.values, "joined", "left"]),
        Said("That of your invitation; as its caller, whether you are in the call."),
    ]
    can: Annotated[list[Annotated[str, Words("OpenVerb", OPEN_VERBS)]], Said("The verbs that are open to you now.")]
    missed: Annotated[bool, Said("You missed it.")]
    duration_seconds: Annotated[Count | None, Said("How long you were in it yourself; null while you are.")]
    verdict: Annotated[
        str | None,
        Words("OwnVerdict", [Verdict.RINGS, Verdict.SILENCED, Verdict.NOT_FROM_YOU]),
        Said("What your rules said about your ring; null for a caller without one."),
    ]
    from_contact: Annotated[bool | None, Said("Whoever rang you was one of your contacts; null without a ring.")]
    urgent: Annotated[bool, Said("One of your contacts rang you and said that it is urgent.")]


class CallObject(TypedDict):
    """A call, as seen by one person."""

    call_id: CallId
    attempt: Annotated[int, Said("Which of the calls under this id, one after the other.", minimum=1)]
    revision: Annotated[Count, Said("Grows with every change; a lower one is older news.")]
    state: Annotated[str, Words("CallState", CallState.values), Said("How far it is.")]
    end_reason: Annotated[str | None, Words("EndReason", EndReason.values), Said("Why it ended.")]
    is_video_call: Annotated[bool, Said("With pictures, not with sound alone.")]
    caller: Annotated[Person, Said("Who sent it.")]
    custom_data: Annotated[str, Said("What the sender of your ring gave along.")]
    resource_id: Annotated[str | None, Said("The ring resource of your ring.")]
    ringtone_url: Annotated[Path | None, Said("What it sounds like; null is the client's own ringtone.")]
    silent: Annotated[bool, Said("Your ring neither sounds nor vibrates.")]
    vibration: Annotated[list[Count], Said("Milliseconds on, off, on, and so forth; empty is the client's own.")]
    accent: Annotated[str | None, Said("The colour of your ring.", pattern="^#[0-9a-fA-F]{6}$")]
    notification_title: Annotated[
        str, Said("What a notification of your ring is headed by: who calls, with the user id if it is no contact.")
    ]
    notification_message: Annotated[
        str, Said("What a notification of your ring says below: what it is, and what the sender says, as a quote.")
    ]
    sender_title: Annotated[str, Said("The title that the sender gave, by itself. Nothing that tells who calls.")]
    sender_message: Annotated[str, Said("The message that the sender gave, by itself.")]
    timeout_seconds: Annotated[int, Said("How long your ring lasts.", minimum=1)]
    created_at: Annotated[Moment, Said("When it was sent.")]
    ring_expires_at: Annotated[Moment, Said("When your ring times out.")]
    remaining_ms: Annotated[Count, Said("Until the ring ends, by the server's clock; 0 if nothing rings.")]
    server_time: Annotated[Moment, Said("When this was told.")]
    answered_at: Annotated[Moment | None, Said("When the first invitee came in.")]
    ended_at: Annotated[Moment | None, Said("When it ended.")]
    duration_seconds: Annotated[Count | None, Said("From the first answer to the end.")]
    invitations: Annotated[list[Invitation], Said("The latest of each person, in the order in which they were made.")]
    participants: Annotated[list[Participant], Said("In the order in which they came in.")]
    you: Annotated[You | None, Said("Your own part; null for an admin who has none.")]


class CallAnswer(TypedDict):
    """The answer of most verbs."""

    call: Annotated[CallObject, Said("The call, after what was done.")]


class InviteeError(TypedDict):
    """A person who could not be invited."""

    invitee: Annotated[str, Said("As it was sent.")]
    code: Annotated[str, Words("InviteeErrorCode", INVITEE_CODES), Said("Why.")]
    detail: NotRequired[Sentence]
    retry_after_seconds: NotRequired[Annotated[int, Said("With `cooling_down`: until they may be rung.", minimum=1)]]
    can_ask: NotRequired[Annotated[bool, Said("With `not_allowed`: you can ask them to let you in.")]]


class CalleeError(TypedDict):
    """A person whose ring could not be cancelled."""

    invitee: Annotated[str, Said("As it was sent.")]
    code: Annotated[str, Words("CalleeErrorCode", CALLEE_CODES), Said("Why.")]
    detail: NotRequired[Sentence]


class SendWarning(TypedDict):
    """Something that differs from the request but did not stop the ring."""

    code: Annotated[str, Words("SendWarningCode", ["unknown_resource"]), Said("What it was.")]


class SentAnswer(TypedDict):
    """The result of a send or an invite."""

    call: Annotated[CallObject, Said("The call.")]
    errors: Annotated[list[InviteeError], Said("Who could not be invited.")]
    warnings: Annotated[list[SendWarning], Said("What was not as asked.")]
    merged: Annotated[bool, Said("They were calling you: you are connected, in their call.")]
    rejoin: Annotated[bool, Said("You two are in this call already.")]


class CancelAnswer(TypedDict):
    """The result of a cancel."""

    call: Annotated[CallObject, Said("The call.")]
    cancelled: Annotated[list[str], Said("The ids of those who stop ringing now.")]
    errors: Annotated[list[CalleeError], Said("Whose ring could not be cancelled.")]


Requests = Annotated[int, Said("How many people ask you to be let in and wait for an answer.", minimum=0)]
DoNotDisturbUntil = Annotated[Moment | None, Said("Until when you are not to be disturbed, as you said by hand.")]
QuietUntil = Annotated[
    Moment | None, Said("Until when you are not, your quiet hours counted in; at most 8 days ahead by these.")
]


class Snapshot(TypedDict):
    """Everything that is going on for a person."""

    server_time: Annotated[Moment, Said("When this was told.")]
    user: Annotated[Person, Said("Who you are.")]
    calls: Annotated[list[CallObject], Said("The open calls, newest first.")]
    missed_unseen: Annotated[Count, Said("How many missed calls were not looked at.")]
    requests: Requests
    do_not_disturb_until: DoNotDisturbUntil
    quiet_until: QuietUntil


class Seen(TypedDict):
    """What is left on the badge."""

    missed_unseen: Annotated[Count, Said("How many missed calls were not looked at.")]


class TimelineEntry(TypedDict):
    """Something that happened in a call."""

    at: Annotated[Moment, Said("When.")]
    code: Annotated[str, Words("TimelineCode", [*EventKind.values, *TOLD_CODES]), Said("What.")]
    text: Sentence
    user: Annotated[str | None, Said("Whom it is about.")]
    device: Annotated[str | None, Said("On which device; only one's own are shown.")]
    data: Annotated[dict[str, Any], Said("What else is known, by names that differ from code to code.")]


class Timeline(TypedDict):
    """What happened in a call."""

    call_id: CallId
    entries: Annotated[list[TimelineEntry], Said("Oldest first.")]


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


class PushHost(TypedDict):
    """The visible part of a push address."""

    transport: Annotated[str, Words("PushTransport", NAMES), Said("How messages are sent there.")]
    host: Annotated[str, Said("Of its push service; no more is shown.")]


class Device(TypedDict):
    """Where a person can be rung."""

    device_id: DeviceId
    label: Annotated[str, Said("What it is called.", maxLength=64)]
    kind: Annotated[str, Words("DeviceKind", DeviceKind.values), Said("What it is.")]
    push: Annotated[PushHost | None, Said("Where it is rung by push.")]
    health: Annotated[
        str, Words("DeviceHealth", Health.values), Said("Whether it can be rung by push, as far as is known.")
    ]
    disabled_reason: Annotated[
        str | None, Words("DisabledReason", DisabledReason.values), Said("Why it is no longer rung by push.")
    ]
    disabled_since: Annotated[Moment | None, Said("Since when.")]
    created_at: Annotated[Moment, Said("When it was registered.")]
    last_seen_at: Annotated[Moment | None, Said("Its last sign of life.")]
    last_ringing_at: Annotated[Moment | None, Said("When it last said that it alerts.")]


RenewalToken = Annotated[
    str, Said("For `POST /push/renew`, when the browser changes the address. Dies with the address.")
]


class RegisteredDevice(Device):
    """A device that has just been described."""

    renewal_token: NotRequired[RenewalToken]


class RenewedDevice(TypedDict):
    """A device with a new push address."""

    device: Annotated[Device, Said("The device.")]
    renewal_token: RenewalToken


class PushKey(TypedDict):
    """The key with which push addresses are created."""

    public_key: Annotated[str, Said("An uncompressed P-256 point in base64url.", minLength=87)]


class TestRingHop(TypedDict):
    """One step of a test ring."""

    code: Annotated[str, Words("TestRingHopCode", HOP_CODES), Said("What happened.")]
    at: Annotated[Moment, Said("When; with `retrying`, when it is tried again.")]
    text: Sentence


class TestRing(TypedDict):
    """A real ring to one device, although nobody calls."""

    test_id: Annotated[str, Said("Its id.")]
    device_id: DeviceId
    state: Annotated[str, Words("TestRingState", TEST_STATES), Said("How far it has come.")]
    hops: Annotated[list[TestRingHop], Said("Step by step.")]
    created_at: Annotated[Moment, Said("When it was asked for.")]
    expires_at: Annotated[Moment, Said("From then on nothing more comes of it.")]


class PreviewedAnswer(TypedDict):
    """What the caller would get."""

    kind: Annotated[
        str,
        Words("PreviewedAnswerKind", PREVIEWED_ANSWERS),
        Said(
            "`ring`, or `silence`: a ring that nobody answers; `busy`; `error`; `merged`: the other is calling at this "
            "moment, and would be answered; `rejoin`: they are in a call with each other."
        ),
    ]
    code: Annotated[str | None, Words("ProblemCode", [str(each) for each in Code]), Said("Of an error.")]
    can_ask: Annotated[bool, Said("They could ask to be let in.")]
    text: Sentence


class PreviewedNotice(TypedDict):
    """What the invitee would get."""

    kind: Annotated[str, Words("PreviewedNoticeKind", PREVIEWED_NOTICES), Said("What they would be told.")]
    text: Sentence


class PreviewedDevice(TypedDict):
    """What would happen on one device of the invitee."""

    device_id: DeviceId
    label: Annotated[str, Said("What it is called.", maxLength=64)]
    kind: Annotated[str, Words("DeviceKind", DeviceKind.values), Said("What it is.")]
    page: Annotated[
        str,
        Words("PreviewedPage", PREVIEWED_PAGES),
        Said("Whether a page or app is connected there, and can be heard."),
    ]
    health: Annotated[
        str, Words("DeviceHealth", Health.values), Said("Whether it can be rung by push, as far as is known.")
    ]
    disabled_reason: Annotated[
        str | None, Words("DisabledReason", DisabledReason.values), Said("Why it is no longer rung by push.")
    ]
    outcome: Annotated[str, Words("PreviewedOutcome", PREVIEWED_OUTCOMES), Said("What would happen there.")]
    text: Sentence


class RulesPreview(TypedDict):
    """What would happen if one person called another now. Nothing rings, and nothing is kept of it."""

    server_time: Annotated[Moment, Said("When it was asked.")]
    caller: Annotated[Person, Said("Who would call.")]
    invitee: Annotated[Person, Said("Whom they would call.")]
    urgent: Annotated[bool, Said("The call would count as urgent.")]
    verdict: Annotated[str, Words("Verdict", Verdict.values), Said("What the rules say.")]
    text: Sentence
    until: Annotated[Moment | None, Said("When the verdict may be another one by itself.")]
    retry_after_seconds: Annotated[int | None, Said("When the caller may ring again.", minimum=0)]
    caller_gets: Annotated[PreviewedAnswer, Said("What the caller would get.")]
    invitee_gets: Annotated[PreviewedNotice, Said("What the invitee would get.")]
    in_call: Annotated[bool, Said("The invitee is in a call.")]
    call_waiting: Annotated[bool, Said("Further calls ring for the invitee while they are in one.")]
    silent: Annotated[bool, Said("A ring that names no resource makes no sound in notifications.")]
    devices: Annotated[list[PreviewedDevice], Said("The invitee's.")]


class ReachedDevice(TypedDict):
    """How it stands with one of your devices when somebody calls."""

    device_id: DeviceId
    label: Annotated[str, Said("What it is called.", maxLength=64)]
    reach: Annotated[
        str,
        Words("DeviceReach", DEVICE_REACHES),
        Said(
            "`ok`: it is woken; `failing`: the push service did not take the last message; `unheard`: it has been "
            "silent for a month; `lost`: its address is disabled; `open`: only its open page rings; `none`: nothing "
            "rings there."
        ),
    ]
    reason: Annotated[str | None, Said("Why it is lost (`DisabledReason`), or fails (a code of the push service).")]
    since: Annotated[Moment | None, Said("Since when it is lost or fails, or when it was last heard of.")]


class Reachability(TypedDict):
    """Whether calls reach you."""

    state: Annotated[
        str,
        Words("ReachState", REACH_STATES),
        Said(
            "`reached`; `doubtful`: perhaps; `open`: only while a page is open; `unreached`: nothing rings, anywhere."
        ),
    ]
    text: Sentence
    devices_reached: Annotated[Count, Said("How many devices can be woken.")]
    devices: Annotated[list[ReachedDevice], Said("Yours, in the order in which they were registered.")]


class RingResource(TypedDict):
    """How a ring sounds and looks."""

    resource_id: Annotated[str, Said("What a sender names it by.", maxLength=128)]
    name: Annotated[str, Said("What people call it.", maxLength=64)]
    is_default: Annotated[bool, Said("For rings that name none.")]
    ringtone_url: Path | None
    icon_url: Path | None
    badge_url: Path | None
    vibration: Annotated[list[Count], Said("Milliseconds on, off, on, and so forth.")]
    silent: Annotated[bool, Said("Without a sound.")]
    require_interaction: Annotated[bool, Said("The notification stays until it is answered.")]
    accent: Annotated[str | None, Said("A colour.", pattern="^#[0-9a-fA-F]{6}$")]
    title_template: Annotated[str, Said("The title of rings that have none of their own.", maxLength=128)]
    message_template: Annotated[str, Said("The message of rings that have none of their own.", maxLength=512)]


class IceServer(TypedDict):
    """A STUN or TURN server, in the format of `RTCPeerConnection`."""

    urls: Annotated[
        list[Annotated[str, Said(pattern="^(stuns?|turns?):")]], Said("Ways to reach the same server.", minItems=1)
    ]
    username: NotRequired[Annotated[str, Said("With TURN only.")]]
    credential: NotRequired[Annotated[str, Said("With TURN only.")]]


class IceServers(TypedDict):
    """The servers that the asker may use now."""

    ice_servers: Annotated[list[IceServer], Said("As `RTCPeerConnection` takes them.")]
    expires_at: Annotated[Moment, Said("From then on the credentials are worthless.")]


class Token(TypedDict):
    """What an app gets when it signs in."""

    token: Annotated[str, Said("For `Authorization: Bearer`. Shown this once.")]
    expiry: Annotated[Moment | None, Said("Moves on while the token is used.")]
    user: Annotated[Person, Said("Who signed in.")]
    device_id: NotRequired[Annotated[str, Said("The one that the request gave, or that a refreshed token stands for.")]]


class SignedInApp(TypedDict):
    """A token that an app has, without its secret."""

    id: Annotated[str, Said("For taking it back.", format="uuid")]
    device_id: Annotated[str, Said("The device that has it.", pattern=rf"^{DEVICE_ID}$")]
    device_name: Annotated[str, Said("What the device is called; may be empty.")]
    created_at: Annotated[Moment, Said("When the device signed in.")]
    last_used_at: Annotated[Moment | None, Said("To the hour; null where an older version made the token.")]
    expires_at: Annotated[Moment, Said("When it ends unless it is used.")]
    current: Annotated[bool, Said("The request came with it.")]


class SignedInBrowser(TypedDict):
    """A session of a browser, without its key."""

    id: Annotated[str, Said("For taking it back.", pattern=rf"^{DEVICE_ID}$")]
    device_ids: Annotated[list[DeviceId], Said("The devices that come with it; none before a page said hello.")]
    user_agent: Annotated[str, Said("How the browser names itself (RFC 9110 section 10.1.5); empty if not known.")]
    address: Annotated[str | None, Said("The IP address that it was used from, if known. Shown to nobody else.")]
    created_at: Annotated[Moment | None, Said("When somebody signed in by it; null if not known.")]
    last_used_at: Annotated[Moment | None, Said("To two hours; null if not known. The devices know better.")]
    expires_at: Annotated[Moment, Said("When it ends unless it is used.")]
    current: Annotated[bool, Said("The request came with it.")]


class PairingCode(TypedDict):
    """A code that connects a phone."""

    pairing_code: Annotated[str, Said("Shown this once, in two groups of four.")]
    expires_at: Annotated[Moment, Said("From then on it is worthless.")]
    expires_in_seconds: Annotated[Count, Said("How long it is good.")]
    link: Annotated[str, Said("Opens the app, and has all that it needs.", format="uri")]
    qr: Annotated[str, Said("The link as a QR code: a document in SVG, black on white.")]


class Pairing(TypedDict):
    """What became of the code."""

    state: Annotated[str, Words("PairingState", PAIRING_STATES), Said("Whether it can be used, was, or is over.")]
    expires_at: Annotated[Moment, Said("When it ends, or ended, unless it is used.")]
    device_id: Annotated[str | None, Said("The device that used it.")]
    device_name: Annotated[str, Said("What that device is called; may be empty.")]


class Ticket(TypedDict):
    """Opens one live socket."""

    ticket: Annotated[str, Said("For `?ticket=` of the live socket, once.")]
    expires_in_seconds: Annotated[Count, Said("How long it is good.")]


class Page(TypedDict):
    """One page of a list."""

    next: Annotated[str | None, Said("The address of the next page.", format="uri")]
    previous: Annotated[str | None, Said("The address of the page before.", format="uri")]


class CallPage(Page):
    """A page of the asker's history."""

    results: Annotated[list[CallObject], Said("Newest first.")]


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


class DevicePage(Page):
    """A page of the asker's devices."""

    results: Annotated[list[Device], Said("By id.")]


class RingResourcePage(Page):
    """A page of the ring resources."""

    results: Annotated[list[RingResource], Said("By id.")]


class PushKeys(TypedDict):
    """The keys that a browser gave its push address (RFC 8291)."""

    p256dh: Annotated[str, Said("The public key.", maxLength=128, format="p256-point")]
    auth: Annotated[str, Said("The shared secret.", maxLength=128, format="push-auth")]


class PushAddress(TypedDict):
    """Where a device receives push messages: the result of `PushSubscription.toJSON()` plus the transport's name."""

    transport: Annotated[str, Words("PushTransport", NAMES), Said("How messages are sent there.")]
    endpoint: Annotated[str, Said("An https URL.", format="push-endpoint")]
    keys: Annotated[PushKeys, Said("The keys that messages are encrypted with.")]
    public_key: NotRequired[
        Annotated[
            str | None,
            Said(
                "The key of `GET /push/key` that the address was made with; the present one where left out.",
                format="vapid-key",
            ),
        ]
    ]


TAKEN = (PushKeys, PushAddress, QuietHours)
"""What comes in. Members that are not listed here are ignored."""


class SignedInAppPage(Page):
    """A page of the asker's apps that are signed in."""

    results: Annotated[list[SignedInApp], Said("The newest first.")]


class SignedInBrowserPage(Page):
    """The only page of the browsers in which the asker is signed in."""

    results: Annotated[list[SignedInBrowser], Said("The one that was used last first.")]
