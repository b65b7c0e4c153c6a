"""Secrets in files: one for all who ask, whole, and for nobody else to read."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from invitations import secret_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret"


def test_a_secret_is_made_once_and_read_from_then_on(file: Path) -> None:
    assert secret_files.kept(file, lambda: "first") == "first"
    assert secret_files.kept(file, lambda: "second") == "first"


def test_processes_that_start_at_once_agree_on_one_secret(file: Path) -> None:
    together = threading.Barrier(8)
    found: list[str] = []

    def start(number: int) -> None:
        def make() -> str:
            # Everybody has seen by now that there is none.
            together.wait()
            return f"secret {number}"

        found.append(secret_files.kept(file, make))

    threads = [threading.Thread(target=start, args=[number]) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert found == [file.read_text().strip()] * 8
    assert os.listdir(file.parent) == [file.name]


def test_a_file_that_is_there_is_not_created_again(file: Path) -> None:
    secret_files.create(file, "first")

    with pytest.raises(FileExistsError):
        secret_files.create(file, "second")

    assert file.read_text() == "first\n"
    assert os.listdir(file.parent) == [file.name]


def test_a_file_that_others_can_read_is_replaced_by_one_that_they_cannot(file: Path) -> None:
    file.write_text("first\n")
    file.chmod(0o644)

    secret_files.replace(file, "second")

    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("second\n", 0o600)
    assert os.listdir(file.parent) == [file.name]


def test_a_secret_is_for_its_owner_alone_whatever_the_process_allows(file: Path) -> None:
    former = os.umask(0)
    try:
        secret_files.kept(file, lambda: "first")
    finally:
        os.umask(former)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links, such as CIFS."""

    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("no_links")
def test_a_secret_is_made_where_there_are_no_hard_links(file: Path) -> None:
    assert secret_files.kept(file, lambda: "first") == "first"

    with pytest.raises(FileExistsError):
        secret_files.create(file, "second")

    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("first\n", 0o600)
    assert os.listdir(file.parent) == [file.name]


def test_a_new_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "data"
    secret_files.make_private(folder, ours=["mine"])
    assert not secret_files.is_open(folder)


def test_a_folder_that_is_there_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "mine-1").touch()
    secret_files.make_private(folder, ours=["mine"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_use_too_is_not_taken_from_them(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    (folder / "mine-1").touch()
    (folder / "theirs").touch()
    secret_files.make_private(folder, ours=["mine"])
    assert secret_files.is_open(folder)
