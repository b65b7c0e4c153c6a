"""The closed list of reasons why a verb did not do what was asked, each with a sentence for people.

Knows nothing of HTTP: `api/errors.py` gives each code its status. A bare `false` is never an answer."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from invitations.store.sheets import CallSheet


class Code(StrEnum):
    """Every error code that leaves the service (DESIGN section 5)."""

    INVALID = "invalid"
    NO_VALID_INVITEE = "no_valid_invitee"
    UNKNOWN_USER = "unknown_user"
    SELF = "self"
    NOT_ALLOWED = "not_allowed"
    DUPLICATE = "duplicate"
    ALREADY_IN_CALL = "already_in_call"
    ALREADY_RINGING = "already_ringing"
    CALL_FULL = "call_full"
    NOT_INVITED = "not_invited"
    ALREADY_ANSWERED = "already_answered"
    NOT_AUTHENTICATED = "not_authenticated"
    CSRF_FAILED = "csrf_failed"
    NOT_FOUND = "not_found"
    NO_CURRENT_CALL = "no_current_call"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    REJECTED_ELSEWHERE = "rejected_elsewhere"
    CALL_ID_IN_USE = "call_id_in_use"
    AMBIGUOUS_CURRENT_CALL = "ambiguous_current_call"
    INVITATION_CANCELLED = "invitation_cancelled"
    INVITATION_TIMED_OUT = "invitation_timed_out"
    CALL_ENDED = "call_ended"
    TOO_LARGE = "too_large"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"


SENTENCES: dict[Code, str] = {
    Code.INVALID: "Something in the request is not as it should be.",
    Code.NO_VALID_INVITEE: "None of these people could be invited.",
    Code.UNKNOWN_USER: "There is no such user.",
    Code.SELF: "You cannot invite yourself.",
    Code.NOT_ALLOWED: "You may not do this.",
    Code.DUPLICATE: "This person is named more than once.",
    Code.ALREADY_IN_CALL: "Already in a call.",
    Code.ALREADY_RINGING: "This call is already ringing for this person.",
    Code.CALL_FULL: "The call is full.",
    Code.NOT_INVITED: "This person has no invitation to this call.",
    Code.ALREADY_ANSWERED: "The invitation was already answered.",
    Code.NOT_AUTHENTICATED: "Sign in first.",
    Code.CSRF_FAILED: "The page is out of date. Load it again and retry.",
    Code.NOT_FOUND: "There is nothing here that you may see.",
    Code.NO_CURRENT_CALL: "Nobody is calling you right now.",
    Code.METHOD_NOT_ALLOWED: "This address does not take that method.",
    Code.NOT_ACCEPTABLE: "Answers are JSON only.",
    Code.UNSUPPORTED_MEDIA_TYPE: "Send JSON.",
    Code.ANSWERED_ELSEWHERE: "You answered on another device.",
    Code.REJECTED_ELSEWHERE: "You rejected the call on another device.",
    Code.CALL_ID_IN_USE: "This call id belongs to another call.",
    Code.AMBIGUOUS_CURRENT_CALL: "Several people are calling you; say which call you mean.",
    Code.INVITATION_CANCELLED: "The invitation was cancelled.",
    Code.INVITATION_TIMED_OUT: "The invitation timed out.",
    Code.CALL_ENDED: "The call is over.",
    Code.TOO_LARGE: "The request is too large.",
    Code.THROTTLED: "Too many requests. Wait a little.",
    Code.UNAVAILABLE: "The service cannot do this right now. Try again.",
}


class CallError(Exception):
    """A verb refused: nothing was changed.

    Args:
        code: one of the closed list.
        detail: a sentence for people; the code's own sentence when omitted.
        sheet: the call concerned, where the asker may see it, so that no second request is needed.
        extra: further members of the problem, such as `errors` or `retry_after_seconds`.
    """

    def __init__(self, code: Code, detail: str | None = None, *, sheet: CallSheet | None = None, **extra: Any) -> None:
        self.code = code
        self.detail = detail or SENTENCES[code]
        self.sheet = sheet
        self.extra = extra
        super().__init__(f"{code}: {self.detail}")
