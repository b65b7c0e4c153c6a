"""Callinvite inside a project with users, a prefix, REST defaults and pages of its own, from the installed wheel."""

from __future__ import annotations

import json
import re
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets.sync.client

from tests.embedding.conftest import ALICE, BOB, CAROL, OHARA, AppOf, Hospital
from tests.push.phone import Phone, by_token
from tests.repository.tracked import ROOT
from tests.support.push_service import PushService
from tests.support.server import DEMO_PASSWORD

pytestmark = [
    pytest.mark.server,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("another project, served as its documentation says"),
]


class Socket:
    """A live socket of one user's app.

    Args:
        hospital: where.
        app: of the user, signed in.
    """

    def __init__(self, hospital: Hospital, app: httpx2.Client) -> None:
        self._url = hospital.live_url
        self._headers = {"Authorization": app.headers["Authorization"]}
        self._open = ExitStack()

    def __enter__(self) -> Socket:
        connection = websockets.sync.client.connect(self._url, additional_headers=self._headers)
        self._socket = self._open.enter_context(connection)
        self.say({"type": "hello", "device_id": "tablet", "label": "Tablet", "audible": True})
        self.snapshot = self.hear("snapshot")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def say(self, frame: dict[str, Any]) -> None:
        self._socket.send(json.dumps(frame))

    def hear(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next frame of a kind with these fields."""
        while True:
            frame: dict[str, Any] = json.loads(self._socket.recv(timeout=30))
            if frame["type"] == kind and fields.items() <= frame.items():
                return frame

    def ask(self, verb: str, call_id: str | None = None, **body: Any) -> tuple[int, dict[str, Any]]:
        """A verb over the socket: status and body of its result."""
        self.say({"type": "request", "id": verb, "verb": verb, "call_id": call_id, "body": body})
        result = self.hear("result", id=verb)
        return result["status"], result["body"]


def sign_in(browser: httpx2.Client, username: str, page: str = "/calls/sign-in/") -> httpx2.Response:
    """Fill in a sign-in page."""
    browser.get(page).raise_for_status()
    form = {"username": username, "password": DEMO_PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    return browser.post(page, data=form)


def test_the_wheel_brings_pages_scripts_migrations_and_sentences(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    for folder in ("templates", "static"):
        lying = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {f"invitations/{each}" for each in lying} - names == set()
    assert {"invitations/migrations/0001_initial.py", "invitations/locale/en/LC_MESSAGES/django.mo"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"invitations"}


def test_the_wheel_brings_the_bundle_and_pages_load_it(wheel: Path, hospital: Hospital, browser: httpx2.Client) -> None:
    names = {name.rpartition("/bundle/")[2] for name in zipfile.ZipFile(wheel).namelist() if "/bundle/" in name}
    sign_in(browser, BOB)
    shell = browser.get("/calls/").text

    assert {"shell.js", "shell.js.gz", "shell.css", "first.css", "card.css"} <= names
    for each in ('<link rel="stylesheet" href="', '<script type="module" src="'):
        found = re.findall(f'{each}(/assets/[^"]+)"', shell)
        assert found
        assert all("/callinvite/bundle/" in address for address in found)
        assert {browser.get(address).status_code for address in found} == {200}


def test_the_project_passes_its_checks_and_misses_no_migration(hospital: Hospital, python: Path) -> None:
    where = hospital.manage("shell", "--verbosity", "0", "-c", "import invitations; print(invitations.__file__)")
    assert where.startswith(str(python.parents[1])), "the wheel is meant, not the checkout"
    assert "no issues" in hospital.manage("check", "--tag", "callinvite")
    assert "No changes detected" in hospital.manage("makemigrations", "--check", "--dry-run")


def test_pages_are_ours_below_the_prefix_and_its_own_elsewhere(hospital: Hospital, browser: httpx2.Client) -> None:
    page = browser.get("/calls/sign-in/").text

    assert "Ward 7" in browser.get("/").text
    assert "hospital" not in page
    named = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert len(named) > 3
    assert {browser.get(each).status_code for each in named} == {200}
    assert browser.get("/calls/").headers["Location"] == "/calls/sign-in/?next=/calls/"


def test_somebody_signs_in_by_the_page_and_it_knows_where_it_is(hospital: Hospital, browser: httpx2.Client) -> None:
    answer = sign_in(browser, BOB)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/calls/")
    shell = browser.get("/calls/").text
    found = re.search(r'<script id="page-config" type="application/json">(.*?)</script>', shell)
    assert found is not None
    config = json.loads(found[1])
    assert (config["base"], config["user"]) == ("/calls/", {"id": BOB})
    manifest = browser.get("/calls/app.webmanifest").json()
    assert (manifest["start_url"], manifest["scope"]) == ("/calls/", "/calls/")
    assert browser.get("/calls/service-worker.js").headers["Service-Worker-Allowed"] == "/calls/"
    assert browser.get("/calls/api/v1/me").json()["id"] == BOB
    seen = browser.post("/calls/api/v1/history/seen", json={}, headers={"X-CSRFToken": config["csrfToken"]})
    assert seen.status_code == 200
    assert browser.post("/calls/api/v1/history/seen", json={}).json()["code"] == "csrf_failed"


def test_the_projects_rest_defaults_neither_open_nor_break_ours(hospital: Hospital) -> None:
    me = f"{hospital.url}/api/v1/me"

    for asked in ({}, {"auth": (ALICE, DEMO_PASSWORD)}, {"headers": {"Accept": "text/html, */*"}}):
        answer = httpx2.get(me, **asked)
        assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
        assert answer.json()["type"] == "/calls/api/v1/problems/not_authenticated"
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="callinvite"'
    assert httpx2.get(f"{hospital.url}/api/v1/nothing").json()["code"] == "not_found"
    assert httpx2.get(f"{hospital.url}/api/v1/problems/throttled").json()["status"] == 429


def test_a_ring_by_rest_is_answered_over_the_socket(hospital: Hospital, app_of: AppOf) -> None:
    alice = app_of(ALICE)
    with Socket(hospital, app_of(BOB)) as bob:
        assert bob.snapshot["user"]["id"] == BOB
        sent = alice.post("calls", json={"invitees": [BOB, CAROL, "nobody@hospital.example"], "is_video_call": False})
        assert sent.status_code == 201, sent.text
        assert [each["code"] for each in sent.json()["errors"]] == ["unknown_user"]
        rung = bob.hear("call", event="call.sent")["call"]
        assert (rung["caller"]["id"], rung["you"]["can"]) == (ALICE, ["accept", "reject"])
        status, answered = bob.ask("accept", rung["call_id"])
        assert (status, answered["call"]["state"]) == (200, "active")
        assert bob.ask("connected", rung["call_id"])[0] == 200
        ended = alice.post(f"calls/{rung['call_id']}/end", json={})
        assert ended.json()["call"]["end_reason"] == "completed", ended.text
        assert bob.hear("call", event="call.ended")["actor"] == ALICE

    for person in (ALICE, BOB):
        rest = app_of(person)
        assert rest.get("calls").json()["results"][0]["call_id"] == rung["call_id"]
        assert rest.get(f"calls/{rung['call_id']}/timeline").status_code == 200
        assert rest.get("calls", params={"with": CAROL}).status_code == 200
    missed = app_of(CAROL).get("calls/open").json()
    assert missed["calls"] == []


def test_a_ring_over_the_socket_is_pushed_and_declined_from_the_notification(
    hospital: Hospital, service: PushService, app_of: AppOf
) -> None:
    carol = app_of(CAROL)
    phone = Phone(carol, service.subscribe(carol.get("push/key").json()["public_key"]), service, "carols-phone")
    phone.register()
    with Socket(hospital, app_of(BOB)) as bob:
        status, sent = bob.ask("send", invitees=[CAROL], is_video_call=True)
        assert status == 201, sent
        call_id = sent["call"]["call_id"]
        ring = phone.hears("ring")
        assert ring["notification"]["navigate"] == f"{hospital.url}/?call={call_id}"
        assert (ring["api"], ring["caller"]["id"]) == ("/calls/api/v1/", BOB)
        assert by_token(hospital, ring, "ringing", audible=True).status_code == 200
        assert by_token(hospital, ring, "reject", reason="later").status_code == 200
        assert bob.hear("call", event="invitation.rejected")["call"]["end_reason"] == "rejected"
    test_ring = phone.rest.post("devices/carols-phone/test-ring")
    assert test_ring.status_code == 201, test_ring.text
    assert phone.hears("test")["device_id"] == "carols-phone"
    assert service.violations == []


def test_somebody_whose_name_none_of_our_accounts_could_have_calls_and_is_called(app_of: AppOf) -> None:
    ohara = app_of(OHARA)
    sent = ohara.post("calls", json={"invitees": [BOB], "is_video_call": False})
    assert sent.status_code == 201, sent.text
    call = sent.json()["call"]

    assert call["call_id"].startswith("call_o~hara.of.the")
    assert ohara.get(f"calls/{call['call_id']}").json()["caller"]["id"] == OHARA
    ended = ohara.post(f"calls/{call['call_id']}/cancel", json={}).json()["call"]
    assert ended["end_reason"] == "cancelled"
    back = app_of(BOB).post("calls", json={"invitees": [OHARA], "is_video_call": False}).json()["call"]
    listed = app_of(BOB).get("calls", params={"with": OHARA}).json()["results"]
    assert [each["call_id"] for each in listed] == [back["call_id"]]
    assert app_of(BOB).get("calls", params={"with": "x" * 254}).json()["results"] == []
    assert app_of(BOB).get("calls", params={"with": "x" * 255}).json()["errors"].keys() == {"with"}
    assert [each["id"] for each in app_of(BOB).get("users", params={"id": OHARA}).json()["results"]] == [OHARA]
    app_of(BOB).post(f"calls/{back['call_id']}/cancel", json={}).raise_for_status()


def test_people_find_each_other_page_by_page(app_of: AppOf) -> None:
    alice = app_of(ALICE)
    first = alice.get("users", params={"page_size": 2}).json()
    second = alice.get(first["next"]).json()

    assert [each["id"] for each in (*first["results"], *second["results"])] == [BOB, CAROL, OHARA]
    assert [each["id"] for each in alice.get("users", params={"search": "carol"}).json()["results"]] == [CAROL]
    assert alice.patch("me", json={"name": "Dr. Alice"}).json()["name"] == "Dr. Alice"


def test_the_admin_shows_everything(browser: httpx2.Client, app_of: AppOf) -> None:
    app_of(BOB).put("devices/desk", json={"label": "Desk", "kind": "other"}).raise_for_status()
    called = app_of(BOB).post("calls", json={"invitees": [CAROL], "is_video_call": True}).json()["call"]
    assert sign_in(browser, ALICE, "/calls/sign-in/?next=/office/").headers["Location"] == "/office/"

    for model in ("call", "invitation", "device", "delivery", "ringresource"):
        page = browser.get(f"/office/invitations/{model}/", params={"q": "bob"})
        assert page.status_code == 200, model
    found = re.search(
        r'href="(/office/invitations/call/\d+/change/[^"]*)"', browser.get("/office/invitations/call/").text
    )
    assert found is not None
    assert called["call_id"] in browser.get(found[1]).text
    key = re.search(r"/call/(\d+)/", found[1])
    assert key is not None
    browser.post(
        "/office/invitations/call/",
        data={
            "action": "end_calls",
            "_selected_action": key[1],
            "post": "yes",
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        },
    )
    assert app_of(BOB).get(f"calls/{called['call_id']}").json()["end_reason"] == "ended_by_admin"


def test_the_description_of_rest_is_of_ours_where_it_is(hospital: Hospital) -> None:
    paths = httpx2.get(f"{hospital.url}/api/v1/schema", timeout=60).json()["paths"]

    assert "/calls/api/v1/calls/{call_id}/accept" in paths
    asked = {each["name"]: each["schema"] for each in paths["/calls/api/v1/calls"]["get"]["parameters"]}
    assert asked["with"]["maxLength"] == 254
    assert [each for each in paths if not each.startswith("/calls/api/v1/")] == []
    # The scripts of its page are an app of their own, which this project does without.
    assert httpx2.get(f"{hospital.url}/api/v1/docs").json()["code"] == "not_found"
