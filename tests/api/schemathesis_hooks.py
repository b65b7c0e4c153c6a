"""Loaded by Schemathesis: the people that generated requests name, and push addresses that may be registered, so that
most of them do something."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Any answer that is not listed is a fault: the catch-all is for clients that look at no more than the code."""
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            del operation["responses"]["default"]


@schemathesis.hook
def filter_case(context: Any, case: schemathesis.Case) -> bool:
    """Every request comes with a user's token, and users name nobody for whom they act: only services do."""
    body = case.body if isinstance(case.body, dict) else {}
    return "as_user" not in (case.query or {}) and body.get("as_user") is None


schemathesis.openapi.format("user-id", strategies.sampled_from(["bob", "carol", "dave", "alice", "nobody"]))
# Where nobody listens, and the keys of RFC 8291, appendix A.
PUSH_ORIGIN = "https://127.0.0.1:9"

schemathesis.openapi.format(
    "push-endpoint", strategies.from_regex(rf"{PUSH_ORIGIN.replace('.', '[.]')}/[a-z]{{8}}", fullmatch=True)
)
schemathesis.openapi.format(
    "p256-point",
    strategies.just("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
)
schemathesis.openapi.format("push-auth", strategies.just("BTBZMqHH6r4Tts7J_aSIgg"))
schemathesis.openapi.format("vapid-key", strategies.none())
