"""Each misconfiguration has its own id, and the settings as they come have none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from invitations.checks import TAG
from invitations.transports import vapid
from tests.support.server import ROOT

REDIS = {"default": {"BACKEND": "invitations.live.shared_layer.SharedChannelLayer"}}
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
SQLITE_OPTIONS = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": "callinvite"}

KEY = vapid.generate()
PUBLIC = {"ALLOWED_HOSTS": ["calls.example.org"], "CALLINVITE_VAPID_SUBJECT": "https://calls.example.org"}
KEYED = PUBLIC | {"CALLINVITE_VAPID_PRIVATE_KEY": KEY}


def found() -> list[str]:
    """The ids of what is wrong."""
    return sorted(str(each.id) for each in run_checks(tags=[TAG]))


@pytest.fixture(autouse=True)
def key_file(settings: Settings, tmp_path: Path) -> Path:
    """Where the VAPID key of this test would be."""
    settings.CALLINVITE_VAPID_KEY_FILE = tmp_path / "vapid-private-key"
    return tmp_path / "vapid-private-key"


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
        ({"CALLINVITE": {"signup": "open"}}, []),
        ({"CALLINVITE": {"directory": "everybody"}}, ["callinvite.E010"]),
        ({"CALLINVITE": {"directory": "contacts"}}, []),
        ({"CALLINVITE": {"signup": "invite"}}, []),
        ({"CALLINVITE": {"ring_for_ever": True}}, ["callinvite.E008"]),
        ({"CALLINVITE": {"timeout_seconds_max": 601}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"timeout_seconds_default": 0}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"timeout_seconds_default": 300, "timeout_seconds_max": 120}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"lease_ringing_seconds": 0.5}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"lease_ringing_seconds": 4}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"custom_data_bytes": 5000}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"repeat_after_seconds": (10, 2)}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"repeat_after_seconds": ()}}, []),
        ({"CALLINVITE": {"trusted_proxies": ("10.0.0.1/8",)}}, ["callinvite.E009"]),
        ({"CALLINVITE": {"trusted_proxies": ("10.0.0.0/8", "::1")}}, []),
        ({"CALLINVITE": {"sends_per_minute": 0}}, []),
        ({"CALLINVITE": {"origins": ("https://app.example.org", "capacitor://localhost", "file://", "null")}}, []),
        ({"CALLINVITE": {"origins": ("app.example.org", "https://a.example/b", "*")}}, ["callinvite.E009"] * 3),
        ({"CALLINVITE": {"origins": ("http://127.0.0.1:9000", "https://[fd00::1]:8443")}}, []),
        ({"CALLINVITE": {"origins": ("https://App.example.org", "https://*.example.org")}}, ["callinvite.E009"] * 2),
        ({"CALLINVITE": {"origins": ("https://a.example:443", "http://a.example:80")}}, ["callinvite.E009"] * 2),
        (
            {
                "CALLINVITE": {"origins": ("https://a.example",)},
                "MIDDLEWARE": [a for a in django_settings.MIDDLEWARE if "cors" not in a],
            },
            ["callinvite.W013"],
        ),
        ({"CALLINVITE": {"origins": ("https://a.example",)}, "CORS_ALLOW_CREDENTIALS": True}, ["callinvite.E018"]),
        ({"CALLINVITE": {"media_seconds": 0}}, []),
        ({"CALLINVITE": {"media_seconds": -1}}, ["callinvite.E009"]),
        ({"CALLINVITE_ICE_SERVERS": "turn:example.org"}, ["callinvite.W006"]),
        (KEYED | {"DEBUG": True}, ["callinvite.W005"]),
        ({"DEBUG": True, "ALLOWED_HOSTS": ["localhost"]}, []),
        ({"CALLINVITE_VAPID_PRIVATE_KEY": "not-a-key"}, ["callinvite.E011"]),
        ({"CALLINVITE_VAPID_PRIVATE_KEY": "A" * 43}, ["callinvite.E011"]),
        ({"CALLINVITE_VAPID_PRIVATE_KEY": KEY}, []),
        ({"CALLINVITE_VAPID_PRIVATE_KEY": f"{KEY},not-a-key"}, ["callinvite.E011"]),
        (PUBLIC, ["callinvite.W007"]),
        ({"HTTPS": True}, ["callinvite.W007", "callinvite.W008"]),
        (PUBLIC | {"CALLINVITE_VAPID_PRIVATE_KEY": KEY}, []),
        (KEYED | {"CALLINVITE_VAPID_SUBJECT": "mailto:operator@localhost"}, ["callinvite.W008"]),
        (KEYED | {"CALLINVITE_VAPID_SUBJECT": "https://localhost:8000"}, ["callinvite.W008"]),
        (KEYED | {"CALLINVITE_VAPID_SUBJECT": "http://calls.example.org"}, ["callinvite.W008"]),
        (KEYED | {"CALLINVITE_VAPID_SUBJECT": "operator@example.org"}, ["callinvite.W008"]),
        (KEYED | {"CALLINVITE_VAPID_SUBJECT": "mailto:operator@example.org"}, []),
        ({"CALLINVITE_VAPID_SUBJECT": "mailto:operator@localhost"}, []),
        ({"CALLINVITE_PUSH_HOSTS": ["127.0.0.1"]}, ["callinvite.E012"]),
        ({"CALLINVITE_PUSH_HOSTS": ["https://push.example.org/path", "*.example.org"]}, ["callinvite.E012"] * 2),
        ({"CALLINVITE_PUSH_HOSTS": ["http://127.0.0.1:9000"]}, []),
        (KEYED | {"CALLINVITE_PUSH_HOSTS": ["http://127.0.0.1:9000"]}, ["callinvite.W010"]),
        (KEYED | {"CALLINVITE_PUSH_HOSTS": ["http://push.example.org"]}, ["callinvite.W010"]),
        (KEYED | {"CALLINVITE_PUSH_HOSTS": ["https://10.0.0.5:8443", "https://[fd00::1]"]}, ["callinvite.W010"] * 2),
        (KEYED | {"CALLINVITE_PUSH_HOSTS": ["https://push.example.org:8443", "ntfy.sh"]}, []),
    ],
)
def test_each_misconfiguration_is_named(settings: Settings, changed: dict[str, Any], expected: list[str]) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert found() == expected


WITHOUT = "tests.commands.mounted"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"INSTALLED_APPS": [a for a in django_settings.INSTALLED_APPS if not a.endswith("staticfiles")]}, "E024"),
        ({"MIDDLEWARE": []}, "E025"),
        ({"MIDDLEWARE": [a for a in django_settings.MIDDLEWARE if "csrf" not in a]}, "E025"),
        ({"TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]}, "E026"),
        ({"ROOT_URLCONF": WITHOUT}, "E027"),
        ({"ASGI_APPLICATION": None}, "W014"),
        ({"ASGI_APPLICATION": f"{WITHOUT}.nothing"}, "W014"),
        ({"ASGI_APPLICATION": f"{WITHOUT}.wrong_prefix"}, "W014"),
        ({"ASGI_APPLICATION": f"{WITHOUT}.without_sockets"}, "W014"),
        ({"ASGI_APPLICATION": f"{WITHOUT}.other_sockets"}, "W014"),
    ],
)
def test_what_a_project_lacks_is_named(settings: Settings, changed: dict[str, Any], expected: str) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert f"callinvite.{expected}" in found()


def test_a_live_socket_is_found_below_what_a_project_wraps_it_in(settings: Settings) -> None:
    settings.ASGI_APPLICATION = f"{WITHOUT}.wrapped"
    assert found() == []


def test_a_key_in_a_file_is_as_good_for_one_process(settings: Settings, key_file: Path) -> None:
    settings.ALLOWED_HOSTS = PUBLIC["ALLOWED_HOSTS"]
    settings.CALLINVITE_VAPID_SUBJECT = PUBLIC["CALLINVITE_VAPID_SUBJECT"]
    key_file.write_text(f"{KEY}\n")

    assert found() == []


def test_a_key_in_a_file_of_one_machine_is_a_warning_for_several_processes(settings: Settings, key_file: Path) -> None:
    settings.CALLINVITE_PROCESSES = 2
    key_file.write_text(f"{KEY}\n")

    assert "callinvite.W009" in found()


@pytest.mark.parametrize(
    "kept", ["", "half-of-a-key", "\u00e9", f"{KEY}\nnonsense\n"], ids=["empty", "short", "foreign", "one bad"]
)
def test_a_file_of_keys_that_cannot_be_read_is_named(key_file: Path, kept: str) -> None:
    key_file.write_text(kept)

    assert found() == ["callinvite.E011"]


def test_no_check_repeats_a_key(settings: Settings) -> None:
    settings.CALLINVITE_VAPID_PRIVATE_KEY = f"{KEY},{KEY[:-1]}"
    [error] = run_checks(tags=[TAG])

    assert KEY[:-1] not in f"{error.msg}{error.hint}"


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        (SQLITE | {"OPTIONS": SQLITE_OPTIONS}, []),
        (SQLITE, ["callinvite.E006", "callinvite.W002"]),
        (SQLITE | {"OPTIONS": {"transaction_mode": "IMMEDIATE"}}, ["callinvite.W002"]),
        (POSTGRESQL | {"OPTIONS": {"pool": {"min_size": 1, "max_size": 16}}}, []),
        (POSTGRESQL | {"OPTIONS": {"pool": {"min_size": 8}}}, []),
        (POSTGRESQL | {"OPTIONS": {"pool": True}}, ["callinvite.E028"]),
        (POSTGRESQL | {"OPTIONS": {"pool": {"max_size": 7}}}, ["callinvite.E028"]),
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


def test_every_name_that_the_settings_read_is_known_and_documented() -> None:
    source = (ROOT / "callinvite" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"(CALLINVITE_\w+)"', source))
    assert read == django_settings.CALLINVITE_ENVIRONMENT
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert all(f"`{name}`" in documented for name in read)


def test_a_project_that_names_no_place_for_a_key_is_told_so(settings: Settings) -> None:
    del settings.CALLINVITE_VAPID_KEY_FILE

    assert not vapid.ensure()
    assert found() == ["callinvite.W011"]


def test_a_project_without_knox_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "knox")

    with pytest.raises(ImproperlyConfigured, match='"knox"'):
        apps.get_app_config("invitations").ready()
