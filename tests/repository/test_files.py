"""What may not be committed: addresses in locks, paths of a developer's machine, secrets, data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository.tracked import ROOT, text_of, tracked_files

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
JS_LOCK = ROOT / "requirements" / "js" / "package-lock.json"

# Written so that they do not find themselves, for this file is tracked too.
FOLDERS = ("work", "root", "tmp", "home", "Users", "opt")
MACHINE_PATH = re.compile(rf"(?<![\w.~@-])/(?:{'|'.join(FOLDERS)})/\w")
HOSTS = (r"[p]ypi\.org", "[p]ythonhosted", r"[r]egistry\.npm", r"[n]pmjs\.")
REGISTRY = re.compile("|".join(HOSTS))
# Where the guide for production puts the program is the same on every server.
COMMON_PATHS = ("/opt/callinvite",)

TOP_LEVEL = {
    *{"manage.py", "pyproject.toml", "mkdocs.yml", "callinvite", "invitations", "templates", "static", "tests"},
    *{"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile"},
    *{"Dockerfile", ".dockerignore"},
    *{"requirements", "docs", "deploy", "examples", "benchmarks", ".ci", ".github"},
    *{".gitignore", ".gitattributes", ".editorconfig"},
}


@pytest.mark.parametrize("lock", [*LOCKS, JS_LOCK], ids=lambda path: path.name)
def test_lock_files_hold_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text()
    assert "--index-url" not in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_files_pin_every_requirement_by_hash(lock: Path) -> None:
    requirements = re.findall(r"^[a-z0-9][^\\\n]*(?:\\\n[^\\\n]*)*", lock.read_text(), re.MULTILINE)

    assert len(requirements) > 30 or (lock.name == "node.txt" and len(requirements) == 1)
    assert [each for each in requirements if "==" not in each or "--hash=sha256:" not in each] == []


def test_the_lock_of_the_javascript_tools_pins_every_package_by_hash() -> None:
    packages = {name: each for name, each in json.loads(JS_LOCK.read_text())["packages"].items() if name}

    assert {"node_modules/typescript", "node_modules/@biomejs/biome", "node_modules/esbuild"} <= set(packages)
    assert [name for name, each in packages.items() if not each["integrity"].startswith("sha512-")] == []


def test_no_javascript_package_runs_a_script_when_it_is_installed() -> None:
    assert "ignore-scripts=true" in (ROOT / "requirements/js/.npmrc").read_text().splitlines()


@pytest.mark.parametrize("lock", ["base.txt", "node.txt"])
def test_the_dev_lock_holds_the_versions_of_the_other_locks(lock: str) -> None:
    def versions(name: str) -> set[str]:
        lines = (ROOT / "requirements" / name).read_text().splitlines()
        # Without the systems that it is for: what needs it there may be another one.
        return {line.rstrip("\\ ").partition(" ; ")[0] for line in lines if re.match("[a-z0-9]", line)}

    assert versions(lock) <= versions("dev.txt")


def test_no_tracked_file_names_a_path_of_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path, number, line in _lines()
        if MACHINE_PATH.search(_without_common_paths(line))
    ]
    assert found == []


def test_no_tracked_file_names_a_package_registry() -> None:
    found = [f"{path.relative_to(ROOT)}:{number}" for path, number, line in _lines() if REGISTRY.search(line)]
    assert found == []


def test_no_tracked_file_holds_a_conflict() -> None:
    mark = re.compile(r"(?:<{7}|>{7}) ")
    found = [f"{path.relative_to(ROOT)}:{number}" for path, number, line in _lines() if mark.match(line)]
    assert found == []


def test_nothing_that_is_made_at_run_time_is_tracked() -> None:
    made = re.compile(r"\.(sqlite3(-\w+)?|pem|key|pyc|log)$|^(var|\.venv|staticfiles|node_modules)/")
    names = [str(path.relative_to(ROOT)) for path in tracked_files()]

    assert [name for name in names if made.search(name)] == []


def test_the_top_level_holds_only_what_the_design_names() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked_files()} <= TOP_LEVEL


@pytest.mark.parametrize("name", [".ci/run", ".ci/system-packages", "requirements/install", "manage.py"])
def test_scripts_can_be_executed(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def _lines() -> Iterator[tuple[Path, int, str]]:
    for path in tracked_files():
        if path.suffix == ".txt" and path.parent.name == "requirements":
            continue
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1):
            yield path, number, line


def _without_common_paths(line: str) -> str:
    for path in COMMON_PATHS:
        line = line.replace(path, "")
    return line
