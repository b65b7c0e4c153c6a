"""Which static files there are: the bundle's, where there is one, or each module and style by itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.templatetags.static import static

from invitations import bundle


def module_address(name: str) -> str:
    """The address of a script of `bundle.SCRIPTS` or `bundle.MODULES`: of the bundled one if there is one."""
    path = f"callinvite/{bundle.FOLDER}/{name}.js"
    source = (bundle.SCRIPTS | bundle.MODULES)[name]
    return static(path if is_there(path) else f"callinvite/{source}")


@cache
def is_there(path: str) -> bool:
    """Whether a static file is served."""
    # Where collected files are served, those count: there may be a bundle in there alone, or in the sources alone.
    collected = _manifest()
    return path in collected if collected else finders.find(path) is not None


@cache
def text(path: str) -> str:
    """What a static file of ours contains."""
    found = finders.find(path)
    with Path(found).open("rb") if found else staticfiles_storage.open(_manifest()[path]) as file:
        return file.read().decode()


def _manifest() -> dict[str, str]:
    """The collected files by the names that templates use, if the project hashes names; otherwise empty."""
    return getattr(staticfiles_storage, "hashed_files", {})
