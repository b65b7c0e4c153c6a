"""Keys and names of any user model, where other things are named after them."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from invitations.calls.sending import generated_call_id
from invitations.live.publishing import group_of
from invitations.models import key_as_word
from invitations.shapes.parts import CALL_ID

UUID_KEY = uuid.UUID("0b8f7f5e-56c1-4e59-8c2c-6f8a2d3f6a11")
NOW = datetime(2030, 5, 17, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.mark.parametrize(("key", "word"), [(7, "7"), (UUID_KEY, str(UUID_KEY)), ("staff_7-b", "staff_7-b")])
def test_a_key_that_is_a_word_stays_as_it_is(key: Any, word: str) -> None:
    assert key_as_word(key) == word


@pytest.mark.parametrize("key", ["", "a.b", "ann@example.org", "Zoë", "two words", "line\n", "x" * 65, "."])
def test_any_other_key_becomes_a_digest_that_no_word_can_be(key: str) -> None:
    assert re.fullmatch(r"\.[0-9a-f]{64}", key_as_word(key))
    assert key_as_word(key) != key_as_word(f"{key}!")


@pytest.mark.parametrize("key", [7, UUID_KEY, "ann@example.org", "Zoë", "x" * 300])
def test_a_users_group_has_a_name_that_channel_layers_take(key: Any) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,99}", group_of(key))


@pytest.mark.parametrize(
    ("username", "name"),
    [
        ("alice", "alice"),
        ("ann+calls@example.org", "ann~calls@example.org"),
        ("Zoë O'Hara", "Zo~~O~Hara"),
        ("a/b\n", "a~b~"),
        ("x" * 300, "x" * 109),
    ],
)
def test_a_call_of_anybody_gets_an_id_that_calls_may_have(username: str, name: str) -> None:
    call_id = generated_call_id(username, NOW)
    assert call_id == f"call_{name}_1905251415123"
    assert re.fullmatch(CALL_ID, call_id)
