"""Where the app is mounted. Every path of ours that is written out is made here, from the project's URLs.

Code that only needs a view's URL uses Django's `reverse`, in the namespace `callinvite`."""

from __future__ import annotations

from django.urls import reverse

API = "api/v1/"
"""REST, relative to the app."""
LIVE = "ws/v1/live"
"""The live socket, relative to the app."""
PROBE = "callinvite.probe"
"""In the scope of a connection, which no client can write: asks only whether the live socket is there."""
FOUND = 1000
"""The close code by which the live socket says so."""


def base() -> str:
    """The shell page's path, with a trailing slash: `/`, or `/calls/` if the app is mounted there."""
    return reverse("callinvite:shell")


def is_below_api(path: str) -> bool:
    """Whether a request's full path belongs to REST, in any version: everything there is JSON."""
    return path.startswith(f"{base()}{API.partition('/')[0]}/")
