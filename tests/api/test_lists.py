"""Lists: filters, pages, what is counted, and a constant number of queries."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache, caches
from pytest_django import DjangoAssertNumQueries, Settings

from invitations import calls
from invitations.api import nearness, pagination
from invitations.live import presence
from invitations.models import CallingPreferences, User
from invitations.store.sheets import Actor
from tests.api.conftest import JSON, RestOf, problem_of


def _actor(user: User) -> Actor:
    return Actor(user_id=user.pk, username=user.username, device_id="laptop")


@pytest.fixture
def history(alice: User, bob: User, now: datetime, settings: Settings) -> list[str]:
    """Thirty calls of Alice to Bob, all cancelled after they rang; gives their ids, newest first."""
    settings.CALLINVITE = {**settings.CALLINVITE, "sends_per_minute": 0}
    ids = []
    for each in range(30):
        # Two in the same moment each: the order must not rest on the moment alone.
        at = now - timedelta(minutes=90) + timedelta(minutes=each // 2)
        call_id = f"call-{each:02}"
        calls.send(by=_actor(alice), invitees=["bob"], is_video_call=each % 2 == 0, call_id=call_id, now=at)
        calls.ringing(call_id, by=_actor(bob), now=at)
        calls.cancel(call_id, by=_actor(alice), now=at)
        ids.append(call_id)
    return ids[::-1]


def _query(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def _cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([0, *values]).encode()).decode().rstrip("=")


def _ids(page: JSON) -> list[str]:
    return [each["call_id"] for each in page["results"]]


def test_history_comes_in_pages_newest_first(rest: RestOf, alice: User, history: list[str]) -> None:
    client = rest(alice)
    first = client.get("calls").json()
    assert set(first) == {"next", "previous", "results"}
    assert (_ids(first), first["previous"]) == (history[:25], None)
    second = client.get("calls", **_query(first["next"])).json()
    assert (_ids(second), second["next"]) == (history[25:], None)
    back = client.get("calls", **_query(second["previous"])).json()
    assert _ids(back) == history[:25]
    assert back["previous"] is None


@pytest.mark.parametrize("size", [1, 7, 30, 100])
def test_pages_of_any_size_hold_everything_once(rest: RestOf, alice: User, history: list[str], size: int) -> None:
    client, seen = rest(alice), list[str]()
    query: dict[str, str] | None = {"page_size": str(size)}
    while query:
        page = client.get("calls", **query).json()
        assert len(page["results"]) <= size
        seen += _ids(page)
        query = page["next"] and _query(page["next"])
    assert seen == history


def test_a_new_call_does_not_shift_the_pages(
    rest: RestOf, alice: User, bob: User, history: list[str], now: datetime
) -> None:
    client = rest(alice)
    first = client.get("calls", page_size=10).json()
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="newer", now=now)
    assert _ids(client.get("calls", **_query(first["next"])).json()) == history[10:20]
    assert _ids(client.get("calls", page_size=1).json()) == ["newer"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "!"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "WzBd"}, "cursor"),
        ({"cursor": "WzAsMSwyXQ"}, "cursor"),
        ({"cursor": "WzAsIjIwMjYtMTEtMjNUMDk6MDA6MDAiLDFd"}, "cursor"),
        ({"cursor": _cursor("0001-01-01T00:00:00+14:00", 1)}, "cursor"),
        ({"cursor": _cursor("9999-12-31T23:59:59-14:00", 1)}, "cursor"),
        ({"cursor": _cursor("2026-11-23T00:00:00Z", 2**63)}, "cursor"),
        ({"cursor": _cursor("2026-11-23T00:00:00Z", float("inf"))}, "cursor"),
        ({"cursor": _cursor("2026-11-23T00:00:00Z", None)}, "cursor"),
        ({"cursor": _cursor("2026-11-23T00:00:00Z", [1])}, "cursor"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-11-23T09:00:00"}, "to"),
        ({"from": "9999-12-31T23:59:59Z"}, "from"),
        ({"end_reason": "bored"}, "end_reason"),
        ({"cursor": _cursor(None, 1)}, "cursor"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "101"}, "page_size"),
        ({"page_size": "-1"}, "page_size"),
        ({"page_size": "ten"}, "page_size"),
        ({"page_size": ""}, "page_size"),
        ({"page_size": "٣"}, "page_size"),
        ({"state": "over"}, "state"),
        ({"direction": "up"}, "direction"),
        ({"missed": "1"}, "missed"),
        ({"missed": ""}, "missed"),
        ({"is_video_call": "True"}, "is_video_call"),
        ({"with": "a\0b"}, "with"),
        ({"with": "x" * 65}, "with"),
    ],
)
def test_bad_cursors_and_filters_are_invalid(rest: RestOf, alice: User, query: dict[str, str], field: str) -> None:
    response = rest(alice).get("calls", **query)
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]


def test_filters(rest: RestOf, alice: User, bob: User, carol: User, now: datetime) -> None:
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="missed", now=now - timedelta(hours=1))
    calls.expire(_pk("missed"), now=now)
    calls.send(by=_actor(bob), invitees=["carol"], is_video_call=False, call_id="out", now=now)

    def ids(**query: str) -> list[str]:
        return _ids(rest(bob).get("calls", **query).json())

    assert ids() == ["out", "missed"]
    assert (ids(state="ringing"), ids(state="ended")) == (["out"], ["missed"])
    assert (ids(direction="incoming"), ids(direction="outgoing")) == (["missed"], ["out"])
    assert (ids(missed="true"), ids(missed="false")) == (["missed"], ["out"])
    assert ids(**{"with": "carol"}) == ["out"]
    assert ids(**{"with": "alice"}) == ["missed"]
    assert ids(**{"with": "nobody"}) == []
    assert (ids(is_video_call="true"), ids(is_video_call="false")) == (["missed"], ["out"])
    assert ids(state="ended", direction="outgoing") == []


def _pk(call_id: str) -> int:
    from invitations.models import Call

    return Call.objects.get(call_id=call_id).pk


def test_filters_by_the_end_and_by_the_moment(rest: RestOf, alice: User, bob: User, now: datetime) -> None:
    for number in range(3):
        at = now - timedelta(hours=3 - number)
        call_id = calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, now=at).sheet.call.call_id
        (calls.reject if number else calls.ringing)(call_id, by=_actor(bob), now=at)
    moments = [each["created_at"] for each in rest(alice).get("calls").json()["results"]]

    def found(**query: str) -> list[int]:
        page = rest(alice).get("calls", **query).json()
        return [moments.index(each["created_at"]) for each in page["results"]]

    assert found(end_reason="timed_out") == [2]
    assert found(end_reason="rejected") == [0, 1]
    assert found(**{"from": moments[1]}) == [0, 1]
    assert found(to=moments[1]) == [2]
    assert found(**{"from": moments[2], "to": moments[0], "end_reason": "rejected"}) == [1]


@pytest.mark.parametrize("path", ["calls", "users", "devices", "resources"])
def test_a_filter_that_a_list_does_not_have_is_refused(rest: RestOf, alice: User, path: str) -> None:
    response = rest(alice).get(path, colour="red")
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["colour"]


def test_null_in_an_optional_field_leaves_it_out(rest: RestOf, bob: User) -> None:
    rest(bob).patch("me", {"name": "Bobby"})
    assert rest(bob).patch("me", {"name": None, "call_waiting": None}).json()["name"] == "Bobby"
    rest(bob).put("devices/phone", {"label": "Mine", "kind": "android"})
    device = rest(bob).put("devices/phone", {"label": None, "kind": None}).json()
    assert (device["label"], device["kind"]) == ("Mine", "browser")


@pytest.mark.parametrize("path", ["calls/ring", "calls/open", "calls", "me", "users", "calls/ring/timeline"])
def test_what_has_not_changed_is_not_sent_again(rest: RestOf, alice: User, bob: User, carol: User, path: str) -> None:
    client = rest(alice)
    client.send("bob", call_id="ring")
    first = client.client.get(f"/api/v1/{path}")
    again = client.client.get(f"/api/v1/{path}", headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    rest(bob).verb("ring", "reject")
    client.patch("me", {"name": "Alicia"})
    rest(carol).patch("me", {"name": "Caroline"})
    changed = client.client.get(f"/api/v1/{path}", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_a_request_has_a_name_that_the_client_may_choose(rest: RestOf, alice: User) -> None:
    get = rest(alice).client.get
    assert get("/api/v1/me", headers={"X-Request-ID": "mine-1"})["X-Request-ID"] == "mine-1"
    made = {get("/api/v1/me", headers={"X-Request-ID": each})["X-Request-ID"] for each in ("", "a b", "x" * 65)}
    assert len(made) == 3
    assert get("/api/v1/nothing", headers={"X-Request-ID": "mine-2"})["X-Request-ID"] == "mine-2"


def test_history_shows_no_ring_that_is_overdue(rest: RestOf, alice: User, bob: User, now: datetime) -> None:
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="late", now=now - timedelta(minutes=5))
    assert [each["state"] for each in rest(bob).get("calls").json()["results"]] == ["ended"]


def test_filters_stay_in_the_links(rest: RestOf, alice: User, history: list[str]) -> None:
    link = rest(alice).get("calls", is_video_call="true", page_size=5).json()["next"]
    assert link.startswith("http://testserver/api/v1/calls?")
    assert _query(link).items() >= {"is_video_call": "true", "page_size": "5"}.items()


@pytest.mark.usefixtures("known_looks")
def test_a_page_costs_the_same_number_of_queries_whatever_it_holds(
    rest: RestOf, alice: User, history: list[str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = rest(alice)
    with django_assert_max_num_queries(8) as few:
        client.get("calls", page_size=1)
    with django_assert_max_num_queries(8) as many:
        client.get("calls", page_size=30)
    assert len(few) == len(many)


def test_the_badge_is_cleared_on_all_devices(rest: RestOf, alice: User, bob: User, history: list[str]) -> None:
    assert rest(bob).get("me").json()["missed_unseen"] == 30
    assert rest(bob).get("calls/open").json()["missed_unseen"] == 30
    assert rest(bob).post("history/seen").json() == {"missed_unseen": 0}
    snapshot = rest(bob).get("calls/open").json()
    assert {"server_time", "user", "calls", "missed_unseen"} <= set(snapshot)
    assert snapshot["user"] == {"id": "bob", "name": "Bob"}
    assert (snapshot["calls"], snapshot["missed_unseen"]) == ([], 0)


def test_me_and_changes_to_it(rest: RestOf, bob: User) -> None:
    client = rest(bob)
    before = client.get("me").json()
    assert before["id"] == "bob"
    assert (before["name"], before["call_waiting"], before["missed_unseen"]) == ("Bob", False, 0)
    changed = client.patch("me", {"name": "Robert ☎", "call_waiting": True})
    assert changed.json() == before | {"name": "Robert ☎", "call_waiting": True}
    assert client.patch("me", {"call_waiting": False}).json()["name"] == "Robert ☎"
    assert client.patch("me", {"name": ""}).json()["name"] == "bob"


@pytest.mark.parametrize("blank", [" ", "   ", "\u3000", "\ufe0f"])
def test_a_blank_name_is_refused(rest: RestOf, bob: User, blank: str) -> None:
    refused = rest(bob).patch("me", {"name": blank})
    assert problem_of(refused) == (400, "invalid")
    assert refused.json()["errors"] == {"name": ["A name can't be blank."]}
    assert rest(bob).patch("me", {"name": None}).json()["name"] == "Bob"


def test_me_without_preferences(rest: RestOf, bob: User) -> None:
    CallingPreferences.objects.all().delete()
    assert rest(bob).get("me").json()["name"] == "bob"
    assert rest(bob).patch("me", {"call_waiting": True}).json()["call_waiting"] is True


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", 1), ("name", "x" * 65), ("name", "\0"), ("call_waiting", "yes")],
)
def test_me_refuses(rest: RestOf, bob: User, field: str, value: object) -> None:
    response = rest(bob).patch("me", {field: value})
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]


def test_people_one_may_call(rest: RestOf, alice: User, bob: User, carol: User, mallory: User, now: datetime) -> None:
    mallory.is_active = False
    mallory.save()
    presence.mark_online(carol.pk)
    calls.send(by=_actor(bob), invitees=["carol"], is_video_call=True, now=now)
    assert rest(alice).get("users").json() == {
        "next": None,
        "previous": None,
        "results": [
            {"id": "bob", "name": "Bob", "online": False, "in_call": True},
            {"id": "carol", "name": "Carol", "online": True, "in_call": False},
        ],
    }


def test_who_polls_is_online_and_that_is_rarely_written(
    rest: RestOf, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polls every 5 seconds for 5 minutes, as a page does without a socket; then none any more."""
    begun = now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    written: list[float] = []
    write = cache.set

    def counted(*given: Any, **more: Any) -> None:
        written.append(now - begun)
        write(*given, **more)

    monkeypatch.setattr(caches["default"], "set", counted)

    def seen() -> bool:
        return bool(rest(alice).get("users", id="bob").json()["results"][0]["online"])

    assert not seen()
    while now < begun + 300:
        assert rest(bob).get("calls/open").status_code == 200
        assert seen()
        now += 5
    assert written == [0, 40, 80, 120, 160, 200, 240, 280]
    now += 75
    assert not seen()


