"""Writes `static/callinvite/client/types/index.d.ts`: the JavaScript client, declared for TypeScript from its JSDoc.

One file with what `index.js` exports and the types that it speaks of; nothing internal."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "static" / "callinvite" / "client"
TARGET = CLIENT / "types" / "index.d.ts"
MODULES = ("types", "connection", "call", "errors", "identity", "contacts", "account", "service")
"""What the exports are made of, each after those that it needs."""
OPTIONS = ["--allowJs", "--declaration", "--emitDeclarationOnly", "--strict", "--module", "nodenext"]
HEAD = "/** The Callinvite client: call invitations over one live connection. Made by `make declarations`. */\n"


def declarations() -> str:
    """The file as it should be.

    Raises:
        subprocess.CalledProcessError: the compiler found faults in the client.
    """
    with tempfile.TemporaryDirectory() as folder:
        tsc = [sys.executable, str(Path(__file__).with_name("node.py")), "tsc", *OPTIONS]
        subprocess.run([*tsc, "--target", "es2023", "--outDir", folder, str(CLIENT / "index.js")], check=True, cwd=ROOT)  # noqa: S603
        made = Path(folder)
        written = {name: next(made.rglob(f"{name}.d.ts")).read_text() for name in (*MODULES, "index")}
    exported = re.findall(r"^export (\{.*\})", written.pop("index"), re.MULTILINE)
    names = ", ".join(sorted(", ".join(each.strip("{} ") for each in exported).split(", "), key=str.lower))
    return f"{HEAD}\n{''.join(_inlined(written[name]) for name in MODULES)}\nexport {{ {names} }};\n"


def _inlined(text: str) -> str:
    """One module's declarations without what ties them to the others, exported only if they are types."""
    text = re.sub(r"^import .*\n|^export \{.*\};\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^export type (\w+) = import\(\"\./[\w-]+\.js\"\)\.\1;\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"import\(\"\./[\w-]+\.js\"\)\.", "", text)
    # What stands in comments is told by the types; what only our own modules use is nobody else's affair.
    text = re.sub(r"^/\*\*\n(?: \*.*\n)*? \* @typedef (?:.*\n)*?(?: \*/\n)", "", text, flags=re.MULTILINE)
    text = re.sub(r" {4}/\*\*\n {5}\* @internal\n(?: {5}\*.*\n)* {4}constructor\(.*\n", "", text)
    text = re.sub(r"^export type AccountOptions = \{\n(?: .*\n)*\};\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^export (function|class|const) ", r"declare \1 ", text, flags=re.MULTILINE)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(declarations())
