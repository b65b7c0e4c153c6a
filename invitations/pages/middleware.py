"""What is around every request: a header that Django does not set itself, and what goes on when a session gets another
key."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from invitations.credentials.carrying import carried_over

POLICY = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), geolocation=(), payment=(), usb=()"


class PermissionsPolicyMiddleware:
    """Allows camera, microphone and screen capture to our own pages only, and turns off features that no call needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header."""
        response = self._get_response(request)
        response.headers.setdefault("Permissions-Policy", POLICY)
        return response


class CarriedOverMiddleware:
    """Lets sockets, calls and push addresses of a browser go on whose session gets another key. Stands before Django's
    `SessionMiddleware`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        with carried_over(request):
            return self._get_response(request)
