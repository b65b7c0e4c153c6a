"""Files that hold a secret: readable by their owner alone, and never seen half written.

Says nothing of what the secrets are, and never logs one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in a file, made when there is no file yet; of several who ask at once all get the same one.

    Args:
        path: the file, in a directory that exists.
        make: gives a new secret.

    Raises:
        OSError: it could not be read or kept.
    """
    with suppress(FileNotFoundError):
        return _read(path)
    with suppress(FileExistsError):
        create(path, make())
    return _read(path)


def create(path: Path, text: str) -> None:
    """Write a file that is not there yet; of several who try at once one succeeds.

    Args:
        path: the file, in a directory that exists.
        text: its content; a line end is added.

    Raises:
        FileExistsError: there is one already.
        OSError: it could not be kept.
    """
    with _beside(path, text) as written:
        # Unlike a rename, a link never replaces what another process has just put there.
        os.link(written, path)


def replace(path: Path, text: str) -> None:
    """Write a file, in the place of the one that may be there.

    Args:
        path: the file, in a directory that exists.
        text: its content; a line end is added.

    Raises:
        OSError: it could not be kept.
    """
    with _beside(path, text) as written:
        written.replace(path)


def _read(path: Path) -> str:
    return path.read_text("utf-8").strip()


@contextmanager
def _beside(path: Path, text: str) -> Iterator[Path]:
    """A whole file in the same directory, gone at the end unless it was moved."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)
