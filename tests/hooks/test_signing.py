"""What is signed is good by the standard's own library, which verifies it as the owner of a hook would."""

from __future__ import annotations

import json
import re
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from invitations.hooks import signing

BODY = '{"type":"call.ended","data":{"name":"Zoë"}}'.encode()


def now() -> int:
    return int(time.time())


def test_the_owner_of_the_secret_can_verify_what_is_sent() -> None:
    secret = signing.new_secret()
    sent = signing.headers(signing.new_id(), BODY, [secret], timestamp=now())
    assert Webhook(secret).verify(BODY, sent) == json.loads(BODY)


def test_while_a_secret_is_rotated_either_is_good_and_no_other() -> None:
    new, old = signing.new_secret(), signing.new_secret()
    sent = signing.headers(signing.new_id(), BODY, [new, old], timestamp=now())
    for secret in (new, old):
        Webhook(secret).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(BODY, sent)


@pytest.mark.parametrize(
    "changed", [{"webhook-id": "msg_other"}, {"webhook-timestamp": str(now() - 1)}], ids=["id", "timestamp"]
)
def test_the_signature_is_of_the_id_and_the_time_too(changed: dict[str, str]) -> None:
    secret = signing.new_secret()
    sent = signing.headers(signing.new_id(), BODY, [secret], timestamp=now())
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, sent | changed)


def test_no_two_secrets_and_no_two_ids_are_alike() -> None:
    assert len({signing.new_secret() for _ in range(100)}) == 100
    assert len({signing.new_id() for _ in range(100)}) == 100
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", signing.new_secret())
    assert re.fullmatch(r"msg_[a-z2-7]{26}", signing.new_id())


def test_what_is_no_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="secret"):
        signing.headers("msg_1", BODY, ["hunter2"], timestamp=now())
