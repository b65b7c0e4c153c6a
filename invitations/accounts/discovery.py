"""What a provider says about itself (OpenID Connect Discovery 1.0), and its keys. Remembered for a few minutes in each
process, never in a cache that others could write to: who holds the keys decides who signs in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from invitations.accounts.id_tokens import DEFAULT_ALGORITHM
from invitations.accounts.provider_requests import ProviderSession, Refusal, object_of

WELL_KNOWN = "/.well-known/openid-configuration"
REMEMBERED_SECONDS = 300.0
KEYS_AGAIN_SECONDS = 10.0
"""How soon keys are asked for again because a token names one that is not known: tokens of strangers must not make the
server ask without end."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Description:
    """What a provider says about itself.

    Args:
        issuer: its name in ID tokens.
        authorization_endpoint: where people sign in.
        token_endpoint: where a code is exchanged.
        jwks_uri: where its keys are.
        userinfo_endpoint: where further claims are; empty if nowhere.
        end_session_endpoint: where people sign out; empty if nowhere.
        algorithms: what it signs with.
        wants_basic_auth: whether the client's secret goes into a header, not into the body.
        names_itself: whether its answers to browsers name it (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    algorithms: tuple[str, ...]
    wants_basic_auth: bool
    names_itself: bool


class _Known(NamedTuple):
    said: dict[str, Any]
    at: float


_known: dict[str, _Known] = {}
_writing = Lock()


def describe(issuer: str) -> Description:
    """What a provider says about itself.

    Args:
        issuer: its address as the operator set it, with or without a slash at the end or the well-known path.

    Raises:
        Refusal: it does not answer, or names itself otherwise, or sends people to addresses that are not safe.
    """
    issuer = issuer.partition("/.well-known/")[0].rstrip("/")
    said = _fetched(f"{issuer}{WELL_KNOWN}", REMEMBERED_SECONDS)
    named = said.get("issuer")
    if not isinstance(named, str) or named.rstrip("/") != issuer:
        raise Refusal("issuer")
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Description(
        issuer=named,
        authorization_endpoint=_endpoint(said, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(said, "token_endpoint", issuer),
        jwks_uri=_endpoint(said, "jwks_uri", issuer),
        userinfo_endpoint=_endpoint(said, "userinfo_endpoint", issuer, is_needed=False),
        end_session_endpoint=_endpoint(said, "end_session_endpoint", issuer, is_needed=False),
        algorithms=tuple(_words(said.get("id_token_signing_alg_values_supported")) or (DEFAULT_ALGORITHM,)),
        wants_basic_auth="client_secret_post" not in _words(methods),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def keys_of(described: Description, is_again: bool = False) -> dict[str, Any]:
    """A provider's keys, as a JSON Web Key Set.

    Args:
        described: what the provider says about itself.
        is_again: the keys that are known lack one that a token names.

    Raises:
        Refusal: it does not answer.
    """
    return _fetched(described.jwks_uri, KEYS_AGAIN_SECONDS if is_again else REMEMBERED_SECONDS)


def is_safe(address: str) -> bool:
    """Whether an address may be asked, or people be sent there: https, or this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


def forget() -> None:
    """Ask every provider anew, as after a start."""
    with _writing:
        _known.clear()


def _fetched(address: str, seconds: float) -> dict[str, Any]:
    known = _known.get(address)
    if known and monotonic() - known.at < seconds:
        return known.said
    if not is_safe(address):
        raise Refusal("unsafe_address")
    with ProviderSession() as session:
        said = object_of(_got(session, address))
    with _writing:
        _known[address] = _Known(said, monotonic())
    return said


def _got(session: ProviderSession, address: str) -> requests.Response:
    return session.get(address, headers={"Accept": "application/json"})


def _endpoint(said: dict[str, Any], name: str, issuer: str, *, is_needed: bool = True) -> str:
    address = said.get(name)
    if not address and not is_needed:
        return ""
    is_plain = not issuer.startswith("https:")
    if not isinstance(address, str) or not is_safe(address) or (address.startswith("http:") and not is_plain):
        raise Refusal("unsafe_address")
    return address


def _words(value: Any) -> Iterable[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
