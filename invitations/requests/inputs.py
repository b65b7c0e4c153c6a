"""What request bodies may contain. Fields that are not listed here are ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invitations import conf
from invitations.credentials.second_factors import CODE_CHARS
from invitations.models import ASK_CHARS, Audience, DeviceKind, LetThrough, PushShows, RejectReason, RingsFrom, names
from invitations.requests.fields import (
    ABSENT,
    Field,
    Flag,
    Label,
    Moment,
    Name,
    Objects,
    PushAddress,
    Refused,
    Schema,
    Text,
    Texts,
    Tunable,
    Whole,
    Word,
)
from invitations.requests.problems import InvalidInput
from invitations.requests.setting_fields import Hours, WordSet, Zone
from invitations.shapes.parts import CALL_ID, DEVICE_ID
from invitations.words import say, say_lazy

PASSWORD_CHARS = 4096
LARGEST_LIST = 100
LARGEST_IMPORT = 1000
EMAIL_CHARS = 254
IMPORT_BYTES = 1024 * 1024
SHORTEST_LIFETIME, LONGEST_LIFETIME, USUAL_LIFETIME = 60, 31_536_000, 90 * 24 * 3600
"""Of a token that a service makes for a person, in seconds."""
MOST_ATTEMPTS = 999_999_999


class Body:
    """The fields of one request. Keeps nothing of a request: one object serves them all.

    Args:
        component: its name in the OpenAPI document.
        fields: by name.
    """

    def __init__(self, component: str, /, **fields: Field[Any]) -> None:
        self.component = component
        self.fields = fields
        self._rules: list[tuple[str, Callable[[object], Any], bool, bool, Any]] = []
        self._limits: conf.Limits | None = None

    def checked(self, data: object) -> dict[str, Any]:
        """The values, with defaults for fields that were left out. Null in an optional field leaves it out, unless null
        has a meaning there.

        Raises:
            InvalidInput: with sentences for each invalid field.
        """
        if type(data) is not dict:
            raise InvalidInput(detail=say("invalid.not_an_object"))
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        if self._limits is not (limits := conf.limits()):
            self._learn(limits)
        for name, check, required, nullable, default in self._rules:
            if name not in data:
                if required:
                    errors[name] = [say("invalid.required")]
                elif default is not ABSENT:
                    values[name] = default
                continue
            value = data[name]
            if value is None and nullable:
                values[name] = None
                continue
            if value is None and not required:
                if default is not ABSENT:
                    values[name] = default
                continue
            try:
                values[name] = check(value)
            except Refused as refused:
                errors[name] = [str(refused)]
        if errors:
            raise InvalidInput(errors)
        return values

    def _learn(self, limits: conf.Limits) -> None:
        """Build the fields' checks for these tunables, which every request needs and which hardly ever change."""
        self._rules = [
            (name, field.checker(), field.required, field.nullable, field.default)
            for name, field in self.fields.items()
        ]
        self._limits = limits

    def described(self) -> Schema:
        """The body in JSON Schema."""
        required = [name for name, field in self.fields.items() if field.required]
        return {
            "type": "object",
            "properties": {name: field.described(or_null=not field.required) for name, field in self.fields.items()},
            **({"required": required} if required else {}),
        }


CHOSEN_CALL_ID = Text(
    pattern=rf"(?!(?:current|open|\.+)$){CALL_ID}",
    max_length=Tunable("call_id_chars"),
    min_length=1,
    required=False,
    nullable=True,
    default=None,
    refused=say_lazy("invalid.call_id"),
    description="Names the call while it is open. After its end, whoever was in it can call under it again. Made up "
    "where left out.",
)
ATTEMPT = Whole(
    1,
    MOST_ATTEMPTS,
    required=False,
    description="Which of the calls under this id; the open one, or else your latest, where left out.",
)


IDEMPOTENCY_KEY = Text(
    pattern="[ -~]{1,128}",
    required=False,
    refused=say_lazy("invalid.idempotency_key"),
    description="Chosen by the client. A repeat with the same key and body gets the call of the first answer; kept for "
    "24 hours.",
)


def chosen_call_id(value: object) -> str:
    """The id for a new call, given outside the body.

    Raises:
        InvalidInput: it is not a valid id.
    """
    try:
        return CHOSEN_CALL_ID.checked(value)
    except Refused as refused:
        raise InvalidInput({"call_id": [str(refused)]}) from None


def _optional(max_length: int | Tunable, description: str) -> Text:
    return Text(max_length=max_length, required=False, nullable=True, default=None, description=description)


