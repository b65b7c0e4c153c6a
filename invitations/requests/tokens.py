"""Who asks: an app by its token, or a browser by its session. Without either, the answer is 401.

Tokens are stored as digests, expire, and belong to one device each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeGuard

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from rest_framework.authentication import CSRFCheck, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from invitations import conf
from invitations.credentials import app_tokens
from invitations.models import AppToken, ServiceScope, UserKey
from invitations.push import devices
from invitations.requests.clients import address_of, service_of
from invitations.requests.problems import CsrfFailed
from invitations.requests.service_access import is_service_itself
from invitations.store import people
from invitations.store.sheets import Actor, TokenLife
from invitations.store.statements import Bind, Prepared, maker


class Token(NamedTuple):
    """A known token and the active user it belongs to."""

    digest: str
    user_id: Any
    created: datetime
    expiry: datetime | None
    username: str
    device_id: str | None
    is_fixed: bool | None = None


_TOKENS = get_token_model().objects.filter(people.are_active("user__"), digest=Bind("digest")).order_by()
_KNOWN = AppToken.objects.filter(digest=OuterRef("digest"))
_DEVICE, _FIXED = (Subquery(_KNOWN.values(name)[:1]) for name in ("device_id", "is_fixed"))
TOKENS = Prepared(
    _TOKENS.values_list("digest", "user_id", "created", "expiry", f"user__{people.USERNAME}", _DEVICE, _FIXED),
    Token._make,
)

# Rows with only these fields loaded; the rest is read on access. Every request of an app comes through here, and a
# queryset would take ten times as long.
_token = maker(get_token_model(), ["digest", "user_id", "created", "expiry"])
_user = maker(get_user_model(), [get_user_model()._meta.pk.attname, people.USERNAME, "is_active"])

RENEWED_AFTER = timedelta(hours=1)
"""How much of a token's life must have passed before using it prolongs it, so that not every request writes."""


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`, as issued by `credentials.app_tokens`. Ignores a project's REST_KNOX."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """The user and the token's row, in one query.

        Raises:
            AuthenticationFailed: the token is unknown or expired, or its user is inactive.
        """
        now = timezone.now()
        found = valid_token(token.decode("ascii", errors="replace"), now)
        if found is None:
            raise AuthenticationFailed
        _renew(found, now)
        return found.user, found


class BrowserAuthentication(SessionAuthentication):
    """Django's session cookie, plus the page's CSRF token for everything except reading."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The user of the session; nobody for a page of another origin, which needs a token."""
        if request.headers.get("Origin") in conf.limits().origins and _is_foreign(request):
            return None
        return super().authenticate(request)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def enforce_csrf(self, request: Request) -> None:
        """Refuse what another site may have sent.

        Raises:
            CsrfFailed: the token is missing or wrong.
        """
        if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"}:
            return
        _csrf_check.process_request(request)
        if _csrf_check.process_view(request, _unanswered, (), {}):
            raise CsrfFailed


def valid_token(token: str, now: datetime) -> Any | None:
    """The token's row with its user; None if the token is unknown or expired, or its user is inactive.

    Args:
        token: as the client sent it.
        now: tokens that expired before this moment do not count.
    """
    # Looked up by its digest, the key: how long a miss takes reveals nothing about a token.
    return token_of_digest(hash_token(token), now)


def token_of_digest(digest: str, now: datetime) -> Any | None:
    """Like `valid_token`, for a token seen before and remembered by its digest."""
    found = TOKENS.first(digest=digest)
    if not is_valid(found, now):
        return None
    row = row_of(found)
    # The query asked for the field; a model without one may have a property instead.
    return row if row.user.is_active else None


def is_valid(found: Token | None, now: datetime) -> TypeGuard[Token]:
    """Whether there is such a token, and it has not expired by now."""
    return found is not None and app_tokens.ends_at(found.created, found.expiry) > now


def row_of(found: Token) -> Any:
    """A token's row with its user, both loaded in part."""
    row = _token(found[:4])
    # Tokens that an older version made stand for a device of their own.
    row.device_id = found.device_id or devices.credential_of(token_digest=found.digest)
    row.user = _user((found.user_id, found.username, True))
    row.is_fixed = bool(found.is_fixed)
    return row


def authenticated(request: HttpRequest, username: str, password: str) -> AbstractBaseUser | None:
    """The active user with this name and password. Takes the same time whether the name or the password is wrong."""
    return authenticate(request, **{get_user_model().USERNAME_FIELD: username, "password": password})


def csrf_header() -> str:
    """The request header that `BrowserAuthentication` expects the page's CSRF token in."""
    return settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")


def asker_id(request: Request) -> UserKey:
    """The key of the user who asks. Behind `IsAuthenticated` there always is one."""
    return request.user.pk


def credentials_of(request: Request) -> dict[str, str | None]:
    """The session key or the token digest that a request was authenticated with; neither if a service makes it."""
    token: Any = request.auth
    if service_of(request) is not None:
        return {"session_key": None, "token_digest": None}
    if token is not None:
        return {"session_key": None, "token_digest": token.digest}
    return {"session_key": request._request.session.session_key, "token_digest": None}


def actor_of(request: Request) -> Actor:
    """The user who asks, on the device that the session or token stands for, or the service that acts for them; or a
    service by itself, which may do what admins may where it is let in."""
    token: Any = request.auth
    service = service_of(request)
    return Actor(
        user_id=asker_id(request),
        username=request.user.get_username(),
        device_id=credential_of(request) if token is None else token.device_id,
        token_life=life_of(token),
        device_label=None if service is None else service.name,
        service=None if service is None else service.name,
        titles=service is not None and service.may(ServiceScope.TITLES),
        is_admin=is_service_itself(request),
        address=address_of(request._request),
    )


def life_of(auth: Any) -> TokenLife | None:
    """The life of the token of a request or a socket: since it was made, or since use prolonged it.

    Args:
        auth: what somebody was authenticated with. None, and what is no app's token, has no such life.
    """
    if not isinstance(auth, get_token_model()):
        return None
    ends_at = app_tokens.ends_at(auth.created, auth.expiry)
    if auth.is_fixed:
        return TokenLife(auth.created, ends_at)
    longest = timedelta(seconds=conf.limits().token_seconds)
    return TokenLife(max(auth.created, ends_at - longest), ends_at)


def credential_of(request: Request) -> str:
    """How the session, token or service of a request is remembered beside the devices and addresses that come with
    it."""
    service = service_of(request)
    if service is not None:
        return service.device_id
    return devices.credential_of(**credentials_of(request))


def renews(created: datetime, expiry: datetime | None, now: datetime, *, is_fixed: bool) -> bool:
    """Whether using a token that was made at `created` and ends at `expiry`, if ever, prolongs it now."""
    return not is_fixed and expiry is not None and app_tokens.expiry(created, now) - expiry > RENEWED_AFTER


def _is_foreign(request: Request) -> bool:
    """Whether a request says that it comes from another origin than it goes to."""
    return request.headers["Origin"] != f"{request.scheme}://{request.get_host()}"


def _renew(row: Any, now: datetime) -> None:
    """Prolong a token that is in use."""
    if renews(row.created, row.expiry, now, is_fixed=row.is_fixed):
        app_tokens.used(row, now)


def _unanswered(request: HttpRequest) -> HttpResponse:
    """Stands in for the view behind the CSRF check, and is never called."""
    return HttpResponse()


_csrf_check = CSRFCheck(_unanswered)
