"""Long random stories of calls, told to the verbs and to a plain model of the rules: both must always agree."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from invitations import calls
from invitations.dispatcher import Dispatcher
from invitations.models import CallingPreferences, User
from invitations.push import devices as registered
from tests.calls.model import PEOPLE_PER_CALL
from tests.calls.model_rules import IN_A_ROW, PER_MINUTE, PER_TEN_MINUTES, Settled
from tests.calls.storytelling import ADMIN, NAMES, PEOPLE, START, Storyteller, name_of
from tests.push.conftest import address_at

DEVICES = ["phone", "laptop"]

people = st.sampled_from(NAMES)
devices = st.sampled_from(DEVICES)
timeouts = st.sampled_from([5, 60, 600])
call_numbers = st.integers(0, 19)
who = st.integers(0, 19)
invitee_lists = st.one_of(
    st.lists(people, min_size=1, max_size=1),
    st.lists(st.sampled_from([*NAMES, "nobody"]), min_size=1, max_size=4),
)
settlings: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "what": st.sampled_from(
            [*["block", "let in"] * 2, "unblock", "favour", "put out", "rings from", "quiet", "loud", "let through"]
        ),
        "rings_from": st.sampled_from(["everyone", "everyone", "known", "contacts", "nobody"]),
        "let_through": st.sets(st.sampled_from(["favourites", "repeat", "urgent"])),
        "quiet_seconds": st.sampled_from([97.25, 397.25, 39997.25]),
    }
)
steps = st.sampled_from([0.5, 0.5, 4.5, 4.5, 9.0, 9.0, 15.0, 19.5, 21.0, 31.0, 61.0, 299.0, 301.0, 12 * 3600.0])


class Stories(Storyteller):
    """Acts on the model and through the verbs."""

    def teardown(self) -> None:
        """Afterwards nobody is busy for ever; then the story is unmade."""
        try:
            for name in NAMES:
                self._change(name, Settled())
            self.pass_time(13 * 3600.0)
            for name in NAMES:
                sent = self._send(name, "phone", [next(each for each in NAMES if each != name)], lives=False)
                self._perform("cancel", sent, name, "phone", None)
            self._compare()
            self._check_tables()
        finally:
            self.hearing.close()
            transaction.set_rollback(True)
            self._undone.__exit__(None, None, None)

    # --- what people do -----------------------------------------------------------------------------------------------

    @rule(
        name=people,
        device=devices,
        invitees=invitee_lists,
        call_id=st.sampled_from([None, None, None, "call-1", "call-2"]),
        timeout=timeouts,
        ends_with_caller=st.booleans(),
        lives=st.booleans(),
        urgent=st.sampled_from([False, False, True]),
    )
    def send(self, **asked: Any) -> None:
        self._send(**asked)

    @rule(name=people, other=people, settled=settlings)
    def settle(self, name: str, other: str, settled: dict[str, Any]) -> None:
        if name != other:
            self._settle(name, other, **settled)

    @rule(name=people, other=people, urgent=st.booleans(), settled=settlings)
    def settle_and_be_rung(self, name: str, other: str, urgent: bool, settled: dict[str, Any]) -> None:
        """A person settles something about another, who then rings them."""
        if name != other:
            self._settle(name, other, **settled)
            self._send(other, "phone", [name], urgent=urgent)

    @rule(
        name=people,
        other=people,
        times=st.integers(1, 4),
        seconds=st.sampled_from([0.5, 4.5, 9.0]),
        how=st.sampled_from(["cancel", "cancel", "reject", "time out"]),
    )
    def ring_in_vain(self, name: str, other: str, times: int, seconds: float, how: str) -> None:
        """A person rings another again and again, who does not want to hear it."""
        for _ in range(times):
            call = self._send(name, "phone", [other], timeout=5 if how == "time out" else 60, lives=False)
            if call is None or call.caller != name:
                return
            self.pass_time(seconds)
            if how == "cancel":
                self._perform("cancel", call, name, "phone", None)
            elif how == "reject":
                self._answer(call, other, "laptop", "reject", lives=False)

    @precondition(lambda self: any(call.pending() for call in self.world.calls))
    @rule(number=who, settled=settlings)
    def settle_while_it_rings(self, number: int, settled: dict[str, Any]) -> None:
        """A person who is being rung settles something about the one who rings."""
        rings = [ring for call in self.world.calls for ring in call.pending()]
        ring = rings[number % len(rings)]
        self._settle(ring.invitee, ring.inviter, **settled)

    @precondition(lambda self: any(call.pending() for call in self.world.calls))
    @rule(number=who, device=devices, lives=st.booleans())
    def call_back(self, number: int, device: str, lives: bool) -> None:
        """A person who is being rung calls the caller back, whether they hear of the ring or not."""
        rung = [(name, call.caller) for name in NAMES for call in self.world.rings_for(name, withheld_too=True)]
        rung = [(name, caller) for name, caller in rung if name != caller] or [("ann", "ben")]
        name, caller = rung[number % len(rung)]
        self._send(name, device, [caller], lives=lives)

    @precondition(lambda self: self.world.calls)
    @rule(
        number=call_numbers,
        person=who,
        invitees=invitee_lists,
        timeout=timeouts,
        urgent=st.sampled_from([False, False, True]),
    )
    def invite(self, number: int, person: int, invitees: list[str], timeout: int, urgent: bool) -> None:
        call = self._pick(number)
        name = self._whom(call, person)
        self._both(
            "invite",
            lambda: self.world.invite(call, name, invitees, timeout, urgent=urgent)[1],
            lambda by, now: self._errors(
                calls.invite(name_of(call), by=by, invitees=invitees, timeout_seconds=timeout, urgent=urgent, now=now)
            ),
            name,
        )

    @precondition(lambda self: self.world.calls)
    @rule(number=call_numbers, person=who, device=devices, lives=st.booleans(), is_join=st.booleans())
    def come_in(self, number: int, person: int, device: str, lives: bool, is_join: bool) -> None:
        call = self._pick(number)
        name = self._whom(call, person)
        model, verb = (self.world.join, calls.join) if is_join else (self.world.accept, calls.accept)
        self._both(
            "join" if is_join else "accept",
            lambda: model(call, name, device, lives=lives),
            lambda by, now: verb(name_of(call), by=by, now=now) and None,
            name,
            device,
            lives=lives,
        )

    @precondition(lambda self: any(self.world.rings_for(name) for name in NAMES))
    @rule(number=who, device=devices, is_accept=st.booleans())
    def answer_current(self, number: int, device: str, is_accept: bool) -> None:
        rung = [name for name in NAMES if self.world.rings_for(name)]
        name = (rung if number < 18 else NAMES)[number % len(rung)]

        def model() -> None:
            call = self.world.current(name)
            if is_accept:
                self.world.accept(call, name, device, lives=False)
            else:
                self.world.reject(call, name, device, "declined")

        verb = calls.accept if is_accept else calls.reject
        self._both(
            "accept" if is_accept else "reject",
            model,
            lambda by, now: verb("current", by=by, now=now) and None,
            name,
            device,
        )

    @precondition(lambda self: self.world.calls)
    @rule(number=call_numbers, person=who, device=devices, reason=st.sampled_from(["declined", "later", "busy"]))
    def reject(self, number: int, person: int, device: str, reason: str) -> None:
        call = self._pick(number)
        name = self._whom(call, person)
        self._both(
            "reject",
            lambda: self.world.reject(call, name, device, reason),
            lambda by, now: calls.reject(name_of(call), by=by, reason=reason, now=now) and None,
            name,
            device,
        )

    @precondition(lambda self: self.world.calls)
    @rule(number=call_numbers, person=who, callees=st.one_of(st.none(), invitee_lists))
    def cancel(self, number: int, person: int, callees: list[str] | None) -> None:
        call = self._pick(number)
        self._perform("cancel", call, self._whom(call, person), "phone", callees)

    @precondition(lambda self: self.world.calls)
    @rule(number=call_numbers, person=who, other=who, is_admin=st.booleans())
    def remove(self, number: int, person: int, other: int, is_admin: bool) -> None:
        call = self._pick(number)
        by = ADMIN if is_admin and person < 5 else self._whom(call, person)
        user = self._whom(call, other)
        self._both(
            "remove",
            lambda: self.world.remove(call, by, user, admin=by == ADMIN),
            lambda actor, now: calls.remove(name_of(call), by=actor, user=user, now=now) and None,
            by,
            is_admin=by == ADMIN,
        )

    @precondition(lambda self: any(call.state == "active" for call in self.world.calls))
    @rule(number=call_numbers, seconds=steps, spares=who, by_socket=st.booleans(), early=st.sampled_from([0, 0.2, 3]))
    def go_on(self, number: int, seconds: float, spares: int, by_socket: bool, early: float) -> None:
        """Time passes in a call, and then its devices speak; sometimes one of them does not. What they say by socket
        may have waited so many seconds to be committed."""
        self.pass_time(seconds)
        if by_socket:
            # A socket's sign of life meets no deadline by itself.
            self.dispatch()
        active = [call for call in self.world.calls if call.state == "active"]
        call = active[number % len(active)] if active else None
        for place, stay in enumerate(call.inside() if call is not None else []):
            if place != spares:
                if by_socket:
                    self._speak(call, stay.user, stay.device, early=early)
                else:
                    self._beat(call, stay.user, stay.device)

    @precondition(lambda self: self.world.calls)
    @rule(
        number=call_numbers,
        person=who,
        device=devices,
        verb=st.sampled_from(["ringing", "leave", "leave", "end", "connected", "heartbeat"]),
    )
    def act(self, number: int, person: int, device: str, verb: str) -> None:
        call = self._pick(number)
        name = self._whom(call, person)
        arguments = () if verb == "end" else (device,)
        self._both(
            verb,
            lambda: getattr(self.world, verb)(call, name, *arguments),
            lambda by, now: getattr(calls, verb)(name_of(call), by=by, now=now) and None,
            name,
            device,
        )

    @rule(
        name=people, others=st.lists(people, min_size=1, max_size=3, unique=True), device=devices, lives=st.booleans()
    )
    def meet(self, name: str, others: list[str], device: str, lives: bool) -> None:
        """A call that everybody picks up, if they may."""
        call = self._send(name, device, others, lives=lives)
        if call is None:
            return
        for each in others:
            self._answer(call, each, device, "accept", lives=lives)

    @precondition(lambda self: any(self.world.rings_for(name) for name in NAMES))
    @rule(number=who, device=devices, answer=st.sampled_from(["accept", "accept", "reject"]), lives=st.booleans())
    def answer(self, number: int, device: str, answer: str, lives: bool) -> None:
        rings = [(call, ring.invitee) for call in self.world.calls for ring in call.pending()]
        call, name = rings[number % len(rings)]
        self._answer(call, name, device, answer, lives=lives)

    @precondition(lambda self: self.world.calls and len(self.world.calls) % 4 == 0)
    @rule(number=call_numbers, is_end=st.booleans())
    def administer(self, number: int, is_end: bool) -> None:
        call = self._pick(number)
        if is_end:
            self._both(
                "end",
                lambda: self.world.end(call, ADMIN, admin=True),
                lambda by, now: calls.end(name_of(call), by=by, now=now) and None,
                ADMIN,
                is_admin=True,
            )
            return
        self._both(
            "cancel",
            lambda: sorted(self.world.cancel(call, ADMIN, None, admin=True)),
            lambda by, now: sorted(calls.cancel(name_of(call), by=by, now=now).cancelled),
            ADMIN,
            is_admin=True,
        )

    @rule(seconds=steps)
    def pass_time(self, seconds: float) -> None:
        """Nobody looks before the next step: that one must meet what is overdue by itself."""
        self.world.pass_time(seconds)
        self.is_late = True

    @precondition(lambda self: self.is_late)
    @rule()
    def dispatch(self) -> None:
        """The dispatcher finds all that is due, though nobody else looks."""
        Dispatcher().step(self._now())
        self._compare_tables()
        self._is_seen()

    @precondition(lambda self: self.is_late)
    @rule(name=people)
    def look(self, name: str) -> None:
        self._look(name)
        # Whatever the others have still to look at counts as seen from now on, too.
        self._compare()
        self._is_seen()


@pytest.fixture
def everybody(db: None, settings: Settings) -> None:
    for name in [*NAMES, ADMIN]:
        user = User.objects.create_user(name)
        CallingPreferences.objects.create(user=user, call_waiting=PEOPLE.get(name, False))
        phone = registered.describe(user.pk, "phone", label="Phone", kind="android", now=START)
        registered.set_address(phone, address_at(name), origin="https://calls.example.org", credential=name, now=START)
    settings.CALLINVITE = {
        "sends_per_minute": 10_000,
        "rings_per_pair_minute": PER_MINUTE,
        "rings_per_pair_ten_minutes": PER_TEN_MINUTES,
        "rings_in_a_row": IN_A_ROW,
        "people_per_call": PEOPLE_PER_CALL,
    }


def test_any_story_ends_as_the_rules_say(everybody: None) -> None:
    run_state_machine_as_test(
        Stories,
        settings=settings(
            max_examples=60 if connection.vendor == "sqlite" else 25,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
