"""What a request may hold: exact types and bounds, nothing coerced, nothing trimmed. Unknown fields are ignored.

Whether a value makes sense for a call is the verb's business. Bounds are read from the settings once, as this loads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from invitations import conf, transports
from invitations.models import DeviceKind, RejectReason
from invitations.requests.problems import InvalidInput
from invitations.transports import Address, InvalidAddress, vapid

DEVICE_ID = r"[A-Za-z0-9._~-]{1,64}"
CALL_ID = rf"[A-Za-z0-9._~:@-]{{1,{conf.limits().call_id_chars}}}"
LABEL_CHARS = 64
PASSWORD_CHARS = 4096
KEY_CHARS = 128
LARGEST_LIST = 100

REQUIRED = "This field is required."
NOT_TEXT = "This must be a string."
NOT_ENCODABLE = "NUL and lone surrogates are not allowed."

_LIMITS = conf.limits()


class Refused(Exception):
    """One field's value is not allowed; the message says why."""


class Text(serializers.CharField):
    """A string, kept exactly as it came.

    Args:
        max_bytes: the most bytes it may take in UTF-8.
        pattern: what the whole of it must match.
        format: what it is, for the OpenAPI document only.
        refused: what is said where it does not match.
    """

    def __init__(
        self,
        *,
        max_bytes: int | None = None,
        pattern: str | None = None,
        format: str | None = None,
        refused: str = "This is not allowed here.",
        **options: Any,
    ) -> None:
        super().__init__(trim_whitespace=False, **options)
        self.max_bytes = max_bytes
        self.pattern = pattern
        self.format = format
        self._matches = re.compile(rf"\A(?:{pattern})\Z").match if pattern else None
        self._refused = refused

    def described(self) -> dict[str, Any]:
        """The field in JSON Schema."""
        said: dict[str, Any] = {"type": ["string", "null"] if self.allow_null else "string"}
        if self.format is not None:
            return {**said, "format": self.format}
        said["pattern"] = f"^{self.pattern}$" if self.pattern else r"^[^\u0000]*$"
        bounds = {"minLength": self.min_length, "maxLength": self.max_length, "description": self.help_text}
        said |= {name: value for name, value in bounds.items() if value}
        return said if self.default in (empty, None) else {**said, "default": self.default}

    def checked(self, value: object) -> str:
        """The string itself.

        Raises:
            Refused: wrong type, too long, or with characters that cannot be stored.
        """
        if type(value) is not str:
            raise Refused(NOT_TEXT)
        if self.min_length is not None and len(value) < self.min_length:
            raise Refused("This must not be empty.")
        if self.max_length is not None and len(value) > self.max_length:
            raise Refused(f"This must have at most {self.max_length} characters.")
        if value.isascii():
            if "\0" in value:
                raise Refused(NOT_ENCODABLE)
        else:
            self._check_characters(value)
        if self._matches is not None and not self._matches(value):
            raise Refused(self._refused)
        return value

    def _check_characters(self, value: str) -> None:
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise Refused(NOT_ENCODABLE) from None
        if "\0" in value:
            raise Refused(NOT_ENCODABLE)
        if self.max_bytes is not None and size > self.max_bytes:
            raise Refused(f"This must take at most {self.max_bytes} bytes in UTF-8.")


class Flag(serializers.BooleanField):
    """`true` or `false`, and nothing that looks like it."""

    def checked(self, value: object) -> bool:
        """The flag itself.

        Raises:
            Refused: anything else.
        """
        if value is True or value is False:
            return value
        raise Refused("This must be true or false.")


class Whole(serializers.IntegerField):
    """A whole number within bounds; `60.0` is one (JSON knows no other kind of number), `"60"` and `true` are not."""

    min_value: int
    max_value: int

    def checked(self, value: object) -> int:
        """The number itself.

        Raises:
            Refused: not a whole number, or out of bounds.
        """
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise Refused("This must be a whole number.")
        if not self.min_value <= value <= self.max_value:
            raise Refused(f"This must be from {self.min_value} to {self.max_value}.")
        return value


class OneOf(serializers.ChoiceField):
    """One of a few words."""

    def described(self) -> dict[str, Any]:
        """The field in JSON Schema."""
        return {"type": "string", "enum": list(self.choices), "default": self.default}

    def checked(self, value: object) -> str:
        """The word itself.

        Raises:
            Refused: another word, or no word at all.
        """
        if type(value) is str and value in self.choices:
            return value
        raise Refused(f"This must be one of: {', '.join(self.choices)}.")


class Texts(serializers.ListField):
    """A list of strings."""

    child: Text
    min_length: int
    max_length: int

    def checked(self, value: object) -> list[str]:
        """The list itself; doubles are left in.

        Raises:
            Refused: not a list, too short, too long, or something in it is not allowed.
        """
        if type(value) is not list:
            raise Refused("This must be a list.")
        if not self.min_length <= len(value) <= self.max_length:
            raise Refused(f"This must have from {self.min_length} to {self.max_length} items.")
        return [self.child.checked(each) for each in value]


