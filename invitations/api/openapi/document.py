"""The OpenAPI 3.1 document, built from the URLs and the operations that their views declare."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.urls import URLPattern

from invitations import request_ids
from invitations.api.openapi.components import AS_USER_BODY, components, problem_name
from invitations.api.openapi.operations import BEARER, RING_TOKEN, SERVICE, SESSION, TAGS, Operation
from invitations.api.openapi.operations import WITH_BODY as BAD_BODY
from invitations.api.openapi.schemas import needed, ref
from invitations.errors import Code
from invitations.requests.fields import Field
from invitations.requests.problems import CONTENT_TYPE, STATUS
from invitations.requests.service_access import AS_USER, AS_USER_FIELD, WITH_BODY, ForServices
from invitations.shapes.parts import CALL_ID, DEVICE_ID

JSON = dict[str, Any]
_IN_PATH = {
    "call_id": {"schema": {"type": "string", "pattern": f"^{CALL_ID}$"}, "description": "The call's id."},
    "user": {"schema": {"type": "string", "format": "user-id"}, "description": "The person's id."},
    "device_id": {
        "schema": {"type": "string", "pattern": f"^{DEVICE_ID}$"},
        "description": "The device's id, chosen by the client.",
    },
    "session_id": {
        "schema": {"type": "string", "pattern": f"^{DEVICE_ID}$"},
        "description": "The `id` of one of your sessions.",
    },
    "hook_id": {"schema": {"type": "string", "pattern": f"^{DEVICE_ID}$"}, "description": "The `id` of a hook."},
    "message_id": {"schema": {"type": "string", "pattern": f"^{DEVICE_ID}$"}, "description": "The `id` of a message."},
    "token_id": {"schema": {"type": "string", "format": "uuid"}, "description": "The `id` of one of your tokens."},
}
_RETRY_AFTER = {429, 503}
_HEADERS: Mapping[str, tuple[str, JSON]] = {
    "Retry-After": ("After how many seconds to come again.", {"type": "integer", "minimum": 0}),
    "RateLimit-Policy": (
        "How often this may be done, for each limit by its name: `q` times in `w` seconds "
        "(draft-ietf-httpapi-ratelimit-headers). Left out where nothing was counted.",
        {"type": "string"},
    ),
    "RateLimit": ("What these limits have left: `r` times, more in `t` seconds.", {"type": "string"}),
    "ETag": ("Differs if the answer does by more than its moment: for `If-None-Match`.", {"type": "string"}),
    "Deprecation": ("Since when it is announced that this will be taken away (RFC 9745).", {"type": "string"}),
    "Sunset": ("From when on it may be gone (RFC 8594).", {"type": "string"}),
}
_IF_NONE_MATCH: JSON = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The `ETag` of an earlier answer: if nothing but the moment has changed, this one has no body.",
}


def document(patterns: Iterable[URLPattern], prefix: str) -> JSON:
    """Build the document.

    Args:
        patterns: the URLs; those whose views declare no operations are left out.
        prefix: what precedes them, with slashes at both ends.
    """
    paths: JSON = {}
    codes: set[Code] = set()
    by_services: set[str] = set()
    for pattern in patterns:
        view: Any = pattern.callback
        operations: Mapping[str, Operation] = getattr(view.view_class, "operations", {})
        if operations:
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
            paths[prefix + path] = {method: _operation(path, method, each) for method, each in operations.items()}
            codes |= {code for each in operations.values() for code in each.fails}
            by_services |= {each.body.component for each in operations.values() if each.body and each.takes_as_user}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Callinvite",
            "version": "1",
            "description": "Call invitations: send, cancel, reject, accept. Every answer names its request by "
            f"{request_ids.HEADER}: as the request did, or by a new id.",
            "contact": {"name": "Callinvite contributors"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name, "description": said} for name, said in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": needed(paths, components(codes, by_services)),
            "headers": {
                name.replace("-", ""): {"description": said, "schema": schema}
                for name, (said, schema) in _HEADERS.items()
            },
            "securitySchemes": _security_schemes(),
        },
    }


def _operation(path: str, method: str, operation: Operation) -> JSON:
    ending = operation.deprecated
    by_services = "" if operation.for_services is None else _scope_said(operation.for_services)
    description = " ".join(filter(None, (operation.description, by_services, ending.described() if ending else "")))
    can_be_unchanged = method == "get" and not operation.media
    made: JSON = {
        "operationId": operation.id,
        "summary": operation.summary,
        **({"description": description} if description else {}),
        **({"deprecated": True} if ending else {}),
        "tags": [operation.tag],
        "security": [{name: []} for name in operation.schemes],
    }
    parameters = [_in_path(name, operation) for name in re.findall(r"\{(\w+)\}", path)]
    if operation.query is not None:
        fields = {**operation.query.fields, **(operation.query_itself.fields if operation.query_itself else {})}
        parameters += [_given("query", name, each) for name, each in fields.items()]
    is_written = method.upper() in WITH_BODY
    if operation.takes_as_user and not is_written:
        parameters.append(_given("query", AS_USER, AS_USER_FIELD))
    parameters += [_given("header", name, each) for name, each in operation.headers.items()]
    if can_be_unchanged:
        parameters.append(dict(_IF_NONE_MATCH))
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        content: JSON = {"schema": ref(operation.body.component)}
        if operation.examples:
            content["examples"] = {name: {"value": value} for name, value in operation.examples.items()}
        is_required = any(each.required for each in operation.body.fields.values())
        made["requestBody"] = {"content": {"application/json": content}, "required": is_required}
    elif operation.takes_as_user and is_written:
        made["requestBody"] = {"content": {"application/json": {"schema": ref(AS_USER_BODY)}}, "required": False}
    failures = operation.fails | (BAD_BODY if "requestBody" in made else frozenset())
    said_always = ["Deprecation", "Sunset"] if ending else []
    limited = ["RateLimit-Policy", "RateLimit"] if Code.THROTTLED in failures else []
    names = [*said_always, *limited, *(["ETag"] if can_be_unchanged else [])]
    made["responses"] = {
        str(status): _with(names, _answer(operation, said)) for status, said in operation.statuses.items()
    }
    if can_be_unchanged:
        made["responses"]["304"] = _with(names, {"description": "Nothing has changed."})
    for status, codes in _by_status(operation, failures).items():
        names = [*said_always, *(limited if status == STATUS[Code.THROTTLED] else [])]
        names += ["Retry-After"] if status in _RETRY_AFTER else []
        made["responses"][str(status)] = _with(names, _problems(codes))
    made["responses"]["default"] = {
        "description": "Any other failure.",
        "content": {CONTENT_TYPE: {"schema": ref("Problem")}},
    }
    return made


def _scope_said(terms: ForServices) -> str:
    scope = "Services may use it" if terms.scope is None else f"Services need the scope `{terms.scope}`"
    whose = {"must": ", and act for a user", "may": ", and may act for a user", "never": ""}[terms.as_user]
    return f"{scope}{whose}."


def _in_path(name: str, operation: Operation) -> JSON:
    parameter = {"name": name, "in": "path", "required": True, **_IN_PATH[name]}
    if name == "call_id" and operation.takes_current:
        said = f"{parameter['description']} `current` stands for the one call that is ringing for you."
        parameter["description"] = said
    return parameter


def _given(place: str, name: str, field: Field[Any]) -> JSON:
    schema = field.described()
    parameter = {"name": name, "in": place, **({"required": True} if field.required else {}), "schema": schema}
    if "description" in schema:
        parameter["description"] = schema.pop("description")
    return parameter


def _answer(operation: Operation, said: str) -> JSON:
    if operation.media:
        return {"description": said, "content": {operation.media: {"schema": {"type": "string", "format": "binary"}}}}
    if operation.answer is None:
        return {"description": said}
    return {"description": said, "content": {"application/json": {"schema": ref(operation.answer.__name__)}}}


def _by_status(operation: Operation, failures: Collection[Code]) -> dict[int, list[Code]]:
    found: dict[int, list[Code]] = defaultdict(list)
    for code in Code:
        if code in failures:
            for status in (STATUS[code], operation.status_by_token(code)):
                if status is not None:
                    found[status].append(code)
    return dict(sorted(found.items()))


def _with(names: list[str], answer: JSON) -> JSON:
    """An answer that has these headers."""
    if not names:
        return answer
    return {**answer, "headers": {each: {"$ref": f"#/components/headers/{each.replace('-', '')}"} for each in names}}


def _problems(codes: list[Code]) -> JSON:
    choices = [ref(problem_name(code)) for code in codes]
    mapping = {str(code): choice["$ref"] for code, choice in zip(codes, choices, strict=True)}
    several = {"oneOf": choices, "discriminator": {"propertyName": "code", "mapping": mapping}}
    return {
        "description": " ".join(f"`{code}`: {code.sentence}" for code in codes),
        "content": {CONTENT_TYPE: {"schema": several if len(codes) > 1 else choices[0]}},
    }


def _security_schemes() -> JSON:
    csrf = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
    return {
        BEARER: {"type": "http", "scheme": "bearer", "description": "A token of `POST /auth/token`."},
        SERVICE: {
            "type": "http",
            "scheme": "bearer",
            "description": "A service's token (`svc_…`), of `manage.py make_service` or Django admin.",
        },
        SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": f"Besides it, everything but reading needs the header {csrf}.",
        },
        RING_TOKEN: {
            "type": "http",
            "scheme": "invitation",
            "description": "The `action_token` of a push message: good for that one ring on that one device. When the "
            "ring is over, the answer is 410 with the reason as its code.",
        },
    }
