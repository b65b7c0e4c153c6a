"""What the document says about the URLs of people: oneself, whom one may call, contacts and blocks."""

from __future__ import annotations

from invitations import shapes
from invitations.api.openapi.operations import PEOPLE, SIGNED_IN, WITH_BODY, WRITING, Operation
from invitations.errors import Code
from invitations.requests import inputs, queries, service_access

GET_ME = Operation(
    "get_me",
    PEOPLE,
    "See your profile and settings",
    SIGNED_IN,
    {200: "You."},
    shapes.account.Me,
    for_services=service_access.USERS,
)
CHANGE_ME = Operation(
    "change_me",
    PEOPLE,
    "Change your shown name or settings",
    WRITING | WITH_BODY,
    {200: "You, after the change."},
    shapes.account.Me,
    body=inputs.ME,
    description="What is left out stays as it is. Rings that are open at that moment go by it at once.",
    examples={
        "Call waiting": {"call_waiting": True},
        "Only contacts, and quiet nights": {
            "rings_from": "contacts",
            "quiet_hours": {"days": ["mon", "tue", "wed", "thu", "sun"], "from": "22:00", "to": "07:00"},
            "time_zone": "Europe/Berlin",
            "let_through": ["favourites", "repeat"],
        },
    },
    for_services=service_access.USERS,
)
DELETE_ME = Operation(
    "delete_me",
    PEOPLE,
    "Delete your account, for good",
    WRITING | {Code.NOT_ALLOWED},
    {204: "It is gone, with all its sessions, tokens, devices and push addresses."},
    description="Only shortly after signing in: later, the refusal has `reauthenticate`. Others keep the calls that"
    ' they had with you, with "Deleted account" in your place. Nobody is given your id again.',
    for_services=service_access.USERS,
)
EXPORT_ME = Operation(
    "export_me",
    PEOPLE,
    "Get a copy of your data",
    SIGNED_IN | {Code.THROTTLED},
    {200: "A ZIP file, of which README.txt explains the others."},
    description="Your profile, your devices, and your calls as you may see them, in JSON. One copy is made at a time,"
    " and a few in an hour.",
    media="application/zip",
    for_services=service_access.USERS,
)
LIST_USERS = Operation(
    "list_users",
    PEOPLE,
    "List the people you may call",
    SIGNED_IN | {Code.INVALID, Code.THROTTLED},
    {200: "A page, by id."},
    shapes.contacts.UserPage,
    query=queries.USERS,
    for_services=service_access.USERS,
)
LIST_CONTACTS = Operation(
    "list_contacts",
    PEOPLE,
    "List your contacts, and what is asked between you and others",
    SIGNED_IN | {Code.INVALID},
    {200: "A page: favourites first, then by name; with `state=asked` or `asks_you`, newest first."},
    shapes.contacts.ContactPage,
    query=queries.CONTACTS,
    for_services=service_access.USERS,
)
ASK_CONTACT = Operation(
    "ask_contact",
    PEOPLE,
    "Ask somebody to let you in",
    WRITING | WITH_BODY | {Code.UNKNOWN_USER, Code.SELF, Code.YOU_BLOCKED, Code.NOT_FOUND, Code.THROTTLED},
    {201: "They are asked, or you are contacts now.", 200: "You had asked before, or are contacts already."},
    shapes.contacts.Contact,
    "If they ask you, or have let you in, you are contacts of each other at once. The answer is the same whether or not"
    " they hear of it.",
    body=inputs.ASK,
    examples={"Bob": {"user": "bob", "message": "We met at the fair."}},
    for_services=service_access.USERS,
)
GET_CONTACT = Operation(
    "get_contact",
    PEOPLE,
    "See how you stand to somebody",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "How you stand to them."},
    shapes.contacts.Contact,
    for_services=service_access.USERS,
)
CHANGE_CONTACT = Operation(
    "change_contact",
    PEOPLE,
    "Make a contact a favourite, or not",
    WRITING | WITH_BODY | {Code.NOT_FOUND},
    {200: "The contact."},
    shapes.contacts.Contact,
    body=inputs.FAVOURITE,
    examples={"A favourite": {"favourite": True}},
    for_services=service_access.USERS,
)
DELETE_CONTACT = Operation(
    "delete_contact",
    PEOPLE,
    "Remove a contact, take a request back, or turn one down",
    WRITING | {Code.NOT_FOUND},
    {204: "Gone, now or before."},
    description="The other one is not told. Whoever is turned down is not heard for 30 days when they ask again.",
    for_services=service_access.USERS,
)
ACCEPT_CONTACT = Operation(
    "accept_contact",
    PEOPLE,
    "Let somebody in who asks you",
    WRITING | {Code.NOT_FOUND},
    {200: "They are your contact."},
    shapes.contacts.Contact,
    for_services=service_access.USERS,
)
LIST_BLOCKS = Operation(
    "list_blocks",
    PEOPLE,
    "List the people whom you have blocked",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, newest first."},
    shapes.contacts.BlockPage,
    query=queries.BLOCKS,
    for_services=service_access.USERS,
)
LIST_BLOCKED_CALLS = Operation(
    "list_blocked_calls",
    PEOPLE,
    "List the calls of people whom you have blocked",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, newest first."},
    shapes.contacts.BlockedCallPage,
    "You heard nothing of them, and those who called do not know that.",
    query=queries.PAGE,
    for_services=service_access.USERS,
)
GET_BLOCK = Operation(
    "get_block",
    PEOPLE,
    "See whether you have blocked somebody",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "You have."},
    shapes.contacts.Block,
    for_services=service_access.USERS,
)
PUT_BLOCK = Operation(
    "put_block",
    PEOPLE,
    "Block somebody",
    WRITING | {Code.NOT_FOUND, Code.SELF, Code.INVALID, Code.THROTTLED},
    {201: "They never ring you again, from this moment on.", 200: "You had before."},
    shapes.contacts.Block,
    "They are no contact of yours any more. They are not told, and cannot tell: their calls to you look to them like"
    " those to somebody whom no device reaches.",
    for_services=service_access.USERS,
)
DELETE_BLOCK = Operation(
    "delete_block",
    PEOPLE,
    "Take a block back",
    WRITING | {Code.NOT_FOUND},
    {204: "There is none, now or before."},
    for_services=service_access.USERS,
)
