"""Somebody whose account gets another id while their page is open."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.support.server import RunningServer

RENAME = """
from invitations.models import User
user = User.objects.get(username={before!r})
user.username = {after!r}
user.save()
"""


def _rename(server: RunningServer, before: str, after: str) -> None:
    server.manage("shell", "--no-imports", "--command", RENAME.format(before=before, after=after))


def test_their_open_page_rings_on_under_the_new_name(server: RunningServer, person: Callable[..., Person]) -> None:
    alice, dave = person("alice"), person("dave")
    _rename(server, "dave", "david")
    try:
        alice.page.reload()
        alice.call("Dave", "Audio")
        dave.rings("Alice")
        dave.until("globalThis.callinvite.service.state.user.id === 'david'")
        dave.reject()
        alice.hears("Declined")
        expect(dave.ring).to_be_hidden()
    finally:
        _rename(server, "david", "dave")
