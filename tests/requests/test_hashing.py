"""The hashing of passwords in threads that step back."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from pytest_django import Settings

from callinvite.hashing import NICENESS, PatientPBKDF2PasswordHasher


@pytest.fixture(autouse=True)
def as_deployed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PASSWORD_HASHERS = ["callinvite.hashing.PatientPBKDF2PasswordHasher"]
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 10)


def test_hashes_are_djangos_own() -> None:
    ours = make_password("horse", "salt")
    assert ours == PBKDF2PasswordHasher().encode("horse", "salt")
    assert check_password("horse", ours)
    assert not check_password("house", ours)


@pytest.mark.skipif(sys.platform != "linux", reason="a niceness belongs to the whole process elsewhere")
def test_they_are_made_by_threads_that_step_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def note(self: Any, *args: Any, **kwargs: Any) -> str:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return ""

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", note)
    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    PatientPBKDF2PasswordHasher().encode("horse", "salt")

    assert seen == [NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here
