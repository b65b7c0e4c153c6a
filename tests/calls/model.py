"""The rules of calls as plain Python, written from the design alone: what the real verbs are compared with.

Knows no database and no locks; time is a count of seconds. Every deadline takes effect the moment it comes."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.calls.model_rules import REFUSALS, Ring, Rules

RINGING_LEASE = 20
ACTIVE_LEASE = 30
UNPROVEN_LEASE = 300
MEDIA = 20
MEDIA_PROOF = 10
LONGEST = 12 * 3600
PEOPLE_PER_CALL = 4


class Refused(Exception):
    """The verb changes nothing, for this reason."""

    def __init__(self, code: str, errors: list[tuple[str, str]] | None = None) -> None:
        self.code = code
        self.errors = errors
        super().__init__(code)


@dataclass
class Stay:
    user: str
    device: str
    joined: float
    proved: float | None
    connected: bool = False
    left: str | None = None


@dataclass
class Call:
    call_id: str
    attempt: int
    caller: str
    body: tuple[object, ...]
    made: float
    ends_with_caller: bool
    state: str = "ringing"
    reason: str | None = None
    answered: float | None = None
    waits_since: float = 0.0
    """The last time that a person joined or came back so that media had to come up anew."""
    ended_by: str | None = None
    rings: list[Ring] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    removed_at: dict[str, float] = field(default_factory=dict)

    def pending(self) -> list[Ring]:
        return [ring for ring in self.rings if ring.state == "pending"]

    def inside(self) -> list[Stay]:
        return [stay for stay in self.stays if stay.left is None]

    def is_of(self, user: str) -> bool:
        """Whether it is in the user's history."""
        return user == self.caller or any(ring.is_traced for ring in self.rings if ring.invitee == user)

    def ring_of(self, user: str, *, seen_by_others: bool = False) -> Ring | None:
        """Their latest ring that they may know of, or that others know of."""
        rings = (ring for ring in reversed(self.rings) if ring.invitee == user)
        return next((ring for ring in rings if seen_by_others or not ring.is_withheld), None)

    def pending_of(self, user: str) -> Ring | None:
        """What rings for them now, even if it is kept from them."""
        return next((ring for ring in self.pending() if ring.invitee == user), None)

    def hear(self) -> set[str]:
        """Who hears of it now."""
        rung = {ring.invitee for ring in self.pending() if not ring.is_withheld}
        return rung | {stay.user for stay in self.inside()} | {self.caller}

    def stay_of(self, user: str) -> Stay | None:
        return next((stay for stay in self.inside() if stay.user == user), None)

    def last_stay(self, user: str, device: str) -> Stay | None:
        """Their latest stay, if it was on that device."""
        last = [stay for stay in self.stays if stay.user == user][-1:]
        return last[0] if last and last[0].device == device else None

    def was_removed(self, user: str, *, seen_by_others: bool = False) -> bool:
        """Whether they were taken out and not invited since."""
        ring = self.ring_of(user, seen_by_others=seen_by_others)
        last = [stay for stay in self.stays if stay.user == user][-1:]
        is_out = bool(last) and last[0].left == "removed"
        return is_out and (ring is None or ring.made < self.removed_at[user])

    def lease(self, stay: Stay) -> float | None:
        """When the device counts as gone; None while it keeps its ring until the deadline."""
        if stay.proved is not None:
            return stay.proved + (ACTIVE_LEASE if self.state == "active" else RINGING_LEASE)
        if self.state == "ringing" or self.answered is None:
            return None
        return max(stay.joined, self.answered) + UNPROVEN_LEASE

    def silence(self) -> float | None:
        """When it ends because nobody can hear the others, although all are there; None if that does not apply."""
        inside = self.inside()
        if self.state != "active" or self.answered is None or len(inside) < 2:
            return None
        if any(stay.connected for stay in self.stays):
            return None
        due = self.waits_since + MEDIA
        is_there = all(stay.proved is not None and stay.proved >= due - MEDIA_PROOF for stay in inside)
        return due if is_there else None

    def deadlines(self) -> list[float]:
        leases = [lease for stay in self.inside() if (lease := self.lease(stay)) is not None]
        silence = self.silence()
        media = [] if silence is None else [silence]
        return [self.made + LONGEST, *(ring.deadline for ring in self.pending()), *leases, *media]


