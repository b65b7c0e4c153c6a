"""Imports inside the app point down only, and the app never imports its deployment.

LAYERS is the picture in docs/architecture.md, lowest first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.repository.tracked import ROOT

APP = ROOT / "invitations"

LAYERS = (
    {"words"},
    {"errors", "conf", "ice", "secret_files", "sealing", "addresses", "bundle", "quotas", "request_ids"},
    {"installation", "other_origins"},
    {"transports"},
    {"models"},
    {"store", "shapes"},
    {"ring_words"},
    {"serializers", "migrations"},
    {"live", "rules"},
    {"push", "mailing", "hooks"},
    {"calls"},
    {"credentials", "contacts"},
    {"own_data", "checks"},
    {"dispatcher", "requests", "transport_checks"},
    {"pages"},
    {"accounts"},
    {"api", "sockets", "admin", "management", "templatetags", "apps"},
    {"urls", "asgi"},
)
"""The rooms of the app, lowest first. Rooms of one layer know nothing of each other."""
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def test_imports_point_down_only() -> None:
    assert [f"{where}: {why}" for where, why in _violations()] == []


def test_every_module_of_the_app_has_a_layer() -> None:
    names = {_room(path) for path in APP.rglob("*.py")} - {""}

    assert names - set(LEVEL) == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Within a room too. An import inside a function counts: it only hides the circle."""
    modules = {_name_of(path): path for path in APP.rglob("*.py")}
    imports = {name: sorted(_modules_imported(path, modules) - {name}) for name, path in modules.items()}

    assert list(_circles(imports)) == []


def test_the_app_knows_nothing_of_its_deployment() -> None:
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
            if other == room or other not in LEVEL:
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
    for node, module in _statements(path):
        # What `from invitations import calls` imports is the module behind the word, not the package before it.
        if module == "invitations" and isinstance(node, ast.ImportFrom):
            yield from (f"invitations.{each.name}" for each in node.names)
        else:
            yield module


def _statements(path: Path) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Modules that really get imported, inside functions too; names only for type checkers do not count."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from ((node, each.name) for each in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module
        waiting.extend(ast.iter_child_nodes(node))


def _name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _modules_imported(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules of the app that this one imports; a package counts where one of its names is what is imported."""
    found = set()
    for node, module in _statements(path):
        names = [each.name for each in node.names] if isinstance(node, ast.ImportFrom) else [""]
        for name in names:
            inner = f"{module}.{name}"
            if inner in modules:
                found.add(inner)
            elif module in modules:
                found.add(module)
    return found


def _circles(imports: dict[str, list[str]]) -> Iterator[str]:
    """Every import that closes a circle, found by walking depth first."""
    done: set[str] = set()

    def walk(name: str, road: tuple[str, ...]) -> Iterator[str]:
        if name in road:
            yield " -> ".join([*road[road.index(name) :], name])
            return
        if name in done:
            return
        for other in imports[name]:
            yield from walk(other, (*road, name))
        done.add(name)

    for name in sorted(imports):
        yield from walk(name, ())
