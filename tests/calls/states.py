"""Every way that a call, an invitation and a participant may go, as docs/concepts.md draws them.

test_states.py goes each of them by the verbs; the random stories of test_machine.py may go no other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arrow:
    """One way.

    Args:
        start: the state before; empty for what is not there yet.
        act: what makes it go there, for people.
        end: the state after.
        reason: the `end_reason` or `left_reason` that says why, if the state after has one.
    """

    start: str
    act: str
    end: str
    reason: str = ""

    @property
    def goal(self) -> str:
        """The state after, with its reason."""
        return f"{self.end} ({self.reason})" if self.reason else self.end


CALL = (
    Arrow("", "send", "ringing"),
    Arrow("", "send, everybody is busy", "ended", "busy"),
    Arrow("ringing", "the first accept", "active"),
    Arrow("ringing", "cancel, or the caller leaves", "ended", "cancelled"),
    Arrow("ringing", "the last reject", "ended", "rejected"),
    Arrow("ringing", "the last deadline", "ended", "timed_out"),
    Arrow("ringing", "the caller's device vanishes", "ended", "caller_lost"),
    Arrow("ringing", "an admin ends it", "ended", "ended_by_admin"),
    Arrow("active", "end, or all but one leave", "ended", "completed"),
    Arrow("active", "the devices vanish", "ended", "connection_lost"),
    Arrow("active", "no sound or picture came", "ended", "media_failed"),
    Arrow("active", "12 hours have passed", "ended", "max_duration"),
    Arrow("active", "an admin ends it", "ended", "ended_by_admin"),
)
INVITATION = (
    Arrow("", "send, invite", "pending"),
    Arrow("", "send, invite: they are in a call", "busy"),
    Arrow("pending", "accept, join", "accepted"),
    Arrow("pending", "reject", "rejected"),
    Arrow("pending", "cancel, or the call ends", "cancelled"),
    Arrow("pending", "its deadline", "timed_out"),
)
PARTICIPANT = (
    Arrow("", "send, accept, join", "inside"),
    Arrow("inside", "leave", "outside", "left"),
    Arrow("inside", "join on another device", "outside", "moved"),
    Arrow("inside", "remove", "outside", "removed"),
    Arrow("inside", "the device vanishes", "outside", "connection_lost"),
    Arrow("inside", "no sound or picture came", "outside", "media_failed"),
    Arrow("inside", "the call ends", "outside", "call_ended"),
)


def moves(arrows: tuple[Arrow, ...]) -> set[tuple[str, str]]:
    """From which state to which one may go."""
    return {(each.start, each.end) for each in arrows}
