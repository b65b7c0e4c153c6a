"""The shapes of signing in: tokens, sessions, pairing codes and tickets."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from invitations.shapes.parts import DEVICE_ID, Count, DeviceId, Moment, Page, Person, Said, Words

PAIRING_STATES = ("open", "used", "expired")


class Token(TypedDict):
    """What an app gets when it signs in."""

    token: Annotated[str, Said("For `Authorization: Bearer`. Shown this once.")]
    expiry: Annotated[Moment | None, Said("Moves on while the token is used.")]
    user: Annotated[Person, Said("Who signed in.")]
    device_id: NotRequired[Annotated[str, Said("The one that the request gave, or that a refreshed token stands for.")]]


class SignedInApp(TypedDict):
    """A token that an app has, without its secret."""

    id: Annotated[str, Said("For taking it back.", format="uuid")]
    device_id: Annotated[str, Said("The device that has it.", pattern=rf"^{DEVICE_ID}$")]
    device_name: Annotated[str, Said("What the device is called; may be empty.")]
    created_at: Annotated[Moment, Said("When the device signed in.")]
    last_used_at: Annotated[Moment | None, Said("To the hour; null where an older version made the token.")]
    expires_at: Annotated[Moment, Said("When it ends unless it is used.")]
    current: Annotated[bool, Said("The request came with it.")]


class SignedInBrowser(TypedDict):
    """A session of a browser, without its key."""

    id: Annotated[str, Said("For taking it back.", pattern=rf"^{DEVICE_ID}$")]
    device_ids: Annotated[list[DeviceId], Said("The devices that come with it; none before a page said hello.")]
    user_agent: Annotated[str, Said("How the browser names itself (RFC 9110 section 10.1.5); empty if not known.")]
    address: Annotated[str | None, Said("The IP address that it was used from, if known. Shown to nobody else.")]
    created_at: Annotated[Moment | None, Said("When somebody signed in by it; null if not known.")]
    last_used_at: Annotated[Moment | None, Said("To two hours; null if not known. The devices know better.")]
    expires_at: Annotated[Moment, Said("When it ends unless it is used.")]
    current: Annotated[bool, Said("The request came with it.")]


class SignedInAppPage(Page):
    """A page of the asker's apps that are signed in."""

    results: Annotated[list[SignedInApp], Said("The newest first.")]


class SignedInBrowserPage(Page):
    """The only page of the browsers in which the asker is signed in."""

    results: Annotated[list[SignedInBrowser], Said("The one that was used last first.")]


class PairingCode(TypedDict):
    """A code that connects a phone."""

    pairing_code: Annotated[str, Said("Shown this once, in two groups of four.")]
    expires_at: Annotated[Moment, Said("From then on it is worthless.")]
    expires_in_seconds: Annotated[Count, Said("How long it is good.")]
    link: Annotated[str, Said("Opens the app, and has all that it needs.", format="uri")]
    qr: Annotated[str, Said("The link as a QR code: a document in SVG, black on white.")]


class Pairing(TypedDict):
    """What became of the code."""

    state: Annotated[str, Words("PairingState", PAIRING_STATES), Said("Whether it can be used, was, or is over.")]
    expires_at: Annotated[Moment, Said("When it ends, or ended, unless it is used.")]
    device_id: Annotated[str | None, Said("The device that used it.")]
    device_name: Annotated[str, Said("What that device is called; may be empty.")]


class Ticket(TypedDict):
    """Opens one live socket."""

    ticket: Annotated[str, Said("For `?ticket=` of the live socket, once.")]
    expires_in_seconds: Annotated[Count, Said("How long it is good.")]
