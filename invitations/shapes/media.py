"""The shapes of how a ring sounds and looks, and of the servers that media may use."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from invitations.shapes.parts import Count, Moment, Page, Path, Said


class RingResource(TypedDict):
    """How a ring sounds and looks."""

    resource_id: Annotated[str, Said("What a sender names it by.", maxLength=128)]
    name: Annotated[str, Said("What people call it.", maxLength=64)]
    is_default: Annotated[bool, Said("For rings that name none.")]
    ringtone_url: Path | None
    icon_url: Path | None
    badge_url: Path | None
    vibration: Annotated[list[Count], Said("Milliseconds on, off, on, and so forth.")]
    silent: Annotated[bool, Said("Without a sound.")]
    require_interaction: Annotated[bool, Said("The notification stays until it is answered.")]
    accent: Annotated[str | None, Said("A colour.", pattern="^#[0-9a-fA-F]{6}$")]
    title_template: Annotated[str, Said("The title of rings that have none of their own.", maxLength=128)]
    message_template: Annotated[str, Said("The message of rings that have none of their own.", maxLength=512)]


class RingResourcePage(Page):
    """A page of the ring resources."""

    results: Annotated[list[RingResource], Said("By id.")]


class IceServer(TypedDict):
    """A STUN or TURN server, in the format of `RTCPeerConnection`."""

    urls: Annotated[
        list[Annotated[str, Said(pattern="^(stuns?|turns?):")]], Said("Ways to reach the same server.", minItems=1)
    ]
    username: NotRequired[Annotated[str, Said("With TURN only.")]]
    credential: NotRequired[Annotated[str, Said("With TURN only.")]]


class IceServers(TypedDict):
    """The servers that the asker may use now."""

    ice_servers: Annotated[list[IceServer], Said("As `RTCPeerConnection` takes them.")]
    expires_at: Annotated[Moment, Said("From then on the credentials are worthless.")]
