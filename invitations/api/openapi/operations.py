"""What the document says about an operation: id, words, examples and possible failures; and that of calls.

What it says about a verb's URL follows from the verb's declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from invitations import shapes
from invitations.errors import Code
from invitations.requests import inputs, queries, service_access
from invitations.requests.deprecation import Deprecation
from invitations.requests.fields import Field
from invitations.requests.inputs import Body
from invitations.requests.problems import STATUS
from invitations.requests.queries import Query
from invitations.requests.service_access import WITH_BODY as BODY_METHODS
from invitations.requests.service_access import ForServices
from invitations.requests.verbs import OVER_BY_TOKEN, Verb

View = TypeVar("View", bound=type)

BEARER, SESSION, RING_TOKEN, SERVICE = "bearer", "session", "invitation", "service"
USER = (BEARER, SESSION)
CALLS, PEOPLE, DEVICES, SIGNING_IN, HOOKS = "calls", "people", "devices", "signing in", "hooks"
TAGS = {
    CALLS: "Send, answer and end calls, and look at them.",
    PEOPLE: "You, and those whom you may call.",
    DEVICES: "What can be rung, and how a ring sounds and looks.",
    SIGNING_IN: "Tokens of apps, and tickets of live sockets.",
    HOOKS: "Addresses of a service that are told what happens.",
}

ALWAYS = frozenset({Code.NOT_ACCEPTABLE, Code.UNAVAILABLE})
SIGNED_IN = ALWAYS | {Code.NOT_AUTHENTICATED}
WRITING = SIGNED_IN | {Code.CSRF_FAILED}
WITH_BODY = frozenset({Code.INVALID, Code.TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE})

BY_SERVICES = frozenset({Code.INVALID, Code.NOT_ALLOWED, Code.THROTTLED})
"""With what services are refused: the wrong user, a scope that they lack, or too many requests. Users are, if they name
one."""
NOT_FOR_SERVICES = frozenset({Code.NOT_ALLOWED, Code.THROTTLED})
"""With what services are refused where they have no business."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of a URL does.

    Args:
        id: its id, which names functions of generated clients.
        tag: its subject, one of `TAGS`.
        summary: what it does, in a few words.
        refuses: every code with which it can fail.
        statuses: the statuses of successful answers, and when each is given.
        answer: the shape of a successful answer; None if it has no body.
        description: what else is needed to use it.
        body: what it takes.
        query: the query parameters.
        query_itself: those of a service that asks for itself, if they differ.
        examples: bodies, by what they do.
        security: who may ask, by the names of schemes.
        takes_current: `current` may stand for the id of the only call that is ringing.
        headers: the request's own headers.
        media: the media type of a successful answer that is no JSON.
        deprecated: that it will be taken away; None if not.
        for_services: how services may use it; None if they may not.
    """

    id: str
    tag: str
    summary: str
    refuses: frozenset[Code]
    statuses: Mapping[int, str]
    answer: type[Mapping[str, Any]] | None = None
    description: str = ""
    body: Body | None = None
    query: Query | None = None
    query_itself: Query | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    security: tuple[str, ...] = USER
    takes_current: bool = False
    headers: Mapping[str, Field[Any]] = field(default_factory=dict)
    media: str = ""
    deprecated: Deprecation | None = None
    for_services: ForServices | None = None

    @property
    def takes_as_user(self) -> bool:
        """Whether a service says for whom it acts."""
        return self.for_services is not None and self.for_services.as_user != "never"

    def takes_body(self, method: str) -> bool:
        """Whether what is sent as a body is read, if only for whom a service acts.

        Args:
            method: of the request.
        """
        return self.body is not None or (self.takes_as_user and method.upper() in BODY_METHODS)

    @property
    def schemes(self) -> tuple[str, ...]:
        """Who may ask, services too."""
        return self.security if self.for_services is None or SERVICE in self.security else (*self.security, SERVICE)

    @property
    def fails(self) -> frozenset[Code]:
        """Every code with which it can fail, whoever asks."""
        if SERVICE in self.schemes:
            return self.refuses | BY_SERVICES
        return self.refuses | NOT_FOR_SERVICES if self.security else self.refuses

    def status_by_token(self, code: Code) -> int | None:
        """The status other than its own that a code has when a ring's token is used; None if it has none."""
        return OVER_BY_TOKEN.get(STATUS[code]) if RING_TOKEN in self.security else None


def described(**operations: Operation) -> Callable[[View], View]:
    """Declare what a view's methods do, by their lower-case names."""

    def attach(view: View) -> View:
        view.operations = operations  # type: ignore[attr-defined]
        return view

    return attach


def of_verb(verb: Verb) -> Operation:
    """What the document says about a verb's URL."""
    return Operation(
        id=verb.operation or verb.name,
        tag=CALLS,
        summary=verb.summary,
        description=verb.description,
        refuses=verb.refuses | (SIGNED_IN if verb.reads else WRITING | WITH_BODY) | {Code.INVALID},
        statuses=verb.statuses,
        answer=verb.answer,
        body=None if verb.reads else verb.input,
        query=queries.of_verb(verb.is_about_a_call),
        examples=verb.examples,
        security=(RING_TOKEN, *USER) if verb.takes_ring_token else USER,
        takes_current=verb.takes_current,
        headers={"Idempotency-Key": inputs.IDEMPOTENCY_KEY} if verb.takes_key else {},
        deprecated=verb.deprecated,
        for_services=verb.for_services,
    )


LIST_CALLS = Operation(
    "list_calls",
    CALLS,
    "List your history, newest first",
    SIGNED_IN | {Code.INVALID},
    {200: "A page."},
    shapes.calls.CallPage,
    "A service without `as_user` lists everybody's calls, by `user`, `state`, `end_reason`, `from` and `to`.",
    query=queries.HISTORY,
    query_itself=queries.ALL_CALLS,
    for_services=service_access.CALLS_READ_ITSELF,
)
PREVIEW_RULES = Operation(
    "preview_rules",
    PEOPLE,
    "See what would happen if one person called another now",
    SIGNED_IN | {Code.INVALID, Code.NOT_ALLOWED},
    {200: "The verdict, what both would get, and what would happen device by device."},
    shapes.previews.RulesPreview,
    "For admins who may see calls, and for services. Nothing rings, and neither of the two hears of it.",
    query=queries.PREVIEW,
    for_services=service_access.CALLS_ITSELF,
)
