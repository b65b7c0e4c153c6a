"""The shapes of everything that goes out, each stated once: what serializers make and what the documents tell.

One module for each subject, without active code. A word or a moment is a string on the wire and typed as one; its
possible values stand beside it."""

from __future__ import annotations

from invitations.shapes import (
    account,
    calls,
    contacts,
    devices,
    frames,
    hooks,
    media,
    parts,
    previews,
    signing_in,
    webhooks,
)

__all__ = [
    "account",
    "calls",
    "contacts",
    "devices",
    "frames",
    "hooks",
    "media",
    "parts",
    "previews",
    "signing_in",
    "webhooks",
]
