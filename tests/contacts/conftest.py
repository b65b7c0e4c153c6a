"""What the tests of contacts, blocks and settings ask for: people at REST, and what each of them is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rest_framework.response import _MonkeyPatchedResponse as Answer
    from rest_framework.test import APIClient

    from invitations.models import User

JSON = dict[str, Any]
API = "/api/v1/"


@dataclass
class Person:
    """One user at REST."""

    user: User
    client: APIClient

    def get(self, path: str, **query: Any) -> Answer:
        return self.client.get(API + path, query)

    def patch(self, path: str, body: Any) -> Answer:
        return self.client.patch(API + path, body, format="json")

    def post(self, path: str, body: Any = None) -> Answer:
        return self.client.post(API + path, {} if body is None else body, format="json")

    def ask(self, other: str, message: str = "") -> Answer:
        return self.post("contacts", {"user": other, "message": message})

    def accept(self, other: str) -> Answer:
        return self.post(f"contacts/{other}/accept")

    def remove(self, other: str) -> Answer:
        return self.client.delete(f"{API}contacts/{other}")

    def block(self, other: str) -> Answer:
        return self.client.put(f"{API}blocks/{other}")

    def unblock(self, other: str) -> Answer:
        return self.client.delete(f"{API}blocks/{other}")

    def state_of(self, other: str) -> str | None:
        """How this person stands to another, as they see it."""
        answer = self.get(f"contacts/{other}")
        return answer.json()["state"] if answer.status_code == 200 else None

    def contacts(self, **query: Any) -> list[str]:
        return [each["user"]["id"] for each in self.get("contacts", **query).json()["results"]]

    def blocks(self) -> list[str]:
        return [each["user"]["id"] for each in self.get("blocks").json()["results"]]


At = Callable[["User"], Person]


@pytest.fixture
def at(api_as: Callable[[User], APIClient]) -> At:
    """A user at REST, in a browser."""
    return lambda user: Person(user, api_as(user))
