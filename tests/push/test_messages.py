"""What is sent: never more than a push service must take, and always something that a browser can show by itself."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invitations import calls
from invitations.models import RingResource, StopReason
from invitations.push import messages
from invitations.store import looks
from invitations.transports import MAX_PAYLOAD_BYTES
from tests.push.conftest import Ring, acting, seconds

if TYPE_CHECKING:
    from invitations.models import User

ORIGIN = "https://calls.example.org"
# What a request may hold: no NUL and no lone surrogates. Control characters take six bytes of JSON each.
CHARACTERS = st.one_of(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    st.sampled_from('\x01\x1f"\\\n\u2028😀👩🏽‍🚀é'),
)


def texts(most: int) -> st.SearchStrategy[str]:
    """Short ones, and one character as often as allowed: hypothesis seldom fills a long text by itself."""
    return st.text(CHARACTERS, max_size=min(most, 40)) | st.builds(lambda each: each * most, CHARACTERS)


def custom_data() -> st.SearchStrategy[str]:
    """Up to 4096 bytes of UTF-8."""
    return texts(4096).map(lambda text: text.encode()[:4096].decode(errors="ignore"))


def ring_of(sheet: calls.CallSheet, now: datetime, *, number: int = 1) -> dict[str, Any]:
    return messages.ring(sheet, sheet.invitations[0], device_id="phone", origin=ORIGIN, number=number, now=now)


def stop_of(sheet: calls.CallSheet, now: datetime, reason: str) -> dict[str, Any]:
    return messages.stop(
        sheet, sheet.invitations[0], reason, device_id="phone", origin=ORIGIN, missed_unseen=3, now=now
    )


def assert_declarative(payload: dict[str, Any]) -> None:
    """https://www.w3.org/TR/push-api/#declarative-push-message"""
    shown = payload["notification"]
    assert payload["web_push"] == 8030
    assert isinstance(shown["title"], str)
    assert shown["title"] != ""
    assert isinstance(shown["body"], str)
    navigate = urlsplit(shown["navigate"])
    assert (navigate.scheme, navigate.netloc) == ("https", "calls.example.org")
    assert isinstance(shown["silent"], bool)
    assert shown["lang"] == "en"


@pytest.fixture
def sheet(ring: Ring, alice: User, bob: User) -> calls.CallSheet:
    return ring(alice, bob, call_id="c" * 128)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(title=texts(128), message=texts(512), data=custom_data(), name=texts(64))
def test_a_ring_always_fits_and_gives_up_custom_data_first(
    sheet: calls.CallSheet, now: datetime, title: str, message: str, data: str, name: str
) -> None:
    invitation = sheet.invitations[0]
    invitation.notification_title, invitation.notification_message, invitation.ring_data = title, message, data
    caller = sheet.people[sheet.call.caller_id]
    whole = ring_of(sheet, now)
    whole["caller"] = {"id": "a" * 64, "name": name or caller.name}
    packed = messages.packed(whole)
    sent = json.loads(packed.decode())
    assert len(packed) <= MAX_PAYLOAD_BYTES == 3993
    assert_declarative(sent)
    fits = len(json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()) <= MAX_PAYLOAD_BYTES
    if fits:
        assert sent == whole
        assert "custom_data_omitted" not in sent
        return
    assert (sent["custom_data"], sent["custom_data_omitted"]) == ("", True)
    for part in ("title", "body"):
        before, after = whole["notification"][part], sent["notification"][part]
        assert after == before or (after.endswith("…") and before.startswith(after[:-1]))
    # Nothing but custom data and the two texts is ever touched.
    changed = {key for key in whole if key != "notification" and sent[key] != whole[key]}
    assert changed <= {"custom_data"}


def test_custom_data_is_kept_exactly_where_it_fits_and_nothing_is_cut_for_it(
    sheet: calls.CallSheet, now: datetime
) -> None:
    invitation = sheet.invitations[0]
    invitation.notification_message = "m" * 512
    room = MAX_PAYLOAD_BYTES - len(messages.packed(ring_of(sheet, now)))
    for size, is_kept in ((room, True), (room + 1, False)):
        invitation.ring_data = "x" * size
        sent = json.loads(messages.packed(ring_of(sheet, now)))
        assert sent["custom_data"] == ("x" * size if is_kept else "")
        assert sent.get("custom_data_omitted", False) is not is_kept
        assert sent["notification"]["body"].endswith(f"“{'m' * 512}”")


def test_a_message_too_long_for_itself_is_cut_at_its_end(sheet: calls.CallSheet, now: datetime) -> None:
    sheet.invitations[0].notification_message = "😀" * 512
    sheet.invitations[0].notification_title = "🎈" * 128
    caller = sheet.people[sheet.call.caller_id]
    sheet.people[caller.id] = caller._replace(name="😀" * 64)
    packed = messages.packed(ring_of(sheet, now))
    sent = json.loads(packed)
    assert MAX_PAYLOAD_BYTES - 6 <= len(packed) <= MAX_PAYLOAD_BYTES
    assert sent["notification"]["title"] == f"{'😀' * 64} (@alice)"
    assert re.search("“🎈{128} · 😀{100,511}…$", sent["notification"]["body"])


