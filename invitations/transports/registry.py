"""Which transports there are: ours, and those that other programs add.

A transport of theirs is a class without arguments that keeps `base.Transport`. A distribution names it as an entry
point of the group `callinvite.transports`, a project by its dotted path in the setting `CALLINVITE_TRANSPORTS`. One
that cannot be loaded is left out, so that it stops no ring of another; a system check says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from invitations.transports.apns import Apns
from invitations.transports.base import MAX_NAME_CHARS, Transport
from invitations.transports.console import Console
from invitations.transports.fcm import Fcm
from invitations.transports.webpush import WebPush

GROUP = "callinvite.transports"
OURS: tuple[Callable[[], Transport], ...] = (WebPush, Console, Apns, Fcm)
NAMES = tuple(each.name for each in (WebPush, Console, Apns, Fcm))
"""The names of our own."""

_name = re.compile(rf"[a-z0-9_-]{{1,{MAX_NAME_CHARS}}}", re.ASCII)
_MEMBERS = ("read", "check", "host_of", "room", "send", "close")


@dataclass(frozen=True, slots=True)
class Found:
    """What there is.

    Args:
        transports: by name.
        problems: what could not be loaded, one sentence for the operator each.
    """

    transports: dict[str, Transport]
    problems: tuple[str, ...]


def transports() -> dict[str, Transport]:
    """All transports by name."""
    return found().transports


@cache
def found() -> Found:
    """All transports, each made once, and what could not be loaded."""
    made: dict[str, Transport] = {each.name: each for each in (make() for make in OURS)}
    problems: list[str] = []
    for place, load in _others():
        try:
            transport = load()()
        except Exception as error:
            problems.append(f"The transport {place} could not be loaded: {type(error).__name__}: {error}")
            continue
        name = getattr(transport, "name", None)
        missing = [each for each in _MEMBERS if not callable(getattr(transport, each, None))]
        if type(name) is not str or not _name.fullmatch(name):
            problems.append(f"The transport {place} has no name of 1 to {MAX_NAME_CHARS} of a-z, 0-9, _ and -.")
        elif missing:
            problems.append(f"The transport {place} lacks {', '.join(missing)}.")
        elif name in made:
            problems.append(f"The transport {place} is called `{name}`, as another one is.")
        else:
            made[name] = transport
    return Found(made, tuple(problems))


def _others() -> Iterator[tuple[str, Callable[[], Callable[[], Transport]]]]:
    for each in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        yield f"{each.value} (entry point {each.name})", each.load
    for path in getattr(settings, "CALLINVITE_TRANSPORTS", ()):
        yield f"{path} (CALLINVITE_TRANSPORTS)", lambda path=path: import_string(path)  # type: ignore[misc]


def _forget(*, setting: str, **_: object) -> None:
    if setting == "CALLINVITE_TRANSPORTS":
        found.cache_clear()


setting_changed.connect(_forget, dispatch_uid="invitations.transports.registry")
