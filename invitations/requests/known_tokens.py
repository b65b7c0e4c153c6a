"""Tokens that this process has seen before: whose they are is remembered, so that a verb need not ask before it begins.

Never instead of asking. Whether such a token still is valid is read with the first thing that the verb asks the
database, and looked at before anything takes effect or is said: one that was revoked is refused at once, whichever
process revoked it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError
from django.utils import timezone
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from invitations.calls.transaction import proven_by
from invitations.requests.tokens import TOKENS, BearerAuthentication, Token, is_valid, renews, row_of
from invitations.store import people
from invitations.store.statements import Soon

MOST_KNOWN = 10_000
"""How many tokens are remembered, some 500 bytes each. The one that was learnt first is forgotten first."""


class Renamed(Exception):
    """The token is valid, but its user goes by another public id now: the request must begin anew."""


class KnownBearerAuthentication(BearerAuthentication):
    """The same, for views that run a verb within `proved`: a token that is known is not looked up before."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """The user and the token's row, with a `proof` if both are from memory.

        Raises:
            AuthenticationFailed: the token is unknown or expired, or its user is inactive.
        """
        known = _known.get(hash_token(token.decode("ascii", errors="replace")))
        # One that is due to be renewed goes the long way, which renews it.
        is_fixed = known is not None and bool(known.is_fixed)
        if known is not None and not renews(known.created, known.expiry, timezone.now(), is_fixed=is_fixed):
            row = row_of(known)
            # The statement asks for the field; a model may have a property instead.
            if row.user.is_active:
                row.proof = Proof(known)
                return row.user, row
        user, row = super().authenticate_credentials(token)
        # Without the field, there is nothing that the statement could ask for.
        if people.are_active():
            name = user.get_username()
            _remember(
                Token(row.digest, row.user_id, row.created, row.expiry, name, row.device_id, is_fixed=row.is_fixed)
            )
        return user, row


class Proof:
    """That a remembered token is still what it was.

    Args:
        known: what is remembered.
    """

    def __init__(self, known: Token) -> None:
        self._known = known
        self._asked: Soon[Token] | None = None
        self.is_checked = False

    def ask(self) -> None:
        """Ask the database, together with what is asked next."""
        self._asked = TOKENS.soon(digest=self._known.digest)

    def check(self) -> None:
        """Look at the answer.

        Raises:
            AuthenticationFailed: the token was revoked or has expired, or its user is inactive.
            Renamed: the user has another public id.
        """
        self.is_checked = True
        found = None if self._asked is None else self._asked.first()
        if not is_valid(found, timezone.now()):
            forget(self._known.digest)
            raise AuthenticationFailed
        if (found.user_id, found.username) != (self._known.user_id, self._known.username):
            forget(self._known.digest)
            raise Renamed


@contextmanager
def proved(auth: Any) -> Iterator[None]:
    """Around everything that a request does and says by a token.

    Args:
        auth: what the request was authenticated with. If it is not from memory, there is nothing to prove.

    Raises:
        AuthenticationFailed: the token is no longer valid. Nothing of the block took effect.
        Renamed: the request must be authenticated and done again. Nothing of the block took effect.
    """
    proof: Proof | None = getattr(auth, "proof", None)
    if proof is None:
        yield
        return
    with proven_by(proof):
        try:
            yield
        except DatabaseError:
            raise
        except Exception:
            _complete(proof)
            raise
        _complete(proof)


def forget(digest: str) -> None:
    """Know a token no longer."""
    with _changing:
        _known.pop(digest, None)


def _complete(proof: Proof) -> None:
    """Check a proof that no transaction asked for: the request was refused before."""
    if not proof.is_checked:
        proof.ask()
        proof.check()


def _remember(token: Token) -> None:
    with _changing:
        _known.pop(token.digest, None)
        if len(_known) >= MOST_KNOWN:
            del _known[next(iter(_known))]
        _known[token.digest] = token


_known: dict[str, Token] = {}
_changing = threading.Lock()
