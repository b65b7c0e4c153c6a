"""The parts of `make test`, and the second Python."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pytest.mark.expression import Expression

from tests.repository.tracked import ROOT


def test_make_help_names_every_part() -> None:
    refusal = ci("checks.py", "everything").stdout
    parts = re.findall(r"\w+", refusal.split("there are ", 1)[1])
    offered = re.findall(r"ONLY=([\w|]+)", (ROOT / "Makefile").read_text())

    assert sorted("|".join(offered).split("|")) == sorted(parts)


def test_the_recipe_for_a_public_host_runs_make_test_on_both_sides_of_django_6() -> None:
    (job,) = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"].values()
    versions = [tuple(map(int, version.split("."))) for version in job["strategy"]["matrix"]["python"]]
    used = [step["uses"].split("@")[0] for step in job["steps"] if "uses" in step]

    assert min(versions) == (3, 11)
    assert max(versions) >= (3, 12)
    assert used == ["actions/checkout"]
    assert (job["steps"][-1]["run"], job["steps"][-1]["env"]["CI"]) == ("make test", "true")


def test_a_machine_with_one_python_says_that_it_skips_the_other(tmp_path: Path) -> None:
    skipped = ci("other_python.py", "--version", **nothing_installed(tmp_path))

    assert skipped.returncode == 77
    assert re.fullmatch(r"skipped: this machine has no Python 3\.1[\d. or]+\n", skipped.stdout)


def test_an_interpreter_that_refuses_to_run_is_not_taken(tmp_path: Path) -> None:
    environment = nothing_installed(tmp_path)
    for version in ("3.11", "3.12", "3.13", "3.14"):
        shim = tmp_path / f"python{version}"
        shim.write_text("#!/bin/sh\necho pyenv: command not found >&2\nexit 127\n")
        shim.chmod(0o755)

    assert ci("other_python.py", "--version", **environment).returncode == 77


@pytest.fixture
def checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script, as a module that works in an empty folder."""
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    module = importlib.import_module("checks")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def test_a_step_that_waits_runs_beside_the_others_and_is_over_before_one_that_needs_the_machine(
    checks: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wait = "for each in $(seq 3000); do test -f begun && break; sleep 0.01; done; test -f begun"
    own = "echo $CALLINVITE_DATA_DIR"
    steps = [
        checks.Step("one", "waits", ["sh", "-c", f"{wait} && touch over && {own}"], beside=True),
        checks.Step("one", "first", ["sh", "-c", f"touch begun && {own}"]),
        checks.Step("one", "last", ["sh", "-c", f"test -f over && {own}"], apart=True),
    ]
    monkeypatch.setattr(checks, "_steps", lambda: steps)

    assert checks.main([]) == 0
    said = capfd.readouterr().out
    assert re.findall("== (first|waits|last)\n", said) == ["first", "waits", "last"]
    assert len(set(re.findall(r"/.*/data", said))) == 3

    monkeypatch.setattr(checks, "_steps", lambda: [checks.Step("one", "waits", ["false"], beside=True)])
    assert checks.main([]) == 1


@pytest.mark.parametrize(
    "marks",
    [set(), {"redis"}, {"server"}, {"server", "redis"}, {"browser"}, {"browser", "alone"}, {"browser", "waits"}],
)
def test_each_test_runs_in_one_step(checks: Any, monkeypatch: pytest.MonkeyPatch, marks: set[str]) -> None:
    monkeypatch.undo()
    again = ("quick", "postgres", "other", "several", "layouts")
    chosen = [step.command for step in checks._steps() if step.tests and step.parts not in again]
    expressions = [command[command.index("-m", command.index("pytest")) + 1] for command in chosen]

    assert len(expressions) == 5
    assert sum(Expression.compile(each).evaluate(lambda name, /, **_: name in marks) for each in expressions) == 1


def test_caches_of_another_user_are_left_alone(checks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    kept = tmp_path / ".mypy_cache" / "3.11" / "cache.db"
    kept.parent.mkdir(parents=True)
    kept.touch()

    assert checks._caches(elsewhere) == {}
    monkeypatch.setattr(os, "geteuid", lambda: kept.stat().st_uid + 1)
    assert checks._caches(elsewhere) == {"MYPY_CACHE_DIR": str(elsewhere / ".mypy_cache")}


def nothing_installed(folder: Path) -> dict[str, str]:
    """An environment in which no other Python is to be found."""
    places = ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR")
    return dict.fromkeys(places, str(folder))


def ci(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, f".ci/{script}", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
