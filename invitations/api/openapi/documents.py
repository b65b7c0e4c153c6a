"""What the OpenAPI pages say about each address: its name, its words, its examples and how it can fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view

from invitations import conf
from invitations.api.openapi.components import CALL_ID_PATTERN, DEVICE_ID_PATTERN, problem_name, ref
from invitations.errors import Code
from invitations.models import CallState
from invitations.requests import inputs
from invitations.requests.problems import CONTENT_TYPE, STATUS
from invitations.requests.verbs import Verb

View = TypeVar("View", bound=type)
Decorator = Callable[..., Any]

ALWAYS = (Code.NOT_ACCEPTABLE, Code.UNAVAILABLE)
SIGNED_IN = (*ALWAYS, Code.NOT_AUTHENTICATED)
WRITING = (*SIGNED_IN, Code.INVALID, Code.CSRF_FAILED, Code.TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE)

_LIMITS = conf.limits()


def describe(**methods: Decorator) -> Callable[[View], View]:
    """Attach descriptions to a view's methods, by their names in lower case."""
    return extend_schema_view(**methods)


def problems(*codes: Code) -> dict[Any, Any]:
    """Responses for these codes, one entry per status."""
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in codes:
        by_status[STATUS[code]].append(code)
    return {(status, CONTENT_TYPE): _one_of(each) for status, each in sorted(by_status.items())}


def _one_of(codes: list[Code]) -> OpenApiResponse:
    said = " ".join(f"`{code}`: {code.sentence}" for code in codes)
    if len(codes) == 1:
        return OpenApiResponse(ref(problem_name(codes[0])), description=said)
    choices = [ref(problem_name(code)) for code in codes]
    mapping = {str(code): choice["$ref"] for code, choice in zip(codes, choices, strict=True)}
    return OpenApiResponse(
        {"oneOf": choices, "discriminator": {"propertyName": "code", "mapping": mapping}}, description=said
    )


def _reads(component: str, description: str) -> dict[int, OpenApiResponse]:
    return {200: OpenApiResponse(ref(component), description=description)}


def _call_id(*, current: bool = False) -> OpenApiParameter:
    said = " `current` stands for the one call that is ringing for you." if current else ""
    return OpenApiParameter(
        "call_id",
        {"type": "string", "pattern": CALL_ID_PATTERN},
        OpenApiParameter.PATH,
        description=f"The call's id.{said}",
    )


DEVICE_ID = OpenApiParameter(
    "device_id",
    {"type": "string", "pattern": DEVICE_ID_PATTERN},
    OpenApiParameter.PATH,
    description="The device's id, chosen by the client.",
)
PAGE = [
    OpenApiParameter("cursor", str, description="From `next` or `previous` of another page.", exclude=True),
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": _LIMITS.page_size_max, "default": _LIMITS.page_size},
    ),
]
FLAG = {"type": "boolean"}


def _body(name: str, **value: Any) -> list[OpenApiExample]:
    return [OpenApiExample(name, value=value, request_only=True)]


def of_verb(verb: Verb) -> Decorator:
    """What is said about a verb's address."""
    codes = [*SIGNED_IN] if verb.reads else [*WRITING]
    return extend_schema(
        operation_id=verb.operation or verb.name,
        summary=verb.summary,
        description=verb.description,
        parameters=[_call_id(current=verb.takes_current)] if "{call_id}" in verb.path else [],
        request=None if verb.reads else type(verb.input),
        responses={
            **{status: OpenApiResponse(ref(verb.answer), description=said) for status, said in verb.statuses.items()},
            **problems(*codes, *(code for code in Code if code in verb.refuses)),
        },
        examples=[part for name, body in verb.examples.items() for part in _body(name, **body)],
    )