def test_a_ring_says_who_rings_and_what_it_is(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    plain = ring_of(ring(alice, bob), now)
    assert (plain["notification"]["title"], plain["notification"]["body"]) == (
        "Alice (@alice)",
        "Incoming video call · Not in your contacts",
    )
    assert plain["notification"]["navigate"].startswith(f"{ORIGIN}/?call=call_alice_")
    assert (plain["kind"], plain["reason"], plain["is_video_call"], plain["renotify"]) == ("ring", None, True, False)
    assert (plain["caller"], plain["api"]) == ({"id": "alice", "name": "Alice"}, "/api/v1/")
    assert plain["expires_at"].endswith("Z")


def test_an_empty_title_or_message_is_as_good_as_none(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sent = ring_of(ring(alice, bob, notification_title="", notification_message=""), now)
    assert (sent["notification"]["title"], sent["notification"]["body"]) == (
        "Alice (@alice)",
        "Incoming video call · Not in your contacts",
    )


def test_later_rings_alert_again_in_the_place_of_the_first(sheet: calls.CallSheet, now: datetime) -> None:
    first, second = ring_of(sheet, now), ring_of(sheet, now, number=2)
    assert (first["tag"], first["renotify"], second["renotify"]) == (second["tag"], False, True)


@pytest.mark.parametrize(
    ("verb", "reason", "title", "missed"),
    [
        ("accept", StopReason.ANSWERED_ELSEWHERE, "Answered on Laptop", False),
        ("reject", StopReason.REJECTED_ELSEWHERE, "Declined on Laptop", False),
        ("timeout", StopReason.TIMED_OUT, "Missed call", True),
    ],
)
def test_a_stop_says_how_it_ended_silently_and_in_the_place_of_the_ring(
    verb: str, reason: StopReason, title: str, missed: bool, sheet: calls.CallSheet, bob: User, now: datetime
) -> None:
    ring = ring_of(sheet, now)
    ended: calls.CallSheet | None
    if verb == "timeout":
        ended = calls.expire(sheet.call.pk, now=now + seconds(61))
    else:
        ended = getattr(calls, verb)(sheet.call.call_id, by=acting(bob, "laptop", device_label="Laptop"), now=now)
    assert ended is not None
    stop = stop_of(ended, now, reason)
    assert_declarative(stop)
    assert (stop["notification"]["title"], stop["notification"]["silent"]) == (title, True)
    assert stop["notification"]["body"] == "Alice (@alice), video call"
    assert (stop["kind"], stop["reason"], stop["missed"], stop["missed_unseen"]) == ("stop", reason, missed, 3)
    assert (stop["tag"], stop["action_token"], stop["renotify"]) == (ring["tag"], None, False)


def test_a_test_ring_is_valid_and_belongs_to_no_call(db: None, now: datetime) -> None:
    sent = messages.test(7, device_id="phone", origin=ORIGIN, expires_at=now + seconds(60), now=now)
    assert_declarative(sent)
    assert (sent["kind"], sent["call_id"], sent["caller"], sent["test_id"]) == ("test", None, None, "7")
    assert sent["notification"]["navigate"] == f"{ORIGIN}/"


def test_topics_are_32_characters_of_base64url_and_tell_nothing_but_rings_apart(db: None) -> None:
    found = {messages.topic_of(number) for number in range(1, 200)}
    found |= {messages.topic_of_test(number) for number in range(1, 200)}
    assert len(found) == 398
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", each) for each in found)


def test_a_resource_gives_words_pictures_and_manners(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    RingResource.objects.create(
        resource_id="urgent",
        name="Urgent",
        icon="ring-resources/i.png",
        ringtone="ring-resources/r.mp3",
        vibration=[200, 100, 200],
        silent=True,
        require_interaction=False,
        accent="#1a73e8",
        title_template="{caller} needs you",
        message_template="A {call}, now",
    )
    looks.forget()
    sent = ring_of(ring(alice, bob, resource_id="urgent"), now)
    looks.forget()
    assert (sent["notification"]["title"], sent["notification"]["body"]) == (
        "Alice (@alice) needs you",
        "A video call, now · Not in your contacts",
    )
    assert sent["notification"]["silent"] is True
    assert sent["notification"]["icon"].endswith("/ring-resources/i.png")
    assert "badge" not in sent["notification"]
    assert sent["ringtone_url"].endswith("/ring-resources/r.mp3")
    assert sent["look"] == {"vibrate": [200, 100, 200], "require_interaction": False, "accent": "#1a73e8"}
    assert_declarative(sent)


def test_a_callers_name_that_looks_like_a_placeholder_is_left_alone(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    RingResource.objects.create(resource_id="plain", name="Plain", is_default=True, title_template="{caller}")
    looks.forget()
    sheet = ring(alice, bob)
    sheet.people[alice.pk] = sheet.people[alice.pk]._replace(name="{call}")
    sent = ring_of(sheet, now)
    looks.forget()
    assert sent["notification"]["title"] == "{call} (@alice)"
