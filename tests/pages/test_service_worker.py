"""The service worker and its parts, at the addresses where browsers keep them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

STATIC = Path(__file__).resolve().parents[2] / "static" / "callinvite"
WORKER = reverse("callinvite:service_worker")
ICONS = re.findall(r'"/static/(callinvite/icons/[^"]+)"', (STATIC / "worker/notices.js").read_text())
PARTS = sorted(path.stem for path in (STATIC / "worker").glob("*.js"))


def part(name: str) -> str:
    return reverse("callinvite:service_worker_part", args=[name])


@pytest.mark.parametrize("address", [WORKER, *map(part, PARTS)])
def test_it_is_served_to_everybody_and_asked_for_anew_each_time(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_it_may_serve_the_whole_site_from_an_address_that_never_changes(client: Client) -> None:
    assert WORKER == "/service-worker.js"
    assert client.get(WORKER).headers["Service-Worker-Allowed"] == "/"


def test_it_loads_every_part_there_is(client: Client) -> None:
    named = re.findall(r'"(service-worker/[a-z]+\.js)"', client.get(WORKER).text)
    assert sorted(f"/{name}" for name in named) == [part(name) for name in PARTS]


@pytest.mark.parametrize("name", ["nothing", "service-worker", "..", "../shell"])
def test_nothing_else_is_served_beside_it(client: Client, name: str) -> None:
    assert client.get(f"/service-worker/{name}.js").status_code == 404


def test_it_stands_where_its_own_policy_lets_it_work(client: Client) -> None:
    policy = client.get(WORKER).headers["Content-Security-Policy"]
    assert "script-src 'self';" in f"{policy};"
    assert "connect-src 'self';" in f"{policy};"


@pytest.mark.parametrize("name", ICONS)
def test_the_icons_of_notifications_exist(name: str) -> None:
    assert (STATIC.parent / name).is_file()


def test_icons_are_named_as_pages_name_them_so_that_browsers_keep_them_for_ever(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    hashed = {name: name.replace(".png", ".0123456789ab.png") for name in ICONS}
    (tmp_path / "staticfiles.json").write_text(json.dumps({"version": "1.1", "paths": hashed, "hash": ""}))
    settings.STATIC_ROOT = tmp_path
    settings.STATIC_URL = "https://static.example.org/"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "callinvite.static.HashedModulesStorage"}}

    script = client.get(part("notices")).text

    assert {f'"https://static.example.org/{name}"' for name in hashed.values()} <= set(re.findall(r'"[^"\n]*"', script))
    assert "/static/callinvite" not in script
