"""`manage.py make_service` and `revoke_service_token`."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from invitations.credentials import service_tokens
from invitations.models import Service, ServiceToken

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    """What the command prints."""
    printed = StringIO()
    call_command(*arguments, stdout=printed, stderr=StringIO())
    return printed.getvalue().strip()


def scopes_of(token: str) -> tuple[str, ...] | None:
    found = service_tokens.known(token, timezone.now())
    return None if found is None else found.scopes


def test_a_token_is_printed_and_kept_nowhere(lines: list[str]) -> None:
    token = run("make_service", "clinic", "--scope", "users", "--scope", "calls:read")
    assert re.fullmatch(r"svc_[A-Za-z0-9_-]{43}", token)
    assert scopes_of(token) == ("users", "calls:read")
    row = ServiceToken.objects.get()
    assert row.hint == token[:10]
    assert token[10:] not in "".join(map(str, ServiceToken.objects.values_list().get()))
    assert timedelta(days=364) < row.expires_at - timezone.now() < timedelta(days=366)
    assert lines == [f"INFO service-token-made of=clinic token={token[:10]}"]


def test_again_it_makes_another_token_and_adds_scopes() -> None:
    first = run("make_service", "clinic", "--scope", "users")
    second = run("make_service", "clinic", "--scope", "calls", "--days", "7")
    assert scopes_of(first) == scopes_of(second) == ("users", "calls")
    assert Service.objects.count() == 1


def test_tokens_end_the_oldest_first() -> None:
    tokens = [run("make_service", "clinic", "--scope", "users") for _ in range(3)]
    assert "2 tokens left" in run("revoke_service_token", "clinic")
    assert [scopes_of(each) is not None for each in tokens] == [False, True, True]
    run("revoke_service_token", "clinic", "--all")
    assert not any(map(scopes_of, tokens))
    with pytest.raises(CommandError, match="No token of clinic works"):
        run("revoke_service_token", "clinic")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("make_service", "clinic", "--scope", "everything"), "invalid choice"),
        (("make_service", "two\nlines", "--scope", "users"), "letters, digits, spaces"),
        (("make_service", "clinic"), "at least one scope"),
        (("make_service", "clinic", "--scope", "users", "--days", "0"), "between 1 and 3650"),
        (("revoke_service_token", "clinic"), "no service clinic"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*arguments)
    assert not Service.objects.exists()
