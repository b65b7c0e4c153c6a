"""What people's pages and phones hear in a story that is never committed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from invitations.models import Delivery, DeliveryKind, Invitation, User
from tests.calls.pages import Frames, Pages


class Hearing:
    """An open page of each person, and what is owed to their phones.

    Args:
        people: who listens, from now on.
    """

    def __init__(self, people: Sequence[User]) -> None:
        self._pages = Pages(*people)
        self._from = len(connection.run_on_commit)
        self._last = self._latest()

    def frames(self) -> Frames:
        """What each page has got since the last look: all that would be said on commit is said now."""
        said = connection.run_on_commit[self._from :]
        del connection.run_on_commit[self._from :]
        for _, say, *_ in said:
            say()
        return self._pages.frames()

    def rung(self) -> list[Invitation]:
        """The invitations that have come to be owed to phones since the last look."""
        owed = Delivery.objects.filter(pk__gt=self._last, kind=DeliveryKind.RING)
        rings = [each.invitation for each in owed.select_related("invitation__call") if each.invitation is not None]
        self._last = self._latest() if rings else self._last
        return rings

    def close(self) -> None:
        """Leave, without a word on what has not been heard."""
        del connection.run_on_commit[self._from :]
        self._pages.close()

    def _latest(self) -> int:
        return Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
