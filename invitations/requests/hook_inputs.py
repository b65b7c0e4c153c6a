"""What request bodies about hooks may contain."""

from __future__ import annotations

from invitations.models import HOOK_EVENTS, HookKind
from invitations.requests.fields import Flag, Text, Word
from invitations.requests.inputs import Body
from invitations.requests.setting_fields import WordSet
from invitations.transports.targets import MAX_URL_CHARS

NEW_HOOK = Body(
    "NewHookRequest",
    url=Text(
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="Where it leads, by https: a public address, or one that the operator allows.",
    ),
    kind=Word(
        HookKind.values,
        "HookKind",
        required=False,
        default=HookKind.EVENTS.value,
        description="Whether it is told of events or asked before rings.",
    ),
    events=WordSet(
        HOOK_EVENTS,
        "HookEvent",
        required=False,
        default=(),
        description="The kinds that it is told of; none means all.",
    ),
)
CHANGED_HOOK = Body(
    "HookRequest",
    url=Text(
        min_length=1,
        max_length=MAX_URL_CHARS,
        required=False,
        description="Where it leads, by https: a public address, or one that the operator allows.",
    ),
    events=WordSet(
        HOOK_EVENTS, "HookEvent", required=False, description="The kinds that it is told of; none means all."
    ),
    is_active=Flag(
        required=False,
        description="False switches it off, which gives up what waits to be sent; true switches it on again.",
    ),
    kind=Word(HookKind.values, "HookKind", required=False, description="As it was made: another one is refused."),
)
