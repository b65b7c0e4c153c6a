"""What the document says about the URLs of devices: their push addresses, test rings, and how rings sound and look."""

from __future__ import annotations

from invitations import shapes
from invitations.api.openapi.operations import (
    ALWAYS,
    DEVICES,
    PEOPLE,
    RING_TOKEN,
    SIGNED_IN,
    WITH_BODY,
    WRITING,
    Operation,
)
from invitations.errors import Code
from invitations.requests import inputs, queries, service_access

LIST_DEVICES = Operation(
    "list_devices",
    DEVICES,
    "List your devices",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, by id."},
    shapes.devices.DevicePage,
    query=queries.PAGE,
    for_services=service_access.USERS,
)
GET_DEVICE = Operation(
    "get_device",
    DEVICES,
    "See one of your devices",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "The device."},
    shapes.devices.Device,
    for_services=service_access.USERS,
)
PUT_DEVICE = Operation(
    "put_device",
    DEVICES,
    "Describe a device of yours, known or new",
    WRITING | WITH_BODY | {Code.NOT_FOUND},
    {200: "The device."},
    shapes.devices.RegisteredDevice,
    "With `push`, the device is rung there; an address belongs to one device, and leaves the one that had it. Left out,"
    " the address stays; null removes it. The end of the session or token removes it too.",
    body=inputs.DEVICE,
    examples={
        "A phone without an address": {"label": "Bob's phone", "kind": "android", "push": None},
        "A browser": {
            "label": "Firefox on Linux",
            "kind": "browser",
            "push": {
                "transport": "webpush",
                "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/…",
                "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"},
            },
        },
        "An iOS app": {
            "label": "Bob's iPhone",
            "kind": "ios",
            "push": {
                "transport": "apns",
                "token": "5e2c…",
                "alert_token": "b81f…",
                "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"},
            },
        },
        "An Android app at Google's push service": {
            "label": "Bob's Pixel",
            "kind": "android",
            "push": {"transport": "fcm", "token": "cX9t…:APA91b…", "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"}},
        },
    },
    for_services=service_access.USERS,
)
DELETE_DEVICE = Operation(
    "delete_device",
    DEVICES,
    "Forget a device of yours",
    WRITING | {Code.NOT_FOUND},
    {204: "Forgotten, now or before."},
    for_services=service_access.USERS,
)
GET_PUSH_KEY = Operation(
    "get_push_key",
    DEVICES,
    "Get the server's key for push addresses",
    SIGNED_IN,
    {200: "The key."},
    shapes.devices.PushKey,
    "For `pushManager.subscribe({applicationServerKey})` (RFC 8292).",
    for_services=service_access.ANY,
)
RENEW_PUSH_ADDRESS = Operation(
    "renew_push_address",
    DEVICES,
    "Replace a device's push address by the token of the old one",
    ALWAYS | WITH_BODY | {Code.NOT_AUTHENTICATED},
    {200: "The device, and the token of its new address."},
    shapes.devices.RenewedDevice,
    "For a service worker whose browser changed the address: no session is needed.",
    body=inputs.RENEW,
    security=(),
)
PROVE_PUSH_ADDRESS = Operation(
    "prove_push_address",
    DEVICES,
    "Say how it stands with a device's push address",
    ALWAYS | WITH_BODY | {Code.NOT_AUTHENTICATED},
    {200: "The device: its address is disabled if it is of no use any more."},
    shapes.devices.Device,
    "At once when the permission or the address is lost, and otherwise once a day, so that its owner can be told"
    " whether calls reach them. No session is needed.",
    body=inputs.PROOF,
    security=(),
)
GET_REACHABILITY = Operation(
    "get_reachability",
    PEOPLE,
    "See whether calls reach you",
    SIGNED_IN,
    {200: "The answer in a sentence, and device by device."},
    shapes.devices.Reachability,
    for_services=service_access.USERS,
)
MAKE_TEST_RING = Operation(
    "make_test_ring",
    DEVICES,
    "Ring one of your devices, for a test",
    WRITING | {Code.NO_ADDRESS, Code.NOT_FOUND, Code.THROTTLED},
    {201: "It is on its way."},
    shapes.devices.TestRing,
    "A real one, by push; nobody is behind it. Ask for it again to see how far it has come.",
    for_services=service_access.USERS,
)
GET_TEST_RING = Operation(
    "get_test_ring",
    DEVICES,
    "See how far the last test ring of a device has come",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "Step by step."},
    shapes.devices.TestRing,
    for_services=service_access.USERS,
)
ACKNOWLEDGE_TEST_RING = Operation(
    "acknowledge_test_ring",
    DEVICES,
    "Say that this device showed its test ring",
    SIGNED_IN | {Code.NOT_FOUND},
    {200: "Noted."},
    shapes.devices.TestRing,
    "By the `action_token` of the push message: `Authorization: Invitation <token>`.",
    security=(RING_TOKEN,),
)
LIST_RING_RESOURCES = Operation(
    "list_resources",
    DEVICES,
    "List how a ring can sound and look",
    SIGNED_IN | {Code.INVALID},
    {200: "A page, by id."},
    shapes.media.RingResourcePage,
    "What `resource_id` may name. Kept by the admins.",
    query=queries.PAGE,
    for_services=service_access.ANY,
)
