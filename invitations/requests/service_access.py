"""What services may do: who asks by a service's token, for which user, and whether the service has the scope that the
address wants.

A service acts for a user by `as_user`, in the body of what changes something (POST, PUT, PATCH) and in the query of GET
and DELETE. From then on the request is that user's, with all rules that hold for them, and the log and timelines name
the service beside them. No service acts for staff. A user who sends `as_user` is refused, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, UnsupportedMediaType
from rest_framework.request import Request

from invitations.credentials import service_tokens
from invitations.credentials.service_tokens import Access, is_out_of_reach
from invitations.errors import CallError, Code
from invitations.models import ServiceScope
from invitations.requests import throttles
from invitations.requests.clients import service_of
from invitations.requests.fields import Refused, Text
from invitations.requests.problems import InvalidInput, TooLarge
from invitations.store import people
from invitations.words import say, say_lazy

AS_USER = "as_user"
CALLER = "caller"
"""What only a service could mean: whoever calls is known by their token."""
BY_USER, HERE = "invalid.as_user.by_user", "invalid.as_user.here"
"""Why nobody may be named: the codes of the sentences."""
WITH_BODY = ("POST", "PUT", "PATCH")
AS_USER_FIELD = Text(
    min_length=1,
    format="user-id",
    required=False,
    description="For services: the id of the user for whom they act. With a user's token it is refused.",
)


@dataclass(frozen=True, slots=True)
class ForServices:
    """How services may use an address.

    Args:
        scope: what they need; None if any of them may.
        as_user: whether they `must`, `may` or can `never` act for a user there. If they may, they can also use the
            address for themselves.
    """

    scope: ServiceScope | None
    as_user: Literal["must", "may", "never"] = "must"


USERS = ForServices(ServiceScope.USERS)
TOKENS = ForServices(ServiceScope.TOKENS)
CALLS = ForServices(ServiceScope.CALLS)
CALLS_ITSELF = ForServices(ServiceScope.CALLS, "may")
CALLS_READ = ForServices(ServiceScope.CALLS_READ)
CALLS_READ_ITSELF = ForServices(ServiceScope.CALLS_READ, "may")
HOOKS = ForServices(ServiceScope.HOOKS, "never")
ANY = ForServices(None, "may")


class ServiceItself:
    """Stands for the user of a request that a service makes for itself: nobody, with no rights."""

    pk = None
    is_authenticated = True
    is_active = True
    is_anonymous = is_staff = is_superuser = False

    def get_username(self) -> str:
        """No name of a user."""
        return ""

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Never: what a service may do is said by its scopes."""
        return False


class ServiceAuthentication(BaseAuthentication):
    """`Authorization: Bearer svc_…`. The request has the service as `service` from then on, and as `auth`."""

    def authenticate(self, request: Request) -> tuple[Any, Access] | None:
        """The service, and nobody as the user.

        Returns:
            None if the request does not come with a token of a service.

        Raises:
            AuthenticationFailed: the token is unknown or has ended, or the service is disabled.
        """
        header = get_authorization_header(request)
        if service_tokens.PREFIX.encode() not in header:
            return None
        scheme, _, token = header.partition(b" ")
        if scheme.lower() != b"bearer" or not token.strip().startswith(service_tokens.PREFIX.encode()):
            return None
        access = service_tokens.known(token.strip().decode("ascii", errors="replace"), timezone.now())
        if access is None:
            raise AuthenticationFailed
        request._request.service = access  # type: ignore[attr-defined]
        return ServiceItself(), access


def is_service_itself(request: Request) -> bool:
    """Whether a service makes a request for itself."""
    return service_of(request) is not None and request.user.pk is None


