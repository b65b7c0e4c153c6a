"""Services in Django admin: for superusers, who see each token once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from invitations.credentials import service_tokens
from invitations.models import Service

if TYPE_CHECKING:
    from invitations.models import User

LIST = "/admin/invitations/service/"


@pytest.fixture
def desk(make_user: Callable[..., User]) -> Client:
    """A superuser's browser."""
    user = make_user("root")
    user.is_staff = user.is_superuser = True
    user.save()
    client = Client()
    client.force_login(user)
    return client


def shown_token(desk: Client, page: str) -> str:
    found = re.search(r"svc_[A-Za-z0-9_-]{43}", page)
    assert found
    assert found[0] not in desk.get(LIST).content.decode()
    return found[0]


def test_a_service_is_made_with_a_token_that_is_shown_once(desk: Client, lines: list[str]) -> None:
    form = {"name": "clinic", "scopes": ["users", "calls"], "is_active": "on"}
    page = desk.post(f"{LIST}add/", form, follow=True).content.decode()
    token = shown_token(desk, page)
    known = service_tokens.known(token, timezone.now())
    assert known is not None
    assert known.scopes == ("users", "calls")
    assert any("service-token-made of=clinic" in each and "path=" in each for each in lines)
    service = Service.objects.get()
    change = reverse("admin:invitations_service_change", args=[service.pk])
    assert desk.get(change).content.decode().count(token[:10]) == 1
    no_tokens = {"tokens-TOTAL_FORMS": "0", "tokens-INITIAL_FORMS": "0"}
    desk.post(change, {"name": "other", "scopes": ["calls:read"], **no_tokens})
    service.refresh_from_db()
    assert (service.name, service.scopes, service.is_active) == ("clinic", ["calls:read"], False)
    assert service_tokens.known(token, timezone.now()) is None


def test_tokens_are_made_and_ended_from_the_list(desk: Client) -> None:
    first = service_tokens.make("clinic", ["users"], now=timezone.now())

    def act(action: str) -> str:
        chosen = {"action": action, "_selected_action": [str(first.row.service_id)]}
        return desk.post(LIST, chosen, follow=True).content.decode()

    second = shown_token(desk, act("make_token"))
    assert "1 token ended" in act("revoke_oldest")
    works = [service_tokens.known(each, timezone.now()) is not None for each in (first.token, second)]
    assert works == [False, True]
    act("revoke_all")
    assert service_tokens.known(second, timezone.now()) is None


def test_other_staff_does_not_get_there(make_user: Callable[..., User]) -> None:
    clerk = make_user("clerk")
    clerk.is_staff = True
    clerk.save()
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="invitations"))
    client = Client()
    client.force_login(clerk)
    assert client.get(LIST).status_code == 403
    assert client.post(f"{LIST}add/", {"name": "mine", "scopes": ["users"], "is_active": "on"}).status_code == 403
    assert not Service.objects.exists()
