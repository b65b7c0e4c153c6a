"""What REST's own tests ask for: a client that speaks JSON, apps with tokens, and a call under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

if TYPE_CHECKING:
    from rest_framework.response import _MonkeyPatchedResponse as Answer
    from rest_framework.test import APIClient

    from invitations.models import User

JSON = dict[str, Any]
API = "/api/v1/"


@dataclass
class Rest:
    """One client, with addresses below the API and bodies in JSON."""

    client: APIClient

    def get(self, path: str, **query: Any) -> Answer:
        return self.client.get(API + path, query)

    def post(self, path: str, body: Any = None, **headers: Any) -> Answer:
        return self.client.post(API + path, {} if body is None else body, format="json", **headers)

    def put(self, path: str, body: Any) -> Answer:
        return self.client.put(API + path, body, format="json")

    def patch(self, path: str, body: Any) -> Answer:
        return self.client.patch(API + path, body, format="json")

    def delete(self, path: str) -> Answer:
        return self.client.delete(API + path)

    def send(self, *invitees: str, **fields: Any) -> Answer:
        return self.post("calls", {"invitees": list(invitees), "is_video_call": True, **fields})

    def verb(self, call_id: str, verb: str, **fields: Any) -> Answer:
        return self.post(f"calls/{call_id}/{verb}", fields)


RestOf = Callable[..., Rest]
"""REST as a user."""


@pytest.fixture
def rest(api_as: Callable[[User], APIClient]) -> RestOf:
    """REST as one user in a browser."""
    return lambda user: Rest(api_as(user))


@pytest.fixture
def nobody(anonymous_api: APIClient) -> Rest:
    """REST without an account."""
    return Rest(anonymous_api)


@pytest.fixture
def app_of() -> RestOf:
    """REST as an app of one user, with a token."""
    from rest_framework.test import APIClient

    from invitations.credentials.app_tokens import issue_token

    def sign_in(user: User, device_name: str = "") -> Rest:
        token, _ = issue_token(user, device_name, timezone.now())
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return Rest(client)

    return sign_in


def problem_of(response: Answer) -> tuple[int, str]:
    """Status and code, of an answer that is a whole problem document."""
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert body["status"] == response.status_code
    assert set(body) >= {"type", "title", "status", "code", "detail"}
    assert body["type"].endswith(f"/problems/{body['code']}")
    return response.status_code, body["code"]