_USER_ID = Text(format="user-id")
_CUSTOM_DATA = Text(
    max_length=Tunable("custom_data_bytes"),
    max_bytes=Tunable("custom_data_bytes"),
    required=False,
    default="",
    description="Kept exactly, never parsed. The limit counts bytes of UTF-8.",
)
_DEVICE_ID = Text(
    pattern=DEVICE_ID,
    max_length=64,
    min_length=1,
    required=False,
    nullable=True,
    refused=say_lazy("validation.device_id"),
    description="The device that asks. The session or token stands for one where this is left out.",
)
_RING: dict[str, Field[Any]] = {
    "invitees": Texts(
        _USER_ID,
        Tunable("invitees_per_request"),
        description="User ids. Each that cannot be invited is named in `errors`.",
    ),
    "custom_data": _CUSTOM_DATA,
    "resource_id": _optional(128, "A ring resource. An unknown one is a warning."),
    "notification_title": _optional(
        Tunable("notification_title_chars"), "Shown as your words, below your name, with the message."
    ),
    "notification_message": _optional(
        Tunable("notification_message_chars"), "What you say: shown as your words, below your name."
    ),
    "timeout_seconds": Whole(
        1,
        Tunable("timeout_seconds_max"),
        required=False,
        default=Tunable("timeout_seconds_default"),
        description="How long it rings, counted by the server.",
    ),
    "urgent": Flag(
        required=False,
        default=False,
        description="It matters now. Only those who have you in their contacts are told so, three times a day each; "
        "those who let urgent calls through are rung although they do not want to be disturbed.",
    ),
    "device_id": _DEVICE_ID,
}

ON_DEVICE = Body("OnDeviceRequest", device_id=_DEVICE_ID)
INVITE = Body("InviteRequest", **_RING)
SEND = Body(
    "SendRequest",
    **_RING,
    is_video_call=Flag(description="With pictures, not with sound alone."),
    call_id=CHOSEN_CALL_ID,
    end_when_caller_leaves=Flag(
        required=False, default=False, description="The call ends for everybody when its caller leaves."
    ),
)
CANCEL = Body(
    "CancelRequest",
    callees=Texts(
        _USER_ID,
        LARGEST_LIST,
        required=False,
        nullable=True,
        default=None,
        description="User ids; everybody who is still being rung where left out.",
    ),
    custom_data=_CUSTOM_DATA,
    device_id=_DEVICE_ID,
)
ACCEPT = Body(
    "AcceptRequest",
    custom_data=_CUSTOM_DATA,
    hold=Flag(
        required=False,
        default=False,
        description="Stay in the answered calls that this device is in, and put them on hold, instead of leaving them.",
    ),
    device_id=_DEVICE_ID,
)
REJECT = Body(
    "RejectRequest",
    custom_data=_CUSTOM_DATA,
    reason=Word(
        RejectReason.values,
        "RejectReason",
        required=False,
        default=RejectReason.DECLINED.value,
        description="What the caller is told.",
    ),
    block=Flag(required=False, default=False, description="Also block whoever rang you, as `PUT /blocks/{user}` does."),
    device_id=_DEVICE_ID,
)
REMOVE = Body(
    "RemoveRequest",
    user=Text(format="user-id", description="The id of a person who is in the call or is being rung."),
    device_id=_DEVICE_ID,
)
RINGING = Body(
    "RingingRequest",
    audible=Flag(required=False, default=True, description="It can be heard, not only seen."),
    device_id=_DEVICE_ID,
)
ME = Body(
    "MeRequest",
    name=Name(
        required=False,
        description="The shown name, without characters that cannot be seen; empty for the user id. Not blank.",
    ),
    call_waiting=Flag(
        required=False,
        description="Further calls ring while in a call, instead of being answered with busy.",
    ),
    rings_from=Word(
        RingsFrom.values,
        "RingsFrom",
        required=False,
        nullable=True,
        description="Whose calls ring. Null goes back to this server's own choice.",
    ),
    do_not_disturb_until=Moment(
        required=False,
        nullable=True,
        description="No call rings until then, at most a year ahead. Null ends it.",
    ),
    quiet_hours=Hours(required=False, nullable=True, description="When no call rings, day by day. Null for never."),
    time_zone=Zone(
        required=False,
        nullable=True,
        description="Where days and hours are counted, by its name in the IANA database. Null for the server's own.",
    ),
    let_through=WordSet(
        LetThrough.values,
        "LetThrough",
        required=False,
        description="What rings although you do not want to be disturbed.",
    ),
    show_presence=Word(
        Audience.values, "Audience", required=False, description="Who sees whether you are online or in a call."
    ),
    show_in_people=Flag(
        required=False,
        nullable=True,
        description="Others find you in the list of people. Null for yes, but for no with staff.",
    ),
    push_shows=Word(
        PushShows.values, "PushShows", required=False, description="How much of a call a notification shows."
    ),
    mail_if_unreachable=Flag(
        required=False,
        description="You are written to when calls no longer reach you. Only with a confirmed email address.",
    ),
)
ASK = Body(
    "AskRequest",
    user=Text(format="user-id", description="The id of the person whom you ask to let you in."),
    message=Text(
        max_length=ASK_CHARS,
        pattern=names.PLAIN,
        required=False,
        default="",
        refused=say_lazy("invalid.plain_text"),
        description="Some words for them, in one line.",
    ),
)
FAVOURITE = Body("ContactRequest", favourite=Flag(description="They come first, and may be let through."))
DEVICE = Body(
    "DeviceRequest",
    label=Label(
        required=False,
        description="Left out, the device keeps its name; empty, it is called what its page says.",
    ),
    kind=Word(
        DeviceKind.values,
        "DeviceKind",
        required=False,
        default=DeviceKind.BROWSER.value,
        description="What it is.",
    ),
    push=PushAddress(
        required=False, nullable=True, description="Left out, the device keeps the address it has; null removes it."
    ),
)
RENEW = Body(
    "RenewalRequest",
    token=Text(max_length=512, min_length=1, description="The `renewal_token` of the address to be replaced."),
    push=PushAddress(description="The new address."),
)

