"""Builds the documentation site: `python docs/build.py [FOLDER]`, which needs the extra `docs`. Without a folder it
only tells whether the site can be built.

The pages are those of docs/ and of the top level, as they are read in the repository. Here their links are turned to
where things lie on the site; a file that is linked and is no page is shown on a page of its own. To them come the
reference pages, from the contract. The build fails for a link that leads nowhere, and for a page without a place in
mkdocs.yml. Nothing that it writes names another host that a browser would ask."""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs import reference

ROOT = Path(__file__).resolve().parents[1]
TOP_LEVEL = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting.md",
}
"""Pages outside docs/, and what they are called on the site."""

LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")
FENCE = re.compile(r"^\s*(```+|~~~+) ?(\S*)")
"""What opens or closes a block. What stands after the language is for the tests."""
LANGUAGES = {".yaml": "yaml", ".service": "ini", ".conf": "nginx", ".py": "python", ".html": "html", "": "text"}

REMOTE = re.compile(r"https?://(?:unpkg\.com|cdn\.jsdelivr\.net|api\.github\.com)/[^\"'`]*")
"""Addresses in the theme's script, for features that this site does not use."""


ESCAPES = re.compile(r"\x1b\[[\d;]*m")


class Unbuildable(Exception):
    """Something is wrong with the pages, as it says."""


class Site:
    """The sources of a site in a folder, of which it is then built.

    Args:
        folder: made anew; gets `mkdocs.yml`, `docs/`, `theme/` and `site/`.
        root: of the repository.
    """

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder = folder
        self.built = folder / "site"
        self._root = root
        self._pages = {**TOP_LEVEL, **{f"docs/{path.name}": path.name for path in (root / "docs").glob("*.md")}}
        self._waiting: list[str] = []

    def prepare(self) -> None:
        """Write the sources.

        Raises:
            Unbuildable: a page has no place in the navigation, or the navigation names one that is not there.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "docs").mkdir(parents=True)
        shutil.copy(self._root / "mkdocs.yml", self.folder)
        shutil.copytree(self._root / "docs" / "theme", self.folder / "theme")
        self._compare_navigation((self._root / "mkdocs.yml").read_text())
        self._waiting = list(self._pages)
        for source in self._drain():
            self._write(source)
        contract = self._root / "docs" / "contract"
        shutil.copytree(contract, self.folder / "docs" / "contract", dirs_exist_ok=True)
        for name, text in reference.pages(contract).items():
            (self.folder / "docs" / name).write_text(text)

    def build(self) -> None:
        """Build it, strictly, and take out of the theme's script where it could load more from.

        Raises:
            Unbuildable: a link leads nowhere.
        """
        command = [
            sys.executable,
            "-m",
            "zensical",
            "build",
            "--strict",
            "--config-file",
            str(self.folder / "mkdocs.yml"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False)  # noqa: S603
        if done.returncode:
            # What follows is its own way through the code.
            raise Unbuildable(ESCAPES.sub("", done.stdout + done.stderr).partition("Traceback")[0])
        for script in self.built.rglob("*.js"):
            script.write_text(REMOTE.sub("about:invalid", script.read_text()))

    def _compare_navigation(self, configuration: str) -> None:
        placed = re.findall(r"([\w.-]+\.md)$", configuration.partition("\nnav:\n")[2], re.MULTILINE)
        there = {*self._pages.values(), *reference.PAGES}
        if missing := sorted(there - set(placed)):
            raise Unbuildable(f"give these pages a place under `nav` in mkdocs.yml: {', '.join(missing)}")
        if gone := sorted(set(placed) - there):
            raise Unbuildable(f"mkdocs.yml names pages that are not there: {', '.join(gone)}")

    def _drain(self) -> Iterator[str]:
        while self._waiting:
            yield self._waiting.pop()

    def _write(self, source: str) -> None:
        """Write the page that a file or a folder of the repository becomes."""
        path, target = self._root / source, self.folder / "docs" / self._pages[source]
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            shutil.copy(path, target)
        elif path.suffix == ".md":
            target.write_text("".join(self._turned(source, path.read_text())))
        elif path.is_dir():
            files = (each.relative_to(self._root).as_posix() for each in sorted(path.iterdir()) if each.is_file())
            links = (f"- [{each}]({self._place(self._pages[source], each)})\n" for each in files)
            target.write_text(f"# {source}/\n\n{''.join(links)}")
        else:
            language = LANGUAGES.get(path.suffix, "text")
            target.write_text(f"# {source}\n\n```` {language}\n{path.read_text()}````\n")

    def _turned(self, source: str, text: str) -> Iterator[str]:
        """The lines of a page, with links that hold on the site."""
        fence = ""
        here = self._pages[source]
        for line in text.splitlines(keepends=True):
            found = FENCE.match(line)
            if found and (not fence or found[1].startswith(fence)):
                line = f"{found[0]}\n"
                fence = "" if fence else found[1]
            if fence:
                yield line
                continue
            yield LINK.sub(lambda link: self._place(here, _resolved(source, link[1])), line)

    def _place(self, here: str, source: str) -> str:
        """Where a file of the repository lies, as seen from a page of the site."""
        if not (self._root / source).exists():
            # The build says in which line this is.
            return f"missing/{source}.md"
        if source not in self._pages:
            self._pages[source] = _shown_at(source)
            self._waiting.append(source)
        return posixpath.relpath(self._pages[source], posixpath.dirname(here) or ".")


def _resolved(source: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _shown_at(source: str) -> str:
    path = PurePosixPath(source)
    if path.suffix == ".png":
        return f"pictures/{path.name}"
    return f"files/{source}" if path.suffix == ".md" else f"files/{source}.md"


def main(folder: Path) -> int:
    """Build the site into a folder; return the exit code."""
    site = Site(folder)
    try:
        site.prepare()
        site.build()
    except Unbuildable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1]).resolve()))
    with tempfile.TemporaryDirectory(prefix="callinvite-docs-") as name:
        sys.exit(main(Path(name) / "docs"))
