"""Request bodies: JSON objects of limited size, never read beyond the limit whatever the headers claim."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from invitations import conf
from invitations.errors import CallError, Code
from invitations.requests.problems import InvalidInput, TooLarge
from invitations.words import say, say_lazy


class BoundedJSONParser(BaseParser):
    """Reads a JSON object of at most `body_bytes`, those of the view if it has its own."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        """Parse a JSON object from a stream; an empty stream gives an empty object.

        Raises:
            CallError: `unsupported_media_type`, for a body that is compressed.
            TooLarge: the body exceeds the limit.
            InvalidInput: it is not JSON in UTF-8, or not an object.
        """
        most = getattr(parser_context["view"], "body_bytes", None) or conf.limits().body_bytes
        headers = parser_context["request"].META
        if headers.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
            raise CallError(Code.UNSUPPORTED_MEDIA_TYPE, say_lazy("invalid.compressed"))
        declared = headers.get("CONTENT_LENGTH") or ""
        if declared.isdigit() and int(declared) > most:
            raise TooLarge
        raw: bytes = stream.read(most + 1)
        if len(raw) > most:
            raise TooLarge
        return _parsed(raw) if raw else {}


class ChunkedRequest(Request):
    """A request that may come in chunks. Without a declared length, DRF would take its body to be empty."""

    def _load_stream(self) -> None:
        if "chunked" not in self.META.get("HTTP_TRANSFER_ENCODING", ""):
            super()._load_stream()  # type: ignore[misc]
            return
        # Django trusts only the declared length, and would read nothing from a stream that the server itself ends.
        self._stream: Any = self.META["wsgi.input"] if self.META.get("wsgi.input_terminated") else self._request


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        # A byte order mark says nothing in UTF-8, and some programs write one (RFC 8259 section 8.1).
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(detail=say("invalid.not_json")) from error
    if not isinstance(value, dict):
        raise InvalidInput(detail=say("invalid.not_an_object"))
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
