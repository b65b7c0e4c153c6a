"""However the suite is started, what it starts behaves the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.repository.tracked import ROOT

PRINT_SIGNALS = "import signal; print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGQUIT))"
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
AS_USUAL = f"{signal.default_int_handler} {signal.SIG_DFL!s}"


def test_programs_start_with_the_usual_signals() -> None:
    done = subprocess.run([sys.executable, "-c", PRINT_SIGNALS], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == AS_USUAL


def test_programs_of_the_system_are_found() -> None:
    assert "/usr/sbin" in os.get_exec_path()


def test_the_same_holds_for_a_background_job_with_a_plain_path() -> None:
    tests = (test_programs_start_with_the_usual_signals, test_programs_of_the_system_are_found)
    names = [f"{__file__}::{test.__name__}" for test in tests]
    environment = {each: value for each, value in os.environ.items() if not each.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        ["sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh", *PYTEST, *names],
        cwd=ROOT,
        env=environment | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
