"""The client's declarations for TypeScript: of now, and of use."""

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
    assert declare.TARGET.read_text() == declare.declarations(), "Run `make declarations`."


def test_an_app_in_typescript_compiles_on_them() -> None:
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"]
    program = str(ROOT / "tests" / "client" / "declared.ts")
    done = subprocess.run(
        [sys.executable, str(JS / "node.py"), "tsc", *options, program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