def test_who_polls_on_when_their_socket_closes_is_online_again(rest: RestOf, alice: User, bob: User) -> None:
    rest(bob).get("calls/open")
    presence.mark_offline(bob.pk)
    rest(bob).get("calls/open")
    assert presence.online([bob.pk]) == {bob.pk}


@pytest.mark.parametrize(
    ("search", "found"),
    [("BOB", ["bob"]), ("o", ["bob", "carol"]), ("car ol", ["carol"]), ("%", []), ("zz", []), ("", ["bob", "carol"])],
)
def test_search_in_ids_and_names(
    rest: RestOf, alice: User, bob: User, carol: User, search: str, found: list[str]
) -> None:
    assert [each["id"] for each in rest(alice).get("users", search=search).json()["results"]] == found


@pytest.mark.parametrize(
    ("name", "searches"),
    [
        ("Иван Петров", ["иван", "ПЕТР", "Иван п"]),
        ("Émile", ["émile", "ÉMILE", "e\u0301mile"]),
        ("Ünal", ["ünal", "ÜN"]),
        ("Åsa", ["åsa", "A\u030asa"]),
        ("Ελένη", ["ελέν", "ΕΛΈΝ"]),
    ],
)
def test_search_heeds_no_capitals_in_any_script(
    rest: RestOf, alice: User, bob: User, make_user: Callable[..., User], name: str, searches: list[str]
) -> None:
    make_user("wanted", display_name=name)
    for search in searches:
        assert [each["id"] for each in rest(alice).get("users", search=search).json()["results"]] == ["wanted"], search


