"""What pages of other sites load: for any origin, looked at anew each time, and described as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings

from invitations import bundle
from invitations.pages import bundled, sdk
from tests.repository.block_pages import SDK, custom_properties, parts
from tests.repository.tracked import ROOT

ADDRESSES = [f"/sdk/v1/{name}" for name in sdk.FILES]
ELSEWHERE = {"Origin": "https://site.example"}
PAGE = (ROOT / "docs" / "embedding.md").read_text()


@pytest.mark.parametrize("address", ADDRESSES)
def test_any_origin_may_load_it_and_looks_for_a_new_one_each_time(client: Client, address: str) -> None:
    answer = client.get(address, headers=ELSEWHERE)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert set(answer.headers["Cache-Control"].split(", ")) == {"public", "no-cache"}
    assert "Cookie" not in answer.headers.get("Vary", "")
    again = client.get(address, headers=ELSEWHERE | {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["Access-Control-Allow-Origin"]) == (304, "*")


def test_nothing_else_is_there(client: Client) -> None:
    for name in ("nothing.js", "..%2fcallinvite.js", "callinvite", "look.js"):
        assert client.get(f"/sdk/v1/{name}").status_code == 404


@pytest.fixture
def with_bundle(tmp_path: Path, settings: Settings) -> Iterator[None]:
    if bundle.bundler() is None:
        pytest.skip("no esbuild: requirements/install dev")
    bundle.make(ROOT / "static" / "callinvite", tmp_path / "callinvite" / "bundle")
    settings.STATICFILES_DIRS = [tmp_path, *settings.STATICFILES_DIRS]
    _forget()
    yield
    _forget()


def _forget() -> None:
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    bundled.is_there.cache_clear()


def _led_to(client: Client) -> str:
    (address,) = re.findall(r'^export \* from "/static/([^"]+)";\n$', client.get("/sdk/v1/callinvite.js").text)
    return str(address)


def test_the_module_leads_to_the_sources_where_there_is_no_bundle(client: Client) -> None:
    assert finders.find(_led_to(client)) == str(SDK / "index.js")


@pytest.mark.usefixtures("with_bundle")
def test_the_module_leads_to_one_file_that_needs_no_other(client: Client) -> None:
    name = _led_to(client)
    script = Path(str(finders.find(name))).read_text()

    assert name == "callinvite/bundle/sdk.js"
    assert not re.search(r'(?:^|[;}])import[\s{"*]|\}from"', script)
    assert "Incoming video call" in script


def test_the_worker_is_whole_and_names_its_pictures_by_the_servers_own_address(client: Client) -> None:
    script = client.get("/sdk/v1/service-worker.js").text

    assert "importScripts" not in script
    assert "/static/" not in re.sub(r'"http://testserver/static/[^"]+"', "", script)
    assert re.findall(r'"http://testserver/static/(callinvite/icons/[^"]+)"', script)
    for part in (ROOT / "static/callinvite/worker").glob("*.js"):
        assert part.read_text().partition("*/")[2].strip()[-40:] in script


def test_everything_of_the_elements_stands_in_the_documentation() -> None:
    script = "".join(path.read_text() for path in SDK.glob("*.js"))
    parameters = (ROOT / "static/callinvite/elements/send-parameters.js").read_text()
    attributes = set(re.findall(r'^  "([a-z-]+)",$', parameters, re.MULTILINE))
    observed = re.findall(r"observedAttributes = \[([^\]]*)\]", script)
    attributes |= set(re.findall(r'"([a-z-]+)"', "".join(observed)))
    events = set(re.findall(r'this\.(?:tell|#may)\(\s*"([a-z-]+)"', script)) | {"answered", "declined"}
    named = set(re.findall(r"`([a-z-]+)`", PAGE)) | set(re.findall(r"^\| `([a-z-]+)`", PAGE, re.MULTILINE))

    assert attributes - named == set()
    assert len(events) >= 12
    assert events - named == set()
    assert parts() - named == set()
    assert {name.removeprefix("--callinvite-") for name in custom_properties()} - named == set()
