"""A release is one version, in one place, that the changelog describes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.repository.tracked import ROOT, tracked_files

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-03-01

### Added

- A bell.

## [1.1.0] - 2026-01-01

- The first one.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository of its own, ready for release 1.2.0."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "release.py", tmp_path / ".ci")
    (tmp_path / ".gitignore").write_text("/build/\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def test_a_release_is_prepared_from_the_changelog(project: Path) -> None:
    done = release(project)

    assert (done.returncode, done.stderr) == (0, "")
    assert (project / "build/release-notes-1.2.0.md").read_text() == "### Added\n\n- A bell.\n"
    assert "git push origin v1.2.0" in done.stdout


def test_the_printed_command_makes_a_tag_that_holds_the_notes(project: Path) -> None:
    (command,) = re.findall(r"^ +git (tag .+)$", release(project).stdout, re.MULTILINE)
    git(project, *command.split())

    assert git(project, "tag", "--list", "--format=%(contents)", "v1.2.0") == "### Added\n\n- A bell.\n\n"
    assert "v1.2.0 is tagged already" in release(project).stderr


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("[1.2.0]", "[1.3.0]", "pyproject.toml says 1.2.0, and CHANGELOG.md's newest release is 1.3.0"),
        ("[Unreleased]\n", "[Unreleased]\n\n- A whistle.\n", "something under [Unreleased]"),
        ("[1.2.0] - 2026-03-01", "[1.2.0]", "no date or no text"),
        ("### Added\n\n- A bell.\n", "", "no date or no text"),
        ("## [Unreleased]\n", "", "has to begin with [Unreleased]"),
    ],
)
def test_a_changelog_that_says_something_else_is_no_release(
    project: Path, before: str, after: str, complaint: str
) -> None:
    (project / "CHANGELOG.md").write_text(CHANGELOG.replace(before, after, 1))
    commit(project)

    done = release(project)

    assert done.returncode == 1
    assert complaint in done.stderr
    assert "git tag" not in done.stdout


def test_what_is_not_committed_is_in_no_release(project: Path) -> None:
    (project / "forgotten.py").touch()

    assert "not committed" in release(project).stderr


def test_the_newest_release_of_our_changelog_is_our_version() -> None:
    names = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert names[:2] == ["Unreleased", VERSION]


def test_the_version_stands_in_one_place() -> None:
    """Lock files name other packages' versions, and the changelog history."""
    stated = re.compile(rf"version\W{{1,8}}{re.escape(VERSION)}\b", re.IGNORECASE)
    searched = [path for path in tracked_files() if path.suffix in {".py", ".toml", ".json", ".js", ".yml", ".yaml"}]

    assert [str(path.relative_to(ROOT)) for path in searched if stated.search(path.read_text())] == ["pyproject.toml"]


def release(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ".ci/release.py"], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )


def commit(project: Path) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "As it stands")


def git(project: Path, *arguments: str) -> str:
    author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@callinvite.invalid"]
    return subprocess.run(
        ["git", *author, "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
