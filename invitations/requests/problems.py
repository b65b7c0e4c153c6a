"""Every failure as a problem document (RFC 9457) with a code from the closed list.

The only place that knows the HTTP status of a code. Nothing under the API answers with HTML or a traceback."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import timezone
from rest_framework import exceptions

from invitations.errors import CallError, Code
from invitations.models import UserKey
from invitations.requests import audit
from invitations.serializers import call_view
from invitations.store.sheets import CallSheet
from invitations.words import say

logger = logging.getLogger(__name__)
JSON = dict[str, Any]
CONTENT_TYPE = "application/problem+json"

STATUS: dict[Code, int] = {
    Code.INVALID: 400,
    Code.NO_VALID_INVITEE: 400,
    Code.UNKNOWN_USER: 400,
    Code.SELF: 400,
    Code.DUPLICATE: 400,
    Code.ALREADY_RINGING: 400,
    Code.COOLING_DOWN: 400,
    Code.YOU_BLOCKED: 400,
    Code.NOT_INVITED: 400,
    Code.NO_ADDRESS: 400,
    Code.NOT_AUTHENTICATED: 401,
    Code.SECOND_FACTOR_REQUIRED: 401,
    Code.NOT_ALLOWED: 403,
    Code.CSRF_FAILED: 403,
    Code.NOT_FOUND: 404,
    Code.NO_CURRENT_CALL: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.NOT_ACCEPTABLE: 406,
    Code.ALREADY_IN_CALL: 409,
    Code.CALL_FULL: 409,
    Code.ALREADY_ANSWERED: 409,
    Code.ANSWERED_ELSEWHERE: 409,
    Code.REJECTED_ELSEWHERE: 409,
    Code.CALL_ID_IN_USE: 409,
    Code.IDEMPOTENCY_KEY_IN_USE: 409,
    Code.AMBIGUOUS_CURRENT_CALL: 409,
    Code.INVITATION_CANCELLED: 410,
    Code.INVITATION_TIMED_OUT: 410,
    Code.CALL_ENDED: 410,
    Code.TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.THROTTLED: 429,
    Code.UNAVAILABLE: 503,
}
"""The HTTP status of each code that is the answer to a whole request. Codes about one of several invitees stand in the
`errors` of a body with another status."""

RETRY_SECONDS = 1
"""The value of `Retry-After` if the service could not do its work and knows no better time."""


class TooLarge(exceptions.APIException):
    """The body is longer than the limit."""

    status_code = STATUS[Code.TOO_LARGE]
    default_code = Code.TOO_LARGE


class CsrfFailed(exceptions.APIException):
    """A browser session without its page's CSRF token: possibly another site's doing."""

    status_code = STATUS[Code.CSRF_FAILED]
    default_code = Code.CSRF_FAILED


class InvalidInput(Exception):
    """Fields are out of bounds or have the wrong type.

    Args:
        errors: sentences by field.
        detail: a sentence about the request as a whole, if there is one.
    """

    def __init__(self, errors: Mapping[str, list[str]] | None = None, detail: str | None = None) -> None:
        self.errors = dict(errors or {})
        self.detail = detail
        super().__init__(detail or ", ".join(self.errors))


def problem(code: Code, detail: str | None = None, **extra: Any) -> JSON:
    """A problem document.

    Args:
        code: one of the closed list.
        detail: a sentence about this case; the code's own sentence if omitted.
        extra: further members, such as `errors`, `call` or `retry_after_seconds`.
    """
    sentence = code.sentence
    return {
        "type": _address(code),
        "title": sentence,
        "status": STATUS[code],
        "code": str(code),
        "detail": detail or sentence,
        **extra,
    }


def call_problem(error: CallError, viewer_id: UserKey | None, now: datetime) -> JSON:
    """A verb's refusal, with the call as the asker sees it if the verb provided one."""
    extra = dict(error.extra)
    if error.sheet is not None and not _left_no_trace(error.sheet, viewer_id):
        extra["call"] = call_view(error.sheet, viewer_id, now)
    return problem(error.code, error.detail, **extra)


def _left_no_trace(sheet: CallSheet, viewer_id: UserKey | None) -> bool:
    return viewer_id is not None and sheet.concerns(viewer_id) and not sheet.shows(viewer_id)


def invalid_problem(error: InvalidInput) -> JSON:
    """What was wrong with a request, by field."""
    if error.errors:
        return problem(Code.INVALID, error.detail, errors=error.errors)
    return problem(Code.INVALID, error.detail)