HISTORY = extend_schema(
    operation_id="list_calls",
    summary="Your history, newest first",
    parameters=[
        *PAGE,
        OpenApiParameter("state", {"type": "string", "enum": CallState.values}),
        OpenApiParameter("direction", {"type": "string", "enum": ["incoming", "outgoing"]}),
        OpenApiParameter("missed", FLAG),
        OpenApiParameter(
            "with", {"type": "string", "maxLength": 64, "pattern": "^[^\\u0000]*$"}, description="A user id."
        ),
        OpenApiParameter("is_video_call", FLAG),
    ],
    responses={**_reads("Calls", "A page."), **problems(*SIGNED_IN, Code.INVALID)},
)
ME = extend_schema(
    operation_id="get_me",
    summary="Your profile and settings",
    responses={**_reads("Me", "You."), **problems(*SIGNED_IN)},
)
CHANGE_ME = extend_schema(
    operation_id="change_me",
    summary="Change your shown name or settings",
    request=inputs.Me,
    responses={**_reads("Me", "You, after the change."), **problems(*WRITING)},
    examples=_body("Call waiting", call_waiting=True),
)
USERS = extend_schema(
    operation_id="list_users",
    summary="People you may call",
    parameters=[
        *PAGE,
        OpenApiParameter(
            "search",
            {"type": "string", "maxLength": 128, "pattern": "^[^\\u0000]*$"},
            description="Words, each in the id or the shown name.",
        ),
    ],
    responses={**_reads("Users", "A page, by id."), **problems(*SIGNED_IN, Code.INVALID)},
)
DEVICES = extend_schema(
    operation_id="list_devices",
    summary="Your devices",
    parameters=PAGE,
    responses={**_reads("Devices", "A page."), **problems(*SIGNED_IN, Code.INVALID)},
)
DEVICE = extend_schema(
    operation_id="get_device",
    summary="One of your devices",
    parameters=[DEVICE_ID],
    responses={**_reads("Device", "The device."), **problems(*SIGNED_IN, Code.NOT_FOUND)},
)
PUT_DEVICE = extend_schema(
    operation_id="put_device",
    summary="Describe a device of yours, known or new",
    parameters=[DEVICE_ID],
    request=inputs.DeviceInput,
    description=(
        "With `push`, the device is rung there; an address belongs to one device, and leaves the one that had it. Left"
        " out, the address stays; null removes it. The end of the session or token removes it too."
    ),
    responses={**_reads("RegisteredDevice", "The device."), **problems(*WRITING, Code.NOT_FOUND)},
    examples=[
        *_body("A phone without an address", label="Bob's phone", kind="android", push=None),
        *_body(
            "A browser",
            label="Firefox on Linux",
            kind="browser",
            push={
                "transport": "webpush",
                "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/…",
                "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"},
            },
        ),
    ],
)
DELETE_DEVICE = extend_schema(
    operation_id="delete_device",
    summary="Forget a device of yours",
    parameters=[DEVICE_ID],
    request=None,
    responses={
        204: OpenApiResponse(description="Forgotten."),
        **problems(*SIGNED_IN, Code.CSRF_FAILED, Code.NOT_FOUND),
    },
)
PUSH_KEY = extend_schema(
    operation_id="get_push_key",
    summary="The server's key for push addresses",
    description="For `pushManager.subscribe({applicationServerKey})` (RFC 8292).",
    responses={**_reads("PushKey", "The key."), **problems(*SIGNED_IN)},
)
RENEW = extend_schema(
    operation_id="renew_push_address",
    summary="Replace a device's push address by the token of the old one",
    description="For a service worker whose browser changed the address: no session is needed.",
    auth=[],
    request=inputs.Renewal,
    responses={
        **_reads("RenewedDevice", "The device, and the token of its new address."),
        **problems(*ALWAYS, Code.NOT_AUTHENTICATED, Code.INVALID, Code.TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE),
    },
)
TEST_RING = extend_schema(
    operation_id="make_test_ring",
    summary="Ring one of your devices, for a test",
    description="A real one, by push; nobody is behind it. Ask for it again to see how far it has come.",
    parameters=[DEVICE_ID],
    request=None,
    responses={
        201: OpenApiResponse(ref("TestRing"), description="It is on its way."),
        **problems(*SIGNED_IN, Code.CSRF_FAILED, Code.INVALID, Code.NOT_FOUND, Code.THROTTLED),
    },
)
LAST_TEST_RING = extend_schema(
    operation_id="get_test_ring",
    summary="How far the last test ring of a device has come",
    parameters=[DEVICE_ID],
    responses={**_reads("TestRing", "Hop by hop."), **problems(*SIGNED_IN, Code.NOT_FOUND)},
)
TEST_RING_SHOWN = extend_schema(
    operation_id="acknowledge_test_ring",
    summary="Say that this device showed its test ring",
    description="By the `action_token` of the push message: `Authorization: Invitation <token>`.",
    parameters=[DEVICE_ID],
    auth=[],
    request=None,
    responses={**_reads("TestRing", "Noted."), **problems(*SIGNED_IN, Code.NOT_FOUND)},
)
RESOURCES = extend_schema(
    operation_id="list_resources",
    summary="How a ring can sound and look",
    description="What `resource_id` may name. Kept by the admins.",
    parameters=PAGE,
    responses={**_reads("Resources", "A page, by id."), **problems(*SIGNED_IN, Code.INVALID)},
)
LOGIN = extend_schema(
    operation_id="make_token",
    summary="Sign an app in",
    description="The answer is the same for an unknown user and a wrong password.",
    auth=[],
    request=inputs.Login,
    responses={
        201: OpenApiResponse(ref("Token"), description="Signed in."),
        **problems(
            *ALWAYS,
            Code.NOT_AUTHENTICATED,
            Code.INVALID,
            Code.TOO_LARGE,
            Code.UNSUPPORTED_MEDIA_TYPE,
            Code.THROTTLED,
        ),
    },
    examples=_body("Bob", **{"username": "bob", "password": "his password", "device_name": "Bob's phone"}),
)
LOGOUT = extend_schema(
    operation_id="delete_token",
    summary="Sign an app out",
    request=None,
    responses={204: OpenApiResponse(description="The token is worthless now."), **problems(*SIGNED_IN)},
)
TICKET = extend_schema(
    operation_id="make_ticket",
    summary="A ticket for one live socket",
    description="For clients that can set neither a cookie nor a header on it.",
    request=None,
    responses={
        201: OpenApiResponse(ref("Ticket"), description="Use it at once."),
        **problems(*SIGNED_IN, Code.CSRF_FAILED),
    },
)