PROOF = Body(
    "ProofRequest",
    token=Text(max_length=512, min_length=1, description="The `renewal_token` of the address that was looked at."),
    permission=Word(
        ["granted", "denied", "default"],
        "NotificationPermission",
        description="Whether notifications may be shown, as the browser or system says.",
    ),
    subscribed=Flag(description="The address is still there."),
)


_ACCOUNT: dict[str, Field[Any]] = {
    "name": Name(required=False, description="The shown name; empty for the user id. Not blank."),
    "email": Text(
        max_length=EMAIL_CHARS,
        pattern=r"|[^@\s]+@[^@\s]+",
        required=False,
        refused=say_lazy("invalid.email"),
        description="For mail to the person; empty for none. You answer for it that it is theirs.",
    ),
    "is_active": Flag(
        required=False, description="They can sign in, and be called. Without it all that they are signed in by ends."
    ),
    "language": Text(
        pattern="[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*",
        max_length=16,
        required=False,
        nullable=True,
        refused=say_lazy("invalid.language"),
        description="The tag of the language in which they are written to, such as `de` or `pt-BR`. Null for the one "
        "of their devices.",
    ),
    "rings_from": Word(
        RingsFrom.values,
        "RingsFrom",
        required=False,
        nullable=True,
        description="Whose calls ring. Null for this server's own choice.",
    ),
}
ACCOUNT = Body("AccountRequest", **_ACCOUNT)
IMPORTED = Body("ImportedAccountRequest", id=Text(min_length=1, format="user-id", description="Whose."), **_ACCOUNT)
IMPORT = Body(
    "ImportRequest",
    users=Objects(IMPORTED.component, LARGEST_IMPORT, description="The accounts. Each is looked at by itself."),
)
ACCOUNT_TOKEN = Body(
    "AccountTokenRequest",
    device_id=Text(
        pattern=DEVICE_ID,
        max_length=64,
        min_length=1,
        required=False,
        nullable=True,
        default=None,
        refused=say_lazy("validation.device_id"),
        description="The app's device, the same for each of its tokens. Left out, the token stands for a new one.",
    ),
    device_name=Label(required=False, default="", description='What the device is called, such as "Bob\'s phone".'),
    lifetime_seconds=Whole(
        SHORTEST_LIFETIME,
        LONGEST_LIFETIME,
        required=False,
        default=USUAL_LIFETIME,
        description="How long it is good. Use does not lengthen it.",
    ),
)


class Login(Body):
    """Either a name with a password, or a pairing code."""

    def checked(self, data: object) -> dict[str, Any]:
        """The values; None for those of the other way.

        Raises:
            InvalidInput: with sentences for each invalid field.
        """
        values = super().checked(data)
        password = ("username", "password")
        if values["pairing_code"] is None:
            errors = {name: [say("invalid.required")] for name in password if values[name] is None}
        else:
            errors = {name: [say("invalid.beside_pairing_code")] for name in password if values[name] is not None}
        if errors:
            raise InvalidInput(errors)
        return values


LOGIN = Login(
    "LoginRequest",
    username=Text(min_length=1, required=False, default=None, description="The user's id."),
    password=Text(
        max_length=PASSWORD_CHARS, min_length=1, required=False, default=None, description="The user's password."
    ),
    code=Text(
        max_length=CODE_CHARS,
        min_length=1,
        required=False,
        nullable=True,
        default=None,
        description="Where the account asks for a second step: a code of the authenticator app, or a recovery code.",
    ),
    pairing_code=Text(
        max_length=32,
        min_length=1,
        required=False,
        default=None,
        description="Instead of both: the code that a signed-in page shows, in any capitals, with or without spaces.",
    ),
    device_name=Label(
        required=False,
        default="",
        description='What the device is called, such as "Bob\'s phone".',
    ),
    device_id=Text(
        pattern=DEVICE_ID,
        max_length=64,
        min_length=1,
        required=False,
        nullable=True,
        default=None,
        refused=say_lazy("validation.device_id"),
        description="The app's device, the same at each sign-in. Left out, the token stands for a new one.",
    ),
)
