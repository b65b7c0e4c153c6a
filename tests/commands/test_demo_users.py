"""`manage.py make_demo_users`: four accounts, one password."""

from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from pytest_django import Settings

from invitations.models import CallingPreferences, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def make(*arguments: str) -> str:
    """Run the command; gives the password that it printed."""
    printed = StringIO()
    call_command("make_demo_users", *arguments, stdout=printed)
    return printed.getvalue().strip().rsplit(" ", 1)[1]


def test_four_people_with_names_can_sign_in_with_the_printed_password() -> None:
    password = make()
    assert len(password) >= 12
    shown = dict(CallingPreferences.objects.values_list("user__username", "display_name"))
    assert shown == {"alice": "Alice", "bob": "Bob", "carol": "Carol", "dave": "Dave"}
    assert all(authenticate(username=name, password=password) for name in shown)


def test_the_password_is_kept_for_the_owner_only_and_used_again(data_dir: Path) -> None:
    password = make()
    file = data_dir / "demo-password"
    assert file.read_text() == f"{password}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert make() == password


def test_people_who_exist_are_left_alone() -> None:
    User.objects.create_user("alice", password="her-own-secret")
    make()
    assert authenticate(username="alice", password="her-own-secret")


def test_a_given_password_holds_for_all_four() -> None:
    make()
    assert make("--password", "demo-pass-1") == "demo-pass-1"
    assert all(authenticate(username=name, password="demo-pass-1") for name in ("alice", "bob", "carol", "dave"))
    assert make() == "demo-pass-1"
