"""Each misconfiguration has its own id, and the settings as they come have none."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks

from invitations.checks import TAG
from tests.support.server import ROOT

REDIS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}}
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
SQLITE_OPTIONS = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": "callinvite"}


def found() -> list[str]:
    """The ids of what is wrong."""
    return sorted(str(each.id) for each in run_checks(tags=[TAG]))


@pytest.fixture(autouse=True)
def _no_names_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [each for each in os.environ if each.startswith("CALLINVITE_")]:
        monkeypatch.delenv(name)


def test_the_settings_as_they_come_are_clean() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"CHANNEL_LAYERS": {}}, ["callinvite.E001"]),
        ({"CALLINVITE_PROCESSES": 2}, ["callinvite.E002", "callinvite.E004"]),
        ({"CALLINVITE_PROCESSES": 2, "CHANNEL_LAYERS": REDIS}, ["callinvite.E004"]),
        ({"CHANNEL_LAYERS": {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}}, ["callinvite.W001"]),
        ({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}}, ["callinvite.E003"]),
        ({"CALLINVITE": {"signup": "perhaps"}}, ["callinvite.E010"]),
        ({"CALLINVITE": {"ring_for_ever": True}}, ["callinvite.E008"]),
        ({"CALLINVITE": {"timeout_seconds_max": 601}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"timeout_seconds_default": 0}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"timeout_seconds_default": 300, "timeout_seconds_max": 120}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"lease_ringing_seconds": 0.5}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"lease_ringing_seconds": 4}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"custom_data_bytes": 5000}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"repeat_after_seconds": (10, 2)}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"repeat_after_seconds": ()}}, []),
        ({"CALLINVITE": {"sends_per_minute": 0}}, []),
        ({"DEBUG": True, "ALLOWED_HOSTS": ["calls.example.org"]}, ["callinvite.W005"]),
        ({"DEBUG": True, "ALLOWED_HOSTS": ["localhost"]}, []),
    ],
)
def test_each_misconfiguration_is_named(settings: Any, changed: dict[str, Any], expected: list[str]) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert found() == expected


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        (SQLITE | {"OPTIONS": SQLITE_OPTIONS}, []),
        (SQLITE, ["callinvite.E006", "callinvite.W002"]),
        (SQLITE | {"OPTIONS": {"transaction_mode": "IMMEDIATE"}}, ["callinvite.W002"]),
        (POSTGRESQL | {"OPTIONS": {"pool": True}}, []),
        (POSTGRESQL, ["callinvite.W003"]),
        (POSTGRESQL | {"CONN_MAX_AGE": 60}, ["callinvite.E007"]),
        (POSTGRESQL | {"CONN_MAX_AGE": None}, ["callinvite.E007"]),
        ({"ENGINE": "django.db.backends.mysql"}, ["callinvite.E005"]),
    ],
)
def test_each_bad_set_up_of_the_database_is_named(
    monkeypatch: pytest.MonkeyPatch, database: dict[str, Any], expected: list[str]
) -> None:
    monkeypatch.setitem(django_settings.DATABASES, "default", database)
    assert found() == expected


def test_a_name_in_the_environment_that_nothing_reads_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLINVITE_SIGNPU", "open")
    monkeypatch.setenv("CALLINVITE_SIGNUP", "open")
    [warning] = run_checks(tags=[TAG])
    assert warning.id == "callinvite.W004"
    assert "CALLINVITE_SIGNPU" in warning.msg


@pytest.mark.parametrize(
    "name",
    [
        "CALLINVITE_ICE_SERVERS",
        "CALLINVITE_PUSH_HOSTS",
        "CALLINVITE_TURN_SECRET",
        "CALLINVITE_VAPID_PRIVATE_KEY",
        "CALLINVITE_VAPID_SUBJECT",
    ],
)
def test_a_reserved_name_in_the_environment_is_no_warning_and_is_documented(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "something")
    assert run_checks(tags=[TAG]) == []
    assert f"`{name}`" in (ROOT / "docs" / "settings.md").read_text()


def test_every_name_that_the_settings_read_is_known_and_documented() -> None:
    source = (ROOT / "callinvite" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"(CALLINVITE_\w+)"', source))
    assert read == django_settings.CALLINVITE_ENVIRONMENT
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert all(f"`{name}`" in documented for name in read)
