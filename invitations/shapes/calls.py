"""The shapes of calls, and of what verbs, reads and timelines tell of them."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from invitations.errors import Code
from invitations.models import (
    CallState,
    EndReason,
    EventKind,
    InvitationState,
    LeftReason,
    RejectReason,
    Standing,
    Verdict,
)
from invitations.shapes.account import ENDS_UNLESS_USED, MADE, DoNotDisturbUntil, QuietUntil, Requests
from invitations.shapes.parts import CallId, Count, DeviceId, Moment, Page, Path, Person, Said, Sentence, Words

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
    verdict: NotRequired[
        Annotated[str, Words("Verdict", Verdict.values), Said("For services alone: what the rules decided.")]
    ]


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


class Snapshot(TypedDict):
    """Everything that is going on for a person."""

    server_time: Annotated[Moment, Said("When this was told.")]
    user: Annotated[Person, Said("Who you are.")]
    calls: Annotated[list[CallObject], Said("The open calls, newest first.")]
    missed_unseen: Annotated[Count, Said("How many missed calls were not looked at.")]
    requests: Requests
    do_not_disturb_until: DoNotDisturbUntil
    quiet_until: QuietUntil
    token_created_at: Annotated[Moment | None, Said(MADE)]
    token_expires_at: Annotated[Moment | None, Said(ENDS_UNLESS_USED)]


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


class CallPage(Page):
    """A page of the asker's history."""

    results: Annotated[list[CallObject], Said("Newest first.")]
