"""How a ring sounds and looks: the admins' ring resources, remembered for a few seconds.

They are few and change seldom, but every view of a call needs them: reading the table each time would cost more than
the rest of the view. Other processes see a change within `REMEMBERED_SECONDS`."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from time import monotonic

from invitations.models import RingResource

REMEMBERED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Look:
    """One ring resource as a device needs it. The defaults describe a ring if there are no resources.

    Args:
        resource_id: the name that senders use.
        ringtone_url: the path of its ringtone; None for the device's own.
        icon_url: the path of the notification's picture; None for the app's own.
        badge_url: the path of the small picture for a status bar; None for the app's own.
        vibration: on, off, on … in milliseconds; empty for the device's own.
        silent: the notification makes no sound.
        require_interaction: the notification stays until the user acts on it.
        accent: `#rrggbb`, or empty.
        title_template: used if the sender gives no title; empty for the caller's name.
        message_template: used if the sender gives no message; empty for the kind of call.
    """

    resource_id: str | None = None
    ringtone_url: str | None = None
    icon_url: str | None = None
    badge_url: str | None = None
    vibration: tuple[int, ...] = field(default=())
    silent: bool = False
    require_interaction: bool = True
    accent: str = ""
    title_template: str = ""
    message_template: str = ""


PLAIN = Look()


class _Shelf:
    """What this process remembers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.read_at = -REMEMBERED_SECONDS
        self.looks: dict[str, Look] = {}
        self.default = PLAIN


_shelf = _Shelf()


def look_of(resource_id: str | None) -> Look:
    """The look of a ring.

    Args:
        resource_id: as given by the sender; None or an unknown one gets the default.
    """
    shelf = _fresh()
    return shelf.default if resource_id is None else shelf.looks.get(resource_id, shelf.default)


def is_known(resource_id: str) -> bool:
    """Whether the resource exists. Also finds one that another process has just created."""
    return resource_id in _fresh().looks or resource_id in _fresh(anew=True).looks


def forget() -> None:
    """Read the table again next time: an admin changed something."""
    _shelf.read_at = -REMEMBERED_SECONDS


def as_look(resource: RingResource) -> Look:
    """A stored resource in the form that devices need."""
    return Look(
        resource_id=resource.resource_id,
        ringtone_url=resource.ringtone.url if resource.ringtone else None,
        icon_url=resource.icon.url if resource.icon else None,
        badge_url=resource.badge.url if resource.badge else None,
        vibration=tuple(resource.vibration),
        silent=resource.silent,
        require_interaction=resource.require_interaction,
        accent=resource.accent,
        title_template=resource.title_template,
        message_template=resource.message_template,
    )


def _fresh(*, anew: bool = False) -> _Shelf:
    if anew or monotonic() - _shelf.read_at > REMEMBERED_SECONDS:
        with _shelf.lock:
            stored = list(RingResource.objects.all())
            _shelf.looks = {each.resource_id: as_look(each) for each in stored}
            _shelf.default = next((_shelf.looks[each.resource_id] for each in stored if each.is_default), PLAIN)
            _shelf.read_at = monotonic()
    return _shelf
