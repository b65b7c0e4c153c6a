"""What the document says about the URLs of hooks."""

from __future__ import annotations

from invitations import shapes
from invitations.api.openapi.operations import HOOKS, SERVICE, SIGNED_IN, WITH_BODY, Operation
from invitations.errors import Code
from invitations.requests import hook_inputs, queries, service_access

_ONE = SIGNED_IN | {Code.NOT_FOUND}
_SERVICES = (SERVICE,)
_URL = "https://clinic.example.org/callinvite"
LIST_HOOKS = Operation(
    "list_hooks",
    HOOKS,
    "List the service's hooks",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, the oldest first."},
    shapes.hooks.HookPage,
    query=queries.PAGE,
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
ADD_HOOK = Operation(
    "add_hook",
    HOOKS,
    "Add a hook",
    SIGNED_IN | WITH_BODY,
    {201: "It is told what happens from now on. The secret is shown this once."},
    shapes.hooks.NewHook,
    body=hook_inputs.NEW_HOOK,
    examples={"everything": {"url": _URL}, "ends alone": {"url": _URL, "events": ["call.ended"]}},
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
GET_HOOK = Operation(
    "get_hook",
    HOOKS,
    "Look at a hook",
    _ONE,
    {200: "The hook."},
    shapes.hooks.Hook,
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
CHANGE_HOOK = Operation(
    "change_hook",
    HOOKS,
    "Change what is given of a hook",
    _ONE | WITH_BODY,
    {200: "The hook."},
    shapes.hooks.Hook,
    body=hook_inputs.CHANGED_HOOK,
    examples={"switch it on again": {"is_active": True}},
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
DELETE_HOOK = Operation(
    "delete_hook",
    HOOKS,
    "Take a hook away",
    _ONE,
    {204: "There is none, now or before."},
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
ROTATE_HOOK = Operation(
    "rotate_hook",
    HOOKS,
    "Give a hook another secret",
    _ONE,
    {200: "The new secret, shown this once. For 24 hours the present one signs too."},
    shapes.hooks.NewHook,
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
TEST_HOOK = Operation(
    "test_hook",
    HOOKS,
    "Send a hook a message that tells of nothing",
    _ONE | {Code.INVALID},
    {202: "It is on its way; its log tells what came of it."},
    shapes.hooks.HookMessage,
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
LIST_HOOK_MESSAGES = Operation(
    "list_hook_messages",
    HOOKS,
    "List what a hook was told, the newest first",
    _ONE | {Code.INVALID},
    {200: "A page."},
    shapes.hooks.HookMessagePage,
    query=queries.PAGE,
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
REPLAY_HOOK_MESSAGE = Operation(
    "replay_hook_message",
    HOOKS,
    "Send a message once more",
    _ONE | {Code.INVALID},
    {202: "It is on its way, with the same id and body."},
    shapes.hooks.HookMessage,
    security=_SERVICES,
    for_services=service_access.HOOKS,
)
