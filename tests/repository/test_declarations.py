"""The client's declarations, and those for pages of other sites, for TypeScript: of now, and of use."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from tests.support.server import ROOT

# With the servers' tests, which run once and where the JavaScript tools are installed.
pytestmark = [pytest.mark.server, pytest.mark.own_layout("starts no server")]
JS = ROOT / "requirements" / "js"


def test_they_are_those_of_the_source() -> None:
    spec = importlib.util.spec_from_file_location("declare", JS / "declare.py")
    assert spec is not None
    assert spec.loader is not None
    declare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(declare)
    made = (declare.TARGET.read_text(), declare.SDK_TARGET.read_text())
    assert made == declare.declarations(), "Run `make declarations`."


@pytest.mark.parametrize("name", ["declared.ts", "embedded.ts"])
def test_an_app_in_typescript_compiles_on_them(name: str) -> None:
    options = ["--noEmit", "--strict", "--allowJs", "--target", "es2023", "--module", "nodenext"]
    options += ["--lib", "es2023,dom,dom.iterable"]
    program = str(ROOT / "tests" / "client" / name)
    done = subprocess.run(
        [sys.executable, str(JS / "node.py"), "tsc", *options, program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
