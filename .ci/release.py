"""Prepares a release: the notes from CHANGELOG.md, and the command that creates the tag. Changes nothing in git.

The version is written only in pyproject.toml. A release is a commit in which the newest section of CHANGELOG.md has
that version and a date, and *Unreleased* is empty."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECTION = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\d{4}-\d{2}-\d{2}))?\n", re.MULTILINE)


class Refused(Exception):
    """What is not ready, in words for the person who releases."""


def main() -> int:
    """Check, write the notes to build/ and print what remains to be done; return the exit code."""
    try:
        version, notes = prepared()
    except Refused as refused:
        print(f"not ready: {refused}", file=sys.stderr)
        return 1
    file = ROOT / "build" / f"release-notes-{version}.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(notes)
    print(notes)
    print(f"The notes are in {file.relative_to(ROOT)}. When CI is green on this commit, a maintainer tags it:\n")
    # Without the last option git treats the headings as comments.
    print(f"    git tag --annotate v{version} --file {file.relative_to(ROOT)} --cleanup whitespace")
    print(f"    git push origin v{version}")
    return 0


def prepared() -> tuple[str, str]:
    """The version of this tree and its notes.

    Raises:
        Refused: tree, changelog and version do not belong to the same release.
    """
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if _git("status", "--porcelain"):
        raise Refused("there are changes that are not committed")
    if _git("tag", "--list", f"v{version}"):
        raise Refused(f"v{version} is tagged already; a new release needs a new version in pyproject.toml")
    return version, notes_of(version, (ROOT / "CHANGELOG.md").read_text())


def notes_of(version: str, changelog: str) -> str:
    """What the changelog says about its newest release.

    Raises:
        Refused: it has another version, no date or no text, or something is still unreleased.
    """
    headings = list(SECTION.finditer(changelog))
    ends = [*(each.start() for each in headings[1:]), len(changelog)]
    texts = [changelog[heading.end() : end].strip() for heading, end in zip(headings, ends, strict=True)]
    if len(headings) < 2 or headings[0]["name"] != "Unreleased":
        raise Refused("CHANGELOG.md has to begin with [Unreleased] and a release below it")
    if texts[0]:
        raise Refused("CHANGELOG.md has something under [Unreleased]; it belongs under the version that brings it")
    newest = headings[1]
    if newest["name"] != version:
        raise Refused(f"pyproject.toml says {version}, and CHANGELOG.md's newest release is {newest['name']}")
    if not newest["date"] or not texts[1]:
        raise Refused(f"CHANGELOG.md has no date or no text for {version}")
    return f"{texts[1]}\n"


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
