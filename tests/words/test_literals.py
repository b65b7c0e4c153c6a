"""Whatever people read is said by a code: nothing that reads like prose stands in the code or in a template, every code
that is said has its sentence with just the parameters it is given, and every sentence is said somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from invitations.words import catalogues
from tests.repository.tracked import ROOT
from tests.words.test_catalogues import ENGLISH, parameters_of, sentences_of

APP = ROOT / "invitations"
TEMPLATES = [
    *sorted(path for path in (ROOT / "templates").rglob("*.html") if path.parent.name != "api"),
    *sorted((ROOT / "templates").rglob("*.webmanifest")),
    *sorted((ROOT / "templates").rglob("*.txt")),
]
"""All but the frame of the API's description."""
MODULES = sorted(path for path in APP.rglob("*.py") if "migrations" not in path.parts)
ENGLISH_SENTENCES = sentences_of(ENGLISH)

NOT_FOR_PEOPLE = {
    "checks.py": "system checks, which operators read, in English as Django's own",
    "installation.py": "system checks, too",
    "bundle.py": "log lines",
    "dispatcher/": "log lines",
    "conf.py": "mistakes in settings, as system checks",
    "ice.py": "mistakes in settings, as system checks",
    "management/": "commands, which operators run",
    "transports/vapid/": "mistakes in keys, as system checks",
    "transport_checks.py": "system checks, too",
    "transports/apns_keys.py": "mistakes in keys and accounts, as system checks",
    "transports/fcm_keys.py": "the same",
    "transports/http2.py": "log lines: failures of a connection",
    "transports/outbound.py": "the same",
    "transports/registry.py": "mistakes in settings, as system checks",
    "api/openapi/": "the API's description, which developers read",
    "api/asyncapi/": "the same, of the live socket and of hooks",
    "shapes/": "the API's description",
    "requests/deprecation.py": "the API's description",
    "requests/verbs.py": "the API's description; the verbs' names there are codes",
    "sockets/": "mistakes of a client's program in the protocol of the socket, for its developer",
    "words/catalogues.py": "JavaScript",
}
"""Where prose may be, and who reads it."""
NAMES = {
    "Django admin",
    "preferences of user ",
    "deletion of user ",
    "Can download a copy of people's data",
    "not base64",
    "` where left out.",
}
"""Names of devices, rows and rights, what never leaves its module, and a part of the API's description."""
QUIET = (
    *("logger.", "re.compile", "format_html"),
    *(
        "RuntimeError",
        "TypeError",
        "ValueError",
        "LookupError",
        "NotImplementedError",
        "FieldError",
        "ImproperlyConfigured",
        "IntegrityError",
    ),
    # A failure's detail goes to the log.
    *("Refused(FailureCode.", "TryLater(FailureCode.", "Gone(FailureCode.", "problems.append"),
    # Why a month stays goes to the log, and to who runs `manage.py prune`.
    "Undone(",
    # A field of a request, with its description.
    "_optional(",
)
"""Calls whose texts no one is shown."""
DESCRIPTIONS = {"description", "help_text", "summary"}
"""Keywords of fields and verbs that describe the API to developers."""

_prose = re.compile(r"[A-Za-z][a-z]* [a-z]+(?!=)\b|^[A-Z].*[A-Za-z]{2}[.!?…]$")
_code = re.compile(r"[a-z_]+(?:\.[a-z_]*)+")
_sql = re.compile(r"\b(?:SELECT|FROM|WHERE|UPDATE|INSERT|ORDER BY|AND|NULL|COALESCE|SET|CASE|JOIN|ON|SKIP LOCKED)\b")


FOR_PEOPLE = [path for path in MODULES if not str(path.relative_to(APP)).startswith(tuple(NOT_FOR_PEOPLE))]


