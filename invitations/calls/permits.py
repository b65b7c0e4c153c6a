"""What the ring hook says of a ring before it begins (`requests.ring_hook` asks it).

Asks nobody. A verb that is about to ring people while a ring hook listens stops unless it was given the answer: it has
written nothing by then, and is begun again with one, so that no transaction waits for another program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from invitations.calls.asking import Problem, Ring, problem_of
from invitations.errors import Code
from invitations.store import listening
from invitations.store.sheets import Person

KEPT = "ring_hook_refused"
"""In the log of a call: how many people the hook did not let be rung. Who they were is for the answer alone: they are
not in the call, and the log would outlive their accounts."""
NO_ANSWER = "ring_hook_silent"
"""In the log of a call: true if the hook gave no good answer."""
ONCE = (KEPT, NO_ANSWER)
"""What is said of an act, and not of each ring that it began."""


class Question(NamedTuple):
    """What is to be asked.

    Args:
        act: `send` or `invite`.
        caller: the public id of who rings.
        invitees: the public ids of those who are to be rung.
        is_video_call: with pictures.
        urgent: the caller says that it is.
        ring: how they are to be rung.
    """

    act: str
    caller: str
    invitees: Sequence[str]
    is_video_call: bool
    urgent: bool
    ring: Ring


class Unasked(Exception):
    """A ring hook listens, and was not asked.

    Args:
        question: what to ask it.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        super().__init__(question.act)


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer.

    Args:
        refused: who may not be rung, by public id, with a sentence for the caller; empty for the usual one.
        changed: the fields of `Ring` that are to be others.
        is_silent: there was no good answer, and people are rung without one.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    is_silent: bool = False

    def among(self, people: Sequence[Person]) -> tuple[list[Person], list[Problem]]:
        """Those of these people who may be rung, and for each of the others a problem."""
        problems = [
            problem_of(name, Code.NOT_ALLOWED, **({"detail": said} if said else {}))
            for name, said in ((each.username, self.refused[each.username]) for each in people if self._keeps(each))
        ]
        return [each for each in people if not self._keeps(each)], problems

    def applied(self, ring: Ring) -> Ring:
        """How people are to be rung."""
        return ring._replace(**self.changed)

    def told(self, ring: Ring) -> dict[str, Any]:
        """What the log of the call says of it: the names of what is not as the caller asked; nothing if all is."""
        differing = sorted(name for name, value in self.changed.items() if getattr(ring, name) != value)
        return {"ring_hook": differing} if differing else {}

    def told_once(self, refused: Sequence[Problem]) -> dict[str, Any]:
        """What the log of the call says of the whole act (`ONCE`).

        Args:
            refused: as of `among`.
        """
        kept: dict[str, Any] = {KEPT: len(refused)} if refused else {}
        return {**kept, NO_ANSWER: True} if self.is_silent else kept

    def _keeps(self, person: Person) -> bool:
        return person.username in self.refused


def given(permit: Permit | None, listeners: str | None, question: Question) -> Permit:
    """The answer of the ring hook.

    Args:
        permit: what it answered; None if it was not asked.
        listeners: which hooks listen, as read in this transaction (`store.listening`).
        question: what it would be asked.

    Raises:
        Unasked: it must be.
    """
    if permit is not None:
        return permit
    if listening.asks(listeners):
        raise Unasked(question)
    return Permit()
