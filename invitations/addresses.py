"""Where the app is mounted. A path of ours that is written out anywhere is made here, from the URLs of the project.

Rooms that only name a view ask Django's `reverse` for it, in the namespace `callinvite`."""

from __future__ import annotations

from django.urls import reverse

API = "api/v1/"
"""REST, below the app's own address."""
LIVE = "ws/v1/live"
"""The live socket, below the app's own address."""


def base() -> str:
    """The path of the shell page, with a slash at its end: `/`, or `/calls/` where the app is mounted below that."""
    return reverse("callinvite:shell")


def is_below_api(path: str) -> bool:
    """Whether a request's whole path belongs to REST, of whatever version: there everything is JSON."""
    return path.startswith(f"{base()}{API.partition('/')[0]}/")
