"""The shapes of devices, of their push addresses, and of whether calls reach them."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from invitations.models import DeviceKind, DisabledReason, Health
from invitations.shapes.parts import Count, DeviceId, Moment, Page, Said, Sentence, Words
from invitations.transports import NAMES

TEST_STATES = ("waiting", "sent", "arrived", "failed")
HOP_CODES = ("planned", "sent", "retrying", "failed", "arrived")
DEVICE_REACHES = ("ok", "failing", "unheard", "lost", "open", "none")
REACH_STATES = ("reached", "doubtful", "open", "unreached")


class PushHost(TypedDict):
    """The visible part of a push address."""

    transport: Annotated[str, Words("PushTransport", NAMES), Said("How messages are sent there.")]
    host: Annotated[str, Said("Of its push service; no more is shown.")]


class Device(TypedDict):
    """Where a person can be rung."""

    device_id: DeviceId
    label: Annotated[str, Said("What it is called.", maxLength=64)]
    kind: Annotated[str, Words("DeviceKind", DeviceKind.values), Said("What it is.")]
    push: Annotated[PushHost | None, Said("Where it is rung by push.")]
    health: Annotated[
        str, Words("DeviceHealth", Health.values), Said("Whether it can be rung by push, as far as is known.")
    ]
    disabled_reason: Annotated[
        str | None, Words("DisabledReason", DisabledReason.values), Said("Why it is no longer rung by push.")
    ]
    disabled_since: Annotated[Moment | None, Said("Since when.")]
    created_at: Annotated[Moment, Said("When it was registered.")]
    last_seen_at: Annotated[Moment | None, Said("Its last sign of life.")]
    last_ringing_at: Annotated[Moment | None, Said("When it last said that it alerts.")]


RenewalToken = Annotated[
    str, Said("For `POST /push/renew`, when the browser changes the address. Dies with the address.")
]


class RegisteredDevice(Device):
    """A device that has just been described."""

    renewal_token: NotRequired[RenewalToken]


class RenewedDevice(TypedDict):
    """A device with a new push address."""

    device: Annotated[Device, Said("The device.")]
    renewal_token: RenewalToken


class PushKey(TypedDict):
    """The key with which push addresses are created."""

    public_key: Annotated[str, Said("An uncompressed P-256 point in base64url.", minLength=87)]


class TestRingHop(TypedDict):
    """One step of a test ring."""

    code: Annotated[str, Words("TestRingHopCode", HOP_CODES), Said("What happened.")]
    at: Annotated[Moment, Said("When; with `retrying`, when it is tried again.")]
    text: Sentence


class TestRing(TypedDict):
    """A real ring to one device, although nobody calls."""

    test_id: Annotated[str, Said("Its id.")]
    device_id: DeviceId
    state: Annotated[str, Words("TestRingState", TEST_STATES), Said("How far it has come.")]
    hops: Annotated[list[TestRingHop], Said("Step by step.")]
    created_at: Annotated[Moment, Said("When it was asked for.")]
    expires_at: Annotated[Moment, Said("From then on nothing more comes of it.")]


class ReachedDevice(TypedDict):
    """How it stands with one of your devices when somebody calls."""

    device_id: DeviceId
    label: Annotated[str, Said("What it is called.", maxLength=64)]
    reach: Annotated[
        str,
        Words("DeviceReach", DEVICE_REACHES),
        Said(
            "`ok`: it is woken; `failing`: the push service did not take the last message; `unheard`: it has been "
            "silent for a month; `lost`: its address is disabled; `open`: only its open page rings; `none`: nothing "
            "rings there."
        ),
    ]
    reason: Annotated[str | None, Said("Why it is lost (`DisabledReason`), or fails (a code of the push service).")]
    since: Annotated[Moment | None, Said("Since when it is lost or fails, or when it was last heard of.")]


class Reachability(TypedDict):
    """Whether calls reach you."""

    state: Annotated[
        str,
        Words("ReachState", REACH_STATES),
        Said(
            "`reached`; `doubtful`: perhaps; `open`: only while a page is open; `unreached`: nothing rings, anywhere."
        ),
    ]
    text: Sentence
    devices_reached: Annotated[Count, Said("How many devices can be woken.")]
    devices: Annotated[list[ReachedDevice], Said("Yours, in the order in which they were registered.")]


class PushKeys(TypedDict):
    """The keys that a browser gave its push address (RFC 8291)."""

    p256dh: Annotated[str, Said("The public key.", maxLength=128, format="p256-point")]
    auth: Annotated[str, Said("The shared secret.", maxLength=128, format="push-auth")]


class PushAddress(TypedDict):
    """Where a device receives push messages. A browser, and an app with UnifiedPush: `webpush` with the result of
    `PushSubscription.toJSON()`. An iOS app: `apns` with `token` and `alert_token`. An Android app at Google's push
    service: `fcm` with `token` or `fid`."""

    transport: Annotated[str, Words("PushTransport", NAMES), Said("How messages are sent there.")]
    keys: Annotated[PushKeys, Said("The keys that messages are encrypted with.")]
    endpoint: NotRequired[Annotated[str, Said("An https URL, with `webpush`.", format="push-endpoint")]]
    token: NotRequired[
        Annotated[
            str,
            Said(
                "With `apns` PushKit's token for VoIP pushes, in hexadecimal digits; with `fcm` a registration token.",
                maxLength=1024,
            ),
        ]
    ]
    alert_token: NotRequired[
        Annotated[
            str | None,
            Said(
                "With `apns` the app's token for other pushes, in hexadecimal digits. Without it the device is not told"
                " that a ring is over.",
                maxLength=200,
            ),
        ]
    ]
    fid: NotRequired[Annotated[str, Said("With `fcm` a Firebase installation id, instead of a token.", maxLength=64)]]
    public_key: NotRequired[
        Annotated[
            str | None,
            Said(
                "The key of `GET /push/key` that the address was made with; the present one where left out.",
                format="vapid-key",
            ),
        ]
    ]


class DevicePage(Page):
    """A page of the asker's devices."""

    results: Annotated[list[Device], Said("By id.")]
