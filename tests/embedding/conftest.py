"""The wheel of this checkout, installed by pip, and a project unlike ours that runs with it on both databases."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx2
import pytest

from tests.push.phone import signed_in
from tests.support import services
from tests.support.push_service import PushService
from tests.support.server import DEMO_PASSWORD, ROOT, RunningServer

PROJECT = ROOT / "examples" / "inside-django"
ALICE, BOB, CAROL = "alice@hospital.example", "bob.o-neill+ward@hospital.example", "carol@hospital.example"
OHARA = "o'hara.of.the.intensive.care.unit.and.of.the.night.shift.too@hospital.example"
"""Longer than a name of our own accounts may be, and with an apostrophe."""
PREFIX = "/calls"
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
OFFLINE = ("--no-index", "--no-deps")
AppOf = Callable[[str], httpx2.Client]


class Hospital(RunningServer):
    """The second project under `manage.py serve`; its `url` is where the calls are.

    Args:
        data_dir: its database and its key for push.
        python: of the environment that the wheel is installed in.
        env: further environment variables.
    """

    folder = PROJECT

    def __init__(self, data_dir: Path, python: Path, env: dict[str, str]) -> None:
        super().__init__(data_dir, env={"HOSPITAL_DATA_DIR": str(data_dir), "HOSPITAL_LOGINS_PER_MINUTE": "0", **env})
        self.program = (str(python), str(PROJECT / "manage.py"))

    @property
    def site(self) -> str:
        """The project's own front page."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.site}{PREFIX}"

    @property
    def live_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}{PREFIX}/ws/v1/live"

    def prepare(self) -> Self:
        """Migrate from nothing, and make Alice, who is an admin, Bob, Carol and O'Hara."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.manage("migrate", "--verbosity", "0")
        make = "; ".join(
            [
                "from people.models import Person",
                f"Person.objects.create_superuser({ALICE!r}, {DEMO_PASSWORD!r})",
                f"[Person.objects.create_user(each, {DEMO_PASSWORD!r}) for each in ({BOB!r}, {CAROL!r}, {OHARA!r})]",
            ]
        )
        self.manage("shell", "-c", make)
        return self


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install` makes of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", *OFFLINE, "--no-build-isolation", "-w", str(folder), str(ROOT)], check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment with the wheel in it; the suite's own packages stand in for what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run([*PIP, "--python", str(python), "install", *OFFLINE, str(wheel)], check=True)
    own = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (Path(own.stdout.strip()) / "suite.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    """A push service that the hospital allows."""
    with PushService() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def hospital(
    request: pytest.FixtureRequest, python: Path, service: PushService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hospital]:
    """The second project, running."""
    env = {"HOSPITAL_PUSH_HOST": service.origin}
    folder = tmp_path_factory.mktemp("hospital")
    if request.param == "sqlite":
        with Hospital(folder, python, env) as running:
            yield running
        return
    with (
        services.fresh_database(request.getfixturevalue("postgres_server")) as database,
        Hospital(folder, python, {**env, "DATABASE_URL": database}) as running,
    ):
        yield running


@pytest.fixture(autouse=True)
def _what_it_said(request: pytest.FixtureRequest) -> Iterator[None]:
    """Shown beside a failure: what the hospital's process printed."""
    yield
    if "hospital" in request.fixturenames:
        print(request.getfixturevalue("hospital").output)


@pytest.fixture
def app_of(hospital: Hospital) -> Iterator[AppOf]:
    """Returns an app of a person at the hospital, signed in with a token."""
    with ExitStack() as apps:
        yield lambda username: apps.enter_context(signed_in(username, hospital))


@pytest.fixture
def browser(hospital: Hospital) -> Iterator[httpx2.Client]:
    """A browser with cookies, on the hospital's site."""
    with httpx2.Client(base_url=hospital.site, timeout=30) as client:
        yield client
