"""A sentence by its code: in the language that is spoken here, or else in English."""

from __future__ import annotations

import pytest
from django.core.management import CommandError
from django.utils import translation
from pytest_django import Settings

from invitations import words
from invitations.errors import CallError, Code
from tests.words.conftest import Speak


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_has_a_sentence(code: Code) -> None:
    assert code.sentence != f"error.{code}"
    assert code.sentence.endswith(".")


def test_a_sentence_that_a_language_lacks_is_said_in_english(speak: Speak) -> None:
    speak("de", {"error.call_ended": "Der Anruf ist beendet."})
    with words.in_language("de"):
        assert words.say("error.call_ended") == "Der Anruf ist beendet."
        assert words.say("error.call_full") == "The call is full."


@pytest.mark.parametrize("site", ["de", "fr", "en-gb"])
def test_a_project_in_a_language_that_we_lack_speaks_english(settings: Settings, site: str) -> None:
    settings.LANGUAGE_CODE = site
    with translation.override(site):
        assert words.say("error.call_ended") == "The call has ended."
        assert words.language() == "en"


def test_english_is_said_where_translation_is_off(settings: Settings) -> None:
    with translation.override(None):
        assert words.say("error.call_ended") == "The call has ended."
    settings.USE_I18N = False
    assert words.say("error.call_ended") == "The call has ended."


def test_a_refusal_is_said_when_it_is_shown(speak: Speak) -> None:
    speak("de", {"error.call_ended": "Der Anruf ist beendet.", "error.self": "Das sind Sie selbst."})
    refusals = [CallError(Code.CALL_ENDED), CallError(Code.CALL_ENDED, words.say_lazy("error.self"))]

    with words.in_language("de"):
        assert [each.detail for each in refusals] == ["Der Anruf ist beendet.", "Das sind Sie selbst."]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["Bob"], "Bob"),
        (["Bob", "Carol"], "Bob and Carol"),
        (["Bob", "Carol", "Dave"], "Bob, Carol and Dave"),
        (["Bob", "Carol", "Dave", "Erin"], "Bob, Carol, Dave and Erin"),
    ],
)
def test_names_are_listed_as_in_a_sentence(names: list[str], text: str) -> None:
    assert words.listed(names) == text


@pytest.mark.parametrize(
    ("code", "parameters", "said"),
    [
        ("push.answered_on", {"device": "محمد"}, "Answered on \u2068محمد\u2069"),
        ("list.two", {"first": "Bob", "second": "דנה"}, "Bob and \u2068דנה\u2069"),
        ("push.answered_on", {"device": "Émile 電話"}, "Answered on Émile 電話"),
    ],
)
def test_what_runs_from_right_to_left_moves_nothing_around_it(code: str, parameters: dict[str, str], said: str) -> None:
    assert words.say(code, **parameters) == said


def test_a_sentence_from_right_to_left_keeps_names_apart_but_not_numbers(speak: Speak) -> None:
    speak("he", {"list.two": "{first} \u05d5{second}"})
    with words.in_language("he"):
        assert words.say("list.two", first="Bob", second=2) == "\u2068Bob\u2069 \u05d52"


def test_a_region_speaks_its_language_under_its_own_tag(speak: Speak) -> None:
    speak("pt-BR", {"error.call_ended": "A chamada terminou."})
    with words.in_language("pt-BR"):
        assert (words.say("error.call_ended"), words.language()) == ("A chamada terminou.", "pt-BR")


SLIPS = ["At most {limt}", "Mindestens {", "Nur {0}", "Nur {limit.size}", "Nur {limit[0]}"]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_a_translator_costs_nobody_the_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, slip: str
) -> None:
    words._report_fault.cache_clear()
    monkeypatch.setattr(translation, "gettext", lambda code: slip)

    said = [words.say("list.two", first="Bob", second="Carol") for _ in range(2)]

    assert said == ["Bob and Carol"] * 2
    assert [each.getMessage() for each in caplog.records] == [
        "The sentence list.two cannot be filled in, in the language en."
    ]


@pytest.mark.parametrize(
    "slip", ["{first} und {secnd}", "{first} und {", "{first} und {0}", "{first.name} }", "{first!r}"]
)
def test_a_slip_is_found_before_anybody_hears_it(speak: Speak, slip: str) -> None:
    with pytest.raises(CommandError, match=r"de/LC_MESSAGES/django\.po: list\.two "):
        speak("de", {"list.two": slip})
