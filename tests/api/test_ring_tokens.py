"""Acting by the token of a push message, signed in or not: one ring, one device, and dead with that ring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.signing import Signer

from invitations import calls
from invitations.models import Delivery, Invitation, User
from invitations.push import action_tokens, devices, ring_tests
from invitations.transports import Address
from tests.api.conftest import Rest, problem_of

if TYPE_CHECKING:
    from tests.api.conftest import Answer

pytestmark = pytest.mark.django_db
# The point of RFC 8291's appendix A; nothing is encrypted here.
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


@pytest.fixture
def ring(alice: User, bob: User, now: datetime) -> Invitation:
    """Alice rings bob."""
    by = calls.Actor(alice.pk, alice.username, "desk")
    calls.send(by=by, invitees=[bob.username], is_video_call=True, call_id="c-1", now=now)
    return Invitation.objects.get()


def token_of(ring: Invitation, device_id: str = "phone") -> str:
    return action_tokens.issue(action_tokens.RING, ring.pk, device_id)


def act(nobody: Rest, token: str, verb: str, *, call_id: str = "c-1", **body: object) -> Answer:
    """One verb by a token, as a service worker that is signed in nowhere."""
    return nobody.post(f"calls/{call_id}/{verb}", body, HTTP_AUTHORIZATION=f"Invitation {token}")


def test_a_token_declines_its_ring_on_its_device(nobody: Rest, ring: Invitation) -> None:
    answer = act(nobody, token_of(ring), "reject", reason="later", custom_data="in a meeting")
    ring.refresh_from_db()
    assert answer.status_code == 200
    assert (ring.state, ring.reject_reason, ring.custom_data) == ("rejected", "later", "in a meeting")
    assert ring.answered_device == "phone"
    assert answer.json()["call"]["you"]["state"] == "rejected"


def test_a_token_acknowledges_its_ring(nobody: Rest, ring: Invitation) -> None:
    assert act(nobody, token_of(ring), "ringing", audible=True).status_code == 200
    ring.refresh_from_db()
    assert ring.ringing_at is not None


def test_the_token_names_the_device_whatever_the_body_says(nobody: Rest, ring: Invitation) -> None:
    act(nobody, token_of(ring, "phone"), "reject", device_id="somebody-elses")
    ring.refresh_from_db()
    assert ring.answered_device == "phone"


def test_the_scheme_is_read_in_any_case(nobody: Rest, ring: Invitation) -> None:
    answer = nobody.post("calls/c-1/reject", {}, HTTP_AUTHORIZATION=f"inviTATION  {token_of(ring)} ")
    assert answer.status_code == 200


@pytest.mark.parametrize("verb", ["accept", "cancel", "join", "leave", "end", "heartbeat", "connected", "invite"])
def test_a_token_is_good_for_nothing_else(nobody: Rest, ring: Invitation, verb: str) -> None:
    assert problem_of(act(nobody, token_of(ring), verb)) == (401, "not_authenticated")
    ring.refresh_from_db()
    assert ring.state == "pending"


def test_a_token_opens_no_list_and_no_call(nobody: Rest, ring: Invitation) -> None:
    for path in ("calls", "calls/c-1", "calls/open", "me", "devices", "users"):
        answer = nobody.client.get(f"/api/v1/{path}", HTTP_AUTHORIZATION=f"Invitation {token_of(ring)}")
        assert answer.status_code == 401, path


def test_a_token_for_another_call_is_not_found(
    nobody: Rest, ring: Invitation, carol: User, bob: User, now: datetime
) -> None:
    by = calls.Actor(carol.pk, carol.username, "desk")
    calls.send(by=by, invitees=[bob.username], is_video_call=True, call_id="c-2", now=now)
    assert problem_of(act(nobody, token_of(ring), "reject", call_id="c-2")) == (404, "not_found")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "ring:1:phone",
        "ring:1:phone:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        Signer(salt="another.salt").sign("ring:1:phone"),
    ],
)
def test_a_forged_token_is_refused(nobody: Rest, ring: Invitation, token: str) -> None:
    answer = act(nobody, token, "reject")
    assert problem_of(answer) == (401, "not_authenticated")
    ring.refresh_from_db()
    assert ring.state == "pending"


def test_a_token_whose_device_was_changed_is_forged(nobody: Rest, ring: Invitation) -> None:
    good = token_of(ring, "phone")
    assert problem_of(act(nobody, good.replace(":phone:", ":tablet:"), "reject")) == (401, "not_authenticated")


def test_a_deactivated_invitees_token_is_dead(nobody: Rest, ring: Invitation, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert problem_of(act(nobody, token_of(ring), "reject")) == (401, "not_authenticated")


def test_a_token_dies_with_its_ring_and_says_why(
    nobody: Rest, ring: Invitation, alice: User, bob: User, now: datetime
) -> None:
    calls.cancel("c-1", by=calls.Actor(alice.pk, alice.username, "desk"), now=now)
    for verb in ("reject", "ringing"):
        assert problem_of(act(nobody, token_of(ring), verb)) == (410, "invitation_cancelled"), verb


def test_an_answer_elsewhere_is_gone_too_and_not_a_conflict(
    nobody: Rest, ring: Invitation, bob: User, now: datetime
) -> None:
    calls.accept("c-1", by=calls.Actor(bob.pk, bob.username, "laptop"), now=now)
    assert problem_of(act(nobody, token_of(ring), "reject")) == (410, "answered_elsewhere")


def test_a_second_ring_of_the_same_person_is_not_the_firsts_tokens(
    nobody: Rest, ring: Invitation, alice: User, bob: User, carol: User, now: datetime
) -> None:
    first = token_of(ring)
    by = calls.Actor(alice.pk, alice.username, "desk")
    calls.invite("c-1", by=by, invitees=[carol.username], now=now)
    calls.reject("c-1", by=calls.Actor(bob.pk, bob.username, "laptop"), now=now)
    calls.invite("c-1", by=by, invitees=[bob.username], now=now + timedelta(seconds=1))
    assert problem_of(act(nobody, first, "reject")) == (410, "rejected_elsewhere")
    assert Invitation.objects.filter(invitee=bob, state="pending").count() == 1


def test_a_session_beside_the_token_changes_nothing(
    api_as: Callable[[User], object], ring: Invitation, mallory: User
) -> None:
    client = Rest(api_as(mallory))  # type: ignore[arg-type]
    assert act(client, token_of(ring), "reject").status_code == 200
    ring.refresh_from_db()
    assert ring.state == "rejected"


# --- test rings -------------------------------------------------------------------------------------------------------
@pytest.fixture
def test_ring(bob: User, now: datetime) -> Delivery:
    """A test ring to bob's phone."""
    device = devices.describe(bob.pk, "phone", label="Phone", kind="android", now=now)
    address = Address("webpush", "https://push.example.net/phone", POINT, AUTH)
    devices.set_address(device, address, origin="https://calls.example.org", credential="session", now=now)
    return ring_tests.begin(device, now=now)