@pytest.mark.parametrize("path", FOR_PEOPLE, ids=lambda path: str(path.relative_to(APP)))
def test_no_module_holds_prose(path: Path) -> None:
    assert [f"{line}: {text}" for line, text in prose_in(ast.parse(path.read_text()))] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_prose(path: Path) -> None:
    reader = Text()
    shown = re.sub(r"\{% block body_?class %\}.*?\{% endblock %\}", "", path.read_text())
    reader.feed(re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", shown, flags=re.DOTALL))
    if path.suffix != ".webmanifest":
        assert [each for each in reader.found if re.search(r"[A-Za-z]", each.replace("Callinvite", ""))] == []
        return
    assert re.findall(r'"(?:name|short_name|description)": "([^"]*)"', path.read_text())[:2] == ["Callinvite"] * 2
    assert '"description": "{{' in path.read_text()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_what_a_module_says_has_its_sentence_and_its_parameters(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or ast.unparse(node.func).split(".")[-1] not in ("say", "say_lazy"):
            continue
        codes = codes_of(node.args[0]) if node.args else set()
        if codes is None or any(each.arg is None for each in node.keywords):
            continue
        given = {str(each.arg) for each in node.keywords}
        assert codes, f"line {node.lineno}: no such sentence"
        for code in codes:
            assert parameters_of(code) <= given, f"line {node.lineno}: {code} lacks a parameter"
        wanted = set().union(*map(parameters_of, codes))
        # A count may choose a form and stand in none of them.
        assert given - {"count"} <= wanted, f"line {node.lineno}: nothing names {given - wanted}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_what_a_template_says_has_its_sentence_and_its_parameters(path: Path) -> None:
    for code, rest in re.findall(r'\{% say "([^"]+)"(.*?)%\}', path.read_text()):
        assert code in ENGLISH_SENTENCES
        assert parameters_of(code) == set(re.findall(r"(\w+)=", rest)), code


def test_every_sentence_is_said_somewhere() -> None:
    said = {"language.tag"}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.Constant, ast.JoinedStr)):
                said |= codes_of(node) or set()
    for path in TEMPLATES:
        said |= set(re.findall(r'\{% say "([^"]+)"', path.read_text()))
    static = ROOT / "static" / "callinvite"
    scripts = [path for path in static.rglob("*.js") if path.parent != static / "words" and path.stem != "catalogue"]
    said |= catalogues.codes_named_in(scripts, ENGLISH_SENTENCES)
    assert sorted(ENGLISH_SENTENCES.keys() - said) == []


def prose_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts that read like a sentence or a part of one, with their lines."""
    left_out = {id(node) for each in ast.walk(tree) for node in _silent(each)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in left_out:
            continue
        text = node.value
        if _prose.search(text) and not _sql.search(text) and text not in NAMES and not _code.fullmatch(text):
            yield node.lineno, text


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """Documentation, log lines, patterns, HTML, descriptions of the API, and what a programmer's mistake raises."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    if isinstance(node, ast.keyword) and node.arg in DESCRIPTIONS:
        yield from ast.walk(node)
    if isinstance(node, ast.Call) and ast.unparse(node).startswith(QUIET):
        yield from ast.walk(node)
    # As in the calls above: types let no other detail be a plain text.
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detail":
        yield from ast.walk(node)
    # Django stores the names of rights, in the one language of the database.
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "permissions":
        yield from ast.walk(node)


def codes_of(node: ast.expr) -> set[str] | None:
    """The sentences that an expression can name; None where only running it would tell."""
    if isinstance(node, ast.Constant):
        return {code for code in ENGLISH_SENTENCES if code == node.value}
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = [re.escape(str(each.value)) if isinstance(each, ast.Constant) else _hole(each) for each in node.values]
    if not _code.match(str(getattr(node.values[0], "value", ""))):
        return set()
    return {code for code in ENGLISH_SENTENCES if re.fullmatch("".join(parts), code)}


def _hole(value: ast.expr) -> str:
    """What a name between braces can stand for: a word, or nothing or one more step of the code."""
    return r"[a-z_]+\.[a-z_]+" if ast.unparse(value) == "{event.kind}" else r"(?:[a-z_]+|(?:\.[a-z_]+)?)"


class Text(HTMLParser):
    """What of a page people see or hear."""

    SPOKEN = ("title", "alt", "aria-label", "placeholder")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_data(self, data: str) -> None:
        self.found.append(data.strip())
