"""The shell, the pages that say what went wrong, and what all pages promise."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from invitations.pages import views

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static" / "callinvite"
# Programs for reading mail know no style sheets.
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.parent.name != "email")
MODULES = sorted(each for folder in ("elements", "pages", "push", "sounds") for each in (STATIC / folder).glob("*.js"))


@pytest.fixture
def shell(client: Client) -> str:
    client.force_login(get_user_model().objects.create_user("erin", password="right-horse-7"))
    return client.get("/").text


def test_the_shell_hands_its_settings_over_as_data(shell: str) -> None:
    found = re.search(r'<script id="page-config" type="application/json">(.*?)</script>', shell, re.DOTALL)
    assert found is not None
    config = json.loads(found.group(1))
    assert config["user"] == {"id": "erin"}
    assert config["csrfToken"]


def test_the_script_is_told_to_ask_for_the_people_that_the_shell_preloads(
    client: Client, shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(views.FIRST_PEOPLE, "page_size", 30)
    answer = client.get("/")
    assert '<link rel="preload" as="fetch" crossorigin href="/api/v1/users?order=near&amp;page_size=30">' in answer.text
    assert answer.context["page_config"]["firstPeople"] == {"order": "near", "page_size": 30}


def test_the_shell_is_never_kept_by_a_cache(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("erin"))
    assert "no-store" in client.get("/").headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chosen", "scheme"), [("dark", "dark"), ("light", "light"), ("", "light dark"), ("x", "light dark")]
)
def test_a_page_comes_in_the_theme_that_was_chosen(client: Client, chosen: str, scheme: str) -> None:
    client.cookies["callinvite_theme"] = chosen
    page = client.get("/sign-in/").text
    assert f'<meta name="color-scheme" content="{scheme}">' in page
    assert re.findall(r'<html[^>]* data-theme="(\w+)"', page) == ([scheme] if scheme in ("light", "dark") else [])


@pytest.mark.django_db
def test_languages_are_offered_where_there_is_a_choice(client: Client, settings: Settings) -> None:
    client.force_login(get_user_model().objects.create_user("erin"))
    assert client.get("/").context["page_config"]["language"] is None
    settings.LANGUAGES = [("de", "German"), ("en", "English"), ("x-marked", "Marked")]
    assert client.get("/").context["page_config"]["language"] == {
        "cookie": "django_language",
        "path": "/",
        "domain": None,
        "languages": [
            {"tag": "de", "name": "Deutsch"},
            {"tag": "en", "name": "English"},
            {"tag": "x-marked", "name": "Marked"},
        ],
    }


def test_each_load_of_the_shell_leaves_a_mark_that_a_reloading_page_can_read(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("erin"))
    answer = client.get("/", secure=True)
    mark = answer.cookies["callinvite_loaded"]
    assert answer.context["page_config"]["loadedCookie"] == f"callinvite_loaded={mark.value}"
    assert (mark["max-age"], mark["samesite"], mark["secure"], mark["httponly"]) == (10, "Lax", True, "")


def test_the_shell_asks_for_nothing_from_elsewhere(shell: str) -> None:
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', shell)


def test_every_file_that_the_shell_names_is_there(shell: str) -> None:
    named = re.findall(r'"/static/([^"]+)"', shell)
    assert len(named) > 10
    assert [name for name in named if finders.find(name) is None] == []


def test_the_policy_allows_our_own_scripts_and_styles_only(client: Client) -> None:
    policy = client.get("/sign-in/").headers["Content-Security-Policy"]
    assert "script-src 'self';" in f"{policy};"
    assert "style-src 'self';" in f"{policy};"
    assert "unsafe" not in policy


def test_no_template_has_an_inline_script_style_or_handler() -> None:
    forbidden = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\b(?:src=|application/json))")
    assert [each.name for each in TEMPLATES if forbidden.search(each.read_text())] == []


def test_every_import_ends_with_a_semicolon_and_finds_its_file() -> None:
    """Django's static hashing skips an import without one, and a missing file stops it."""
    statement = re.compile(r"^(?:import|export) [^;{]*?(?:\{[^}]*\} )?from .*$|^import \".*$", re.MULTILINE)
    for module in MODULES:
        text = module.read_text()
        assert [line for line in statement.findall(text) if not line.endswith(";")] == [], module.name
        names = re.findall(r"(?:from|import) \"(\.[^\"]+)\"", text)
        assert [name for name in names if not (module.parent / name).resolve().is_file()] == [], module.name


def test_no_module_writes_markup_from_text() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(")
    assert [each.name for each in MODULES if forbidden.search(each.read_text())] == []


def test_colours_stand_in_the_tokens_alone() -> None:
    # The call screens are dark in every theme: white on them, and a ground for a face whose person is unknown.
    fixed = {"#ffffff", "#fff", "#3b5bdb", "#1d2540"}
    for sheet in (STATIC / "style").glob("*.css"):
        if sheet.name not in {"tokens.css", "avatar.css"}:
            colours = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text())) - fixed
            assert not colours, f"{sheet.name}: {colours}"


def test_the_manifest_names_icons_that_exist(client: Client) -> None:
    answer = client.get(reverse("callinvite:app_manifest"))
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    manifest = json.loads(answer.content)
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/")) is not None


def test_a_missing_page_is_said_in_words(client: Client) -> None:
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_static_files_have_the_policy_of_pages(client: Client) -> None:
    with closing(client.get("/static/callinvite/style/tokens.css")) as answer:
        assert answer.status_code == 200
    assert answer["Content-Security-Policy"] == client.get("/sign-in/")["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("view", "arguments", "status", "words"),
    [
        (views.bad_request, (SuspiciousOperation("x"),), 400, "understand"),
        (views.permission_denied, (PermissionDenied("secret"),), 403, "No access"),
        (views.page_not_found, (Exception("secret"),), 404, "Page not found"),
        (views.server_error, (), 500, "our fault"),
        (views.csrf_failure, ("secret",), 403, "out of date"),
    ],
)
def test_every_failure_has_a_page(view: Any, arguments: tuple[object, ...], status: int, words: str) -> None:
    answer = view(RequestFactory().get("/somewhere/"), *arguments)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_a_page_without_its_database_says_that_it_will_pass() -> None:
    request = RequestFactory().get("/")
    try:
        raise OperationalError("away")
    except OperationalError:
        answer = views.server_error(request)
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "away" not in answer.content.decode()


@pytest.mark.parametrize(
    ("view", "arguments", "code"),
    [
        (views.bad_request, (SuspiciousOperation("x"),), "invalid"),
        (views.page_not_found, (Exception("x"),), "not_found"),
        (views.server_error, (), "unavailable"),
        (views.csrf_failure, ("x",), "csrf_failed"),
    ],
)
def test_failures_under_the_api_stay_problems_in_json(view: Any, arguments: tuple[object, ...], code: str) -> None:
    answer = view(RequestFactory().get("/api/v1/somewhere"), *arguments)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"] == code


def test_pages_may_use_camera_and_microphone_and_nothing_that_no_call_needs(client: Client) -> None:
    policy = client.get("/sign-in/").headers["Permissions-Policy"]
    allowed = dict(each.split("=") for each in policy.split(", "))
    assert {allowed[each] for each in ("camera", "microphone", "display-capture")} == {"(self)"}
    assert {allowed[each] for each in ("geolocation", "payment", "usb")} == {"()"}
