"""The settings for production pass Django's own checks for deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import manage

pytestmark = pytest.mark.server


def test_production_settings_pass_the_deployment_checks(tmp_path: Path) -> None:
    done = manage(
        tmp_path / "data",
        *("check", "--deploy", "--fail-level", "WARNING"),
        HTTPS="true",
        SECRET_KEY="a-key-for-tests-of-fifty-characters-and-more-0123456789",
        ALLOWED_HOSTS="calls.example.org",
    )
    assert (done.returncode, done.stderr) == (0, "")
