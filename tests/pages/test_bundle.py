"""The bundle of the pages' files: what is in it, and that pages do as well without it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from invitations import bundle
from invitations.pages import bundled

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static" / "callinvite"
STYLES = {f"{part}.css" for parts in bundle.STYLES.values() for part in parts}
NO_INLINE_STYLE = "style-src 'self';"
pytestmark = pytest.mark.skipif(bundle.bundler() is None, reason="no esbuild: requirements/install dev")


@pytest.fixture
def made(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A site with a bundle, made from the sources; gives the bundle's folder."""
    folder = tmp_path / "bundled" / "callinvite" / "bundle"
    bundle.make(STATIC, folder)
    settings.STATICFILES_DIRS = [tmp_path / "bundled", *settings.STATICFILES_DIRS]
    forget()
    yield folder
    forget()


def forget() -> None:
    """What is remembered of the static files of a site."""
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    bundled.is_there.cache_clear()
    bundled.text.cache_clear()


@pytest.fixture
def alice(client: Client, db: None) -> Client:
    """Signed in."""
    client.force_login(get_user_model().objects.create_user("alice", password="right-horse-7"))
    return client


def test_every_style_of_a_page_is_in_a_bundle() -> None:
    of_the_admin = {"admin.css"}

    assert {path.name for path in (STATIC / "style").glob("*.css")} - of_the_admin == STYLES


def test_a_page_with_a_bundle_names_its_files_alone(alice: Client, made: Path) -> None:
    answer = alice.get("/")
    scripts = re.findall(r'<script[^>]* src="/static/callinvite/([^"]+)"', answer.text)
    styles = re.findall(r'<link rel="stylesheet" href="/static/callinvite/([^"]+)"', answer.text)

    assert (scripts, styles) == (["pages/loading.js", "bundle/shell.js"], ["bundle/shell.css"])
    assert [name for name in re.findall(r'"/static/([^"]+)"', answer.text) if finders.find(name) is None] == []


def test_what_the_script_imports_is_fetched_beside_it(alice: Client, made: Path) -> None:
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/callinvite/([^"]+)"', alice.get("/").text)
    imported = set(re.findall(r'from"(\.[^"]+)"', (made / "shell.js").read_text()))

    assert imported == {"../words/say.js"}
    assert set(re.findall(r'from "([^"]+)"', (STATIC / "words/say.js").read_text())) == {"./en.js"}
    assert preloaded == ["words/say.js", "words/en.js"]


@pytest.mark.parametrize(("address", "name"), [("/", "first"), ("/sign-in/", "card")])
def test_the_style_of_the_first_sight_stands_in_the_page_by_a_nonce_of_its_own(
    alice: Client, made: Path, address: str, name: str
) -> None:
    if address == "/sign-in/":
        alice.logout()
    answer = alice.get(address)
    found = re.search(r'<style nonce="([^"]+)">(.+?)</style>', answer.text, re.DOTALL)

    assert found is not None
    assert found[2] == (made / f"{name}.css").read_text()
    assert f"style-src 'self' 'nonce-{found[1]}';" in answer.headers["Content-Security-Policy"] + ";"
    assert found[1] not in alice.get(address).text


def test_a_page_that_is_made_without_the_request_has_no_nonce(client: Client, made: Path) -> None:
    answer = client.get("/no/such/page/")

    assert '<link rel="stylesheet" href="/static/callinvite/bundle/card.css">' in answer.text
    assert NO_INLINE_STYLE in answer.headers["Content-Security-Policy"] + ";"


def test_a_project_whose_policy_has_no_nonce_gets_a_link(alice: Client, made: Path, settings: Settings) -> None:
    directives = {**settings.CONTENT_SECURITY_POLICY["DIRECTIVES"], "style-src": ["'self'"]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}
    page = alice.get("/").text

    assert "<style" not in page
    assert '<link rel="stylesheet" href="/static/callinvite/bundle/first.css">' in page


def test_a_page_without_a_bundle_names_each_file(alice: Client) -> None:
    answer = alice.get("/")
    styles = re.findall(r'<link rel="stylesheet" href="/static/callinvite/style/([^"]+)"', answer.text)

    assert set(styles) == STYLES - {"card-page.css", "guards.css"}
    assert '<script type="module" src="/static/callinvite/pages/shell.js"></script>' in answer.text
    assert "bundle/" not in answer.text
    assert "modulepreload" not in answer.text
    assert NO_INLINE_STYLE in answer.headers["Content-Security-Policy"] + ";"


def test_the_same_sources_give_the_same_bundle(made: Path, tmp_path: Path) -> None:
    names = bundle.make(STATIC, tmp_path / "again")

    assert names == ["card.css", "first.css", "sdk.js", "shell.css", "shell.js"]
    assert {path.name: path.read_bytes() for path in made.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()
    }


def test_a_bundle_that_cannot_be_made_leaves_no_older_one(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "sources"
    (sources / "pages").mkdir(parents=True)
    (sources / "pages/shell.js").write_text("import { a } from './missing.js'; a(;")
    with pytest.raises(bundle.NotBundled, match="esbuild failed"):
        bundle.make(sources, made)
    assert not made.exists()

    bundle.make(STATIC, made)
    monkeypatch.setattr(bundle, "bundler", lambda: None)
    with pytest.raises(bundle.NotBundled, match="not installed"):
        bundle.make(STATIC, made)
    assert list(made.parent.iterdir()) == []


def test_a_bundler_that_cannot_be_run_is_no_failure_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "esbuild"
    program.touch(mode=0o644)
    monkeypatch.setattr(bundle, "bundler", lambda: program)
    with pytest.raises(bundle.NotBundled, match="Permission denied"):
        bundle.make(STATIC, tmp_path / "bundle")


@pytest.mark.parametrize("installed", [True, False], ids=["with esbuild", "without"])
def test_collecting_static_files_bundles_hashes_and_compresses(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    if not installed:
        monkeypatch.setattr(bundle, "bundler", lambda: None)
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "callinvite.static.HashedModulesStorage"},
    }
    # As an earlier release may have left it.
    left = tmp_path / "collected/callinvite/bundle/old.js"
    left.parent.mkdir(parents=True)
    left.touch()
    call_command("collectstatic", interactive=False, verbosity=0)
    hashed = json.loads((tmp_path / "collected/staticfiles.json").read_text())["paths"]
    ours = {name.removeprefix("callinvite/bundle/") for name in hashed if name.startswith("callinvite/bundle/")}

    assert ours == ({"card.css", "first.css", "sdk.js", "shell.css", "shell.js"} if installed else set())
    assert not left.exists()
    assert (tmp_path / "collected" / f"{hashed['callinvite/pages/shell.js']}.gz").exists()
    if installed:
        script = tmp_path / "collected" / hashed["callinvite/bundle/shell.js"]
        assert script.with_name(f"{script.name}.gz").exists()
        words = Path(hashed["callinvite/words/say.js"]).name
        assert set(re.findall(r'from "([^"]+)"', script.read_text())) == {f"../words/{words}"}
