"""All URLs of the app, to be included once under any prefix: `path("calls/", include("invitations.urls"))`."""

from __future__ import annotations

from django.urls import include, path

from invitations import addresses

app_name = "callinvite"
urlpatterns = [
    path(addresses.API, include("invitations.api.urls")),
    path("", include("invitations.pages.urls")),
]
