"""A block that is not what it says fails its check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repository import block_scripts
from tests.repository.block_checks import CHECKS, script_faults
from tests.repository.blocks import Block, blocks_of
from tests.repository.tracked import ROOT

WRONG = {
    "text": "curl https://calls.example.org/api/v1/me\n",
    "json": '{"id": "alice" "name": "Alice"}\n',
    "json shape=Person": '{"id": "alice"}\n',
    "json shape=NoSuchShape": "{}\n",
    "http": "POST /calls/x/dance\n",
    "http a body": 'POST /auth/token\n{"username": 7, "password": "…"}\n',
    "http an answer": 'GET /me\n\n200 {"id": "alice"}\n',
    "sh": "if true; do\n",
    "sh a request": "curl https://calls.example.org/api/v1/me\n",
    "sh a target": "make coffee\n",
    "sh a command": "python manage.py make_coffee\n",
    "sh an option": "python manage.py serve --prot 8000\n",
    "sh a file": "cp deploy/no-such.conf x\n",
    "sh a unit": "systemctl start callinvite-cook@1\n",
    "sh an extra": 'pip install "callinvite[coffee]"\n',
    "sh an application": "gunicorn callinvite.wsgi:app\n",
    "settings": "CALLINVITE_COFFEE=strong\n",
    "python": "def f(:\n",
    "python an import": "from invitations import coffee\n",
    "python a name": "print(coffee)\n",
    "html": "<p><b>x</p>\n",
    "html an element": "<make-coffee></make-coffee>\n",
    "html an attribute": '<send-call-invitation-button coffee="x"></send-call-invitation-button>\n',
    "css": "incoming-call::part(coffee) { color: red; }\n",
    "css a property": "a { --callinvite-coffee: black; }\n",
    "ini": "LoadCredential=x\n",
    "po": 'msgid "no.such.sentence"\nmsgstr "x"\n',
    "yaml": "a: [1\n",
    "toml": "a =\n",
    "xml": "<a><b></a>\n",
    "caddy": "a {\n",
    "kotlin": "fun f( { }\n",
    "swift": "func f( { }\n",
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_fails(kind: str) -> None:
    language, *words = kind.split()
    said = dict(word.split("=") for word in words if "=" in word)

    with pytest.raises(Exception, match=r"(?s).*"):
        CHECKS[language](Block(ROOT / "README.md", 1, language, WRONG[kind], said))


def test_every_language_has_a_block_that_is_wrong() -> None:
    scripts = {"js"}
    assert {kind.split()[0] for kind in WRONG} | scripts == set(CHECKS)


def test_a_script_that_calls_what_a_client_lacks_fails() -> None:
    assert "Property 'sendd' does not exist" in script_faults()[str(block_scripts.WRONG)]


def test_a_block_that_does_not_end_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n```sh\nmake run\n")

    with pytest.raises(AssertionError, match=r"page\.md:3: a block that does not end"):
        blocks_of(page)
