"""The shapes of hooks, and of what they are told."""

from __future__ import annotations

from typing import Annotated, TypedDict

from invitations.models import HOOK_EVENTS, HookKind, HookMessageState, HookOff
from invitations.shapes.parts import CallId, Moment, Page, Said, Words

HookEvent = Annotated[str, Words("HookEvent", HOOK_EVENTS)]
HookId = Annotated[str, Said("The id of the hook.", pattern="^hook_[0-9a-f]{24}$")]


class Hook(TypedDict):
    """An address of a service that is told what happens, or asked before a ring."""

    id: HookId
    url: Annotated[str, Said("Where it leads.", format="uri")]
    kind: Annotated[
        str, Words("HookKind", HookKind.values), Said("Whether it is told of events or asked before rings.")
    ]
    events: Annotated[list[HookEvent], Said("The kinds that it is told of; none means all.")]
    is_active: Annotated[bool, Said("Whether it is used.")]
    disabled_reason: Annotated[str | None, Words("HookOff", HookOff.values), Said("Why it is not used.")]
    failing_since: Annotated[Moment | None, Said("Since when nothing has reached it; null while it works.")]
    created_at: Annotated[Moment, Said("When it was added.")]


class NewHook(Hook):
    """A hook with its secret, which is shown this once."""

    secret: Annotated[str, Said("Signs what is sent, by Standard Webhooks.", pattern="^whsec_[A-Za-z0-9+/]{43}=$")]


class HookPage(Page):
    """A page of a service's hooks."""

    results: Annotated[list[Hook], Said("The oldest first.")]


class HookMessage(TypedDict):
    """A message that a hook was owed, and what came of it."""

    id: Annotated[str, Said("Its `webhook-id`, the same for each try.", pattern="^msg_[a-z2-7]{26}$")]
    type: Annotated[str, Said("What it tells: a kind of event, or `hook.test`.")]
    call_id: Annotated[CallId | None, Said("The call that it tells of; null if it tells of none.")]
    state: Annotated[str, Words("HookMessageState", HookMessageState.values), Said("What came of it so far.")]
    attempts: Annotated[int, Said("How often it was tried.")]
    status: Annotated[int | None, Said("The HTTP status of the last answer; null if there was none.")]
    code: Annotated[
        str | None, Said("Why it is not delivered: `last_code`, or `hook_off` if its hook was switched off.")
    ]
    last_code: Annotated[str | None, Said("Why the last try failed; null if it did not, or there was none.")]
    next_at: Annotated[Moment | None, Said("When it is tried next; null if it is settled.")]
    created_at: Annotated[Moment, Said("When what it tells of happened.")]


class HookMessagePage(Page):
    """A page of what a hook was owed."""

    results: Annotated[list[HookMessage], Said("The newest first.")]
