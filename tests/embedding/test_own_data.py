"""A person's own data in a project whose accounts have a UUID for a key and an email address for a name."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import httpx2
import pytest

from tests.embedding.conftest import ALICE, BOB, CAROL, AppOf, Hospital
from tests.own_data import leftovers
from tests.support.server import DEMO_PASSWORD

pytestmark = [
    pytest.mark.server,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("another project, served as its documentation says"),
]
LOOK = f"{Path(leftovers.__file__).read_text()}\nprint(leftovers('carol'))"
AGAIN = """
from django.db import IntegrityError
from people.models import Person
try:
    Person.objects.create_user("CAROL@hospital.example")
except IntegrityError as error:
    print("refused:", error)
"""
DELETED = {"id": "", "name": "Deleted account"}


def test_a_person_takes_their_data_along_and_deletes_the_account(hospital: Hospital, app_of: AppOf) -> None:
    carol, bob = app_of(CAROL), app_of(BOB)
    carol.put("devices/pager", json={"label": "Carol's pager", "kind": "other", "push": None}).raise_for_status()
    sent = carol.post("calls", json={"invitees": [BOB], "is_video_call": False, "device_id": "pager"})
    call_id = sent.json()["call"]["call_id"]
    assert "carol" in call_id
    assert bob.post(f"calls/{call_id}/reject", json={"custom_data": "Not now"}).status_code == 200
    with zipfile.ZipFile(io.BytesIO(carol.get("me/export").content)) as archive:
        assert json.loads(archive.read("profile.json"))["email"] == CAROL
        assert [each["call_id"] for each in json.loads(archive.read("calls.json"))] == [call_id]
    assert "carol" in hospital.manage("shell", "-c", LOOK)

    assert carol.delete("me").status_code == 204

    assert carol.get("me").status_code == 401
    kept = bob.get(f"calls/{call_id}").json()
    assert (kept["caller"], kept["invitations"][0]["custom_data"]) == (DELETED, "Not now")
    assert bob.get("calls").json()["results"][0]["caller"] == DELETED
    assert hospital.manage("shell", "-c", LOOK).strip().splitlines()[-1] == "{}"
    assert "refused:" in hospital.manage("shell", "-c", AGAIN)
    asked = {"username": CAROL, "password": DEMO_PASSWORD}
    assert httpx2.post(f"{hospital.url}/api/v1/auth/token", json=asked).status_code == 401


def test_the_only_superuser_stays(app_of: AppOf) -> None:
    refused = app_of(ALICE).delete("me")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert app_of(ALICE).get("me").status_code == 200