def test_search_refuses_what_cannot_be_looked_for(rest: RestOf, alice: User) -> None:
    assert problem_of(rest(alice).get("users", search="\0")) == (400, "invalid")
    assert problem_of(rest(alice).get("users", search="x" * 129)) == (400, "invalid")


def test_people_in_pages(rest: RestOf, alice: User, make_user: Callable[..., User]) -> None:
    names = [f"user{each:02}" for each in range(7)]
    for name in names:
        make_user(name)
    client = rest(alice)
    first = client.get("users", page_size=4).json()
    second = client.get("users", **_query(first["next"])).json()
    assert [each["id"] for each in first["results"] + second["results"]] == names


def test_people_who_are_near_come_first_and_the_rest_by_name(
    rest: RestOf, alice: User, bob: User, carol: User, make_user: Callable[..., User], now: datetime
) -> None:
    for name, shown in (("u1", "Zora"), ("u2", "adam"), ("u3", "Yves"), ("u4", "")):
        CallingPreferences.objects.update_or_create(user=make_user(name), defaults={"display_name": shown})
    # Bob was called last, Carol called before; Yves and Zora are online, and it was Zora who was called once.
    for minutes, caller, invitee in ((30, alice, "u1"), (20, carol, "alice"), (10, alice, "bob")):
        at = now - timedelta(minutes=minutes)
        sent = calls.send(by=_actor(caller), invitees=[invitee], is_video_call=True, now=at)
        calls.ringing(sent.sheet.call.call_id, by=_actor(User.objects.get(username=invitee)), now=at)
        calls.cancel(sent.sheet.call.call_id, by=_actor(caller), now=at + timedelta(seconds=5))
    for name in ("u1", "u3"):
        presence.mark_online(User.objects.get(username=name).pk)

    listed = rest(alice).get("users", order="near").json()

    assert [each["id"] for each in listed["results"]] == ["u1", "u3", "bob", "carol", "u2", "u4"]
    assert [each["online"] for each in listed["results"]] == [True, True, False, False, False, False]
    assert listed["next"] is None
    assert [each["id"] for each in rest(alice).get("users", order="near", search="Y").json()["results"]] == ["u3"]


