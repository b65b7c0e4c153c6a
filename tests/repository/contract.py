"""The contract as it stands in docs/contract/: what the code says of REST and of what is told without being asked for.

`python -m tests.repository.contract` (`make contract`) writes it again after a change of either."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.repository.tracked import ROOT

FOLDER = ROOT / "docs" / "contract"


def documents() -> Mapping[str, str]:
    """The text of each file, by its name."""
    from invitations.api import urls
    from invitations.api.asyncapi.document import document as told
    from invitations.api.openapi.document import document as asked

    return {
        "openapi.json": _text(asked(urls.urlpatterns, "/api/v1/")),
        "asyncapi.json": _text(told("/")),
    }


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _with_defaults() -> None:
    """Set Django up as where nothing is set: bounds and names of cookies are part of the documents."""
    import django

    for name in [each for each in os.environ if each.startswith("CALLINVITE_") or each == "HTTPS"]:
        del os.environ[name]
    os.environ["DJANGO_SETTINGS_MODULE"] = "callinvite.settings"
    django.setup()


def main(folder: Path = FOLDER) -> None:
    """Write the files."""
    _with_defaults()
    folder.mkdir(exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