class PushAddress(serializers.JSONField):
    """Where a device is pushed to: what a browser's `PushSubscription.toJSON()` gives, with the transport's name."""

    def described(self) -> dict[str, Any]:
        """The field in JSON Schema."""
        key = {"type": "string", "maxLength": KEY_CHARS}
        described = {
            "type": ["object", "null"] if self.allow_null else "object",
            "description": self.help_text,
            "properties": {
                "transport": {"type": "string", "enum": list(transports.NAMES)},
                "endpoint": {"type": "string", "format": "push-endpoint", "description": "An https URL."},
                "keys": {
                    "type": "object",
                    "properties": {"p256dh": {**key, "format": "p256-point"}, "auth": {**key, "format": "push-auth"}},
                    "required": ["p256dh", "auth"],
                },
                "public_key": {
                    "type": ["string", "null"],
                    "format": "vapid-key",
                    "description": "The key of `GET /push/key` that the address was made with; the present one where "
                    "left out.",
                },
            },
            "required": ["transport", "endpoint", "keys"],
        }
        return described

    def checked(self, value: object) -> Address:
        """The address in its one spelling.

        Raises:
            Refused: it cannot be one, or must not be used.
        """
        if type(value) is not dict:
            raise Refused("This must be an object, or null.")
        found = value.get("keys", {})
        if type(found) is not dict:
            raise Refused("`keys` must be an object with `p256dh` and `auth`.")
        parts = {
            "transport": value.get("transport"),
            "endpoint": value.get("endpoint", ""),
            "p256dh": found.get("p256dh", ""),
            "auth": found.get("auth", ""),
            "signing_key": value.get("public_key") or vapid.current_public_key() or "",
        }
        for name, part in parts.items():
            if type(part) is not str:
                raise Refused(f"`{'public_key' if name == 'signing_key' else name}` must be a string.")
        try:
            address = transports.transport_named(parts["transport"]).check(Address(**parts))
        except InvalidAddress as invalid:
            raise Refused(str(invalid)) from None
        if address.signing_key and not vapid.is_known(address.signing_key):
            raise Refused("`public_key` is none of this server's: subscribe anew with that of `GET /push/key`.")
        return address


class Input(serializers.Serializer):
    """The fields of one request. Stateless: one instance serves every request."""

    def run_validation(self, data: Any = empty) -> dict[str, Any]:
        """The values, with defaults for what was left out.

        DRF's own way through a serializer takes four times as long, and coerces.

        Raises:
            InvalidInput: with sentences for every field that is wrong.
        """
        if type(data) is not dict:
            raise InvalidInput(detail="This must be a JSON object.")
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, checked, required, allow_null, default in self._rules:
            if name not in data:
                if required:
                    errors[name] = [REQUIRED]
                elif default is not empty:
                    values[name] = default
                continue
            value = data[name]
            if value is None and allow_null:
                values[name] = None
                continue
            try:
                values[name] = checked(value)
            except Refused as refused:
                errors[name] = [str(refused)]
        if errors:
            raise InvalidInput(errors)
        return values

    @property
    def _rules(self) -> list[tuple[str, Any, bool, bool, Any]]:
        rules = self.__dict__.get("_kept_rules")
        if rules is None:
            rules = self.__dict__["_kept_rules"] = [
                (name, field.checked, field.required, field.allow_null, field.default)  # type: ignore[attr-defined]
                for name, field in self.fields.items()
            ]
        return rules


