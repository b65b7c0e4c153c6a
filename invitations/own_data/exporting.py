"""A copy of what is known of a person: a ZIP of JSON files, made while it is fetched. At no moment is more in memory
than a page of the list that is being written.

It has what the person may see anyway: calls as in their history, devices without the secrets of their addresses."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model, Q, QuerySet
from django.utils import translation

from invitations import calls, contacts
from invitations.models import CallingPreferences, Contact, Device, UserKey
from invitations.push import devices
from invitations.serializers import call_view, moment
from invitations.store import people
from invitations.words import say

JSON = Mapping[str, Any]
Row = TypeVar("Row", bound=Model)
PAGE = 50
CHUNK_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the copy.

    Args:
        name: of the file, without `.json`. `my_data.export.NAME` is the sentence about it in README.txt.
        rows: what it holds, given the user and the moment; asked for while it is written, so it may be long.
        is_list: whether it is a list of them, or the only one itself.
    """

    name: str
    rows: Callable[[Any, datetime], Iterator[JSON]]
    is_list: bool = True


def export(user_id: UserKey, *, now: datetime) -> Iterator[bytes]:
    """Make a copy, in the language that is active now.

    Args:
        user_id: the person's key.
        now: an aware datetime.

    Returns:
        The bytes of a ZIP file (APPNOTE 6.3, each file followed by its data descriptor), in pieces. Each may be asked
        for in another thread.
    """
    user = get_user_model()._base_manager.get(pk=user_id)
    return _in_language(translation.get_language(), _zipped(user, now))


def file_name(user: Any, now: datetime) -> str:
    """What the copy is called: letters, digits and the like alone."""
    name = "".join(
        each if each.isascii() and (each.isalnum() or each in "._-") else "-" for each in user.get_username()
    )
    return f"callinvite-{name}-{now:%Y-%m-%d}.zip"


def _zipped(user: Any, now: datetime) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in _files(user, now):
            info = zipfile.ZipInfo(name, date_time=now.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            # Nobody knows how long it gets.
            with archive.open(info, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece.encode())
                    if sink.size >= CHUNK_BYTES:
                        yield sink.taken()
    yield sink.taken()


def _files(user: Any, now: datetime) -> Iterator[tuple[str, Iterator[str]]]:
    yield "README.txt", iter([_readme(user, now)])
    for part in PARTS:
        rows = part.rows(user, now)
        yield f"{part.name}.json", _listed(rows) if part.is_list else (_text(each) + "\n" for each in rows)


def _listed(rows: Iterator[JSON]) -> Iterator[str]:
    separator = "[\n"
    for each in rows:
        yield separator + _text(each)
        separator = ",\n"
    yield "\n]\n" if separator != "[\n" else "[]\n"


def _text(row: JSON) -> str:
    return json.dumps(row, ensure_ascii=False, indent=1)


def _readme(user: Any, now: datetime) -> str:
    about = "\n\n".join(f"{each.name}.json\n{say(f'my_data.export.{each.name}')}" for each in PARTS)
    return f"{say('my_data.readme', username=user.get_username(), moment=moment(now))}\n\n{about}\n"


def _profile(user: Any, now: datetime) -> Iterator[JSON]:
    chosen = CallingPreferences.objects.filter(pk=user.pk).first() or CallingPreferences(user=user)
    account = {name: getattr(user, name) for name in ("first_name", "last_name") if hasattr(user, name)}
    dates = {name: moment(getattr(user, name)) for name in ("date_joined", "last_login") if hasattr(user, name)}
    yield {
        "id": user.get_username(),
        "name": people.shown_name(user.get_username(), chosen.display_name),
        "email": getattr(user, user.get_email_field_name(), "") or "",
        **account,
        **dates,
        "call_waiting": chosen.call_waiting,
        "history_seen_at": moment(chosen.history_seen_at),
        "rings_from": chosen.rings_from or None,
        "do_not_disturb_until": moment(chosen.do_not_disturb_until),
        "quiet_hours": chosen.quiet_hours,
        "time_zone": chosen.time_zone or None,
        "let_through": chosen.let_through,
        "show_presence": chosen.show_presence,
        "show_in_people": chosen.show_in_people,
        "push_shows": chosen.push_shows,
        "mail_if_unreachable": chosen.mail_if_unreachable,
    }


def _devices(user: Any, now: datetime) -> Iterator[JSON]:
    for each in Device.objects.filter(user_id=user.pk).order_by("device_id"):
        yield devices.view(each)


def _sign_ins(user: Any, now: datetime) -> Iterator[JSON]:
    """The accounts at identity providers that open this one, in a project that has any."""
    if not apps.is_installed("allauth.socialaccount"):
        return
    for each in apps.get_model("socialaccount", "SocialAccount").objects.filter(user_id=user.pk).order_by("pk"):
        yield {
            "provider": each.provider,
            "id": each.uid,
            "claims": each.extra_data,
            "connected_at": moment(each.date_joined),
            "last_used_at": moment(each.last_login),
        }


def _calls(user: Any, now: datetime) -> Iterator[JSON]:
    """The history, newest first, a page at a time: calls that come meanwhile shift nothing."""
    found = calls.history(user.pk)
    page = list(found[:PAGE])
    while page:
        for sheet in calls.sheets(page):
            yield call_view(sheet, user.pk, now)
        last = page[-1]
        older = Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
        page = list(found.filter(older)[:PAGE])


def _contacts(user: Any, now: datetime) -> Iterator[JSON]:
    """Also whom they turned down, which only they know."""
    for each in _by_key(Contact.objects.filter(user_id=user.pk).select_related("other__calling_preferences")):
        yield contacts.contact_view(each)


def _blocks(user: Any, now: datetime) -> Iterator[JSON]:
    for each in _by_key(contacts.blocks(user.pk)):
        yield contacts.block_view(each)


def _blocked_calls(user: Any, now: datetime) -> Iterator[JSON]:
    for each in _by_key(contacts.blocked_calls(user.pk)):
        yield contacts.blocked_call_view(each)


def _by_key(found: QuerySet[Row]) -> Iterator[Row]:
    """Rows, a page at a time."""
    page = list(found.order_by("pk")[:PAGE])
    while page:
        yield from page
        page = list(found.filter(pk__gt=page[-1].pk).order_by("pk")[:PAGE])


PARTS = (
    Part("profile", _profile, is_list=False),
    Part("contacts", _contacts),
    Part("blocks", _blocks),
    Part("blocked_calls", _blocked_calls),
    Part("devices", _devices),
    Part("sign_ins", _sign_ins),
    Part("calls", _calls),
)
"""The files of a copy, in their order. Whatever else is stored of a person one day gets its line here."""


class _Sink(io.RawIOBase):
    """Takes what the archive writes, until somebody takes it."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        self.size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def taken(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken


def _in_language(language: str | None, pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        # Only for as long as a piece takes: whoever asks for the next one speaks another.
        with translation.override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
