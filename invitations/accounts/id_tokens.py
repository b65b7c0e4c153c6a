"""Whether an ID token says the truth about who signed in (OpenID Connect Core 1.0, section 3.1.3.7).

Knows tokens and keys, but neither requests nor accounts."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any

import jwt

from invitations.accounts.provider_requests import Refusal

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures with a key that only the provider has. `none` and those with a shared secret are never believed."""
DEFAULT_ALGORITHM = "RS256"
"""What a provider signs with that does not say."""
CLOCK_SECONDS = 30
"""How far the provider's clock and ours may be apart."""
MAX_TOKEN_CHARS = 64 * 1024
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}

Keys = Callable[[bool], dict[str, Any]]
"""Gives the provider's keys as a JSON Web Key Set; called with True if those that are known lack the right one."""


def claims_of(
    token: Any,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    algorithms: Iterable[str],
    keys: Keys,
) -> dict[str, Any]:
    """What a token says, once all of it is checked.

    Args:
        token: the ID token as it came.
        issuer: who must have issued it.
        client_id: whom it must be for.
        nonce: what we sent with the question that it answers.
        access_token: what came with it; compared with `at_hash` where the token has one.
        algorithms: what the provider says that it signs with.
        keys: gives the provider's keys.

    Raises:
        Refusal: anything about it is wrong.
    """
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise Refusal("no_id_token")
    try:
        header = jwt.get_unverified_header(token)
        allowed = sorted(ALGORITHMS & set(algorithms))
        if header["alg"] not in allowed:
            raise Refusal("algorithm")
        claims: dict[str, Any] = jwt.decode(
            token,
            key=_key(header, keys),
            algorithms=allowed,
            issuer=issuer,
            audience=client_id,
            leeway=CLOCK_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise Refusal(_WHY.get(type(error), "id_token")) from None
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise Refusal("id_token")
    _check_party(claims, client_id)
    if not nonce or not _is_same(claims.get("nonce"), nonce):
        raise Refusal("nonce")
    if "at_hash" in claims and not _is_same(claims["at_hash"], _half_hash(access_token, header["alg"])):
        raise Refusal("at_hash")
    return claims


_WHY: dict[type[Exception], str] = {
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidAudienceError: "audience",
    jwt.ExpiredSignatureError: "expired",
    jwt.ImmatureSignatureError: "not_yet_valid",
    jwt.InvalidSignatureError: "signature",
    jwt.InvalidAlgorithmError: "algorithm",
}


def _key(header: dict[str, Any], keys: Keys) -> jwt.PyJWK:
    """The key that a token names; the only one that fits if it names none. Providers change their keys, so that one
    which is not known yet is asked for once more."""
    for is_again in (False, True):
        known = keys(is_again).get("keys")
        found = [each for each in known if _fits(each, header)] if isinstance(known, list) else []
        if len(found) == 1:
            return jwt.PyJWK.from_dict(found[0], algorithm=header["alg"])
    raise Refusal("unknown_key")


def _fits(key: Any, header: dict[str, Any]) -> bool:
    return (
        isinstance(key, dict)
        and key.get("use", "sig") == "sig"
        and key.get("alg", header["alg"]) == header["alg"]
        and key.get("kty") == _KINDS[header["alg"][:2]]
        and ("kid" not in header or key.get("kid") == header["kid"])
    )


_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    """A token for several must name us as the one that it was issued to."""
    audience = claims["aud"]
    party = claims.get("azp", client_id if isinstance(audience, str) or len(audience) == 1 else None)
    if party != client_id:
        raise Refusal("audience")


def _half_hash(access_token: str, algorithm: str) -> str:
    """The left half of the hash of an access token, in base64url (section 3.1.3.6)."""
    digest = _HASHES.get(algorithm[-3:], hashlib.sha512)(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _is_same(said: Any, expected: str) -> bool:
    return isinstance(said, str) and hmac.compare_digest(said.encode(), expected.encode())
