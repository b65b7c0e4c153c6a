"""What is built from the message files: compiled messages for the server, one module per language for pages, and a
single script with all languages for the service worker.

Runs when sentences change, never while serving: it needs Babel, which a running server does not have."""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from invitations.words import COMPLETE

Sentences = dict[str, str | list[str]]
NOTICE = "// Made by `manage.py make_words` from the message files. Change those, not this.\n"
FOLDER = Path("callinvite/words")
WORKER = Path("callinvite/worker/catalogue.js")
_parameter = re.compile(r"\{([a-z_]+)\}")
_named = re.compile(r"""(?P<quote>["'`])(?P<code>[a-z][a-z_]*\.[a-z_.]*)(?P<rest>\$\{)?""")


def languages_in(folders: Iterable[Path]) -> dict[str, list[Path]]:
    """The message files by language tag, such as `pt-BR`.

    Args:
        folders: as in Django's LOCALE_PATHS; if two of them have a sentence, the later one wins.
    """
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*/LC_MESSAGES/django.po")):
            found.setdefault(path.parent.parent.name.replace("_", "-"), []).append(path)
    return found


def compiled(path: Path) -> bytes:
    """A message file in the format that gettext loads."""
    made = BytesIO()
    write_mo(made, _catalog(path))
    return made.getvalue()


def check_parameters(folders: Iterable[Path]) -> None:
    """Make sure that every sentence can be filled in with what is given for the English one.

    Args:
        folders: as for `languages_in`; the app's own comes first.

    Raises:
        ValueError: a sentence names something that the English one does not, or has a brace that belongs to no name.
    """
    languages = languages_in(folders)
    known: dict[str, set[str]] = {}
    for path in languages[COMPLETE]:
        for code, forms in _forms_in(path):
            known.setdefault(code, set(_parameter.findall(" ".join(forms))))
    for path in (each for paths in languages.values() for each in paths):
        for code, forms in _forms_in(path):
            for form in forms:
                if set("{}") & set(_parameter.sub("", form)):
                    raise ValueError(f"{path}: {code} has a brace that belongs to no {{name}}: {form}")
                unknown = set(_parameter.findall(form)) - known.get(code, set())
                if code in known and unknown:
                    raise ValueError(
                        f"{path}: {code} names {', '.join(sorted(unknown))}, which English does not: {form}"
                    )


def codes_named_in(scripts: Iterable[Path], known: Iterable[str]) -> set[str]:
    """The codes of the sentences that scripts say.

    Args:
        scripts: JavaScript sources. A code appears there as a string; a template such as `end.${reason}` stands for
            all codes that begin this way.
        known: every code that exists.
    """
    codes = set(known)
    found: set[str] = set()
    for script in scripts:
        for match in _named.finditer(script.read_text()):
            code = match["code"]
            if match["rest"]:
                found |= {each for each in codes if each.startswith(code)}
            elif code in codes:
                found.add(code)
    return found


def browser_files(folders: Iterable[Path], static: Path) -> Iterator[tuple[Path, str]]:
    """Every file for browsers, as its path under `static` and its text.

    Args:
        folders: as for `languages_in`; one of them holds English.
        static: where the sources of pages and worker are.
    """
    languages = {tag: _read(paths) for tag, paths in languages_in(folders).items()}
    known = languages[COMPLETE].sentences
    root = static / "callinvite"
    of_worker = sorted(set((root / "worker").glob("*.js")) - {static / WORKER})
    worker = codes_named_in([root / "service-worker.js", *of_worker], known)
    pages = codes_named_in(_page_scripts(root), known)
    for tag, language in languages.items():
        yield FOLDER / f"{tag}.js", language.module(pages)
    yield WORKER, _worker_script(languages, worker)


class Language:
    """One language as browsers get it.

    Args:
        tag: as in BCP 47.
        rule: the expression with which gettext chooses the plural form for `n`; JavaScript reads it the same way.
        sentences: by code; a list of forms if `count` chooses between them.
    """

    def __init__(self, tag: str, rule: str, sentences: Sentences) -> None:
        self.tag = tag
        self.rule = rule
        self.sentences = sentences

    def module(self, codes: set[str]) -> str:
        """A module for pages with these sentences, as far as they are translated."""
        said = _literal({code: self.sentences[code] for code in sorted(codes & self.sentences.keys())})
        plural = f"export const plural = {self._plural()};\n"
        if self.tag == COMPLETE:
            return f"{NOTICE}\nexport const WORDS = {said};\n\n{plural}"
        tell = f"speak({json.dumps(self.tag)}, WORDS, plural);\n"
        return f'{NOTICE}\nimport {{ speak }} from "./say.js";\n\nexport const WORDS = {said};\n\n{plural}\n{tell}'

    def member(self, codes: set[str]) -> str:
        """A member of the worker's object of languages."""
        said = _literal({code: self.sentences[code] for code in sorted(codes & self.sentences.keys())}, indent=4)
        return f"  {json.dumps(self.tag)}: {{\n    plural: {self._plural()},\n    words: {said},\n  }},\n"

    def _plural(self) -> str:
        return f"(/** @type {{number}} */ n) => Number({self.rule})"


def _page_scripts(root: Path) -> list[Path]:
    left_out = {root / "service-worker.js", *(root / "worker").glob("*.js"), *(root / "words").glob("*.js")}
    return [path for path in sorted(root.rglob("*.js")) if path not in left_out]


def _worker_script(languages: Mapping[str, Language], codes: set[str]) -> str:
    members = "".join(each.member(codes) for each in languages.values())
    return f'{NOTICE}\n"use strict";\n\nconst LANGUAGES = {{\n{members}}};\n'


def _read(paths: Iterable[Path]) -> Language:
    sentences: Sentences = {}
    tag, rule = "", "n != 1"
    for path in paths:
        catalog = _catalog(path)
        tag = path.parent.parent.name.replace("_", "-")
        rule = _rule_of(catalog)
        for message in catalog:
            if message.id and not message.fuzzy and (said := _said(message.string)):
                code = message.id if isinstance(message.id, str) else message.id[0]
                sentences[code] = said
    return Language(tag, rule, sentences)


def _forms_in(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each code of a message file with its sentence, or with all of its plural forms."""
    for message in _catalog(path):
        if message.id and not message.fuzzy:
            code = message.id if isinstance(message.id, str) else message.id[0]
            said = message.string
            yield code, [said] if isinstance(said, str) else [str(each) for each in said or ()]


def _said(string: object) -> str | list[str]:
    if isinstance(string, str):
        return string
    forms = [str(each) for each in string] if isinstance(string, (tuple, list)) else []
    return forms if all(forms) else []


def _catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def _rule_of(catalog: Catalog) -> str:
    # Rejects everything but gettext's own few operators, because it becomes code.
    gettext.c2py(catalog.plural_expr)
    return catalog.plural_expr


def _literal(sentences: Mapping[str, str | list[str]], indent: int = 0) -> str:
    """A JavaScript object, with one sentence per line."""
    margin = " " * indent
    lines = "".join(
        f"{margin}  {json.dumps(code)}: {json.dumps(said, ensure_ascii=False)},\n" for code, said in sentences.items()
    )
    return f"{{\n{lines}{margin}}}" if lines else "{}"
