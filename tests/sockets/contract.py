"""The contract of the live socket (docs/contract/asyncapi.json), by which every frame of these tests is looked at."""

from __future__ import annotations

import json
from typing import Any

from invitations.api.asyncapi import live
from invitations.requests.verbs import VERBS
from tests.support.contract import faults

Frame = dict[str, Any]
ANSWERED_BY = {"snapshot": "hello", "synced": "sync"}
"""What shows that a frame was taken. A request has a result of its own, and a signal no answer."""


class Conversation:
    """What was said on one socket, and heard."""

    def __init__(self) -> None:
        self._broken: dict[object, list[str]] = {}
        self._verbs: dict[object, object] = {}

    def said(self, text: str) -> None:
        """Note what a client says, and what is wrong with it."""
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(frame, dict):
            return
        kind, request = frame.get("type"), frame.get("id")
        if kind == "request" and isinstance(request, (int, str)):
            self._verbs[request] = frame.get("verb")
            self._broken[request] = _faults_of_request(frame)
        elif kind in ANSWERED_BY.values():
            self._broken[f"last {kind}"] = _faults(str(kind), frame)

    def heard(self, frame: Frame) -> None:
        """Look at what the server says.

        Raises:
            AssertionError: it breaks the contract, or takes what does.
        """
        kind = frame["type"]
        if kind == "result":
            assert _faults_of_result(frame, self._verbs.get(frame["id"])) == []
            assert frame["status"] >= 400 or self._broken.pop(frame["id"], []) == []
            return
        name = "relayed" if kind == "signal" else kind
        assert name in live.HEARD, frame
        assert _faults(name, frame) == []
        assert self._broken.pop(f"last {ANSWERED_BY.get(kind)}", []) == []


def _faults_of_request(frame: Frame) -> list[str]:
    verb = frame.get("verb")
    is_verb = isinstance(verb, str) and verb in VERBS
    return _faults(live.request_of(str(verb)), frame) if is_verb else [f"There is no verb {verb!r}"]


def _faults_of_result(frame: Frame, verb: object) -> list[str]:
    if isinstance(verb, str) and verb in VERBS:
        return _faults(live.result_of(verb), frame)
    return [] if frame["body"].get("code") == "invalid" else ["No such verb is `invalid`"]


def _faults(message: str, frame: Frame) -> list[str]:
    return faults(live.CHANNEL, message, frame)