class CallId(Text):
    """A call id that a caller chose."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            pattern=rf"(?!(?:current|open|\.+)$){CALL_ID}",
            max_length=_LIMITS.call_id_chars,
            min_length=1,
            refused="Letters, digits and . _ ~ : @ - are allowed; `current`, `open` and dots alone are not.",
            **options,
        )


def chosen_call_id(value: object) -> str:
    """An id for a new call that came beside the body.

    Raises:
        InvalidInput: it cannot be one.
    """
    try:
        return CallId().checked(value)
    except Refused as refused:
        raise InvalidInput({"call_id": [str(refused)]}) from None


def _custom_data() -> Text:
    return Text(
        max_length=_LIMITS.custom_data_bytes,
        max_bytes=_LIMITS.custom_data_bytes,
        required=False,
        default="",
        help_text="Kept exactly, never parsed. The limit counts bytes of UTF-8.",
    )


def _device_id() -> Text:
    return Text(
        pattern=DEVICE_ID,
        max_length=64,
        min_length=1,
        required=False,
        allow_null=True,
        refused="Letters, digits and . _ ~ - are allowed.",
        help_text="The device that asks. The session or token stands for one where this is left out.",
    )


def _invitees() -> Texts:
    return Texts(
        child=Text(format="user-id"),
        min_length=1,
        max_length=_LIMITS.invitees_per_request,
        help_text="User ids. Each that cannot be invited is named in `errors`.",
    )


def _optional(max_length: int, help_text: str) -> Text:
    return Text(max_length=max_length, required=False, allow_null=True, default=None, help_text=help_text)


def _timeout_seconds() -> Whole:
    return Whole(
        min_value=1,
        max_value=_LIMITS.timeout_seconds_max,
        required=False,
        default=_LIMITS.timeout_seconds_default,
        help_text="How long it rings, counted by the server.",
    )


class OnDevice(Input):
    """A verb that needs to know no more than the device."""

    device_id = _device_id()


class Ring(Input):
    """What is said to those who are rung."""

    invitees = _invitees()
    custom_data = _custom_data()
    resource_id = _optional(128, "A ring resource. An unknown one is a warning.")
    notification_title = _optional(_LIMITS.notification_title_chars, "The caller's name where left out.")
    notification_message = _optional(_LIMITS.notification_message_chars, "A sentence that names the kind of call.")
    timeout_seconds = _timeout_seconds()
    device_id = _device_id()


class Invite(Ring):
    """Add people to a live call."""


class Send(Ring):
    """Start a call."""

    is_video_call = Flag()
    call_id = CallId(
        required=False,
        allow_null=True,
        default=None,
        help_text="Makes a repeat harmless: the same id and body give the same call. Made up where left out.",
    )
    end_when_caller_leaves = Flag(required=False, default=False)


class Cancel(Input):
    """Stop rings."""

    callees = Texts(
        child=Text(format="user-id"),
        min_length=1,
        max_length=LARGEST_LIST,
        required=False,
        allow_null=True,
        default=None,
        help_text="User ids; everybody who is still being rung where left out.",
    )
    custom_data = _custom_data()
    device_id = _device_id()


class Accept(Input):
    """Answer a ring."""

    custom_data = _custom_data()
    device_id = _device_id()


class Reject(Input):
    """Turn a ring down."""

    custom_data = _custom_data()
    reason = OneOf(choices=RejectReason.choices, required=False, default=RejectReason.DECLINED.value)
    device_id = _device_id()


class Ringing(Input):
    """A device says that it alerts."""

    audible = Flag(required=False, default=True, help_text="Whether it can be heard, not only seen.")
    device_id = _device_id()


class Me(Input):
    """What people may change about themselves."""

    name = Text(
        max_length=LABEL_CHARS,
        required=False,
        help_text="The shown name; the user id is shown where it is empty.",
    )
    call_waiting = Flag(
        required=False, help_text="Further calls ring while in a call, instead of being answered with busy."
    )


class DeviceInput(Input):
    """A device as its owner describes it."""

    label = Text(  # type: ignore[assignment]
        max_length=LABEL_CHARS,
        required=False,
        help_text="Left out, the device keeps its name; empty, it is called what its page says.",
    )
    kind = OneOf(choices=DeviceKind.choices, required=False, default=DeviceKind.BROWSER.value)
    push = PushAddress(
        required=False, allow_null=True, help_text="Left out, the device keeps the address it has; null removes it."
    )


class Renewal(Input):
    """A new push address in the place of the one that a token was made for."""

    token = Text(max_length=512, min_length=1)
    push = PushAddress(help_text="As in a device.")


class Login(Input):
    """Name and password of an app's user."""

    username = Text(min_length=1)
    password = Text(max_length=PASSWORD_CHARS, min_length=1)
    device_name = Text(
        max_length=LABEL_CHARS,
        required=False,
        default="",
        help_text='What the device is called, such as "Bob\'s phone".',
    )


def query_flag(params: Mapping[str, str], name: str) -> bool | None:
    """A `true` or `false` of an address's query; None if it is not there.

    Raises:
        InvalidInput: another word.
    """
    value = params.get(name)
    if value is None:
        return None
    if value not in {"true", "false"}:
        raise InvalidInput({name: ["This must be true or false."]})
    return value == "true"


def query_word(params: Mapping[str, str], name: str, words: list[str]) -> str | None:
    """One of a few words of an address's query; None if it is not there.

    Raises:
        InvalidInput: another word.
    """
    value = params.get(name)
    if value is not None and value not in words:
        raise InvalidInput({name: [f"This must be one of: {', '.join(words)}."]})
    return value


def query_text(params: Mapping[str, str], name: str, max_length: int) -> str | None:
    """A string of an address's query; None if it is not there.

    Raises:
        InvalidInput: too long, or with characters that cannot be looked for.
    """
    value = params.get(name)
    if value is None:
        return None
    try:
        return Text(max_length=max_length).checked(value)
    except Refused as refused:
        raise InvalidInput({name: [str(refused)]}) from None


SEND = Send()
INVITE = Invite()
CANCEL = Cancel()
ACCEPT = Accept()
REJECT = Reject()
RINGING = Ringing()
ON_DEVICE = OnDevice()
ME = Me()
DEVICE = DeviceInput()
RENEW = Renewal()
LOGIN = Login()
