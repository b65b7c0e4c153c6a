"""docs/installing.md, step by step, in a project that has just been made."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.repository.blocks import blocks_of
from tests.repository.tracked import ROOT
from tests.support.server import RunningServer

pytestmark = [
    pytest.mark.server,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("another project, served as its documentation says"),
]
BLOCKS = [(each.language, each.text) for each in blocks_of(ROOT / "docs" / "installing.md")]


class Site(RunningServer):
    """A new project under `manage.py serve`.

    Args:
        folder: of its `manage.py`.
        python: of the environment that the wheel is installed in.
    """

    def __init__(self, folder: Path, python: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self.program = (str(python), str(folder / "manage.py"))


@pytest.fixture
def site(tmp_path: Path, python: Path) -> Site:
    """A project that `startproject` made, with every block of Python put at the end of the file that it names."""
    subprocess.run([str(python), "-m", "django", "startproject", "site_of_mine", str(tmp_path)], check=True)
    for language, block in BLOCKS:
        if language == "python" and block.startswith("# "):
            name, _, lines = block.removeprefix("# ").partition("\n")
            with (tmp_path / "site_of_mine" / name).open("a") as file:
                file.write(lines)
    return Site(tmp_path, python)


def test_the_page_has_the_steps_that_are_run_here() -> None:
    commands = [block for language, block in BLOCKS if language == "sh"]

    # The first two are what the fixtures `python` and `wheel` do, with the packages of the suite for those of an index.
    assert commands == [
        'pip install ".[accounts]" whitenoise\n',
        "requirements/install bundler\npython -m pip wheel --no-deps --wheel-dir dist .\n"
        'pip install "$(echo dist/callinvite-*.whl)[accounts]" whitenoise\n',
        "python manage.py migrate\npython manage.py serve --port 8000\n",
    ]


def test_a_new_project_has_calls_after_these_steps(site: Site) -> None:
    assert "no issues" in site.manage("check")
    site.manage("migrate", "--verbosity", "0")
    site.manage(
        "shell", "-c", "from django.contrib.auth.models import User; User.objects.create_user('ada', None, 'x')"
    )
    site.start()
    try:
        page = httpx2.get(f"{site.url}/calls/", follow_redirects=True, timeout=30).text
        assert "Callinvite" in page
        files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
        assert files
        assert [each for each in files if httpx2.get(f"{site.url}{each}").status_code != 200] == []
        body = {"username": "ada", "password": "x", "device_name": "Phone"}
        answer = httpx2.post(f"{site.url}/calls/api/v1/auth/token", json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        assert httpx2.get(f"{site.url}/calls/api/v1/me", headers=headers).json()["id"] == "ada"
        assert len(httpx2.get(f"{site.url}/calls/api/v1/push/key", headers=headers).json()["public_key"]) == 87
    finally:
        site.kill()
