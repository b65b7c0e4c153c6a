"""No sentence stands outside the message files: what looks like one in the code is for developers or operators."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.repository.tracked import ROOT

APP = ROOT / "invitations"
_prose = re.compile(r"[A-Za-z][a-z]* [a-z]+|[A-Za-z]{2}[.!?…]$")


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in a module that reads like prose, with its line."""
    tree = ast.parse(path.read_text())
    left_out = {id(node) for each in ast.walk(tree) for node in _silent(each)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _prose.search(node.value):
            yield node.lineno, node.value


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """What no one is shown: documentation strings, log lines, and what an assertion or a comparison names."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("logger.", "re.compile")):
        yield from ast.walk(node)


if __name__ == "__main__":
    for path in sorted(APP.rglob("*.py")):
        for line, text in literals(path):
            print(f"{path.relative_to(APP)}:{line}: {text!r}")
