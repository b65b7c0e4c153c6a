"""`manage.py make_vapid_keys`: keys printed or kept, never lost; and `serve` that has some from its first start."""

from __future__ import annotations

import base64
import os
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from invitations.transports import vapid
from tests.commands.conftest import manage
from tests.support.server import RunningServer, free_port


@pytest.fixture(autouse=True)
def key_file(settings: Settings, tmp_path: Path) -> Path:
    settings.CALLINVITE_VAPID_PRIVATE_KEY = ""
    settings.CALLINVITE_VAPID_KEY_FILE = tmp_path / "vapid-private-key"
    return tmp_path / "vapid-private-key"


def make(*arguments: str) -> str:
    """Run the command; gives what it printed."""
    printed = StringIO()
    call_command("make_vapid_keys", *arguments, stdout=printed, stderr=printed)
    return printed.getvalue()


def test_the_pair_is_printed_as_the_environment_wants_it_and_not_kept(settings: Settings, key_file: Path) -> None:
    line, comment = make().splitlines()
    name, _, private = line.partition("=")

    assert name == "CALLINVITE_VAPID_PRIVATE_KEY"
    assert len(base64.urlsafe_b64decode(private + "=")) == 32
    assert comment.startswith("# ")
    settings.CALLINVITE_VAPID_PRIVATE_KEY = private
    assert vapid.current_public_key() == comment.split()[-1]
    assert not key_file.exists()


def test_a_kept_pair_is_for_its_owner_alone_and_its_private_half_is_not_printed(key_file: Path) -> None:
    printed = make("--write")

    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert str(vapid.current_public_key()) in printed
    assert key_file.read_text().strip() not in printed
    assert os.listdir(key_file.parent) == [key_file.name]


def test_a_pair_that_is_there_is_not_overwritten(key_file: Path) -> None:
    make("--write")
    kept = key_file.read_text()

    with pytest.raises(CommandError, match="--rotate"):
        make("--write")
    assert key_file.read_text() == kept
    assert os.listdir(key_file.parent) == [key_file.name]


def test_rotating_puts_a_new_key_in_front_and_the_old_one_still_signs(key_file: Path) -> None:
    make("--write")
    former = vapid.current_public_key()
    printed = make("--rotate")

    assert vapid.current_public_key() not in (former, None)
    assert str(vapid.current_public_key()) in printed
    assert vapid.is_known(str(former))
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_rotating_without_a_key_makes_the_first(key_file: Path) -> None:
    make("--rotate")
    assert len(key_file.read_text().split()) == 1


def test_rotating_keys_of_the_environment_prints_both(settings: Settings, key_file: Path) -> None:
    former = settings.CALLINVITE_VAPID_PRIVATE_KEY = vapid.generate()
    value = make("--rotate").splitlines()[0].partition("=")[2]
    settings.CALLINVITE_VAPID_PRIVATE_KEY = value

    assert value.endswith(f",{former}")
    assert vapid.is_known(vapid.public_half(former))
    assert vapid.current_public_key() != vapid.public_half(former)
    assert not key_file.exists()


def test_keeping_a_pair_that_the_environment_hides_says_so(settings: Settings) -> None:
    settings.CALLINVITE_VAPID_PRIVATE_KEY = vapid.generate()
    assert "CALLINVITE_VAPID_PRIVATE_KEY is set" in make("--write")


def test_a_place_that_cannot_be_written_is_one_clear_line(settings: Settings, tmp_path: Path) -> None:
    settings.CALLINVITE_VAPID_KEY_FILE = tmp_path / "nowhere" / "vapid-private-key"
    with pytest.raises(CommandError, match="could not be written"):
        make("--write")


@pytest.mark.server
@pytest.mark.own_layout("one process that keeps its key in a file")
def test_a_server_has_a_key_from_its_first_start_and_keeps_it(data_dir: Path) -> None:
    file = data_dir / "vapid-private-key"
    server = RunningServer(data_dir)
    kept = []
    try:
        for _ in range(2):
            server.start()
            kept.append(file.read_text())
            assert server.stop() == 0
    finally:
        server.kill()

    assert kept[0] == kept[1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "VAPID" not in server.output
    assert "WARNING" not in server.output


@pytest.mark.server
@pytest.mark.own_layout("one process that keeps its key in a file")
def test_a_server_with_keys_in_its_environment_makes_none(data_dir: Path) -> None:
    server = RunningServer(data_dir, env={"CALLINVITE_VAPID_PRIVATE_KEY": vapid.generate()})
    try:
        server.start()
    finally:
        server.kill()
    assert not (data_dir / "vapid-private-key").exists()


@pytest.mark.server
@pytest.mark.own_layout("one process that keeps its key in a file")
def test_a_server_with_a_key_that_cannot_be_read_does_not_start(data_dir: Path) -> None:
    done = manage(data_dir, "serve", "--port", str(free_port()), CALLINVITE_VAPID_PRIVATE_KEY="nonsense")

    assert done.returncode == 1
    assert "callinvite.E011" in done.stderr
    assert "nonsense" not in done.stderr


@pytest.mark.server
@pytest.mark.own_layout("one process that keeps its key in a file")
def test_a_new_instance_hears_nothing_of_keys_until_others_can_reach_it(tmp_path: Path) -> None:
    quiet = manage(tmp_path / "data", "check", "--fail-level", "WARNING")
    public = manage(tmp_path / "data", "check", ALLOWED_HOSTS="calls.example.org")

    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert "callinvite.W007" in public.stderr
    assert "callinvite.W008" not in public.stderr
