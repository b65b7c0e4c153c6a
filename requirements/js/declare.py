"""Writes what TypeScript reads: `client/types/index.d.ts`, the JavaScript client, declared from its JSDoc, and
`sdk/types/callinvite.d.ts`, the same with `sdk/elements.d.ts`, for pages of other sites.

One file each with what is exported and the types that it speaks of; nothing internal."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "static" / "callinvite" / "client"
TARGET = CLIENT / "types" / "index.d.ts"
SDK = ROOT / "static" / "callinvite" / "sdk"
SDK_TARGET = SDK / "types" / "callinvite.d.ts"
SDK_NAMES = ("Calls", "connect", "IncomingCall", "SendCallInvitationButton", "speak")
"""What the module for other sites exports beside the client's errors and service."""
MODULES = ("types", "connection", "call", "errors", "identity", "contacts", "account", "verbs", "service")
"""What the exports are made of, each after those that it needs."""
OPTIONS = ["--allowJs", "--declaration", "--emitDeclarationOnly", "--strict", "--module", "nodenext"]
HEAD = "/** The Callinvite client: call invitations over one live connection. Made by `make declarations`. */\n"


def declarations() -> tuple[str, str]:
    """The two files as they should be.

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
    client = f"{HEAD}\n{''.join(_inlined(written[name]) for name in MODULES)}"
    elements = (SDK / "elements.d.ts").read_text()
    sdk_names = ", ".join(("CallInvitationError", "CallInvitationService", *SDK_NAMES))
    return f"{client}\nexport {{ {names} }};\n", f"{client}\n{elements}\nexport {{ {sdk_names} }};\n"


def _inlined(text: str) -> str:
    """One module's declarations without what ties them to the others, exported only if they are types."""
    text = re.sub(r"^import .*\n|^export \{.*\};\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^export type (\w+) = import\(\"\./[\w-]+\.js\"\)\.\1;\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"import\(\"\./[\w-]+\.js\"\)\.", "", text)
    # What stands in comments is told by the types; what only our own modules use is nobody else's affair.
    text = re.sub(r"^/\*\*\n(?: \*.*\n)*? \* @typedef (?:.*\n)*?(?: \*/\n)", "", text, flags=re.MULTILINE)
    text = re.sub(r" {4}/\*\*\n {5}\* @internal\n(?: {5}\*.*\n)* {4}constructor\(.*\n", "", text)
    text = re.sub(r"^export type (?:Account|Verbs)Options = \{\n(?: .*\n)*\};\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^export (function|class|const) ", r"declare \1 ", text, flags=re.MULTILINE)


if __name__ == "__main__":
    for path, text in zip((TARGET, SDK_TARGET), declarations(), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
