"""A data directory with demo users, as a user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import ROOT, RunningServer

LIMIT_SECONDS = 60


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory, migrated and with demo users, made once; nobody works in it."""
    return RunningServer(tmp_path_factory.mktemp("prepared") / "data").prepare().data_dir


@pytest.fixture
def data_dir(prepared_data: Path, tmp_path: Path) -> Path:
    """A prepared data directory of the test's own."""
    return Path(shutil.copytree(prepared_data, tmp_path / "data"))


@pytest.fixture
def server(data_dir: Path) -> Iterator[RunningServer]:
    """A running server with demo users."""
    running = RunningServer(data_dir)
    try:
        yield running.start()
    finally:
        running.kill()


def manage(data_dir: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one command on this data directory; its output apart from what it complains of."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=kept | {"CALLINVITE_DATA_DIR": str(data_dir)} | env,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
