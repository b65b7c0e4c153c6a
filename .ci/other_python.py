"""Runs Python on the other side of Django 6, which needs 3.12: a newer one than 3.11, or 3.11 if this one is newer.

`.ci/other_python.py -m pytest tests/calls` runs that in `.venv-other`, an environment from the same lock file. If there
is no such interpreter, or no packages for it, one line says so and the exit code is 77."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "dev.txt"
ENVIRONMENT = ROOT / ".venv-other"
SKIPPED = 77
FIRST_WITH_DJANGO_6 = (3, 12)
VERSIONS = ("3.14", "3.13", "3.12") if sys.version_info < FIRST_WITH_DJANGO_6 else ("3.11",)
UV = [sys.executable, "-m", "uv", "--quiet"]
# A Python built without the libraries of these two cannot run our code.
PROBE = "import sqlite3, ssl, sys; print('%d.%d.%d' % sys.version_info[:3])"


def main(arguments: list[str]) -> int:
    """Replace this process by the other Python with these arguments; returns only if that is impossible."""
    interpreter = found()
    if interpreter is None:
        print(f"skipped: this machine has no Python {' or '.join(VERSIONS)}", flush=True)
        return SKIPPED
    try:
        python = _environment_of(interpreter)
    except subprocess.CalledProcessError as error:
        print(f"{error.stderr}\nskipped: {LOCK.name} could not be installed for {interpreter}", flush=True)
        return SKIPPED
    os.execv(python, [str(python), *arguments])  # noqa: S606


def found() -> Path | None:
    """The newest other Python that really runs: on PATH, among uv's own, or among pyenv's."""
    for version in VERSIONS:
        for candidate in _candidates(version):
            if _version_of(candidate).startswith(f"{version}."):
                return candidate
    return None


def _candidates(version: str) -> Iterator[Path]:
    for folder in os.get_exec_path():
        yield Path(folder) / f"python{version}"
    of_uv = [*UV, "python", "find", "--managed-python", "--no-python-downloads", version]
    done = subprocess.run(of_uv, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        yield Path(done.stdout.strip())
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)


def _version_of(interpreter: Path) -> str:
    """The version, such as 3.13.0; empty if it does not run, such as pyenv's shim for an unselected version."""
    if not interpreter.is_file():
        return ""
    done = subprocess.run([interpreter, "-c", PROBE], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _environment_of(interpreter: Path) -> Path:
    """The environment's Python. The environment is rebuilt for another lock file or interpreter.

    Raises:
        subprocess.CalledProcessError: it cannot be built; `stderr` says why.
    """
    python = ENVIRONMENT / "bin" / "python"
    mark = ENVIRONMENT / ".installed"
    key = f"{_version_of(interpreter)} {sha256(LOCK.read_bytes()).hexdigest()}"
    with ENVIRONMENT.with_suffix(".lock").open("w") as turn:
        # Two simultaneous runs build it only once.
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != key:
            _run(*UV, "venv", "--clear", "--python", str(interpreter), str(ENVIRONMENT))
            _run(*UV, "pip", "sync", "--require-hashes", "--python", str(python), str(LOCK))
            mark.write_text(key)
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
