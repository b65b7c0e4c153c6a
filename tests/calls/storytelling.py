"""Tells a story of calls to the verbs and to the model of the rules, and compares what both say and what is so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from invitations import calls
from invitations.errors import CallError
from invitations.models import (
    Block,
    Call,
    CallEvent,
    CallingPreferences,
    Contact,
    ContactState,
    Invitation,
    Participant,
    User,
)
from invitations.requests.verbs import VERBS
from invitations.store.sheets import Actor
from tests.calls.hearing import Hearing
from tests.calls.model import Call as ModelCall
from tests.calls.model import Person, Refused, World
from tests.calls.model_rules import Settled
from tests.calls.states import CALL, INVITATION, Arrow, moves

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
PEOPLE = {"ann": False, "ben": False, "cat": False, "dan": True, "eve": False}
"""Who there is, and who lets further calls ring."""
ADMIN = "root"
NAMES = sorted(PEOPLE)
MOMENT = 0.001
"""Every act takes a millisecond, so that no two things happen at once and generated ids differ."""


def name_of(call: ModelCall) -> calls.Attempt:
    """How the verbs find a call."""
    return calls.Attempt(call.call_id, call.attempt)


class Storyteller(RuleBasedStateMachine):
    """What a story is told with. It says nothing of what happens."""

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.keys = dict(get_user_model().objects.values_list("username", "pk"))
        self.world = World(*(Person(name, waits) for name, waits in PEOPLE.items()))
        self.hearing = Hearing(list(User.objects.filter(username__in=NAMES)))
        self.final: dict[Any, Any] = {}
        self.drawn: dict[Any, str] = {}
        self.is_late = False
        self.steps = 0

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
            due_at = looked_at[name_of(call)]
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
        urgent: bool = False,
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
                urgent=urgent,
            )
            made.append(call)
            return kind, name_of(call), errors

        def verb(by: Actor, now: datetime) -> Any:
            sent = calls.send(
                by=by,
                invitees=invitees,
                is_video_call=True,
                call_id=call_id,
                timeout_seconds=timeout,
                end_when_caller_leaves=ends_with_caller,
                urgent=urgent,
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
                lambda by, now: calls.reject(name_of(call), by=by, now=now) and None,
                *(name, device),
            )
            return
        self._both(
            "accept",
            lambda: self.world.accept(call, name, device, lives=lives),
            lambda by, now: calls.accept(name_of(call), by=by, now=now) and None,
            *(name, device),
            lives=lives,
        )

    def _beat(self, call: ModelCall | None, name: str, device: str) -> None:
        assert call is not None
        self._both(
            "heartbeat",
            lambda: self.world.heartbeat(call, name, device),
            lambda by, now: calls.heartbeat(name_of(call), by=by, now=now) and None,
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
            lambda by, now: sorted(calls.cancel(name_of(call), by=by, callees=callees, now=now).cancelled),
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
        self._check_what_is_heard()
        heard_before = self._heard_by()
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
        self._check_what_is_heard(heard_before)
        self._is_seen()

    def _settle(self, name: str, other: str, *, what: str, quiet_seconds: float, **chosen: Any) -> None:
        """Change what one person has settled, about another or at all."""
        old = self.world.rules.settled[name]
        blocks, contacts = set(old.blocks), dict(old.contacts)
        new = Settled(blocks, contacts, old.rings_from, old.quiet_until, old.let_through)
        if what == "block":
            blocks.add(other)
            contacts.pop(other, None)
        elif what == "unblock":
            blocks.discard(other)
        elif what == "put out":
            contacts.pop(other, None)
        elif what in ("let in", "favour"):
            contacts[other] = what == "favour"
        elif what == "rings from":
            new.rings_from = chosen["rings_from"]
        elif what == "let through":
            new.let_through = frozenset(chosen["let_through"])
        else:
            new.quiet_until = self.world.time + quiet_seconds if what == "quiet" else 0.0
        self._change(name, new)

    def _change(self, name: str, new: Settled) -> None:
        """Have somebody settle all of this, while it may ring for them."""
        self.world.pass_time(MOMENT)
        self._check_what_is_heard()
        user_id, heard_before = self.keys[name], self._heard_by()
        rung_before = {name_of(call) for call in self.world.rings_for(name)}

        def act() -> None:
            Block.objects.filter(user_id=user_id).delete()
            Contact.objects.filter(user_id=user_id).delete()
            Block.objects.bulk_create(
                Block(user_id=user_id, other_id=self.keys[each], created_at=self._now()) for each in new.blocks
            )
            Contact.objects.bulk_create(
                Contact(
                    user_id=user_id,
                    other_id=self.keys[each],
                    state=ContactState.CONTACT,
                    favourite=is_favourite,
                    changed_at=self._now(),
                )
                for each, is_favourite in new.contacts.items()
            )
            CallingPreferences.objects.filter(user_id=user_id).update(
                rings_from=new.rings_from,
                do_not_disturb_until=START + timedelta(seconds=new.quiet_until) if new.quiet_until else None,
                let_through=sorted(new.let_through),
            )

        self.world.rules.settled[name] = new
        self.world.actor = name
        self.world.change_rules(name)
        calls.change_rules(user_id, act, now=self._now())
        rings = {name_of(call) for call in self.world.rings_for(name)}
        self._check_what_is_heard(heard_before, anew={name} if rings != rung_before else set())
        self._is_seen()

    def _is_seen(self) -> None:
        """Somebody has looked at all that time has done."""
        self.is_late = False
        self.world.unseen.clear()

    def _heard_by(self) -> dict[calls.Attempt, set[str]]:
        return {name_of(call): call.hear() for call in self.world.calls}

    def _check_what_is_heard(
        self, before: dict[calls.Attempt, set[str]] | None = None, *, anew: set[str] | None = None
    ) -> None:
        """Nobody hears of a ring that is kept from them, on a page or on a phone, and nobody hears what others have
        settled.

        Args:
            before: who heard of each call before the act; None after looks alone.
            anew: whose pages say everything anew.
        """
        by_name = {name_of(call): call for call in self.world.calls}
        frames = self.hearing.frames()
        told = {name: [each for each in got if each["type"] == "call"] for name, got in frames.items()}
        assert {name for name, got in frames.items() if {"type": "snapshot"} in got} == (anew or set())
        for name, shown in ((name, each["call"]) for name, got in told.items() for each in got):
            call = by_name[calls.Attempt(shown["call_id"], shown["attempt"])]
            was_told = before is None or name in call.hear() | before.get(name_of(call), set())
            assert was_told or any(ring.invitee == name and ring.is_traced for ring in call.rings)
            listed = [each["state"] for each in shown["invitations"] if each["invitee"]["id"] == name]
            if all(ring.is_withheld for ring in call.rings if ring.invitee == name):
                assert listed == []
            you = shown["you"]
            assert you["verdict"] in (None, "rings") or (you["verdict"] != "blocked" and you["state"] != "pending")
            assert not any("verdict" in each for each in shown["invitations"])
        assert {each.verdict for each in self.hearing.rung()} <= {"rings"}

    @staticmethod
    def _errors(sent: calls.Sent) -> list[tuple[str, str]]:
        return [(each["invitee"], each["code"]) for each in sent.errors]

    def _compare(self) -> None:
        # A sign of life may be what makes a call overdue at once; the looks below find that out.
        self.world.pass_time(0)
        for name in NAMES:
            self._look(name)
        self._compare_tables()

    def _look(self, name: str) -> None:
        """Somebody sees the calls that they are in and those that ring for them, and none that is kept from them."""
        mine = {(each.call.call_id, each.call.attempt) for each in calls.open_calls(self.keys[name], now=self._now())}
        current = self.world.call_with(name)
        assert mine == {name_of(each) for each in [*self.world.rings_for(name), *([current] if current else [])]}

    def _compare_tables(self) -> None:
        loaded = calls.sheets(list(Call.objects.order_by("id")))
        assert [self._told(each) for each in loaded] == [self._expected(each) for each in self.world.calls]
        for sheet in loaded:
            self._follow(("call", sheet.call.pk), sheet.call.state, CALL)
            for invitation in sheet.invitations:
                self._follow(("invitation", invitation.pk), invitation.state, INVITATION)

    def _follow(self, key: Any, state: str, arrows: tuple[Arrow, ...]) -> None:
        """What is drawn of the states is all that may happen."""
        earlier = self.drawn.get(key, state)
        self.drawn[key] = state
        assert state == earlier or (earlier, state) in moves(arrows)

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
        # What nobody has looked at yet, time has not closed in the tables.
        for name, key in () if self.is_late else self.keys.items():
            own = {name_of(call) for call in self.world.calls if call.is_of(name)}
            assert set(calls.history(key).values_list("call_id", "attempt")) == own
            assert calls.missed_unseen(key) == self.world.missed_by(name)
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
                    *(
                        names[each.invitee_id],
                        names[each.inviter_id],
                        each.state,
                        each.missed,
                        each.verdict,
                        each.urgent,
                    ),
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
                (
                    *(ring.invitee, ring.inviter, ring.state, ring.missed, ring.verdict, ring.urgent),
                    *(ring.device, ring.reason, ring.alerting),
                )
                for ring in call.rings
            ],
            [(stay.user, stay.device, stay.left, stay.connected) for stay in call.stays],
        )
