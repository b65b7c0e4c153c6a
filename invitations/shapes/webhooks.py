"""The shapes of what hooks are told, and of what the ring hook is asked and answers."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from invitations.models import DisabledReason, EventKind
from invitations.models.hook import DEVICE_DISABLED, HOOK_TEST, RING_ASK, USER_MISSED
from invitations.shapes.calls import CallObject
from invitations.shapes.parts import DeviceId, Moment, Said, UserId, Words

Kind = Annotated[str, Words("EventKind", EventKind.values)]
Actor = Annotated[str | None, Said("The id of who acted; null for the server.")]
Asked = Annotated[str | None, Said("As the caller said.")]
Allows = Annotated[bool, Said("Whether they may be rung.")]
Detail = Annotated[str | None, Said("A sentence for the caller.")]


class ChangeData(TypedDict):
    """A change of a call."""

    event: Annotated[Kind, Said("The act.")]
    events: Annotated[list[Kind], Said("All that it made true, the act first.", minItems=1)]
    actor: Actor
    call: Annotated[CallObject, Said("The whole call, as its caller sees it.")]


class ChangeMessage(TypedDict):
    """Something happened to a call."""

    type: Annotated[Kind, Said("The act.")]
    timestamp: Annotated[Moment, Said("When.")]
    data: Annotated[ChangeData, Said("What.")]


class MissedData(TypedDict):
    """A ring that was missed."""

    event: Annotated[str, Said(const=USER_MISSED)]
    events: Annotated[list[str], Said("The same.")]
    actor: Actor
    user: Annotated[UserId, Said("Who missed it.")]
    call: Annotated[CallObject | None, Said("The whole call, as its caller sees it.")]


class MissedMessage(TypedDict):
    """Somebody missed a ring. Comes behind the change by which they did."""

    type: Annotated[str, Said(const=USER_MISSED)]
    timestamp: Annotated[Moment, Said("When.")]
    data: Annotated[MissedData, Said("What.")]


class DisabledData(TypedDict):
    """A device that push no longer reaches."""

    event: Annotated[str, Said(const=DEVICE_DISABLED)]
    events: Annotated[list[str], Said("The same.")]
    actor: Actor
    user: Annotated[UserId, Said("Whose it is.")]
    device: DeviceId
    reason: Annotated[str, Words("DisabledReason", DisabledReason.values), Said("Why.")]
    call: Annotated[CallObject | None, Said("Null.")]


class DisabledMessage(TypedDict):
    """A device can no longer be reached by push."""

    type: Annotated[str, Said(const=DEVICE_DISABLED)]
    timestamp: Annotated[Moment, Said("When.")]
    data: Annotated[DisabledData, Said("What.")]


class TrialData(TypedDict):
    """Nothing happened."""

    event: Annotated[str, Said(const=HOOK_TEST)]
    events: Annotated[list[str], Said("The same.")]
    actor: Actor
    call: Annotated[CallObject | None, Said("Null.")]


class TrialMessage(TypedDict):
    """The owner of the hook tries it out."""

    type: Annotated[str, Said(const=HOOK_TEST)]
    timestamp: Annotated[Moment, Said("When.")]
    data: Annotated[TrialData, Said("What.")]


class RingQuestionData(TypedDict):
    """Who would ring whom, and how."""

    act: Annotated[str, Words("RingAct", ["send", "invite"]), Said("What is about to be done.")]
    caller: Annotated[UserId, Said("Who rings.")]
    invitees: Annotated[list[str], Said("Whom, by their ids.")]
    is_video_call: Annotated[bool, Said("With pictures, not with sound alone.")]
    custom_data: Annotated[str, Said("As the caller said.")]
    resource_id: Asked
    notification_title: Asked
    notification_message: Asked
    timeout_seconds: Annotated[int, Said("How long it is to ring.", minimum=1)]
    urgent: Annotated[bool, Said("The caller says that it is.")]


class RingQuestion(TypedDict):
    """May this ring begin? Answer within a second, with 200."""

    type: Annotated[str, Said(const=RING_ASK)]
    data: Annotated[RingQuestionData, Said("About which ring.")]


class RingAnswerAboutOne(TypedDict):
    """What is so for one of the invitees."""

    allow: Allows
    detail: NotRequired[Detail]


class RingAnswer(TypedDict):
    """Whether it may, and what is to be otherwise than the caller said."""

    allow: Allows
    detail: NotRequired[Detail]
    invitees: NotRequired[Annotated[dict[str, RingAnswerAboutOne], Said("Those who are another matter, by id.")]]
    notification_message: NotRequired[Asked]
    resource_id: NotRequired[Asked]
    timeout_seconds: NotRequired[Annotated[int | None, Said("How long it is to ring.", minimum=1)]]
