"""Contacts and blocks in the admin: to be looked at by staff with the permission, and changed by nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from invitations import contacts

if TYPE_CHECKING:
    from invitations.models import User


@pytest.fixture
def settled(alice: User, bob: User, carol: User, now: datetime) -> dict[str, int]:
    """The keys of a contact and of a block."""
    kept = contacts.ask(alice, bob, message="We met at the fair", now=now)
    made = contacts.block(bob.pk, carol, now=now)
    return {"contact": kept.contact.pk, "block": made.block.pk}


@pytest.mark.parametrize("model", ["contact", "block"])
def test_staff_with_the_permission_see_and_change_nothing(
    make_user: Callable[..., User], settled: dict[str, int], model: str
) -> None:
    clerk = make_user("clerk")
    clerk.is_staff = True
    clerk.save()
    desk = Client()
    desk.force_login(clerk)
    changelist = reverse(f"admin:invitations_{model}_changelist")
    one = reverse(f"admin:invitations_{model}_change", args=[settled[model]])
    assert [desk.get(each).status_code for each in (changelist, one)] == [403, 403]

    acts = ("add", "view", "change", "delete")
    clerk.user_permissions.set(Permission.objects.filter(codename__in=[f"{act}_{model}" for act in acts]))
    desk.force_login(clerk)
    assert "bob" in desk.get(changelist).text
    assert desk.get(one).status_code == 200
    for view in ("add", "delete"):
        arguments = [] if view == "add" else [settled[model]]
        assert desk.get(reverse(f"admin:invitations_{model}_{view}", args=arguments)).status_code == 403
    assert desk.post(one, {"state": "contact"}).status_code == 403


def test_the_lists_can_be_narrowed_down_to_one_person(
    admin_site: Client, settled: dict[str, int], alice: User, bob: User, carol: User
) -> None:
    def listed(model: str, person: User) -> int:
        page = admin_site.get(reverse(f"admin:invitations_{model}_changelist"), {"person": person.pk})
        return len(page.context["cl"].result_list)

    assert [listed("contact", each) for each in (alice, bob, carol)] == [2, 2, 0]
    assert [listed("block", each) for each in (alice, bob, carol)] == [0, 1, 1]
