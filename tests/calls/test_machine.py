"""Long random stories of calls, told to the verbs and to a plain model of the rules: both must always agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from invitations import calls
from invitations.dispatcher import Dispatcher
from invitations.errors import CallError
from invitations.models import Call, CallEvent, CallingPreferences, Invitation, Participant
from invitations.requests.verbs import VERBS
from invitations.store.sheets import Actor
from tests.calls.model import PEOPLE_PER_CALL, Person, Refused, World
from tests.calls.model import Call as ModelCall

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
PEOPLE = {"ann": False, "ben": False, "cat": False, "dan": True, "eve": False}
"""Who there is, and who lets further calls ring."""
ADMIN = "root"
NAMES = sorted(PEOPLE)
DEVICES = ["phone", "laptop"]
MOMENT = 0.001
"""Every act takes a millisecond, so that no two things happen at once and generated ids differ."""

people = st.sampled_from(NAMES)
devices = st.sampled_from(DEVICES)
timeouts = st.sampled_from([5, 60, 600])
call_numbers = st.integers(0, 19)
who = st.integers(0, 19)
invitee_lists = st.one_of(
    st.lists(people, min_size=1, max_size=1),
    st.lists(st.sampled_from([*NAMES, "nobody"]), min_size=1, max_size=4),
)
steps = st.sampled_from([0.5, 0.5, 4.5, 4.5, 9.0, 9.0, 15.0, 19.5, 21.0, 31.0, 61.0, 299.0, 301.0, 12 * 3600.0])


def _name(call: ModelCall) -> calls.Attempt:
    return calls.Attempt(call.call_id, call.attempt)


class Stories(RuleBasedStateMachine):
    """Acts on the model and through the verbs, and compares what both say and what is so afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.keys = dict(get_user_model().objects.values_list("username", "pk"))
        self.world = World(*(Person(name, waits) for name, waits in PEOPLE.items()))
        self.final: dict[Any, Any] = {}
        self.is_late = False
        self.steps = 0

    def teardown(self) -> None:
        """Afterwards nobody is busy for ever; then the story is unmade."""
        try:
            self.pass_time(13 * 3600.0)
            for name in NAMES:
                sent = self._send(name, "phone", [next(each for each in NAMES if each != name)], lives=False)
                self._perform("cancel", sent, name, "phone", None)
            self._compare()
            self._check_tables()
        finally:
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
    )
    def send(self, **asked: Any) -> None:
        self._send(**asked)

    @precondition(lambda self: any(self.world.rings_for(name) for name in NAMES))
    @rule(number=who, device=devices, lives=st.booleans())
    def call_back(self, number: int, device: str, lives: bool) -> None:
        """A person who is being rung calls the caller back."""
        rung = [(name, call.caller) for name in NAMES for call in self.world.rings_for(name)]
        name, caller = rung[number % len(rung)]
        self._send(name, device, [caller], lives=lives)

    @precondition(lambda self: self.world.calls)
    @rule(number=call_numbers, person=who, invitees=invitee_lists, timeout=timeouts)
    def invite(self, number: int, person: int, invitees: list[str], timeout: int) -> None:
        call = self._pick(number)
        name = self._whom(call, person)
        self._both(
            "invite",
            lambda: self.world.invite(call, name, invitees, timeout)[1],
            lambda by, now: self._errors(
                calls.invite(_name(call), by=by, invitees=invitees, timeout_seconds=timeout, now=now)
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
            lambda by, now: verb(_name(call), by=by, now=now) and None,
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
            lambda by, now: calls.reject(_name(call), by=by, reason=reason, now=now) and None,
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
            lambda actor, now: calls.remove(_name(call), by=actor, user=user, now=now) and None,
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
            lambda by, now: getattr(calls, verb)(_name(call), by=by, now=now) and None,
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
                lambda by, now: calls.end(_name(call), by=by, now=now) and None,
                ADMIN,
                is_admin=True,
            )
            return
        self._both(
            "cancel",
            lambda: sorted(self.world.cancel(call, ADMIN, None, admin=True)),
            lambda by, now: sorted(calls.cancel(_name(call), by=by, now=now).cancelled),
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
        self.is_late = False

    @precondition(lambda self: self.is_late)
    @rule(name=people)
    def look(self, name: str) -> None:
        mine = {(each.call.call_id, each.call.attempt) for each in calls.open_calls(self.keys[name], now=self._now())}
        current = self.world.call_with(name)
        assert mine == {_name(each) for each in [*self.world.rings_for(name), *([current] if current else [])]}

    # --- what must always hold ----------------------------------------------------------------------------------------

    @invariant()
    def model_and_tables_agree(self) -> None:
        if not self.is_late:
            self._compare()

    @invariant()
    def no_call_is_looked_at_too_late(self) -> None:
        looked_at = {
            (call_id, attempt): due_at
            for call_id, attempt, due_at in Call.objects.values_list("call_id", "attempt", "due_at")
        }
        for call in self.world.calls:
            due_at = looked_at[_name(call)]
            if call.state != "ended":
                assert due_at is not None
                assert due_at <= START + timedelta(seconds=min(call.deadlines()))
            elif not self.is_late:
                assert due_at is None

    @invariant()
    def tables_are_sound_now_and_then(self) -> None:
        self.steps += 1
        if self.steps % 5 == 0:
            self._check_tables()

    # --- machinery ----------------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return START + timedelta(seconds=self.world.time)

    def _pick(self, number: int) -> ModelCall:
        """Mostly a call that is not over, or one of the latest."""
        open_calls = [call for call in self.world.calls if call.state != "ended"]
        chosen = open_calls if open_calls and number < 14 else self.world.calls[-4:]
        return chosen[-1 - number % len(chosen)]

    def _whom(self, call: ModelCall, number: int) -> str:
        """Usually a person whom the call concerns."""
        concerned = NAMES if number > 16 else [call.caller, *(ring.invitee for ring in call.rings)]
        return concerned[number % len(concerned)]

    def _send(
        self,
        name: str,
        device: str,
        invitees: list[str],
        call_id: str | None = None,
        timeout: int = 60,
        ends_with_caller: bool = False,
        lives: bool = True,
    ) -> ModelCall | None:
        made: list[ModelCall] = []

        def model() -> Any:
            new_id = call_id or f"call_{name}_{int(self._now().timestamp() * 1000)}"
            kind, call, errors = self.world.send(
                name,
                device,
                invitees,
                call_id=call_id,
                new_id=new_id,
                timeout=timeout,
                ends_with_caller=ends_with_caller,
                lives=lives,
            )
            made.append(call)
            return kind, _name(call), errors

        def verb(by: Actor, now: datetime) -> Any:
            sent = calls.send(
                by=by,
                invitees=invitees,
                is_video_call=True,
                call_id=call_id,
                timeout_seconds=timeout,
                end_when_caller_leaves=ends_with_caller,
                now=now,
            )
            names = {"rejoin": sent.rejoin, "merged": sent.merged, "created": sent.created}
            kind = next((each for each, is_so in names.items() if is_so), "repeat")
            return kind, (sent.sheet.call.call_id, sent.sheet.call.attempt), self._errors(sent)

        self._both("send", model, verb, name, device, lives=lives)
        return made[0] if made else None

    def _answer(self, call: ModelCall, name: str, device: str, verb: str, *, lives: bool) -> None:
        if verb == "reject":
            self._both(
                "reject",
                lambda: self.world.reject(call, name, device, "declined"),
                lambda by, now: calls.reject(_name(call), by=by, now=now) and None,
                *(name, device),
            )
            return
        self._both(
            "accept",
            lambda: self.world.accept(call, name, device, lives=lives),
            lambda by, now: calls.accept(_name(call), by=by, now=now) and None,
            *(name, device),
            lives=lives,
        )

    def _beat(self, call: ModelCall | None, name: str, device: str) -> None:
        assert call is not None
        self._both(
            "heartbeat",
            lambda: self.world.heartbeat(call, name, device),
            lambda by, now: calls.heartbeat(_name(call), by=by, now=now) and None,
            *(name, device),
        )

    def _speak(self, call: ModelCall | None, name: str, device: str, *, early: float) -> None:
        """A device proves life by its socket; what it said a moment ago is not written again."""
        assert call is not None
        stay = call.stay_of(name)
        self.world.pass_time(MOMENT)
        spoke = self.world.time - early
        if stay is None or call.state == "ended" or max(stay.joined, stay.proved or -3600) > spoke - 3:
            return
        committed, self.world.time = self.world.time, spoke
        self.world.heartbeat(call, name, device)
        assert calls.prove_life(self.keys[name], device, now=self._now())
        self.world.time = committed

    def _perform(self, verb: str, call: ModelCall | None, name: str, device: str, callees: list[str] | None) -> None:
        assert call is not None
        self._both(
            "cancel",
            lambda: sorted(self.world.cancel(call, name, callees)),
            lambda by, now: sorted(calls.cancel(_name(call), by=by, callees=callees, now=now).cancelled),
            name,
            device,
        )

    def _both(
        self,
        verb: str,
        model: Any,
        act: Any,
        name: str,
        device: str = "phone",
        *,
        lives: bool = False,
        is_admin: bool = False,
    ) -> None:
        """Let model and verb do the same; they must give the same answer, or the same refusal, which is declared."""
        self.world.pass_time(MOMENT)
        self.world.actor = name
        by = Actor(self.keys[name], name, device, lives=lives, is_admin=is_admin)
        try:
            expected: Any = model()
        except Refused as refused:
            expected = (refused.code, refused.errors)
        refusals = set()
        try:
            answer: Any = act(by, self._now())
        except CallError as error:
            listed = error.extra.get("errors") if error.code == "no_valid_invitee" else None
            answer = (error.code.value, listed and [(each["invitee"], each["code"]) for each in listed])
            refusals.add(error.code)
        assert answer == expected
        assert refusals <= VERBS[verb].refuses
        self.is_late = False

    @staticmethod
    def _errors(sent: calls.Sent) -> list[tuple[str, str]]:
        return [(each["invitee"], each["code"]) for each in sent.errors]

    def _compare(self) -> None:
        # A sign of life may be what makes a call overdue at once; the looks below find that out.
        self.world.pass_time(0)
        for name in NAMES:
            calls.open_calls(self.keys[name], now=self._now())
        self._compare_tables()

    def _compare_tables(self) -> None:
        loaded = calls.sheets(list(Call.objects.order_by("id")))
        assert [self._told(each) for each in loaded] == [self._expected(each) for each in self.world.calls]

    def _check_tables(self) -> None:
        """Logs without gaps, nobody left over in what has ended, and what is closed stays as it was."""
        revisions: dict[int, list[int]] = {}
        for call, revision in CallEvent.objects.order_by("call", "revision").values_list("call_id", "revision"):
            revisions.setdefault(call, []).append(revision)
        told: dict[str, int] = {}
        for key, call_id, revision in Call.objects.order_by("pk").values_list("pk", "call_id", "revision"):
            assert revisions[key] == list(range(told.get(call_id, 0) + 1, revision + 1))
            told[call_id] = revision
        assert not Participant.objects.open().filter(call__state="ended").exists()
        assert not Invitation.objects.pending().filter(call__state="ended").exists()
        for kind, rows in (
            ("call", Call.objects.filter(state="ended").values_list("pk", "state", "end_reason", "ended_at")),
            (
                "invitation",
                Invitation.objects.exclude(state="pending").values_list("pk", "state", "closed_at", "missed"),
            ),
            (
                "stay",
                Participant.objects.filter(left_at__isnull=False).values_list("pk", "left_at", "left_reason"),
            ),
        ):
            for key, *values in rows:
                assert self.final.setdefault((kind, key), values) == values

    def _told(self, sheet: calls.CallSheet) -> Any:
        names = {each.id: each.username for each in sheet.people.values()}
        call = sheet.call
        return (
            (
                call.call_id,
                call.attempt,
                names[call.caller_id],
                call.state,
                call.end_reason,
                call.answered_at is not None,
            ),
            [
                (
                    *(names[each.invitee_id], names[each.inviter_id], each.state, each.missed),
                    *(each.answered_device or None, each.reject_reason, each.ringing_at is not None),
                )
                for each in sheet.invitations
            ],
            [
                (names[each.user_id], each.device_id, each.left_reason, each.connected_at is not None)
                for each in sheet.participants
            ],
        )

    def _expected(self, call: ModelCall) -> Any:
        return (
            (call.call_id, call.attempt, call.caller, call.state, call.reason, call.answered is not None),
            [
                (ring.invitee, ring.inviter, ring.state, ring.missed, ring.device, ring.reason, ring.alerting)
                for ring in call.rings
            ],
            [(stay.user, stay.device, stay.left, stay.connected) for stay in call.stays],
        )


@pytest.fixture
def everybody(db: None, settings: Settings) -> None:
    users = get_user_model().objects
    for name in [*NAMES, ADMIN]:
        CallingPreferences.objects.create(user=users.create_user(name), call_waiting=PEOPLE.get(name, False))
    settings.CALLINVITE = {"sends_per_minute": 0, "people_per_call": PEOPLE_PER_CALL}


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
