"""What the document says about each URL that does not belong to a verb: id, words, examples and possible failures.

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
GET_ME = Operation(
    "get_me",
    PEOPLE,
    "See your profile and settings",
    SIGNED_IN,
    {200: "You."},
    shapes.account.Me,
    for_services=service_access.USERS,
)
CHANGE_ME = Operation(
    "change_me",
    PEOPLE,
    "Change your shown name or settings",
    WRITING | WITH_BODY,
    {200: "You, after the change."},
    shapes.account.Me,
    body=inputs.ME,
    description="What is left out stays as it is. Rings that are open at that moment go by it at once.",
    examples={
        "Call waiting": {"call_waiting": True},
        "Only contacts, and quiet nights": {
            "rings_from": "contacts",
            "quiet_hours": {"days": ["mon", "tue", "wed", "thu", "sun"], "from": "22:00", "to": "07:00"},
            "time_zone": "Europe/Berlin",
            "let_through": ["favourites", "repeat"],
        },
    },
    for_services=service_access.USERS,
)
DELETE_ME = Operation(
    "delete_me",
    PEOPLE,
    "Delete your account, for good",
    WRITING | {Code.NOT_ALLOWED},
    {204: "It is gone, with all its sessions, tokens, devices and push addresses."},
    description="Only shortly after signing in: later, the refusal has `reauthenticate`. Others keep the calls that"
    ' they had with you, with "Deleted account" in your place. Nobody is given your id again.',
    for_services=service_access.USERS,
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
EXPORT_ME = Operation(
    "export_me",
    PEOPLE,
    "Get a copy of your data",
    SIGNED_IN | {Code.THROTTLED},
    {200: "A ZIP file, of which README.txt explains the others."},
    description="Your profile, your devices, and your calls as you may see them, in JSON. One copy is made at a time,"
    " and a few in an hour.",
    media="application/zip",
    for_services=service_access.USERS,
)
LIST_USERS = Operation(
    "list_users",
    PEOPLE,
    "List the people you may call",
    SIGNED_IN | {Code.INVALID, Code.THROTTLED},
    {200: "A page, by id."},
    shapes.contacts.UserPage,
    query=queries.USERS,
    for_services=service_access.USERS,
)
LIST_CONTACTS = Operation(
    "list_contacts",
    PEOPLE,
    "List your contacts, and what is asked between you and others",
    SIGNED_IN | {Code.INVALID},
    {200: "A page: favourites first, then by name; with `state=asked` or `asks_you`, newest first."},
    shapes.contacts.ContactPage,
    query=queries.CONTACTS,
    for_services=service_access.USERS,
)
ASK_CONTACT = Operation(
    "ask_contact",
    PEOPLE,
    "Ask somebody to let you in",
    WRITING | WITH_BODY | {Code.UNKNOWN_USER, Code.SELF, Code.YOU_BLOCKED, Code.NOT_FOUND, Code.THROTTLED},
    {201: "They are asked, or you are contacts now.", 200: "You had asked before, or are contacts already."},
    shapes.contacts.Contact,
    "If they ask you, or have let you in, you are contacts of each other at once. The answer is the same whether or not"
    " they hear of it.",
    body=inputs.ASK,
    examples={"Bob": {"user": "bob", "message": "We met at the fair."}},
    for_services=service_access.USERS,
)
GET_CONTACT = Operation(
    "get_contact",
    PEOPLE,
    "See how you stand to somebody",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "How you stand to them."},
    shapes.contacts.Contact,
    for_services=service_access.USERS,
)
CHANGE_CONTACT = Operation(
    "change_contact",
    PEOPLE,
    "Make a contact a favourite, or not",
    WRITING | WITH_BODY | {Code.NOT_FOUND},
    {200: "The contact."},
    shapes.contacts.Contact,
    body=inputs.FAVOURITE,
    examples={"A favourite": {"favourite": True}},
    for_services=service_access.USERS,
)
DELETE_CONTACT = Operation(
    "delete_contact",
    PEOPLE,
    "Remove a contact, take a request back, or turn one down",
    WRITING | {Code.NOT_FOUND},
    {204: "Gone, now or before."},
    description="The other one is not told. Whoever is turned down is not heard for 30 days when they ask again.",
    for_services=service_access.USERS,
)
ACCEPT_CONTACT = Operation(
    "accept_contact",
    PEOPLE,
    "Let somebody in who asks you",
    WRITING | {Code.NOT_FOUND},
    {200: "They are your contact."},
    shapes.contacts.Contact,
    for_services=service_access.USERS,
)
LIST_BLOCKS = Operation(
    "list_blocks",
    PEOPLE,
    "List the people whom you have blocked",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, newest first."},
    shapes.contacts.BlockPage,
    query=queries.BLOCKS,
    for_services=service_access.USERS,
)
LIST_BLOCKED_CALLS = Operation(
    "list_blocked_calls",
    PEOPLE,
    "List the calls of people whom you have blocked",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, newest first."},
    shapes.contacts.BlockedCallPage,
    "You heard nothing of them, and those who called do not know that.",
    query=queries.PAGE,
    for_services=service_access.USERS,
)
GET_BLOCK = Operation(
    "get_block",
    PEOPLE,
    "See whether you have blocked somebody",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "You have."},
    shapes.contacts.Block,
    for_services=service_access.USERS,
)
PUT_BLOCK = Operation(
    "put_block",
    PEOPLE,
    "Block somebody",
    WRITING | {Code.NOT_FOUND, Code.SELF, Code.INVALID, Code.THROTTLED},
    {201: "They never ring you again, from this moment on.", 200: "You had before."},
    shapes.contacts.Block,
    "They are no contact of yours any more. They are not told, and cannot tell: their calls to you look to them like"
    " those to somebody whom no device reaches.",
    for_services=service_access.USERS,
)
DELETE_BLOCK = Operation(
    "delete_block",
    PEOPLE,
    "Take a block back",
    WRITING | {Code.NOT_FOUND},
    {204: "There is none, now or before."},
    for_services=service_access.USERS,
)
LIST_DEVICES = Operation(
    "list_devices",
    DEVICES,
    "List your devices",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, by id."},
    shapes.devices.DevicePage,
    query=queries.PAGE,
    for_services=service_access.USERS,
)
GET_DEVICE = Operation(
    "get_device",
    DEVICES,
    "See one of your devices",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "The device."},
    shapes.devices.Device,
    for_services=service_access.USERS,
)
PUT_DEVICE = Operation(
    "put_device",
    DEVICES,
    "Describe a device of yours, known or new",
    WRITING | WITH_BODY | {Code.NOT_FOUND},
    {200: "The device."},
    shapes.devices.RegisteredDevice,
    "With `push`, the device is rung there; an address belongs to one device, and leaves the one that had it. Left out,"
    " the address stays; null removes it. The end of the session or token removes it too.",
    body=inputs.DEVICE,
    examples={
        "A phone without an address": {"label": "Bob's phone", "kind": "android", "push": None},
        "A browser": {
            "label": "Firefox on Linux",
            "kind": "browser",
            "push": {
                "transport": "webpush",
                "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/…",
                "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"},
            },
        },
        "An iOS app": {
            "label": "Bob's iPhone",
            "kind": "ios",
            "push": {
                "transport": "apns",
                "token": "5e2c…",
                "alert_token": "b81f…",
                "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"},
            },
        },
        "An Android app at Google's push service": {
            "label": "Bob's Pixel",
            "kind": "android",
            "push": {"transport": "fcm", "token": "cX9t…:APA91b…", "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"}},
        },
    },
    for_services=service_access.USERS,
)
DELETE_DEVICE = Operation(
    "delete_device",
    DEVICES,
    "Forget a device of yours",
    WRITING | {Code.NOT_FOUND},
    {204: "Forgotten, now or before."},
    for_services=service_access.USERS,
)
GET_PUSH_KEY = Operation(
    "get_push_key",
    DEVICES,
    "Get the server's key for push addresses",
    SIGNED_IN,
    {200: "The key."},
    shapes.devices.PushKey,
    "For `pushManager.subscribe({applicationServerKey})` (RFC 8292).",
    for_services=service_access.ANY,
)
RENEW_PUSH_ADDRESS = Operation(
    "renew_push_address",
    DEVICES,
    "Replace a device's push address by the token of the old one",
    ALWAYS | WITH_BODY | {Code.NOT_AUTHENTICATED},
    {200: "The device, and the token of its new address."},
    shapes.devices.RenewedDevice,
    "For a service worker whose browser changed the address: no session is needed.",
    body=inputs.RENEW,
    security=(),
)
PROVE_PUSH_ADDRESS = Operation(
    "prove_push_address",
    DEVICES,
    "Say how it stands with a device's push address",
    ALWAYS | WITH_BODY | {Code.NOT_AUTHENTICATED},
    {200: "The device: its address is disabled if it is of no use any more."},
    shapes.devices.Device,
    "At once when the permission or the address is lost, and otherwise once a day, so that its owner can be told"
    " whether calls reach them. No session is needed.",
    body=inputs.PROOF,
    security=(),
)
GET_REACHABILITY = Operation(
    "get_reachability",
    PEOPLE,
    "See whether calls reach you",
    SIGNED_IN,
    {200: "The answer in a sentence, and device by device."},
    shapes.devices.Reachability,
    for_services=service_access.USERS,
)
MAKE_TEST_RING = Operation(
    "make_test_ring",
    DEVICES,
    "Ring one of your devices, for a test",
    WRITING | {Code.NO_ADDRESS, Code.NOT_FOUND, Code.THROTTLED},
    {201: "It is on its way."},
    shapes.devices.TestRing,
    "A real one, by push; nobody is behind it. Ask for it again to see how far it has come.",
    for_services=service_access.USERS,
)
GET_TEST_RING = Operation(
    "get_test_ring",
    DEVICES,
    "See how far the last test ring of a device has come",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "Step by step."},
    shapes.devices.TestRing,
    for_services=service_access.USERS,
)
ACKNOWLEDGE_TEST_RING = Operation(
    "acknowledge_test_ring",
    DEVICES,
    "Say that this device showed its test ring",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "Noted."},
    shapes.devices.TestRing,
    "By the `action_token` of the push message: `Authorization: Invitation <token>`.",
    security=(RING_TOKEN,),
)
LIST_RING_RESOURCES = Operation(
    "list_resources",
    DEVICES,
    "List how a ring can sound and look",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, by id."},
    shapes.media.RingResourcePage,
    "What `resource_id` may name. Kept by the admins.",
    query=queries.PAGE,
    for_services=service_access.ANY,
)
MAKE_TOKEN = Operation(
    "make_token",
    SIGNING_IN,
    "Sign an app in",
    ALWAYS | WITH_BODY | {Code.NOT_AUTHENTICATED, Code.SECOND_FACTOR_REQUIRED, Code.THROTTLED},
    {201: "Signed in."},
    shapes.signing_in.Token,
    "By a name and a password, or by a pairing code. The answer is the same for an unknown user and a wrong password.",
    body=inputs.LOGIN,
    examples={
        "Bob": {"username": "bob", "password": "his password", "device_name": "Bob's phone"},
        "By a pairing code": {"pairing_code": "7K3M9QXA", "device_name": "Bob's phone", "device_id": "bobs-phone"},
    },
    security=(),
)
DELETE_TOKEN = Operation(
    "delete_token",
    SIGNING_IN,
    "Sign an app out",
    SIGNED_IN,
    {204: "The token is worthless now."},
    security=(BEARER,),
)
LIST_TOKENS = Operation(
    "list_tokens",
    SIGNING_IN,
    "List your apps that are signed in",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, the newest first."},
    shapes.signing_in.SignedInAppPage,
    query=queries.PAGE,
    for_services=service_access.TOKENS,
)
END_TOKEN = Operation(
    "end_token",
    SIGNING_IN,
    "Sign one of your apps out",
    WRITING | {Code.NOT_FOUND},
    {204: "Its token is worthless now, and its sockets are closed."},
    for_services=service_access.TOKENS,
)
LIST_SESSIONS = Operation(
    "list_sessions",
    SIGNING_IN,
    "List the browsers in which you are signed in",
    SIGNED_IN,
    {200: "All of them."},
    shapes.signing_in.SignedInBrowserPage,
    "None where sessions are not in the database.",
    for_services=service_access.TOKENS,
)
END_SESSION = Operation(
    "end_session",
    SIGNING_IN,
    "Sign one of your browsers out",
    WRITING | {Code.NOT_FOUND},
    {204: "Its session has ended, with its sockets, push addresses and pairing code."},
    for_services=service_access.TOKENS,
)
REFRESH_TOKEN = Operation(
    "refresh_token",
    SIGNING_IN,
    "Get a new token for your old one",
    SIGNED_IN,
    {201: "The new token, for the same device."},
    shapes.signing_in.Token,
    "The old one works for another minute. If the answer is lost, ask again meanwhile. No token lives longer than a "
    "year from the sign-in with which the first one was made.",
    security=(BEARER,),
)
GET_PAIRING = Operation(
    "get_pairing",
    SIGNING_IN,
    "See whether your pairing code was used",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "What became of it, and which device used it."},
    shapes.signing_in.Pairing,
    "In a browser only.",
    security=(SESSION,),
)
MAKE_PAIRING = Operation(
    "make_pairing",
    SIGNING_IN,
    "Make a code that connects a phone",
    WRITING,
    {201: "The code. A former one is worthless now."},
    shapes.signing_in.PairingCode,
    "In a browser only: a token cannot beget others. It works once, for five minutes, in `POST /auth/token`.",
    security=(SESSION,),
)
DELETE_PAIRING = Operation(
    "delete_pairing",
    SIGNING_IN,
    "Take your pairing code back",
    WRITING,
    {204: "It is worthless now."},
    security=(SESSION,),
)
SIGN_OUT_EVERYWHERE = Operation(
    "sign_out_everywhere",
    SIGNING_IN,
    "Sign out everywhere else",
    WRITING,
    {204: "Every other session and token has ended, with sockets, push addresses and pairing codes."},
    description="The session or token of the request stays.",
    for_services=service_access.TOKENS,
)
MAKE_TICKET = Operation(
    "make_ticket",
    SIGNING_IN,
    "Get a ticket for one live socket",
    WRITING,
    {201: "Use it at once."},
    shapes.signing_in.Ticket,
    "For clients that can set neither a cookie nor a header on it.",
    for_services=service_access.CALLS,
)
