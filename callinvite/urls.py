"""The URLs of the whole site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("invitations.urls")),
    path("", include("invitations.accounts.urls")),
]
handler400 = "invitations.pages.views.bad_request"
handler403 = "invitations.pages.views.permission_denied"
handler404 = "invitations.pages.views.page_not_found"
handler500 = "invitations.pages.views.server_error"