def answer(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A problem document as an HTTP response with its own status and media type, and with `Retry-After` if its code
    calls for it.

    Args:
        body: the document, as `problem` makes it.
        headers: further headers.
    """
    response = HttpResponse(
        # ASCII only: the body may repeat what a client sent, whatever characters that contains.
        json.dumps(body).encode(),
        status=body["status"],
        content_type=CONTENT_TYPE,
        headers={**_retry_after(body), **(headers or {})},
    )
    # Otherwise Django would log "Bad Request" and the like once more for each response.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's exception handler: turns anything that a view raises into a problem document."""
    request = context.get("request")
    body, headers = _translated(error, request)
    _audit(body, request)
    return answer(body, headers)


def problem_page(request: HttpRequest, code: Code) -> HttpResponse:
    """A problem response for the site's error handlers, if a failure under the API happens outside its views."""
    return answer(problem(code))


def _translated(error: Exception, request: Any) -> tuple[JSON, dict[str, str]]:
    if isinstance(error, CallError):
        viewer = getattr(request, "user", None)
        return call_problem(error, None if viewer is None else viewer.pk, timezone.now()), {}
    if isinstance(error, InvalidInput):
        return invalid_problem(error), {}
    if isinstance(error, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        came = isinstance(error, exceptions.AuthenticationFailed)
        detail = say("error.not_authenticated.token") if came else None
        return problem(Code.NOT_AUTHENTICATED, detail), {"WWW-Authenticate": _challenge(error)}
    if isinstance(error, exceptions.MethodNotAllowed):
        return problem(Code.METHOD_NOT_ALLOWED), {"Allow": ", ".join(_allowed_methods(request))}
    code = _code_of(error)
    if code == Code.UNAVAILABLE:
        _log(error, request)
    return problem(code), {}


def _audit(body: JSON, request: Any) -> None:
    """A credential that is none, or a right that is missing. A stranger without any is only asked to sign in."""
    if request is None or body["status"] not in (401, 403):
        return
    if body["status"] == 401 and "Authorization" not in request.headers:
        return
    user = getattr(request, "_user", None)
    audit.refused(request._request, body["code"], user_id=user.pk if user is not None else None)


def _code_of(error: Exception) -> Code:
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code
    return Code.UNAVAILABLE


_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Code], ...] = (
    ((TooLarge, RequestDataTooBig), Code.TOO_LARGE),
    (CsrfFailed, Code.CSRF_FAILED),
    ((exceptions.ParseError, exceptions.ValidationError, MultiPartParserError, SuspiciousOperation), Code.INVALID),
    ((exceptions.PermissionDenied, PermissionDenied), Code.NOT_ALLOWED),
    ((exceptions.NotFound, Http404), Code.NOT_FOUND),
    (exceptions.NotAcceptable, Code.NOT_ACCEPTABLE),
    (exceptions.UnsupportedMediaType, Code.UNSUPPORTED_MEDIA_TYPE),
)


def _retry_after(body: Mapping[str, Any]) -> dict[str, str]:
    unavailable = body["code"] == Code.UNAVAILABLE
    seconds = RETRY_SECONDS if unavailable else body.get("retry_after_seconds")
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _allowed_methods(request: Any) -> list[str]:
    """The methods that the request's view accepts."""
    view = request.parser_context.get("view") if request is not None else None
    return [] if view is None else view.allowed_methods


def _challenge(error: exceptions.APIException) -> str:
    # RFC 6750 section 3 distinguishes a wrong token from a missing one.
    wrong = isinstance(error, exceptions.AuthenticationFailed)
    return 'Bearer realm="callinvite", error="invalid_token"' if wrong else 'Bearer realm="callinvite"'


def _log(error: Exception, request: Any) -> None:
    where = "" if request is None else f"{request.method} {request.path}"
    if isinstance(error, (DatabaseError, InterfaceError)):
        # One that is away is no fault of this code. An outage would fill the log with what led to each of its queries.
        cause = None if isinstance(error, (OperationalError, InterfaceError)) else error
        logger.error("%s failed, the database did not do it: %s", where, type(error).__name__, exc_info=cause)
        return
    logger.error("%s failed", where, exc_info=error)


def _address(code: Code) -> str:
    """Where the code is explained (RFC 9457 section 3.1.1), relative to the URL of the response."""
    # Never kept: the prefix of the URL is that of this request, and some servers take it from a header.
    return reverse("callinvite:problem", kwargs={"code": str(code)})