def shown(nobody: Rest, kind: str, key: int, device_id: str, at: str = "phone") -> Answer:
    token = action_tokens.issue(kind, key, device_id)
    return nobody.post(f"devices/{at}/test-ring/ringing", {}, HTTP_AUTHORIZATION=f"Invitation {token}")


def test_a_device_says_that_it_showed_its_test_ring(nobody: Rest, test_ring: Delivery) -> None:
    answer = shown(nobody, action_tokens.TEST, test_ring.pk, "phone")
    assert (answer.status_code, answer.json()["state"]) == (200, "arrived")
    test_ring.refresh_from_db()
    assert test_ring.acknowledged_at is not None


def test_a_rings_token_shows_no_test_and_a_tests_token_declines_no_ring(
    nobody: Rest, ring: Invitation, test_ring: Delivery
) -> None:
    assert problem_of(shown(nobody, action_tokens.RING, ring.pk, "phone")) == (401, "not_authenticated")
    token = action_tokens.issue(action_tokens.TEST, test_ring.pk, "phone")
    assert problem_of(act(nobody, token, "reject")) == (401, "not_authenticated")


def test_the_test_of_another_device_or_of_none_is_not_found(nobody: Rest, test_ring: Delivery) -> None:
    assert problem_of(shown(nobody, action_tokens.TEST, test_ring.pk, "tablet")) == (404, "not_found")
    key = test_ring.pk
    test_ring.delete()
    assert problem_of(shown(nobody, action_tokens.TEST, key, "phone")) == (401, "not_authenticated")
