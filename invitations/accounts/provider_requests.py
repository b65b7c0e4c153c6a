"""HTTP requests to an identity provider. Follows no redirect, never takes long, and reads only so much of an answer: a
provider that is slow, broken or taken over must not hold threads, nor lead the server to other addresses."""

from __future__ import annotations

import ssl
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

import requests
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from requests.adapters import HTTPAdapter

CONNECT_SECONDS = 3.0
SILENT_SECONDS = 4.0
"""How long an answer may pause."""
ANSWER_SECONDS = 8.0
"""How long an answer may take in all."""
MAX_ANSWER_BYTES = 512 * 1024
"""A set of keys with certificates, or the claims of somebody in thousands of groups."""
AT_ONCE = 2
"""How many sign-ins one process asks providers about at a time."""
_PIECE_BYTES = 16 * 1024

room = BoundedSemaphore(AT_ONCE)
"""Taken while providers are asked. Without it, a provider that does not answer would take all threads."""


class Refusal(OAuth2Error):
    """A sign-in that cannot be believed, or cannot be completed.

    Args:
        why: a code, which the audit log shows.
        is_away: whether the provider did not answer, so that the same may work later.
    """

    def __init__(self, why: str, *, is_away: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_away = is_away


class ProviderSession(requests.Session):
    """A session of requests with our bounds. Trusts the authorities of this machine or of SSL_CERT_FILE."""

    def __init__(self) -> None:
        super().__init__()
        self.mount("https://", _TrustingAdapter())

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request and read the answer.

        Raises:
            Refusal: there was no answer in time, or one that redirects or is too long.
        """
        kwargs |= {"timeout": (CONNECT_SECONDS, SILENT_SECONDS), "allow_redirects": False, "stream": True}
        ends_at = monotonic() + ANSWER_SECONDS
        try:
            answer = super().request(method, url, *args, **kwargs)
            with answer:
                answer._content = _body(answer, ends_at)
        except requests.RequestException:
            # `from None`: its message may contain the URL, and so a code.
            raise Refusal("no_answer", is_away=True) from None
        if answer.is_redirect:
            raise Refusal("redirected")
        if answer.status_code >= 500 or answer.status_code == requests.codes.too_many:
            raise Refusal("no_answer", is_away=True)
        return answer


def object_of(answer: requests.Response) -> dict[str, Any]:
    """The JSON object that a provider answered.

    Raises:
        Refusal: it answered something else.
    """
    try:
        answer.raise_for_status()
        found = answer.json()
    except requests.RequestException:
        raise Refusal("bad_answer") from None
    if not isinstance(found, dict):
        raise Refusal("bad_answer")
    return found


def _body(answer: requests.Response, ends_at: float) -> bytes:
    body = b""
    for piece in answer.iter_content(_PIECE_BYTES):
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise Refusal("too_long")
        if monotonic() > ends_at:
            raise Refusal("no_answer", is_away=True)
    return body


class _TrustingAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs | {"ssl_context": ssl.create_default_context()})
