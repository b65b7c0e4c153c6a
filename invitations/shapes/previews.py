"""The shapes of what would happen if one person called another."""

from __future__ import annotations

from typing import Annotated, TypedDict

from invitations.errors import Code
from invitations.models import DeviceKind, DisabledReason, Health, Verdict
from invitations.shapes.parts import DeviceId, Moment, Person, Said, Sentence, Words

PREVIEWED_ANSWERS = ("ring", "silence", "busy", "error", "merged", "rejoin")
PREVIEWED_NOTICES = ("ring", "missed", "silenced", "blocked", "nothing")
PREVIEWED_PAGES = ("audible", "open", "closed")
PREVIEWED_OUTCOMES = ("page", "page_and_push", "push", "withheld", "not_rung", "unreachable")


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
