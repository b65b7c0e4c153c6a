"""What a push message lets its receiver do without signing in: acknowledge or reject that one ring, or that one test.

A token names the ring and the device and is signed with the server's secret key. It is stored nowhere and dies with the
ring. A renewal token lets a device replace its current push address, and dies with that address."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

RING = "ring"
TEST = "test"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a genuine token permits.

    Args:
        kind: `ring` or `test`.
        key: the invitation's key, or the test delivery's.
        device_id: the device that it was sent to.
    """

    kind: str
    key: int
    device_id: str


def issue(kind: str, key: int, device_id: str) -> str:
    """Make a token for one ring or test on one device.

    Args:
        kind: `ring` or `test`.
        key: the invitation's key, or the delivery's.
        device_id: 1 to 64 of `[A-Za-z0-9._~-]`.
    """
    return _actions.sign(f"{kind}:{key}:{device_id}")


def read(token: str) -> Grant | None:
    """What a token permits; None if it is not genuine."""
    try:
        kind, key, device_id = _actions.unsign(token).split(":")
        return Grant(kind, int(key), device_id)
    except (BadSignature, ValueError):
        return None


def issue_renewal(device_pk: int, digest: str) -> str:
    """Make a token with which a device may replace its push address.

    Args:
        device_pk: the device's key.
        digest: of its current address.
    """
    return _renewals.sign(f"{device_pk}:{digest}")


def read_renewal(token: str) -> tuple[int, str] | None:
    """The device's key and the digest of the address that a renewal token was made for; None if it is not genuine."""
    try:
        device_pk, digest = _renewals.unsign(token).split(":")
        return int(device_pk), digest
    except (BadSignature, ValueError):
        return None


_actions = Signer(salt="invitations.action")
_renewals = Signer(salt="invitations.renewal")
