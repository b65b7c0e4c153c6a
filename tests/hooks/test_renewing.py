"""`manage.py renew_hook_secrets`, between a change of SECRET_KEY and the end of the former one."""

from __future__ import annotations

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from invitations.dispatcher.hook_post import HookPost
from invitations.hooks import registering
from invitations.models import Hook, User
from tests.hooks.conftest import lose_key, send
from tests.support.hook_receiver import HookReceiver

pytestmark = pytest.mark.django_db(transaction=True)


def test_both_secrets_still_sign_when_the_former_key_has_gone(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, now: datetime, settings: Settings
) -> None:
    receiver.secret = registering.rotate(hook.service_id, hook.hook_id, now=now).secret
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-server-0123456789"
    printed = StringIO()
    call_command("renew_hook_secrets", stdout=printed)
    assert printed.getvalue() == "The secrets of 1 hook are stored by the present key.\n"
    settings.SECRET_KEY_FALLBACKS = []
    send(alice, bob, now=now)
    post.wake()
    [arrived] = receiver.wait_for(1)
    assert len(arrived.headers["webhook-signature"].split()) == 2
    assert receiver.forged == []


def test_hooks_whose_secrets_are_lost_are_named(hook: Hook) -> None:
    lose_key(hook)
    with pytest.raises(CommandError, match=f"must be rotated: {hook.hook_id}"):
        call_command("renew_hook_secrets", stdout=StringIO())
