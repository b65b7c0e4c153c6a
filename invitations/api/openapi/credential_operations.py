"""What the document says about the URLs of credentials: tokens of apps, sessions, pairing and tickets."""

from __future__ import annotations

from invitations import shapes
from invitations.api.openapi.operations import (
    ALWAYS,
    BEARER,
    SESSION,
    SIGNED_IN,
    SIGNING_IN,
    WITH_BODY,
    WRITING,
    Operation,
)
from invitations.errors import Code
from invitations.requests import inputs, queries, service_access

MAKE_TOKEN = Operation(
    "make_token",
    SIGNING_IN,
    "Sign an app in",
    ALWAYS | WITH_BODY | {Code.NOT_AUTHENTICATED, Code.SECOND_FACTOR_REQUIRED, Code.THROTTLED},
    {201: "Signed in."},
    shapes.signing_in.Token,
    "By a name and a password, or by a pairing code. The answer is the same for an unknown user and a wrong password.",
    body=inputs.LOGIN,
    examples={
        "Bob": {"username": "bob", "password": "his password", "device_name": "Bob's phone"},
        "By a pairing code": {"pairing_code": "7K3M9QXA", "device_name": "Bob's phone", "device_id": "bobs-phone"},
    },
    security=(),
)
DELETE_TOKEN = Operation(
    "delete_token",
    SIGNING_IN,
    "Sign an app out",
    SIGNED_IN,
    {204: "The token is worthless now."},
    security=(BEARER,),
)
LIST_TOKENS = Operation(
    "list_tokens",
    SIGNING_IN,
    "List your apps that are signed in",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, the newest first."},
    shapes.signing_in.SignedInAppPage,
    query=queries.PAGE,
    for_services=service_access.TOKENS,
)
END_TOKEN = Operation(
    "end_token",
    SIGNING_IN,
    "Sign one of your apps out",
    WRITING | {Code.NOT_FOUND},
    {204: "Its token is worthless now, and its sockets are closed."},
    for_services=service_access.TOKENS,
)
LIST_SESSIONS = Operation(
    "list_sessions",
    SIGNING_IN,
    "List the browsers in which you are signed in",
    SIGNED_IN,
    {200: "All of them."},
    shapes.signing_in.SignedInBrowserPage,
    "None where sessions are not in the database.",
    for_services=service_access.TOKENS,
)
END_SESSION = Operation(
    "end_session",
    SIGNING_IN,
    "Sign one of your browsers out",
    WRITING | {Code.NOT_FOUND},
    {204: "Its session has ended, with its sockets, push addresses and pairing code."},
    for_services=service_access.TOKENS,
)
REFRESH_TOKEN = Operation(
    "refresh_token",
    SIGNING_IN,
    "Get a new token for your old one",
    SIGNED_IN,
    {201: "The new token, for the same device."},
    shapes.signing_in.Token,
    "The old one works for another minute. If the answer is lost, ask again meanwhile. No token lives longer than a "
    "year from the sign-in with which the first one was made.",
    security=(BEARER,),
)
GET_PAIRING = Operation(
    "get_pairing",
    SIGNING_IN,
    "See whether your pairing code was used",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "What became of it, and which device used it."},
    shapes.signing_in.Pairing,
    "In a browser only.",
    security=(SESSION,),
)
MAKE_PAIRING = Operation(
    "make_pairing",
    SIGNING_IN,
    "Make a code that connects a phone",
    WRITING,
    {201: "The code. A former one is worthless now."},
    shapes.signing_in.PairingCode,
    "In a browser only: a token cannot beget others. It works once, for five minutes, in `POST /auth/token`.",
    security=(SESSION,),
)
DELETE_PAIRING = Operation(
    "delete_pairing",
    SIGNING_IN,
    "Take your pairing code back",
    WRITING,
    {204: "It is worthless now."},
    security=(SESSION,),
)
SIGN_OUT_EVERYWHERE = Operation(
    "sign_out_everywhere",
    SIGNING_IN,
    "Sign out everywhere else",
    WRITING,
    {204: "Every other session and token has ended, with sockets, push addresses and pairing codes."},
    description="The session or token of the request stays.",
    for_services=service_access.TOKENS,
)
MAKE_TICKET = Operation(
    "make_ticket",
    SIGNING_IN,
    "Get a ticket for one live socket",
    WRITING,
    {201: "Use it at once."},
    shapes.signing_in.Ticket,
    "For clients that can set neither a cookie nor a header on it.",
    for_services=service_access.CALLS,
)
