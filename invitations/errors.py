"""The closed list of reasons why a verb did not do what was asked. Each code has a sentence, `error.CODE`.

Knows nothing of HTTP: `requests/problems.py` maps codes to statuses. A bare `false` is never an answer."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from invitations import words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    from invitations.store.sheets import CallSheet


class Code(StrEnum):
    """Every error code that leaves the service, explained in docs/errors.md."""

    INVALID = "invalid"
    NO_VALID_INVITEE = "no_valid_invitee"
    UNKNOWN_USER = "unknown_user"
    SELF = "self"
    NOT_ALLOWED = "not_allowed"
    DUPLICATE = "duplicate"
    ALREADY_IN_CALL = "already_in_call"
    ALREADY_RINGING = "already_ringing"
    CALL_FULL = "call_full"
    COOLING_DOWN = "cooling_down"
    YOU_BLOCKED = "you_blocked"
    NOT_INVITED = "not_invited"
    ALREADY_ANSWERED = "already_answered"
    NO_ADDRESS = "no_address"
    NOT_AUTHENTICATED = "not_authenticated"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    CSRF_FAILED = "csrf_failed"
    NOT_FOUND = "not_found"
    NO_CURRENT_CALL = "no_current_call"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    REJECTED_ELSEWHERE = "rejected_elsewhere"
    CALL_ID_IN_USE = "call_id_in_use"
    IDEMPOTENCY_KEY_IN_USE = "idempotency_key_in_use"
    AMBIGUOUS_CURRENT_CALL = "ambiguous_current_call"
    INVITATION_CANCELLED = "invitation_cancelled"
    INVITATION_TIMED_OUT = "invitation_timed_out"
    CALL_ENDED = "call_ended"
    TOO_LARGE = "too_large"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"

    @property
    def sentence(self) -> str:
        """What the code means, for people, in the active language."""
        return words.say(f"error.{self}")

    @property
    def advice(self) -> str:
        """What happened and what to do about it, for the developers of clients."""
        return words.say(f"advice.{self}")


class CallError(Exception):
    """A verb refused and changed nothing.

    Args:
        code: one of the closed list.
        detail: a sentence for people, rendered when it is shown; the code's own sentence if omitted.
        sheet: the call, if the asker may see it, which saves a second request.
        extra: further members of the problem, such as `errors` or `retry_after_seconds`.
    """

    def __init__(
        self, code: Code, detail: StrPromise | None = None, *, sheet: CallSheet | None = None, **extra: Any
    ) -> None:
        self.code = code
        self.sheet = sheet
        self.extra = extra
        self._detail = detail
        super().__init__(code)

    @property
    def detail(self) -> str:
        """The reason, for people, in the active language."""
        return self.code.sentence if self._detail is None else str(self._detail)
