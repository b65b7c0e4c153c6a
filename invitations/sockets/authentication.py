"""Who opens a live socket: a browser with its session, an app with its token, or anyone with a one-use ticket.

Checked again on every `sync`: a socket must not outlive the session or token that it was opened with."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.http import is_same_domain

from invitations import conf
from invitations.credentials import service_tokens, sessions
from invitations.credentials.carrying import successor_of
from invitations.credentials.service_tokens import Access, is_out_of_reach
from invitations.live.tickets import redeem_ticket
from invitations.models import ServiceScope, UserKey
from invitations.push import devices
from invitations.requests.tokens import life_of, token_of_digest, valid_token
from invitations.store import people
from invitations.store.sheets import TokenLife

Scope = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in user, and what proves it.

    Args:
        user_id: the user's key.
        username: the public id.
        session_key: the browser session, if that is the proof.
        token_digest: the digest of the token, if that is the proof.
        token_life: that of this token, as last read.
        service: the service that acts for the user, if its token is the proof.
    """

    user_id: UserKey
    username: str
    session_key: str | None = None
    token_digest: str | None = None
    token_life: TokenLife | None = None
    service: Access | None = None

    @property
    def credential(self) -> str:
        """How the session, token or service is remembered beside the devices that come with it."""
        if self.service is not None:
            return self.service.device_id
        return devices.credential_of(session_key=self.session_key, token_digest=self.token_digest)

    @property
    def titles(self) -> bool:
        """Whether the service may give rings a title of its own."""
        return self.service is not None and self.service.may(ServiceScope.TITLES)


def identify(scope: Scope) -> Identity | None:
    """The user who opens a socket; None if nobody is signed in. Reads the database.

    Args:
        scope: the ASGI connection.
    """
    ticket = _ticket(scope)
    if ticket is not None:
        redeemed = redeem_ticket(ticket)
        if redeemed is None:
            return None
        if redeemed.service_digest is not None:
            return _of_service(redeemed.user_id, redeemed.service_digest)
        return _of_session(redeemed.session_key) or _of_digest(redeemed.token_digest)
    token = bearer_token(scope)
    if token is not None:
        return _of_token(valid_token(token, timezone.now()))
    return _of_session(_session_key(scope))


def renewed(identity: Identity) -> Identity | None:
    """The same user with the public id of now; None if the socket's session or token has ended. Reads the database.

    A session may have another key by now.
    """
    if identity.service is not None:
        return _of_service(identity.user_id, identity.service.digest)
    key = identity.session_key
    again = _of_session(key) or _of_session(key and successor_of(key)) or _of_digest(identity.token_digest)
    return again if again is not None and again.user_id == identity.user_id else None


def origin_allowed(scope: Scope) -> bool:
    """Whether this page may open a socket (RFC 6455 section 10.2).

    The full origin, with scheme and port, must be the server's own or a trusted one. Apps send no origin, or that of
    the shell that they run in, which the settings name: they need a token or a ticket, and no foreign page has either.
    """
    origin = header(scope, b"origin")
    if origin is None or origin in conf.limits().origins:
        return _ticket(scope) is not None or bearer_token(scope) is not None or _session_key(scope) is None
    if _trusted(origin):
        return True
    host = header(scope, b"host") or ""
    allowed = settings.ALLOWED_HOSTS or (["localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, allowed):
        return False
    return origin == f"{_scheme(scope)}://{host}"


def bearer_token(scope: Scope) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750)."""
    value = header(scope, b"authorization")
    if value is None or not value.lower().startswith("bearer "):
        return None
    return value[7:].strip()


def header(scope: Scope, name: bytes) -> str | None:
    """A request header, given its lower-case name."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def _of_session(session_key: str | None) -> Identity | None:
    if not session_key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not user.is_authenticated or not user.is_active:
        return None
    # A page that stays open for weeks asks for nothing else.
    sessions.used(request.session, timezone.now())
    return Identity(user.pk, user.get_username(), session_key=session_key)


def _of_digest(digest: str | None) -> Identity | None:
    return None if digest is None else _of_token(token_of_digest(digest, timezone.now()))


def _of_token(row: Any | None) -> Identity | None:
    if row is None:
        return None
    username = row.user.get_username()
    return Identity(row.user_id, username, token_digest=row.digest, token_life=life_of(row))


def _of_service(user_id: UserKey, digest: str) -> Identity | None:
    """A user for whom a service acts; None if its token has ended, it lacks the scope by now, or it may act for them no
    more."""
    access = service_tokens.known_by_digest(digest, timezone.now())
    if access is None or not access.may(ServiceScope.CALLS):
        return None
    user = get_user_model()._base_manager.filter(people.are_active(), pk=user_id).first()
    if user is None or not user.is_active or is_out_of_reach(user):
        return None
    return Identity(user.pk, user.get_username(), service=access)


def _session_key(scope: Scope) -> str | None:
    # Parsed as Django does it: a malformed cookie from elsewhere must not hide ours.
    return parse_cookie(header(scope, b"cookie") or "").get(settings.SESSION_COOKIE_NAME)


def _ticket(scope: Scope) -> str | None:
    found = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("ticket")
    return found[0] if found else None


def _trusted(origin: str) -> bool:
    """Whether a full origin matches CSRF_TRUSTED_ORIGINS, including entries such as `https://*.example.com`."""
    scheme, _, host = origin.partition("://")
    for each in settings.CSRF_TRUSTED_ORIGINS:
        trusted_scheme, _, trusted_host = each.partition("://")
        if scheme == trusted_scheme and is_same_domain(host, trusted_host.removeprefix("*")):
            return True
    return False


def _scheme(scope: Scope) -> str:
    """The scheme of the page that the socket belongs to."""
    proxy: tuple[str, str] | None = getattr(settings, "SECURE_PROXY_SSL_HEADER", None)
    if proxy is not None:
        name, secure = proxy
        said = header(scope, name.removeprefix("HTTP_").replace("_", "-").lower().encode()) or ""
        # With several proxies, the first value is from the one that the browser spoke to.
        first = said.partition(",")[0].strip()
        # Some proxies name the scheme of the socket, not that of the page.
        return "https" if first == secure or (first, secure) == ("wss", "https") else "http"
    return "https" if scope.get("scheme") in {"wss", "https"} else "http"