@dataclass
class Person:
    name: str
    waits: bool = False


class World:
    """Everybody and every call."""

    def __init__(self, *people: Person) -> None:
        self.people = {person.name: person for person in people}
        self.calls: list[Call] = []
        self.rules = Rules(self.people, self.calls)
        self.time = 0.0
        self.unseen: list[Ring] = []
        """Rings that time has closed and that nobody has looked at since: they count as closed from then on."""
        self.actor: str | None = None
        """Who acts now; nobody while time passes."""

    # --- time ---------------------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        self.time += seconds
        self.actor = None
        for ring in self.unseen:
            ring.closed = self.time
        for call in self.calls:
            while call.state != "ended" and min(call.deadlines()) <= self.time:
                self._meet(call, min(call.deadlines()))

    def _meet(self, call: Call, moment: float) -> None:
        late = [ring for ring in call.pending() if ring.deadline <= moment]
        for ring in late:
            self._close(ring, "timed_out")
        if late:
            self._settle(call)
        if call.state != "ended":
            gone = [stay for stay in call.inside() if (lease := call.lease(stay)) is not None and lease <= moment]
            for stay in gone:
                stay.left = "connection_lost"
            if gone:
                self._settle(call, lost=True)
        silence = call.silence()
        if silence is not None and silence <= moment:
            self._end(call, "media_failed", left="media_failed")
        if call.state != "ended" and call.made + LONGEST <= moment:
            self._end(call, "max_duration")

    # --- who is busy --------------------------------------------------------------------------------------------------

    def call_with(self, user: str) -> Call | None:
        return next((call for call in self.calls if call.stay_of(user)), None)

    def rings_for(self, user: str, *, withheld_too: bool = False) -> list[Call]:
        rings = ((call, call.pending_of(user)) for call in self.calls)
        return [call for call, ring in rings if ring is not None and (withheld_too or not ring.is_withheld)]

    def missed_by(self, user: str) -> int:
        """How many calls they missed."""
        return sum(self._missed_in(call, user) for call in self.calls)

    @staticmethod
    def _missed_in(call: Call, user: str) -> int:
        """How often they missed it: a later ring that left a trace makes up for an earlier one."""
        rings = [ring for ring in call.rings if ring.invitee == user]
        later = (any(each.is_traced for each in rings[at:]) for at in range(1, len(rings) + 1))
        return sum(ring.missed and not is_made_up for ring, is_made_up in zip(rings, later, strict=True))

    # --- rules --------------------------------------------------------------------------------------------------------

    def change_rules(self, user: str) -> None:
        """Judge anew what rings for somebody who has settled something."""
        for call in self.calls:
            ring = call.pending_of(user)
            if ring is not None:
                ring.verdict = self.rules.judge_again(ring, self.time)

    # --- verbs --------------------------------------------------------------------------------------------------------

    def send(
        self,
        user: str,
        device: str,
        invitees: list[str],
        *,
        call_id: str | None,
        new_id: str,
        timeout: int,
        ends_with_caller: bool,
        lives: bool,
        urgent: bool,
    ) -> tuple[str, Call, list[tuple[str, str]]]:
        body = (tuple(invitees), timeout, ends_with_caller, urgent)
        earlier = [call for call in self.calls if call.call_id == call_id]
        is_open = bool(earlier) and earlier[-1].state != "ended"
        if is_open and earlier[-1].caller == user:
            if earlier[-1].body != body:
                raise Refused("call_id_in_use")
            return "repeat", earlier[-1], []
        is_taken = is_open or (bool(earlier) and not any(call.is_of(user) for call in earlier))
        asked, errors = self._sort_out(user, invitees, seats_taken={user}, ringing=set(), inside=set())
        if not asked:
            raise Refused("no_valid_invitee", errors)
        only = asked[0] if len(asked) == len(invitees) == 1 else None
        current = self.call_with(user)
        if current is not None:
            if current.state == "active" and {stay.user for stay in current.inside()} == {user, only}:
                return "rejoin", current, []
            raise Refused("already_in_call")
        for call in self.rings_for(user, withheld_too=True):
            is_pair = call.state == "ringing" and call.caller == only and len(call.rings) == 1
            if is_pair and not self.rules.have_blocked(user, call.caller):
                self._take(call, call.rings[0], user, device, lives)
                return "merged", call, []
        if is_taken:
            raise Refused("call_id_in_use")
        judged = self._judged(user, asked, errors, urgent=urgent)
        call = Call(new_id, len(earlier) + 1, user, body, self.time, ends_with_caller)
        call.rings = [self._new_ring(name, user, timeout, call, *judged[name]) for name in judged]
        call.stays = [Stay(user, device, self.time, self.time if lives else None)]
        self.calls.append(call)
        if not call.pending():
            self._end(call, "busy")
        return "created", call, errors

    def invite(
        self, call: Call, user: str, invitees: list[str], timeout: int, *, urgent: bool
    ) -> tuple[list[str], list[tuple[str, str]]]:
        self._known(call, user)
        self._not_over(call, user)
        if call.stay_of(user) is None:
            raise Refused("not_allowed")
        ringing = {ring.invitee for ring in call.pending()}
        inside = {stay.user for stay in call.inside()}
        asked, errors = self._sort_out(user, invitees, seats_taken=ringing | inside, ringing=ringing, inside=inside)
        judged = self._judged(user, asked, errors, urgent=urgent)
        call.rings += [self._new_ring(name, user, timeout, call, *judged[name]) for name in judged]
        return list(judged), errors

    def accept(self, call: Call, user: str, device: str, *, lives: bool) -> None:
        ring = self._own_ring(call, user)
        if ring.state == "pending":
            self._leave_others(user, call)
            self._take(call, ring, user, device, lives)
        elif not (ring.state == "accepted" and ring.device == device):
            self._refuse_answer(call, ring, device)

    def reject(self, call: Call, user: str, device: str, reason: str) -> None:
        ring = self._own_ring(call, user)
        if ring.state == "rejected" and ring.device == device:
            return
        if ring.state != "pending":
            self._refuse_answer(call, ring, device)
        self._close(ring, "rejected")
        ring.device, ring.reason = device, reason
        self._settle(call)

    def current(self, user: str) -> Call:
        calls = self.rings_for(user)
        if not calls:
            raise Refused("no_current_call")
        if len(calls) > 1:
            raise Refused("ambiguous_current_call")
        return calls[0]

    def ringing(self, call: Call, user: str, device: str) -> None:
        ring = self._own_ring(call, user)
        if ring.state != "pending":
            self._refuse_answer(call, ring, device)
        ring.notified = ring.alerting = True

    def cancel(self, call: Call, user: str, names: list[str] | None, *, admin: bool = False) -> list[str]:
        if not admin:
            self._known(call, user)
        may_all = admin or user == call.caller
        if not may_all and all(ring.inviter != user for ring in call.rings):
            raise Refused("not_allowed")
        mine = {ring.invitee: ring for ring in call.rings if may_all or ring.inviter == user}
        wanted = list(mine) if names is None else list(dict.fromkeys(names))
        open_rings = [mine[name] for name in wanted if name in mine and mine[name].state == "pending"]
        if open_rings:
            for ring in open_rings:
                self._close(ring, "cancelled")
            self._settle(call, taken_back=True, admin=admin)
            return [ring.invitee for ring in open_rings]
        return self._nothing_to_cancel(call, mine, names)

    def _nothing_to_cancel(self, call: Call, mine: dict[str, Ring], names: list[str] | None) -> list[str]:
        """A repeat changes nothing and succeeds; a cancel that lost says so."""
        latest = {ring.invitee: ring for ring in call.rings}
        named = [ring for name, ring in latest.items() if names is None or name in names]
        if names is not None and any(ring.state == "cancelled" for ring in named):
            return []
        if names is None and named and max(named, key=lambda ring: ring.closed or 0).state == "cancelled":
            return []
        if call.state == "ended":
            if names is None and call.reason == "cancelled":
                return []
            raise Refused("call_ended")
        if names is None or any(name in mine and mine[name].state != "cancelled" for name in names):
            raise Refused("already_answered")
        return []

    def join(self, call: Call, user: str, device: str, *, lives: bool) -> None:
        self._known(call, user)
        ring, stay = call.ring_of(user), call.stay_of(user)
        if stay is not None and stay.device == device:
            return
        last = call.last_stay(user, device)
        if last is not None and last.left in ("call_ended", "media_failed"):
            return
        if stay is None and ring is not None and ring.state == "cancelled":
            raise Refused("invitation_cancelled")
        self._not_over(call, user)
        if stay is None and ((ring is not None and ring.state == "rejected") or call.was_removed(user)):
            raise Refused("not_allowed")
        # Also one that is kept from them: they come without having heard of it.
        pending = call.pending_of(user)
        if pending is not None:
            self._leave_others(user, call)
            self._take(call, pending, user, device, lives)
            return
        seats = {each.user for each in call.inside()} | {each.invitee for each in call.pending()}
        if stay is None and len(seats) >= PEOPLE_PER_CALL:
            raise Refused("call_full")
        self._leave_others(user, call)
        if stay is not None:
            stay.left = "moved"
        self._enter(call, user, device, lives)

    def leave(self, call: Call, user: str, device: str) -> None:
        self._known(call, user)
        stay = call.stay_of(user)
        earlier = [each for each in call.stays if each.user == user and each.left is not None]
        from_here = [each for each in earlier if each.device == device]
        if stay is not None and stay.device != device and from_here and from_here[-1].left == "moved":
            return
        if stay is None:
            if any(each.left in ("left", "moved") for each in earlier):
                return
            self._not_over(call, user)
            if not earlier:
                raise Refused("not_allowed")
            return
        stay.left = "left"
        self._settle(call, taken_back=user == call.caller)

    def remove(self, call: Call, user: str, other: str, *, admin: bool = False) -> None:
        if not admin:
            self._known(call, user)
            if user != call.caller:
                raise Refused("not_allowed")
        if other == user:
            raise Refused("self")
        stay = call.stay_of(other)
        ring = call.pending_of(other)
        if stay is None and ring is None:
            last = call.ring_of(other, seen_by_others=True)
            if call.was_removed(other, seen_by_others=True) or (last is not None and last.state == "cancelled"):
                return
            raise Refused("call_ended" if call.state == "ended" else "not_invited")
        if ring is not None:
            self._close(ring, "cancelled")
        if stay is not None:
            stay.left, call.removed_at[other] = "removed", self.time
        self._settle(call, taken_back=True, admin=admin)

    def end(self, call: Call, user: str, *, admin: bool = False) -> None:
        if not admin:
            self._known(call, user)
            if user != call.caller:
                raise Refused("not_allowed")
        if call.state == "ended":
            if call.ended_by == user:
                return
            raise Refused("call_ended")
        reason = "cancelled" if call.state == "ringing" else "completed"
        self._end(call, "ended_by_admin" if admin else reason)

    def connected(self, call: Call, user: str, device: str) -> None:
        last = call.last_stay(user, device)
        if call.state == "ended" and last is not None and last.connected:
            return
        self._stay_here(call, user, device).connected = True

    def heartbeat(self, call: Call, user: str, device: str) -> None:
        stay = self._stay_here(call, user, device)
        was_away = stay.proved is None or stay.proved < self.time - MEDIA_PROOF
        if was_away and call.waits_since + MEDIA <= self.time + MEDIA_PROOF:
            call.waits_since = self.time
        stay.proved = self.time

    # --- parts --------------------------------------------------------------------------------------------------------

    def _sort_out(
        self, user: str, names: list[str], *, seats_taken: set[str], ringing: set[str], inside: set[str]
    ) -> tuple[list[str], list[tuple[str, str]]]:
        asked: list[str] = []
        errors = []
        for position, name in enumerate(names):
            code = None
            if name in names[:position]:
                code = "duplicate"
            elif name == user:
                code = "self"
            elif name not in self.people:
                code = "unknown_user"
            elif name in inside:
                code = "already_in_call"
            elif name in ringing:
                code = "already_ringing"
            elif len(seats_taken) + len(asked) >= PEOPLE_PER_CALL:
                code = "call_full"
            if code is None:
                asked.append(name)
            else:
                errors.append((name, code))
        return asked, errors

    def _judged(
        self, user: str, names: list[str], errors: list[tuple[str, str]], *, urgent: bool
    ) -> dict[str, tuple[str, bool]]:
        """Who of them gets a ring, with its verdict and whether it is urgent. The others are added to the errors."""
        verdicts = {name: self.rules.judge(user, name, urgent=urgent, now=self.time) for name in names}
        errors += [(name, REFUSALS[verdict]) for name, (verdict, _) in verdicts.items() if verdict in REFUSALS]
        judged = {name: each for name, each in verdicts.items() if each[0] not in REFUSALS}
        if not judged:
            raise Refused("no_valid_invitee", errors)
        return judged

    def _new_ring(self, name: str, inviter: str, timeout: int, call: Call, verdict: str, urgent: bool) -> Ring:
        ring = Ring(name, inviter, self.time, self.time + timeout, verdict=verdict, urgent=urgent)
        is_busy = self.call_with(name) not in (None, call) and not self.people[name].waits
        if is_busy and verdict == "rings":
            self._close(ring, "busy")
        return ring

    def _known(self, call: Call, user: str) -> None:
        if user != call.caller and call.ring_of(user) is None:
            raise Refused("not_found")

    def _not_over(self, call: Call, user: str) -> None:
        if call.state != "ended":
            return
        ring = call.ring_of(user)
        if ring is not None and ring.state in ("cancelled", "timed_out"):
            raise Refused(f"invitation_{ring.state}")
        raise Refused("call_ended")

    def _own_ring(self, call: Call, user: str) -> Ring:
        self._known(call, user)
        ring = call.ring_of(user)
        if ring is None:
            raise Refused("not_allowed")
        return ring

    def _refuse_answer(self, call: Call, ring: Ring, device: str) -> None:
        if ring.state in ("cancelled", "timed_out"):
            raise Refused(f"invitation_{ring.state}")
        if ring.state in ("accepted", "rejected") and ring.device != device:
            raise Refused("answered_elsewhere" if ring.state == "accepted" else "rejected_elsewhere")
        raise Refused("call_ended" if call.state == "ended" else "already_answered")

    def _stay_here(self, call: Call, user: str, device: str) -> Stay:
        self._known(call, user)
        self._not_over(call, user)
        stay = call.stay_of(user)
        if stay is None or stay.device != device:
            raise Refused("not_allowed")
        return stay

    def _take(self, call: Call, ring: Ring, user: str, device: str, lives: bool) -> None:
        ring.verdict = "rings" if ring.is_withheld else ring.verdict
        self._close(ring, "accepted")
        ring.device = device
        self._enter(call, user, device, lives)

    def _enter(self, call: Call, user: str, device: str, lives: bool) -> None:
        call.stays.append(Stay(user, device, self.time, self.time if lives else None))
        call.waits_since = self.time
        if call.state == "ringing" and user != call.caller:
            call.state, call.answered = "active", self.time

    def _leave_others(self, user: str, call: Call) -> None:
        for other in self.calls:
            stay = other.stay_of(user)
            if other is not call and stay is not None:
                stay.left = "left"
                self._settle(other, taken_back=user == other.caller)

    def _close(self, ring: Ring, state: str) -> None:
        ring.state, ring.closed = state, self.time
        if self.actor is None:
            self.unseen.append(ring)

    def _settle(self, call: Call, *, taken_back: bool = False, lost: bool = False, admin: bool = False) -> None:
        inside = {stay.user for stay in call.inside()}
        withdrawn = "ended_by_admin" if admin else "cancelled"
        if call.state == "ringing":
            if call.caller not in inside:
                self._end(call, "caller_lost" if lost else withdrawn)
            elif not call.pending():
                self._end(call, withdrawn if taken_back else self._why_unanswered(call))
            return
        abandoned = call.ends_with_caller and call.caller not in inside
        if abandoned or not inside or (len(inside) == 1 and not call.pending()):
            self._end(call, "connection_lost" if lost else "completed")

    def _why_unanswered(self, call: Call) -> str:
        states = {ring.state for ring in call.rings}
        return next(state for state in ("timed_out", "rejected", "busy") if state in states)

    def _end(self, call: Call, reason: str, left: str = "call_ended") -> None:
        for ring in call.pending():
            self._close(ring, "cancelled")
        for stay in call.inside():
            stay.left = left
        call.state, call.reason, call.ended_by = "ended", reason, self.actor
