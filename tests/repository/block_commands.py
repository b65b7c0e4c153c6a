"""Commands of shells in the documentation: what they name is there. Nothing is run here."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shlex
import tomllib
from collections.abc import Iterator

from django.core.management import get_commands, load_command_class

from tests.repository.tracked import ROOT

OURS = re.compile(r"^(?:\./)?((?:deploy|requirements|docs|examples|benchmarks|static)/[\w./@*-]+)$")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
PYTHON = re.compile(r"(?:.*/)?python3?$")
ENDS = {"()", ";", "&&", "||", "|", "&", "(", ")", "{", "}"}


def check_commands(text: str) -> None:
    """Fails for a target, management command, option, file, unit, extra or application that there is not."""
    for words in _commands(text):
        _check_files(words)
        _check_units(words)
        _check_extras(words)
        _check_applications(words)
        if words[0] == "make":
            targets = [word for word in words[1:] if "=" not in word]
            assert [each for each in targets if each not in TARGETS] == []
        if arguments := _of_management(words):
            _check_management(arguments)


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        with contextlib.suppress(ValueError):  # A text over several lines: `bash -n` has looked at it.
            words: list[str] = []
            for word in [*lexer, ";"]:
                if word not in ENDS:
                    words.append(word)
                    continue
                if words:
                    yield words
                words = []


def _check_files(words: list[str]) -> None:
    for word in words:
        if ours := OURS.match(word):
            assert any(ROOT.glob(ours[1])) or ours[1] == "deploy/.env", f"there is no {ours[1]}"


def _check_units(words: list[str]) -> None:
    for word in words if words[0] == "systemctl" else []:
        if unit := re.match(r"(callinvite-\w+)(@?)", word):
            assert (ROOT / "deploy" / f"{unit[1]}{unit[2]}.service").exists(), f"there is no unit {word}"


def _check_extras(words: list[str]) -> None:
    for word in words:
        if extras := re.match(r"(?:\.|callinvite|.*\.whl)\[([\w,-]+)\]$", word):
            assert [each for each in extras[1].split(",") if each not in EXTRAS] == []


def _check_applications(words: list[str]) -> None:
    for word in words:
        if named := re.match(r"(callinvite\.\w+):(\w+)$", word):
            assert hasattr(importlib.import_module(named[1]), named[2])


def _of_management(words: list[str]) -> list[str] | None:
    """What follows `manage.py`, or the function `manage` of docs/production.md."""
    if words[0] in {"manage", "manage.py"}:
        return words[1:] or None
    place = next((place for place, word in enumerate(words) if word.endswith("manage.py")), None)
    if place is None or (place and not PYTHON.match(words[place - 1])):
        return None
    return words[place + 1 :] or None


def _check_management(arguments: list[str]) -> None:
    end = next((place for place, word in enumerate(arguments) if word in {">", ">>", "<"}), len(arguments))
    name, *rest = arguments[:end]
    if name.startswith("$"):
        return
    assert name in get_commands(), f"there is no command {name}"
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            command.create_parser("manage.py", name).parse_args(rest)
    except SystemExit:
        raise AssertionError(f"{name} {' '.join(rest)}: {said.getvalue()}") from None
    except Exception as error:
        raise AssertionError(f"{name} {' '.join(rest)}: {error}") from error
