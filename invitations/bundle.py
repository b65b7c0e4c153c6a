"""The pages' modules and styles put together into few files by esbuild, if it is installed.

Only a copy that loads faster: without it, pages load the same modules one by one. It needs nothing but Python's own
library, because the wheel is built with it too. Sentences stay files of their own, for projects may replace them."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

FOLDER = "bundle"
"""Where the files lie, beside the folders of their sources."""

SCRIPTS: dict[str, str] = {"shell": "pages/shell.js"}
"""The entry module of each bundled script."""

MODULES: dict[str, str] = {"sdk": "sdk/index.js"}
"""The same for what other sites import: each with all that it needs, sentences too."""

STYLES: Mapping[str, tuple[str, ...]] = {
    "card": ("tokens", "base", "button", "form", "card-page", "guards"),
    "first": ("tokens", "base", "button", "shell"),
    "shell": (
        *(
            "form",
            "avatar",
            "people",
            "contacts",
            "recents",
            "timeline",
            "settings",
            "quiet",
            "devices",
            "pairing",
            "my-data",
        ),
        *(
            "incoming-call",
            "call-screen",
            "call-stage",
            "call-controls",
            "call-corner",
            "own-preview",
            "banners",
            "toasts",
        ),
    ),
}
"""The styles that pages need together, in the order in which they apply. `first` is all that the shell needs to be seen
before anything else of it is there."""


class NotBundled(Exception):
    """There is no bundle; the message says why."""


def bundler() -> Path | None:
    """The esbuild that `requirements/install bundler` put into this environment, or into the checkout's own."""
    for environment in (sys.prefix, Path(__file__).resolve().parents[1] / ".venv"):
        for name in ("*/bin/esbuild", "*/esbuild.exe"):
            for program in Path(environment, "js", "node_modules", "@esbuild").glob(name):
                return program
    return None


def make(sources: Path, target: Path) -> list[str]:
    """Make the bundle anew.

    Args:
        sources: the folder `callinvite` of static files.
        target: the folder for the bundle, which is replaced.

    Returns:
        The names of the files. Each also lies there compressed, as NAME.gz.

    Raises:
        NotBundled: esbuild is missing or failed, or nothing can be written. No older bundle is left.
    """
    program = bundler()
    try:
        # An old one would hide changes of its sources.
        if target.exists():
            shutil.rmtree(target)
        if program is None:
            raise NotBundled("esbuild is not installed (requirements/install bundler)")
        return _made(program, sources, target)
    except OSError as error:
        raise NotBundled(str(error)) from error


def _made(program: Path, sources: Path, target: Path) -> list[str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".bundle-") as name:
        folder = Path(name, FOLDER)
        _run(program, sources, folder)
        names = sorted(each.name for each in folder.iterdir())
        for each in names:
            # Without a date, so that the same sources always give the same file.
            folder.joinpath(f"{each}.gz").write_bytes(gzip.compress(folder.joinpath(each).read_bytes(), mtime=0))
        # Another process may have been faster.
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
    return names


def _run(program: Path, sources: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="callinvite-bundle-") as name:
        entries = [f"{each}={sources / path}" for each, path in SCRIPTS.items()]
        for each, parts in STYLES.items():
            entry = Path(name, f"{each}.css")
            entry.write_text("".join(f'@import "{(sources / "style" / part).as_posix()}.css";\n' for part in parts))
            entries.append(f"{each}={entry}")
        # As they are named from this folder, which lies beside theirs.
        _bundled(program, entries, folder, "--external:*/words/say.js")
    _bundled(program, [f"{each}={sources / path}" for each, path in MODULES.items()], folder)


def _bundled(program: Path, entries: list[str], folder: Path, *more: str) -> None:
    options = ["--bundle", "--minify", "--format=esm", "--charset=utf8", "--log-level=warning", *more]
    done = subprocess.run(  # noqa: S603
        [program, *entries, *options, f"--outdir={folder}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotBundled(f"esbuild failed: {done.stderr.strip()}")
