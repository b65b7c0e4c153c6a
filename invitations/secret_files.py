"""Files that hold a secret: readable only by their owner, and never visible half written where there are hard links.

Knows nothing of what the secrets mean, and never logs one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
