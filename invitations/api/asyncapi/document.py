"""The AsyncAPI 3 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0), built from the shapes and
declarations by which frames are made."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from invitations.api.asyncapi import hooks, live
from invitations.api.openapi.components import components
from invitations.api.openapi.schemas import needed
from invitations.errors import Code

JSON = dict[str, Any]


def document(prefix: str) -> JSON:
    """Build the document.

    Args:
        prefix: under which the live socket lies, with slashes at both ends.
    """
    channels = {live.CHANNEL: live.channel(prefix), **hooks.channels()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Callinvite",
            "version": "1",
            "description": "What happens to calls, as it happens.",
            "contact": {"name": "Callinvite contributors"},
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "instance": {
                "host": "calls.example.org",
                "protocol": "wss",
                "description": "Any instance of Callinvite.",
                "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _security_schemes()],
            }
        },
        "channels": channels,
        "operations": {**dict(live.operations()), **hooks.operations()},
        "components": {
            "schemas": needed(channels, components(Code, ())),
            "securitySchemes": _security_schemes(),
        },
    }


def _security_schemes() -> JSON:
    return {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `POST /auth/token`."},
        "session": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "For pages of the instance itself, whose `Origin` is looked at.",
        },
        "ticket": {
            "type": "httpApiKey",
            "in": "query",
            "name": "ticket",
            "description": "Of `POST /live/ticket`, for clients that can set neither a cookie nor a header.",
        },
    }
