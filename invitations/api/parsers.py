"""Request bodies: JSON objects of a bounded size, read no further than the limit whatever the headers claim."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from invitations import conf
from invitations.requests.problems import InvalidInput, TooLarge
from invitations.words import say

MEDIA_TYPE = "application/json"


class BoundedJSONParser(BaseParser):
    """Names the one media type that is read; `JSONRequest` does the reading."""

    media_type = MEDIA_TYPE

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """A JSON object from a stream.

        Raises:
            TooLarge: it is longer than the limit.
            InvalidInput: it is not JSON, or not an object.
        """
        return parsed(_bounded(stream))


class JSONRequest(Request):
    """A request whose `data` is a dict: DRF would ignore a body that comes in chunks, without a declared length."""

    def _load_data_and_files(self) -> None:
        self._files: Any = {}
        self._data = self._full_data = {}
        self._data = self._full_data = read_object(self._request)


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in a request's body; empty if there is no body.

    Raises:
        TooLarge: it is longer than the limit.
        UnsupportedMediaType: it is not declared as JSON.
        InvalidInput: it is not JSON, or not an object.
    """
    meta = request.META
    declared = meta.get("CONTENT_LENGTH") or ""
    chunked = "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "")
    if not chunked and (not declared.isdigit() or int(declared) == 0):
        return {}
    if declared.isdigit() and int(declared) > conf.limits().body_bytes:
        raise TooLarge
    if meta.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise UnsupportedMediaType(meta.get("CONTENT_TYPE", ""))
    stream: Any = request
    if chunked and meta.get("wsgi.input_terminated"):
        # Django trusts the declared length alone and would read nothing; this server ends the stream by itself.
        stream = meta["wsgi.input"]
    raw = _bounded(stream)
    return parsed(raw) if raw else {}


def parsed(raw: bytes) -> dict[str, Any]:
    """A JSON object from its bytes.

    Raises:
        InvalidInput: it is not JSON in UTF-8, or not an object.
    """
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(detail=say("invalid.not_json")) from error
    if not isinstance(value, dict):
        raise InvalidInput(detail=say("invalid.not_an_object"))
    return value


def _bounded(stream: Any) -> bytes:
    limit = conf.limits().body_bytes
    raw: bytes = stream.read(limit + 1)
    if len(raw) > limit:
        raise TooLarge
    return raw


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
