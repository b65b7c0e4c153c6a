"""How a block of the documentation is checked without being run, by its language."""

from __future__ import annotations

import ast
import configparser
import importlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_kotlin
import tree_sitter_swift
import yaml
from babel.messages import pofile

from tests.repository.block_commands import check_commands
from tests.repository.block_pages import check_markup, check_style
from tests.repository.block_shapes import check_exchange, check_shape
from tests.repository.blocks import Block
from tests.repository.tracked import ROOT

SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()


def documents(text: str) -> list[Any]:
    """JSON values written one after another."""
    decoder, found, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found


def _text(block: Block) -> None:
    """Whatever is read by people alone."""
    assert not re.search(r"^(\$|import |curl |pip )", block.text, re.MULTILINE), (
        f"{block}: can be run: say its language"
    )


def _json(block: Block) -> None:
    for value in documents(block.text):
        if "shape" in block.said:
            check_shape(value, block.said["shape"])


def _shell(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    assert "curl" not in block.text or "run" in block.said, f"{block}: a request can be run: say run=server"
    check_commands(block.text)


def _settings(block: Block) -> None:
    """Settings as they stand in an environment file."""
    for line in filter(None, block.text.splitlines()):
        if line.startswith("#"):
            continue
        name, _, value = line.partition("=")
        assert value, line
        assert f"\n| `{name}` |" in SETTINGS_PAGE, f"{name} is in no table of docs/settings.md"


def _python(block: Block) -> None:
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                importlib.import_module(each.name)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert [each.name for each in node.names if each.name != "*" and not hasattr(module, each.name)] == []
    unknown = _undefined(block.text) - set(block.given) - _of_earlier(block)
    assert unknown == set(), f"{block}: nobody says what these are; if the reader provides them: given=NAME,NAME"


def _undefined(text: str) -> set[str]:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "F821,F822",
        "--output-format",
        "json",
        "-",
    ]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return {re.findall(r"`(\w+)`", each["message"])[0] for each in json.loads(done.stdout)}


def _of_earlier(block: Block) -> set[str]:
    """What the page's earlier blocks of this language define."""
    from tests.repository.blocks import BLOCKS

    earlier = "".join(
        each.text for each in BLOCKS if each.page == block.page and each.line < block.line and each.language == "python"
    )
    names = {node.id for node in ast.walk(ast.parse(earlier)) if isinstance(node, ast.Name)}
    defined = {
        node.name
        for node in ast.walk(ast.parse(earlier))
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    }
    imported = {
        (each.asname or each.name).partition(".")[0]
        for node in ast.walk(ast.parse(earlier))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
    }
    return names | defined | imported


def _ini(block: Block) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(block.text)
    assert parser.sections()
    if (analyze := shutil.which("systemd-analyze")) and parser.has_section("Service"):
        with tempfile.TemporaryDirectory() as folder:
            unit = Path(folder, "example.service")
            unit.write_text(f"[Service]\nExecStart=/bin/true\n{block.text}")
            done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
        assert "Unknown" not in done.stderr, done.stderr


def _po(block: Block) -> None:
    """Messages, each of which there is in English."""
    ours = (ROOT / "invitations/locale/en/LC_MESSAGES/django.po").read_text()
    messages = [each.id for each in pofile.read_po(io.StringIO(block.text), abort_invalid=True) if each.id]
    codes = [each if isinstance(each, str) else each[0] for each in messages]
    assert codes
    assert [code for code in codes if f'msgid "{code}"' not in ours] == []


def _yaml(block: Block) -> None:
    assert yaml.safe_load(block.text) is not None


def _toml(block: Block) -> None:
    assert tomllib.loads(block.text)


def _xml(block: Block) -> None:
    ET.fromstring(f"<parts xmlns:android='android'>{re.sub(r'<[?!][^>]*>', '', block.text)}</parts>")  # noqa: S314


def _braces(block: Block) -> None:
    """A file of Caddy's: what it opens it closes; Caddy itself reads it where there is one."""
    depth = 0
    for line in block.text.splitlines():
        depth += line.rstrip().endswith("{") - (line.strip() == "}")
        assert depth >= 0, line
    assert depth == 0
    if caddy := shutil.which("caddy"):
        command = [caddy, "adapt", "--adapter", "caddyfile", "--config", "-"]
        subprocess.run(command, input=block.text, text=True, check=True, capture_output=True)


def _grammar(language: Callable[[], Any]) -> Callable[[Block], None]:
    """Parses a block by the grammar of a language whose compiler few have."""

    def check(block: Block) -> None:
        parsed = tree_sitter.Parser(tree_sitter.Language(language())).parse(block.text.encode())
        assert _wrong(parsed.root_node) == [], block.text

    return check


def _wrong(node: Any) -> list[str]:
    if node.type == "ERROR" or node.is_missing:
        return [f"line {node.start_point[0] + 1}: {node.text.decode()}"]
    return [each for child in node.children for each in _wrong(child)]


def _script(block: Block) -> None:
    assert script_faults().get(str(block)) is None, script_faults()[str(block)]


@cache
def script_faults() -> dict[str, str]:
    """What the TypeScript compiler finds in all blocks of JavaScript, by block."""
    from tests.repository.block_scripts import faults

    return faults()


CHECKS: dict[str, Callable[[Block], None]] = {
    "text": _text,
    "json": _json,
    "http": lambda block: check_exchange(block.text),
    "sh": _shell,
    "settings": _settings,
    "python": _python,
    "js": _script,
    "html": lambda block: check_markup(block.text),
    "css": lambda block: check_style(block.text),
    "ini": _ini,
    "po": _po,
    "yaml": _yaml,
    "toml": _toml,
    "xml": _xml,
    "caddy": _braces,
    "kotlin": _grammar(tree_sitter_kotlin.language),
    "swift": _grammar(tree_sitter_swift.language),
}
"""By language, or by what a block says with `check`."""
