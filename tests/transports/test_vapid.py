"""Keys and tokens: where they come from, how long they are used, and how one key gives way to another."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from py_vapid import Vapid02
from pytest_django import Settings

from invitations.transports import Refused, vapid
from invitations.transports.vapid import tokens
from invitations.transports.webpush import WebPush
from tests.support import push_rules
from tests.support.push_service import PushService
from tests.transports.conftest import address_of, message

HOUR = 3600.0
NOW = 1_800_000_000.0
MOZILLA = "https://updates.push.services.mozilla.com"
GOOGLE = "https://fcm.googleapis.com"


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path) -> Path:
    """The file, which counts because the environment has no key; there is none in it."""
    settings.CALLINVITE_VAPID_PRIVATE_KEY = ""
    return tmp_path / "vapid-private-key"


def claims_of(header: str) -> dict[str, Any]:
    assert Vapid02.verify(header.replace(", ", ","))
    return push_rules.claims(header)


def test_a_token_says_for_whom_it_is_by_whom_and_for_how_long(signing_key: str) -> None:
    header = vapid.authorization("", MOZILLA, now=NOW)
    assert header.startswith("vapid t=")
    assert push_rules.signing_key_of(header) == signing_key
    assert claims_of(header) == {"aud": MOZILLA, "exp": int(NOW + 12 * HOUR), "sub": "mailto:operator@example.org"}


def test_a_token_is_used_again_for_the_same_service_and_not_for_another() -> None:
    header = vapid.authorization("", MOZILLA, now=NOW)
    assert vapid.authorization("", MOZILLA, now=NOW + 10.9 * HOUR) == header
    assert claims_of(vapid.authorization("", GOOGLE, now=NOW))["aud"] == GOOGLE
    assert vapid.authorization("", MOZILLA, now=NOW) == header


def test_a_token_is_renewed_an_hour_before_its_end() -> None:
    vapid.authorization("", MOZILLA, now=NOW)
    renewed = vapid.authorization("", MOZILLA, now=NOW + 11 * HOUR)
    assert claims_of(renewed)["exp"] == int(NOW + 23 * HOUR)


def test_a_token_made_by_a_clock_that_ran_ahead_is_not_used() -> None:
    vapid.authorization("", MOZILLA, now=NOW + 48 * HOUR)
    assert claims_of(vapid.authorization("", MOZILLA, now=NOW))["exp"] == int(NOW + 12 * HOUR)


def test_another_subject_makes_another_token(settings: Settings) -> None:
    vapid.authorization("", MOZILLA, now=NOW)
    settings.CALLINVITE_VAPID_SUBJECT = "https://calls.example.org"
    assert claims_of(vapid.authorization("", MOZILLA, now=NOW))["sub"] == "https://calls.example.org"


def test_not_more_than_so_many_tokens_are_kept() -> None:
    for number in range(tokens.MAX_TOKENS + 10):
        vapid.authorization("", f"https://{number}.ntfy.sh", now=NOW)
    assert len(tokens._tokens) == tokens.MAX_TOKENS


def test_threads_get_tokens_that_are_all_good() -> None:
    headers: list[str] = []

    def sign() -> None:
        for number in range(20):
            headers.append(vapid.authorization("", f"https://{number}.threads.ntfy.sh", now=NOW))

    threads = [threading.Thread(target=sign) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(headers) == 160
    assert {claims_of(each)["aud"] for each in set(headers)} == {f"https://{n}.threads.ntfy.sh" for n in range(20)}


async def test_one_token_serves_many_messages(service: PushService, webpush: WebPush) -> None:
    for _ in range(3):
        await webpush.send(address_of(service.subscribe()), message())
    assert len({each.vapid_token for each in service.messages}) == 1


async def test_each_service_is_sent_a_token_of_its_own(
    settings: Settings, service: PushService, webpush: WebPush
) -> None:
    with PushService() as other:
        settings.CALLINVITE_PUSH_HOSTS = [service.origin, other.origin]
        for each in (service, other, service):
            await webpush.send(address_of(each.subscribe()), message())
        assert service.violations == other.violations == []


async def test_after_a_rotation_nobody_misses_a_message(
    settings: Settings, service: PushService, webpush: WebPush, signing_key: str
) -> None:
    before = service.subscribe(signing_key)
    old_address = webpush.check(address_of(before))
    new = vapid.generate()
    settings.CALLINVITE_VAPID_PRIVATE_KEY = f"{new},{settings.CALLINVITE_VAPID_PRIVATE_KEY}"
    after = service.subscribe(vapid.public_half(new))
    new_address = webpush.check(address_of(after))

    assert vapid.current_public_key() == vapid.public_half(new)
    assert await webpush.send(old_address, message()) == 201
    assert await webpush.send(new_address, message()) == 201
    assert (len(before.inbox), len(after.inbox)) == (1, 1)
    assert service.violations == []


async def test_once_the_old_key_is_taken_out_its_addresses_are_not_asked(
    settings: Settings, service: PushService, webpush: WebPush
) -> None:
    address = webpush.check(address_of(service.subscribe()))
    settings.CALLINVITE_VAPID_PRIVATE_KEY = vapid.generate()
    with pytest.raises(Refused) as refused:
        await webpush.send(address, message())
    assert refused.value.code == "key_unknown"
    assert service.messages == []


async def test_without_any_key_nothing_is_sent(service: PushService, webpush: WebPush, key_file: Path) -> None:
    address = webpush.check(address_of(service.subscribe()))
    assert address.signing_key == ""
    assert vapid.current_public_key() is None
    with pytest.raises(Refused) as refused:
        await webpush.send(address, message())
    assert refused.value.code == "key_unknown"


def test_the_environment_goes_before_the_file(settings: Settings, key_file: Path) -> None:
    vapid.keep(vapid.generate())
    of_file = vapid.current_public_key()
    settings.CALLINVITE_VAPID_PRIVATE_KEY = vapid.generate()
    assert vapid.current_public_key() == vapid.public_half(settings.CALLINVITE_VAPID_PRIVATE_KEY) != of_file


def test_a_file_that_changes_is_read_again(key_file: Path) -> None:
    for _ in range(3):
        private = vapid.generate()
        # In place, with the same length: as an editor may do.
        key_file.write_text(f"{private}\n")
        assert vapid.current_public_key() == vapid.public_half(private)
    key_file.unlink()
    assert vapid.current_public_key() is None


def test_a_pair_is_made_once_however_many_start_at_the_same_time(key_file: Path) -> None:
    barrier = threading.Barrier(8)
    made: list[bool] = []

    def start() -> None:
        barrier.wait()
        made.append(vapid.ensure())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(made) == [False] * 7 + [True]
    assert len(key_file.read_text().split()) == 1
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert os.listdir(key_file.parent) == [key_file.name]


def test_keys_that_cannot_be_read_are_never_replaced(key_file: Path) -> None:
    key_file.write_text("half of a ke")
    assert not vapid.ensure()
    assert key_file.read_text() == "half of a ke"


def test_a_bad_key_in_the_list_does_not_stop_the_good_one(settings: Settings, signing_key: str) -> None:
    settings.CALLINVITE_VAPID_PRIVATE_KEY = f"nonsense, {settings.CALLINVITE_VAPID_PRIVATE_KEY} ,,"
    assert vapid.current_public_key() == signing_key
    assert len(vapid.keys_in_force().problems) == 1


def test_a_private_key_is_not_shown(settings: Settings) -> None:
    assert settings.CALLINVITE_VAPID_PRIVATE_KEY not in repr(vapid.keys_in_force())
    assert "Private" not in repr(vapid.keys_in_force())


@pytest.mark.parametrize("subject", ["mailto:a@example.org", "https://example.org", "https://example.org:8443/contact"])
def test_a_way_to_the_operator_is_a_mail_address_or_a_page(subject: str) -> None:
    assert vapid.subject_problem(subject) is None


@pytest.mark.parametrize(
    "subject",
    [
        *("", "a@example.org", "http://example.org", "mailto:example.org", "mailto:", "https://", "https:///x"),
        *("mailto:a@localhost", "https://localhost", "https://LOCALHOST:8000/x", "https://127.0.0.1", "https://[::1]/"),
        *("mailto:a b@example.org", "mailto:a@example.org\n", "https://dev.localhost"),
    ],
)
def test_a_subject_that_services_refuse_is_known(subject: str) -> None:
    assert vapid.subject_problem(subject) is not None
