"""The documentation site is complete and whole, and no page of it asks another host for anything."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs.build import Site, Unbuildable
from tests.repository.tracked import ROOT

NAMESPACES = re.compile(r"http://www\.w3\.org/(?:1999/xhtml|2000/svg|1998/Math/MathML|1999/xlink)")
COMMENTS = re.compile(r"/\*.*?\*/|!--.*?--", re.DOTALL)
FOREIGN = re.compile(r"(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+[/:\"'`)]")
LOADING = {"src", "srcset", "data", "poster", "action"}


class Loaded(HTMLParser):
    """What a browser asks for when it opens a page: all but the links that people follow."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.policies: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given[name] for name in LOADING & given.keys()]
        if tag == "link":
            self.addresses.append(given["href"])
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(given["content"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site."""
    site = Site(tmp_path_factory.mktemp("docs") / "site")
    site.prepare()
    site.build()
    return site.built


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A repository with all that this one has, and pages of its own to break."""
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    for path in ROOT.iterdir():
        if path.name not in {"docs", ".git", ".venv"}:
            (root / path.name).symlink_to(path)
    for path in (ROOT / "docs").iterdir():
        if path.suffix == ".md":
            (root / "docs" / path.name).write_text(path.read_text())
        else:
            (root / "docs" / path.name).symlink_to(path)
    return root


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_page_is_there(built: Path) -> None:
    names = {path.stem for path in (ROOT / "docs").glob("*.md")}

    assert {name for name in names if not (built / name / "index.html").exists()} == set()
    assert "<h1" in (built / "index.html").read_text()


def test_pages_load_nothing_from_another_host(built: Path) -> None:
    found = {}
    for page in pages(built):
        loaded = Loaded()
        loaded.feed(page.read_text())
        found[page.relative_to(built).as_posix()] = [each for each in loaded.addresses if "//" in each]
        assert [each.partition(";")[0] for each in loaded.policies] == ["default-src 'none'"], page
        assert "//" not in loaded.policies[0]

    assert len(found) > 25
    assert {page: foreign for page, foreign in found.items() if foreign} == {}


def test_scripts_and_styles_name_no_other_host(built: Path) -> None:
    found = {}
    for path in [*built.rglob("*.js"), *built.rglob("*.css")]:
        text = NAMESPACES.sub("", COMMENTS.sub("", path.read_text()))
        found[path.name] = FOREIGN.findall(text)

    assert len(found) > 4
    assert {name: foreign for name, foreign in found.items() if foreign} == {}


def test_a_link_that_leads_nowhere_stops_the_build(other: Path, tmp_path: Path) -> None:
    links = ["no-such-page.md", "api.md#no-such-heading", "../deploy/no-such-file.conf"]
    with (other / "docs" / "scale.md").open("a") as page:
        page.writelines(f"\n[gone]({link})\n" for link in links)
    site = Site(tmp_path / "built", other)
    site.prepare()

    with pytest.raises(Unbuildable) as caught:
        site.build()
    said = str(caught.value)
    assert "3 issues found" in said
    assert [said.count(each) for each in ("page does not exist\n    ╭", "anchor does not exist\n    ╭")] == [2, 1]
    assert said.count("scale.md:") == 3


def test_a_page_without_a_place_stops_the_build(other: Path, tmp_path: Path) -> None:
    (other / "docs" / "new.md").write_text("# New\n")

    with pytest.raises(Unbuildable, match=r"give these pages a place .*: new\.md"):
        Site(tmp_path / "built", other).prepare()


def test_a_place_without_a_page_stops_the_build(other: Path, tmp_path: Path) -> None:
    (other / "docs" / "scale.md").unlink()

    with pytest.raises(Unbuildable, match=r"pages that are not there: scale\.md"):
        Site(tmp_path / "built", other).prepare()
