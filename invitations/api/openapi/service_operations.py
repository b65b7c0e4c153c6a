"""What the document says about the URLs that are for services alone."""

from __future__ import annotations

from invitations import shapes
from invitations.api.openapi.operations import PEOPLE, SERVICE, SIGNED_IN, SIGNING_IN, WITH_BODY, WRITING, Operation
from invitations.errors import Code
from invitations.models import ServiceScope
from invitations.requests import inputs
from invitations.requests.service_access import ForServices

_USERS = ForServices(ServiceScope.USERS, "never")
_TOKENS = ForServices(ServiceScope.TOKENS, "never")

GET_ACCOUNT = Operation(
    "get_account",
    PEOPLE,
    "See somebody's account",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "The account."},
    shapes.account.Account,
    security=(SERVICE,),
    for_services=_USERS,
)
PUT_ACCOUNT = Operation(
    "put_account",
    PEOPLE,
    "Make an account, or change one",
    WRITING | WITH_BODY,
    {201: "It was made. It has no password.", 200: "It was changed."},
    shapes.account.Account,
    "What is left out stays as it is. Never of staff, and never under the id of a deleted account.",
    body=inputs.ACCOUNT,
    examples={"Alice": {"name": "Alice Adams", "email": "alice@example.org", "language": "en"}},
    security=(SERVICE,),
    for_services=_USERS,
)
DELETE_ACCOUNT = Operation(
    "delete_account",
    PEOPLE,
    "Delete somebody's account, for good",
    WRITING | {Code.NOT_FOUND},
    {204: "It is gone, now or before, with all its sessions, tokens, devices and push addresses."},
    description="As the person could by `DELETE /me`. Never of staff.",
    security=(SERVICE,),
    for_services=_USERS,
)
IMPORT_ACCOUNTS = Operation(
    "import_accounts",
    PEOPLE,
    "Make and change many accounts",
    WRITING | WITH_BODY,
    {200: "What became of each, in order."},
    shapes.account.ImportedAccounts,
    "Up to 1,000 at a time, and 1 MiB. Each is made or changed by itself: one that fails stops no other.",
    body=inputs.IMPORT,
    examples={"Two": {"users": [{"id": "alice", "name": "Alice Adams"}, {"id": "bob", "is_active": False}]}},
    security=(SERVICE,),
    for_services=_USERS,
)
MAKE_ACCOUNT_TOKEN = Operation(
    "make_account_token",
    SIGNING_IN,
    "Sign an app in for somebody",
    WRITING | WITH_BODY | {Code.NOT_FOUND},
    {201: "The token. It ends at `expiry`, however much it is used."},
    shapes.signing_in.Token,
    "For an app of yours whose people you know already. Never for staff, or a disabled account.",
    body=inputs.ACCOUNT_TOKEN,
    examples={"For an hour": {"device_id": "alices-phone", "device_name": "Alice's phone", "lifetime_seconds": 3600}},
    security=(SERVICE,),
    for_services=_TOKENS,
)