def admit(request: Request, terms: ForServices | None, *, for_users: bool, takes_body: bool) -> None:
    """Let a request in that has been authenticated, and make it that of the user for whom a service acts.

    Args:
        request: by anybody.
        terms: how services may use the address; None if they may not.
        for_users: whether users may use it.
        takes_body: whether it takes a body. Otherwise what was sent as one need not be JSON.

    Raises:
        CallError: `not_allowed`, naming the scope; `throttled`.
        InvalidInput: `as_user` where it has no place, of nobody, or missing; `caller`.
    """
    service = service_of(request)
    if service is None:
        if not for_users:
            raise _refusal("error.not_allowed.only_services", terms)
        # What is remembered of a token is proved first (`requests.known_tokens`).
        if getattr(request.auth, "proof", None) is None:
            refuse_naming(request, takes_body=takes_body)
        return
    throttles.check_service(request._request, service.service_id)
    if terms is None:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.no_services"))
    if terms.scope is not None and not service.may(terms.scope):
        raise _refusal("error.not_allowed.scope", terms)
    name = _named(request, takes_body=takes_body)
    if name is None:
        if terms.as_user == "must":
            raise _invalid("invalid.required")
        return
    if terms.as_user == "never":
        raise _invalid(HERE)
    request.user = _acting_for(name)


def refuse_naming(request: Request, *, takes_body: bool) -> None:
    """Refuse what only a service may say, in a user's request.

    Args:
        request: by a user.
        takes_body: whether the address takes a body.

    Raises:
        InvalidInput: it names for whom the request is.
    """
    query = request.query_params
    _refuse([AS_USER] if AS_USER in query else [])
    refuse_in(_body_of(request, is_read=takes_body))


def refuse_in(body: object, why: str = BY_USER) -> None:
    """Refuse what only a service may say, in the body of a user's request or in a frame of a socket, which is one
    user's, also if a service opened it.

    Args:
        body: as it was sent.
        why: the code of the sentence that says so.

    Raises:
        InvalidInput: it names for whom the request is.
    """
    if isinstance(body, Mapping):
        _refuse([name for name in (AS_USER, CALLER) if body.get(name) is not None], why)


def refuse_out_of_reach(user: Any) -> None:
    """Keep services from accounts of staff.

    Raises:
        CallError: `not_allowed`.
    """
    if is_out_of_reach(user):
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.staff_by_service"))


def _named(request: Request, *, takes_body: bool) -> str | None:
    """Whom a service names.

    Raises:
        InvalidInput: it stands in the wrong place, or is no text.
    """
    in_path = request.method not in WITH_BODY
    body = _body_of(request, is_read=takes_body or not in_path)
    if body.get(CALLER) is not None:
        raise InvalidInput({CALLER: [say("invalid.as_user.caller")]})
    in_query, in_body = request.query_params.get(AS_USER), body.get(AS_USER)
    right, wrong = (in_query, in_body) if in_path else (in_body, in_query)
    if wrong is not None:
        raise _invalid("invalid.as_user.place")
    if right is None:
        return None
    try:
        name: str = AS_USER_FIELD.checker()(right)
    except Refused as refused:
        raise InvalidInput({AS_USER: [str(refused)]}) from None
    return name


def _acting_for(name: str) -> Any:
    """The user of this id.

    Raises:
        InvalidInput: nobody who can use the service has it.
        CallError: `not_allowed`, for staff.
    """
    user = people.named(name)
    if user is None:
        raise _invalid("invalid.as_user.nobody")
    refuse_out_of_reach(user)
    return user


def _refuse(named: list[str], why: str = BY_USER) -> None:
    if named:
        raise InvalidInput({name: [say(why)] for name in named})


def _body_of(request: Request, *, is_read: bool) -> Mapping[str, Any]:
    """The body. If nobody reads it, one that is no JSON is empty.

    Raises:
        InvalidInput: it is read, and is no JSON.
        TooLarge: it is read, and is too long.
    """
    try:
        found = request.data
    except (InvalidInput, TooLarge, UnsupportedMediaType, CallError):
        if is_read:
            raise
        return {}
    return found if isinstance(found, Mapping) else {}


def _invalid(code: str) -> InvalidInput:
    return InvalidInput({AS_USER: [say(code)]})


def _refusal(code: str, terms: ForServices | None) -> CallError:
    scope = "" if terms is None or terms.scope is None else str(terms.scope)
    return CallError(Code.NOT_ALLOWED, say_lazy(code, scope=scope), scope=scope)
