"""The shapes that go out, as JSON Schema: written by hand so that every bound, null and word is said exactly.

Tests hold every answer against them."""

from __future__ import annotations

from typing import Any

from invitations import calls, transports
from invitations.errors import Code
from invitations.models import (
    CallState,
    DeviceKind,
    DisabledReason,
    EndReason,
    EventKind,
    Health,
    InvitationState,
    LeftReason,
    RejectReason,
)
from invitations.requests.inputs import CALL_ID, DEVICE_ID
from invitations.requests.problems import STATUS

Schema = dict[str, Any]

CALL_ID_PATTERN = f"^{CALL_ID}$"
DEVICE_ID_PATTERN = f"^{DEVICE_ID}$"


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def thing(example: Schema | None = None, /, **properties: Schema) -> Schema:
    """An object with exactly these members, all of them always there."""
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return schema if example is None else {**schema, "examples": [example]}


def text(description: str = "", **bounds: Any) -> Schema:
    """A string."""
    return {"type": "string", **({"description": description} if description else {}), **bounds}


def words(values: list[str], description: str = "") -> Schema:
    """One of a few words."""
    return text(description, enum=values)


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    widened = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        widened["enum"] = [*schema["enum"], None]
    return widened


def list_of(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def page_of(items: Schema) -> Schema:
    """A page of a list."""
    link = or_null(text("The address of that page.", format="uri"))
    return thing(next=link, previous=link, results=list_of(items))


MOMENT = text("UTC.", format="date-time")
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
PERSON = thing(
    {"id": "alice", "name": "Alice"},
    id=text("The public id.", maxLength=64),
    name=text("The shown name.", maxLength=64),
)
INVITATION = thing(
    invitee=ref("Person"),
    inviter=ref("Person"),
    state=words(InvitationState.values),
    progress=words(["sent", "notified", "ringing"], "What is known of the ring."),
    ringing_on=or_null(text("The device that first said that it alerts.")),
    reject_reason=or_null(words(RejectReason.values)),
    custom_data=text("Of the act that closed the invitation."),
    expires_at=MOMENT,
    responded_at=or_null(MOMENT),
    answered_on=or_null(text("The device that answered.")),
)
PARTICIPANT = thing(
    user=ref("Person"),
    device_id=text(pattern=DEVICE_ID_PATTERN),
    joined_at=MOMENT,
    connected_at=or_null(text("When the device said that media is up.", format="date-time")),
    left_at=or_null(MOMENT),
    left_reason=or_null(words(LeftReason.values)),
)
YOU = thing(
    role=words(["caller", "invitee"]),
    state=words([*InvitationState.values, "joined", "left"]),
    can=list_of(words(["accept", "reject", "cancel", "invite", "join", "leave", "end"])),
    missed=FLAG,
)
CALL = thing(
    {
        "call_id": "call_alice_1763840000123",
        "revision": 3,
        "state": "ringing",
        "end_reason": None,
        "is_video_call": True,
        "caller": {"id": "alice", "name": "Alice"},
        "custom_data": "",
        "resource_id": None,
        "ringtone_url": None,
        "notification_title": "Alice",
        "notification_message": "Incoming video call",
        "timeout_seconds": 60,
        "created_at": "2026-11-23T09:00:00.123Z",
        "ring_expires_at": "2026-11-23T09:01:00.123Z",
        "remaining_ms": 51234,
        "server_time": "2026-11-23T09:00:08.889Z",
        "answered_at": None,
        "ended_at": None,
        "duration_seconds": None,
        "invitations": [
            {
                "invitee": {"id": "bob", "name": "Bob"},
                "inviter": {"id": "alice", "name": "Alice"},
                "state": "pending",
                "progress": "ringing",
                "ringing_on": "Chrome on Linux",
                "reject_reason": None,
                "custom_data": "",
                "expires_at": "2026-11-23T09:01:00.123Z",
                "responded_at": None,
                "answered_on": None,
            }
        ],
        "participants": [
            {
                "user": {"id": "alice", "name": "Alice"},
                "device_id": "alices-laptop",
                "joined_at": "2026-11-23T09:00:00.123Z",
                "connected_at": None,
                "left_at": None,
                "left_reason": None,
            }
        ],
        "you": {"role": "invitee", "state": "pending", "can": ["accept", "reject"], "missed": False},
    },
    call_id=text(pattern=CALL_ID_PATTERN),
    revision={**COUNT, "description": "Grows with every change; a lower one is older news."},
    state=words(CallState.values),
    end_reason=or_null(words(EndReason.values)),
    is_video_call=FLAG,
    caller=ref("Person"),
    custom_data=text("What the sender of your ring gave along."),
    resource_id=or_null(text()),
    ringtone_url=or_null(text()),
    notification_title=text(),
    notification_message=text(),
    timeout_seconds={"type": "integer", "minimum": 1},
    created_at=MOMENT,
    ring_expires_at=MOMENT,
    remaining_ms={**COUNT, "description": "Until the ring ends, by the server's clock; 0 if nothing rings."},
    server_time=MOMENT,
    answered_at=or_null(MOMENT),
    ended_at=or_null(MOMENT),
    duration_seconds=or_null(COUNT),
    invitations=list_of(ref("Invitation")),
    participants=list_of(ref("Participant")),
    you=ref("You"),
)
SENT_EXAMPLE = {
    "call": CALL["examples"][0],
    "errors": [{"invitee": "nobody", "code": "unknown_user", "detail": "There is no such user."}],
    "warnings": [],
    "merged": False,
    "rejoin": False,
}
DEVICE_EXAMPLE = {
    "device_id": "bobs-phone",
    "label": "Bob's phone",
    "kind": "android",
    "push": {"transport": "webpush", "host": "fcm.googleapis.com"},
    "health": "ok",
    "disabled_reason": None,
    "disabled_since": None,
    "last_seen_at": "2026-11-23T09:00:00.123Z",
    "last_ringing_at": None,
}
DEVICE_MEMBERS: dict[str, Schema] = {
    "device_id": text(pattern=DEVICE_ID_PATTERN),
    "label": text(maxLength=64),
    "kind": words(DeviceKind.values),
    "push": or_null(
        thing(transport=words(list(transports.NAMES)), host=text("Of its push service; no more is shown."))
    ),
    "health": words(Health.values, "Whether it can be rung by push, as far as is known."),
    "disabled_reason": or_null(words(DisabledReason.values)),
    "disabled_since": or_null(MOMENT),
    "last_seen_at": or_null(MOMENT),
    "last_ringing_at": or_null(MOMENT),
}
RENEWAL_TOKEN = text("For `POST /push/renew`, when the browser changes the address. Dies with the address.")
REGISTERED_DEVICE = thing(**DEVICE_MEMBERS, renewal_token=RENEWAL_TOKEN)
REGISTERED_DEVICE["required"] = list(DEVICE_MEMBERS)
KEY_EXAMPLE = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
ICE_SERVER = thing(
    urls={**list_of(text(pattern="^(stuns?|turns?):")), "minItems": 1},
    username=text("With TURN only."),
    credential=text("With TURN only."),
)
ICE_SERVER["required"] = ["urls"]
ICE_SERVERS_EXAMPLE = {
    "ice_servers": [
        {"urls": ["stun:calls.example.org:3478"]},
        {
            "urls": ["turn:calls.example.org:3478?transport=udp", "turns:calls.example.org:5349?transport=tcp"],
            "username": "1795431600:alice",
            "credential": "8rmYwI4rVUjkZ0zm2bZm7O4yqMo=",
        },
    ],
    "expires_at": "2026-11-23T11:00:00.000Z",
}
INVITEE_CODES = [
    Code.UNKNOWN_USER,
    Code.SELF,
    Code.NOT_ALLOWED,
    Code.DUPLICATE,
    Code.ALREADY_IN_CALL,
    Code.ALREADY_RINGING,
    Code.CALL_FULL,
]
CANCEL_CODES = [Code.NOT_INVITED, Code.ALREADY_ANSWERED]


def _invitee_error(codes: list[Code]) -> Schema:
    schema = thing(
        invitee=text("As it was sent."),
        code=words([str(each) for each in codes]),
        detail=text("A sentence for people."),
    )
    schema["required"] = ["invitee", "code"]
    return schema


COMPONENTS: dict[str, Schema] = {
    "Person": PERSON,
    "Invitation": INVITATION,
    "Participant": PARTICIPANT,
    "You": YOU,
    "Call": CALL,
    "CallAnswer": thing({"call": CALL["examples"][0]}, call=ref("Call")),
    "InviteeError": _invitee_error(INVITEE_CODES),
    "CalleeError": _invitee_error(CANCEL_CODES),
    "Warning": thing(code=words(["unknown_resource"])),
    "SentAnswer": thing(
        SENT_EXAMPLE,
        call=ref("Call"),
        errors=list_of(ref("InviteeError")),
        warnings=list_of(ref("Warning")),
        merged={**FLAG, "description": "They were calling you: you are connected, in their call."},
        rejoin={**FLAG, "description": "You two are in this call already."},
    ),
    "CancelAnswer": thing(call=ref("Call"), cancelled=list_of(text("A user id.")), errors=list_of(ref("CalleeError"))),
    "Calls": page_of(ref("Call")),
    "Snapshot": thing(server_time=MOMENT, calls=list_of(ref("Call")), missed_unseen=COUNT),
    "Seen": thing({"missed_unseen": 0}, missed_unseen=COUNT),
    "TimelineEntry": thing(
        at=MOMENT,
        code=words([*EventKind.values, *calls.TOLD_CODES]),
        text=text("A sentence for people."),
        user=or_null(text("Whom it is about.")),
        device=or_null(text("On which device; only one's own are shown.")),
        data={"type": "object"},
    ),
    "Timeline": thing(call_id=text(pattern=CALL_ID_PATTERN), entries=list_of(ref("TimelineEntry"))),
    "Me": thing(
        {"id": "bob", "name": "Bob", "call_waiting": False, "missed_unseen": 2},
        id=text("The public id.", maxLength=64),
        name=text("The shown name.", maxLength=64),
        call_waiting=FLAG,
        missed_unseen=COUNT,
    ),
    "User": thing(
        {"id": "alice", "name": "Alice", "online": True, "in_call": False},
        id=text("The public id.", maxLength=64),
        name=text("The shown name.", maxLength=64),
        online=FLAG,
        in_call=FLAG,
    ),
    "Users": page_of(ref("User")),
    "Device": thing(
        DEVICE_EXAMPLE,
        **DEVICE_MEMBERS,
    ),
    "RegisteredDevice": REGISTERED_DEVICE,
    "RenewedDevice": thing(device=ref("Device"), renewal_token=RENEWAL_TOKEN),
    "PushKey": thing(
        {"public_key": KEY_EXAMPLE}, public_key=text("Uncompressed P-256 point, base64url.", minLength=87)
    ),
    "TestRing": thing(
        test_id=text(),
        device_id=text(pattern=DEVICE_ID_PATTERN),
        state=words(["waiting", "sent", "arrived", "failed"]),
        hops=list_of(ref("TestRingHop")),
        created_at=MOMENT,
        expires_at=MOMENT,
    ),
    "TestRingHop": thing(
        code=words(["planned", "sent", "retrying", "failed", "arrived"]), at=MOMENT, text=text("A sentence for people.")
    ),
    "Resource": thing(
        resource_id=text("What a sender names it by.", maxLength=128),
        name=text(maxLength=64),
        is_default=FLAG,
        ringtone_url=or_null(text("A path on this server.")),
        icon_url=or_null(text("A path on this server.")),
        badge_url=or_null(text("A path on this server.")),
        vibration=list_of(COUNT),
        silent=FLAG,
        require_interaction=FLAG,
        accent=or_null(text("A colour.", pattern="^#[0-9a-fA-F]{6}$")),
        title_template=text(maxLength=128),
        message_template=text(maxLength=512),
    ),
    "Resources": page_of(ref("Resource")),
    "Devices": page_of(ref("Device")),
    "IceServer": ICE_SERVER,
    "IceServers": thing(
        ICE_SERVERS_EXAMPLE,
        ice_servers=list_of(ref("IceServer")),
        expires_at=text("From then on the credentials are worthless.", format="date-time"),
    ),
    "Token": thing(
        {"token": "5b0d…", "expiry": "2027-02-21T09:00:00.123Z", "user": {"id": "bob", "name": "Bob"}},
        token=text("For `Authorization: Bearer`. Shown this once."),
        expiry=or_null(text("Moves on while the token is used.", format="date-time")),
        user=ref("Person"),
    ),
    "Ticket": thing(
        {"ticket": "rT3…", "expires_in_seconds": 30},
        ticket=text("For `?ticket=` of the live socket, once."),
        expires_in_seconds=COUNT,
    ),
}


def problem_name(code: Code) -> str:
    """The name of a code's component."""
    return "Problem" + "".join(part.capitalize() for part in str(code).split("_"))


def _problem_schema(code: Code) -> Schema:
    schema = thing(
        {
            "type": f"/api/v1/problems/{code}",
            "title": code.sentence,
            "status": STATUS[code],
            "code": str(code),
            "detail": code.sentence,
        },
        type=text("Where the code is explained.", format="uri-reference"),
        title=text("The code's own sentence."),
        status={"const": STATUS[code]},
        code={"const": str(code)},
        detail=text("A sentence on this very case."),
    )
    properties = schema["properties"]
    if code == Code.INVALID:
        properties["errors"] = {
            "type": "object",
            "description": "What is wrong, by field.",
            "additionalProperties": list_of(text()),
        }
    if code == Code.NO_VALID_INVITEE:
        properties["errors"] = list_of(ref("InviteeError"))
    if code == Code.THROTTLED:
        properties["retry_after_seconds"] = COUNT
    if STATUS[code] in {403, 404, 409, 410}:
        properties["call"] = ref("Call")
    return schema


for _code in Code:
    COMPONENTS[problem_name(_code)] = _problem_schema(_code)
