"""Hooks in Django admin: what is wrong is said on the first page, and put right from the list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from invitations.calls import CallSheet
from invitations.hooks import registering, switching
from invitations.models import Hook, HookKind, HookMessage, HookOff, Service, User
from tests.admin.test_services import desk  # noqa: F401
from tests.hooks.conftest import lose_key

LIST, LOG = "/admin/invitations/hook/", "/admin/invitations/hookmessage/"
URL = "https://clinic.example.org/secret-path"


@pytest.fixture
def hook(db: None, now: datetime) -> Hook:
    service = Service.objects.create(name="clinic", scopes=["hooks"], created_at=now)
    return registering.add(service.pk, URL, HookKind.EVENTS, [], now=now).hook


def act(desk: Client, where: str, action: str, pk: int) -> str:  # noqa: F811
    return desk.post(where, {"action": action, "_selected_action": [pk]}, follow=True).content.decode()


def test_a_hook_that_switched_itself_off_is_on_the_first_page_until_it_is_on_again(
    desk: Client,  # noqa: F811
    hook: Hook,
    now: datetime,
    lines: list[str],
) -> None:
    notice = f"{hook.hook_id} of clinic is switched off: nothing reached it for three days"
    assert notice not in desk.get("/admin/").content.decode()
    switching.switch_off(hook.pk, HookOff.FAILING, now=now)
    assert notice in desk.get("/admin/").content.decode()
    act(desk, LIST, "switch_on", hook.pk)
    assert Hook.objects.get().is_active
    assert notice not in desk.get("/admin/").content.decode()
    assert any("hook-switched-on of=clinic" in each for each in lines)


def test_a_hook_whose_secret_cannot_be_read_is_on_the_first_page_until_it_is_rotated(
    desk: Client,  # noqa: F811
    hook: Hook,
    now: datetime,
) -> None:
    lose_key(hook)
    switching.note_failure(hook.pk, now=now)
    notice = f"Nothing reaches {hook.hook_id} of clinic: its secret can&#x27;t be read"
    assert notice in desk.get("/admin/").content.decode()
    assert "the hook&#x27;s secret can&#x27;t be read; rotate it" in desk.get(LIST).content.decode()
    registering.rotate(hook.service_id, hook.hook_id, now=now)
    assert notice not in desk.get("/admin/").content.decode()


def test_what_was_given_up_is_replayed_from_the_log(desk: Client, hook: Hook, now: datetime) -> None:  # noqa: F811
    assert "A test is on its way to 1 hook." in act(desk, LIST, "try_out", hook.pk)
    HookMessage.objects.update(status=500, code="refused", attempts=1)
    log = f"{LOG}?hook__id__exact={hook.pk}"
    assert all(log in desk.get(page).content.decode() for page in (LIST, f"{LIST}{hook.pk}/change/"))
    assert "500 · refused: not a status of 200 to 299" in desk.get(log).content.decode()
    assert "is switched off. What it was owed is given up." in act(desk, LIST, "switch_off", hook.pk)
    [message] = HookMessage.objects.all()
    assert (
        "500 · refused: not a status of 200 to 299 · hook_off: the hook was switched off"
        in desk.get(f"{LOG}{message.pk}/change/").content.decode()
    )
    message = HookMessage.objects.get()
    assert (message.state, message.code, Hook.objects.get().disabled_reason) == ("given_up", "hook_off", "by_admin")
    assert "switched off" in act(desk, LOG, "replay", message.pk)
    act(desk, LIST, "switch_on", hook.pk)
    assert "1 message is sent once more." in act(desk, LOG, "replay", message.pk)
    message.refresh_from_db()
    assert (message.state, message.status, message.code, message.failed_by) == ("pending", None, "", "")


def test_the_log_names_the_calls_and_no_page_says_none(
    desk: Client,  # noqa: F811
    hook: Hook,
    alice: User,
    bob: User,
    ring: Callable[..., CallSheet],
    now: datetime,
) -> None:
    sheet = ring(alice, bob)
    act(desk, LIST, "try_out", hook.pk)
    test, sent = HookMessage.objects.order_by("-pk")
    assert sheet.call.call_id in desk.get(LOG).content.decode()
    assert sheet.call.call_id in desk.get(f"{LOG}{sent.pk}/change/").content.decode()
    assert [row.pk for row in desk.get(LOG, {"q": sheet.call.call_id}).context["cl"].result_list] == [sent.pk]
    switching.switch_off(hook.pk, HookOff.BY_ADMIN, now=now)
    for page in (LIST, LOG, f"{LIST}{hook.pk}/change/", f"{LOG}{test.pk}/change/"):
        assert ">None<" not in desk.get(page).content.decode(), page


def test_no_page_shows_a_secret_or_the_path_of_an_address(desk: Client, hook: Hook) -> None:  # noqa: F811
    act(desk, LIST, "try_out", hook.pk)
    message = HookMessage.objects.get()
    for page in (LIST, LOG, f"{LIST}{hook.pk}/change/", f"{LOG}{message.pk}/change/"):
        shown = desk.get(page).content.decode()
        assert hook.hook_id in shown
        assert not any(each in shown for each in ("secret-path", hook.secret, message.body))
    assert "clinic.example.org" in desk.get(LIST).content.decode()


def test_staff_who_are_no_superusers_see_no_hooks(alice: User, hook: Hook) -> None:
    alice.is_staff = True
    alice.save()
    client = Client()
    client.force_login(alice)
    assert client.get(LIST).status_code == client.get(LOG).status_code == 403
