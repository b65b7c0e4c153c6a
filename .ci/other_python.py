"""Runs Python on the other side of Django 6, which needs 3.12: a newer one beside 3.11, or 3.11 beside a newer one.

`.ci/other_python.py -m pytest tests/calls` runs that in `.venv-other`, an environment from the same lock file. Where
there is no such interpreter, or none of the packages for it, one line says so and the exit code is 77."""

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
# A Python that was built without the libraries of these two runs nothing of ours.
PROBE = "import sqlite3, ssl, sys; print('%d.%d.%d' % sys.version_info[:3])"


def main(arguments: list[str]) -> int:
    """Give way to the other Python, with these arguments; returns only when that is not possible."""
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
    """Such as 3.13.0; empty for what does not run, such as a shim of pyenv for a version that is not chosen."""
    if not interpreter.is_file():
        return ""
    done = subprocess.run([interpreter, "-c", PROBE], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _environment_of(interpreter: Path) -> Path:
    """The environment's Python. The environment is made again for another lock file or interpreter.

    Raises:
        subprocess.CalledProcessError: it cannot be made; `stderr` says why.
    """
    python = ENVIRONMENT / "bin" / "python"
    mark = ENVIRONMENT / ".installed"
    key = f"{_version_of(interpreter)} {sha256(LOCK.read_bytes()).hexdigest()}"
    with ENVIRONMENT.with_suffix(".lock").open("w") as turn:
        # Two runs at the same time make it once.
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
