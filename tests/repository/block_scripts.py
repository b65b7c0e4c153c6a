"""The JavaScript of the documentation, held against the types of the modules that it imports."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

from tests.repository.blocks import BLOCKS, Block
from tests.repository.tracked import ROOT

STATIC = ROOT / "static" / "callinvite"
CLIENT = STATIC / "client" / "index.js"
ADDRESSES = (
    (
        re.compile(r"""(["'])https://calls\.example\.org/sdk/v1/callinvite\.js\1"""),
        r'"{static}/sdk/types/callinvite.js"',
    ),
    (re.compile(r"""(["'])(?:[^"'\s]*/)?callinvite/((?!callinvite)[\w/.-]+\.js)\1"""), r'"{static}/\2"'),
    (re.compile(r"""(["'])\./(client/index\.js)\1"""), r'"{static}/\2"'),
)
"""How a page names a module of ours, and where it lies."""
OF_OTHERS = ("ws",)
OF_WORKERS = "declare function importScripts(...urls: string[]): void;\n"
OF_PAGE = ("does not exist on type 'Element'", "Property 'callinvite' does not exist on type 'Window")
"""What an element of the reader's own page is, and what a worker is told, the compiler cannot know."""


WRONG = Block(ROOT / "README.md", 0, "js", 'await calls.sendd({ invitees: ["bob"] });\n', {"given": "calls"})
"""Compiled with the others, to prove that the compiler looks."""


def faults() -> dict[str, str]:
    """What is wrong with each block of JavaScript, by the block; those without a fault are left out."""
    scripts = [block for block in BLOCKS if block.language == "js" and "check" not in block.said]
    scripts.append(WRONG)
    with tempfile.TemporaryDirectory(prefix="callinvite-blocks-", dir=ROOT / "tests" / "repository") as name:
        folder = Path(name)
        for number, block in enumerate(scripts):
            (folder / f"block{number}.js").write_text(_module(block))
        others = "".join(f'declare module "{each}";\n' for each in OF_OTHERS)
        (folder / "others.d.ts").write_text(others + OF_WORKERS)
        settings = {
            "extends": str(ROOT / "requirements/js/tsconfig.tests.json"),
            "compilerOptions": {
                "module": "esnext",
                "moduleResolution": "bundler",
                "strictNullChecks": False,
                "useUnknownInCatchVariables": False,
            },
            "include": [f"{folder}/*.js", f"{folder}/*.d.ts"],
        }
        (folder / "tsconfig.json").write_text(json.dumps(settings))
        tool = [
            str(ROOT / ".venv/bin/python"),
            str(ROOT / "requirements/js/node.py"),
            "tsc",
            "-p",
            str(folder / "tsconfig.json"),
        ]
        printed = subprocess.run(tool, capture_output=True, text=True, check=False, cwd=folder).stdout
    found: dict[str, str] = {}
    for line in printed.splitlines():
        if any(each in line for each in OF_PAGE):
            continue
        where = re.match(r"(?:.*/)?block(\d+)\.js\((\d+),", line)
        block = scripts[int(where[1])] if where else scripts[0]
        found[str(block)] = f"{found.get(str(block), '')}{line}\n"
    return found


def with_own_modules(text: str) -> str:
    """A script that imports our modules from where they lie."""
    for address, place in ADDRESSES:
        text = address.sub(place.format(static=STATIC), text)
    return text


def _module(block: Block) -> str:
    """The block as a module, below what its reader provides."""
    text = with_own_modules(block.text)
    imports = [line for line in text.splitlines() if line.startswith("import ")]
    rest = [line for line in text.splitlines() if not line.startswith("import ")]
    if "calls" in block.given:
        imports.append(f"/** @type {{import('{CLIENT}').CallInvitationService}} */ let calls;")
    imports += [f"/** @type {{any}} */ let {name};" for name in block.given if name != "calls"]
    return "\n".join(["// @ts-check", *imports, *rest, "export {};", ""])
