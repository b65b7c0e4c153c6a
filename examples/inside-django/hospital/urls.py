"""The hospital's own page and admin, and the calls below a prefix."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


def front_page(request: HttpRequest) -> HttpResponse:
    """A page of the hospital's own, from its own `base.html`."""
    return render(request, "base.html")


def on_failure(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """How the hospital's own REST says that something failed."""
    return HttpResponse("The hospital's own failure", status=500)


urlpatterns = [
    path("", front_page),
    path("office/", admin.site.urls),
    path("calls/", include("invitations.urls")),
    path("calls/", include("invitations.accounts.urls")),
]
