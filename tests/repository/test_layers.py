"""Imports inside the app point down only, and the app never imports its deployment.

LAYERS is the picture in docs/architecture.md, lowest first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.repository.tracked import ROOT

APP = ROOT / "invitations"

LAYERS = (
    {"errors", "conf", "ice", "layers", "statements"},
    {"transports"},
    {"models", "migrations"},
    {"rows", "sheets", "devices", "resources"},
    {"serializers", "presence", "tickets", "action_tokens", "delivery_words"},
    {"live", "messages"},
    {"deliveries"},
    {"events", "ring_tests"},
    {"calls"},
    {"dispatcher"},
    {"api", "sockets", "pages", "admin", "management", "checks", "apps"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# Modules of one layer know nothing of each other, but for these.
SIDEWAYS = {
    ("rows", "sheets"),  # a sheet is what a read fills
    ("sockets", "api"),  # a request frame is the REST operation, body and codes alike
    ("pages", "api"),  # sign-in and sign-up count the same attempts
    ("management", "checks"),  # a command refuses what a check finds
    ("apps", "checks"),
    ("migrations", "models"),  # where uploads go, and validators, are named by where they are
}


def test_imports_point_down_only():
    assert [f"{where}: {why}" for where, why in _violations()] == []


def test_every_module_of_the_app_has_a_layer():
    names = {_room(path) for path in APP.rglob("*.py")} - {""}

    assert names - set(LEVEL) == set()


def test_the_app_knows_nothing_of_its_deployment():
    found = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in APP.rglob("*.py")
        for module in _imported(path)
        if module.split(".")[0] in {"callinvite", "tests", "benchmarks"}
    ]
    assert found == []


def _violations() -> Iterator[tuple[str, str]]:
    for path in sorted(APP.rglob("*.py")):
        room = _room(path)
        if room not in LEVEL:
            continue
        for module in _imported(path):
            other = _imported_room(module)
            if other == room or other not in LEVEL or (room, other) in SIDEWAYS:
                continue
            if LEVEL[other] >= LEVEL[room]:
                yield str(path.relative_to(ROOT)), f"{room} may not import {other}"


def _room(path: Path) -> str:
    first = path.relative_to(APP).parts[0]
    return first.removesuffix(".py").replace("__init__", "")


def _imported_room(module: str) -> str:
    package, _, rest = module.partition(".")
    return rest.split(".")[0] if package == "invitations" else ""


def _imported(path: Path) -> Iterator[str]:
    """Modules that really get imported, inside functions too; names only for type checkers do not count."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from _from(node)
        waiting.extend(ast.iter_child_nodes(node))


def _from(node: ast.ImportFrom) -> Iterator[str]:
    # What `from invitations import calls` imports is the module behind the word, not the package before it.
    if node.module == "invitations":
        yield from (f"invitations.{each.name}" for each in node.names)
    elif node.module:
        yield node.module