@pytest.mark.parametrize("looked_at", [500, 3])
def test_people_by_nearness_come_in_pages_without_gaps(
    rest: RestOf, alice: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(nearness, "LOOKED_AT", looked_at)
    names = [f"user{each:02}" for each in range(9)]
    users = [make_user(name) for name in names]
    presence.mark_online(users[2].pk)
    client = rest(alice)

    page = client.get("users", order="near", page_size=4).json()
    found = [[each["id"] for each in page["results"]]]
    while page["next"]:
        page = client.get("users", **_query(page["next"])).json()
        found.append([each["id"] for each in page["results"]])

    assert found[0] == ["user02", "user00", "user01", "user03"]
    assert list(dict.fromkeys(name for each in found for name in each)) == ["user02", *names[:2], *names[3:]]


def test_one_person_is_found_by_id(rest: RestOf, alice: User, bob: User, make_user: Callable[..., User]) -> None:
    make_user("bobby")
    assert [each["id"] for each in rest(alice).get("users", id="bob").json()["results"]] == ["bob"]
    for other in ("alice", "Bobb", "nobody"):
        assert rest(alice).get("users", id=other).json()["results"] == []


def test_people_by_nearness_cost_a_constant_number_of_queries(
    rest: RestOf, alice: User, make_user: Callable[..., User], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for each in range(20):
        presence.mark_online(make_user(f"user{each}").pk)
    client = rest(alice)
    with django_assert_num_queries(9):
        client.get("users", order="near")


def test_people_cost_a_constant_number_of_queries(
    rest: RestOf, alice: User, make_user: Callable[..., User], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for each in range(20):
        make_user(f"user{each}")
    client = rest(alice)
    with django_assert_num_queries(5):
        client.get("users")


DEVICE = {"label": "Bob's phone", "kind": "android"}


def test_a_device_is_put_got_listed_and_forgotten(rest: RestOf, bob: User) -> None:
    client = rest(bob)
    put = client.put("devices/bobs-phone", {**DEVICE, "push": None})
    assert put.status_code == 200
    device = put.json()
    assert device == {
        **DEVICE, "device_id": "bobs-phone", "push": None, "health": "no_address", "disabled_reason": None,
        "disabled_since": None, "created_at": device["created_at"], "last_seen_at": device["last_seen_at"],
        "last_ringing_at": None,
    }  # fmt: skip
    assert client.get("devices/bobs-phone").json() == device
    assert client.put("devices/bobs-phone", {"label": "New"}).json()["label"] == "New"
    assert [each["device_id"] for each in client.get("devices").json()["results"]] == ["bobs-phone"]
    assert client.delete("devices/bobs-phone").status_code == 204
    assert problem_of(client.get("devices/bobs-phone")) == (404, "not_found")
    assert client.delete("devices/bobs-phone").status_code == 204


def test_devices_are_ones_own(rest: RestOf, alice: User, bob: User) -> None:
    rest(bob).put("devices/phone", DEVICE)
    assert problem_of(rest(alice).get("devices/phone")) == (404, "not_found")
    assert rest(alice).delete("devices/phone").status_code == 204
    rest(alice).put("devices/phone", {"label": "Alice's"})
    assert rest(bob).get("devices/phone").json()["label"] == "Bob's phone"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", 1),
        ("label", "x" * 65),
        ("kind", "toaster"),
        ("push", {}),
        ("push", False),
        ("push", {"transport": "webpush"}),
    ],
)
def test_devices_refuse(rest: RestOf, bob: User, field: str, value: object) -> None:
    response = rest(bob).put("devices/phone", {**DEVICE, field: value})
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]
    assert rest(bob).get("devices").json()["results"] == []


def test_the_answering_device_is_named_by_its_label(rest: RestOf, alice: User, bob: User) -> None:
    rest(bob).put("devices/phone", DEVICE)
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    rest(bob).verb(call_id, "accept", device_id="phone")
    assert rest(alice).get(f"calls/{call_id}").json()["invitations"][0]["answered_on"] == "Bob's phone"


def test_a_cursor_may_hold_any_name_that_a_database_can() -> None:
    for name in ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", "no\u00a0break", "a\tb"):
        assert pagination._comparable(name)
    for name in ("a\0b", "a\ud800b"):
        assert not pagination._comparable(name)
