"""Files that hold a secret, and their folder: for their owner alone, and never visible half written where there are
hard links.

Knows nothing of what the secrets mean, and never logs one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def make_private(folder: Path, *, ours: Collection[str]) -> None:
    """Make a folder if it is missing, and close it to everybody but its owner.

    One in which others keep things as well stays as open as it is: a data directory that was set to `/srv` by mistake
    must not take that from everybody.

    Args:
        folder: the folder.
        ours: how names of what belongs in it begin.

    Raises:
        OSError: it could not be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Some file systems have no owners, and a service manager may have made the folder for us.
    with suppress(OSError):
        if is_open(folder) and all(each.name.startswith(tuple(ours)) for each in folder.iterdir()):
            folder.chmod(0o700)


def is_open(folder: Path) -> bool:
    """Whether others on this machine may look into a folder."""
    return os.name == "posix" and bool(folder.stat().st_mode & 0o077)


def kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in a file, which is created if missing. If several processes ask at once, all get the same secret.

    Args:
        path: the file, in a directory that exists.
        make: returns a new secret.

    Raises:
        OSError: the file could not be read or written.
    """
    with suppress(FileNotFoundError):
        return _read(path)
    with suppress(FileExistsError):
        create(path, make())
    return _read(path)


def create(path: Path, text: str) -> None:
    """Write a file that does not exist yet. If several processes try at once, one succeeds.

    Args:
        path: the file, in a directory that exists.
        text: its content; a newline is added.

    Raises:
        FileExistsError: the file exists.
        OSError: the file could not be written.
    """
    with _beside(path, text) as written:
        try:
            # Unlike a rename, a link never replaces a file that another process has just created.
            os.link(written, path)
        except FileExistsError:
            raise
        except OSError:
            # No hard links here, as on CIFS and exFAT: for a moment, others may see the file without its content.
            _write_new(path, text)


def replace(path: Path, text: str) -> None:
    """Write a file, replacing an existing one.

    Args:
        path: the file, in a directory that exists.
        text: its content; a newline is added.

    Raises:
        OSError: the file could not be written.
    """
    with _beside(path, text) as written:
        written.replace(path)


def _read(path: Path) -> str:
    return path.read_text("utf-8").strip()


@contextmanager
def _beside(path: Path, text: str) -> Iterator[Path]:
    """A complete file in the same directory, deleted at the end unless it was moved."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _write_new(beside, text)
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def _write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet; if that fails halfway, nothing is left of it."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
