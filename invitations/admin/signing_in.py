"""Django admin has no sign-in of its own: it is behind the page on which everybody signs in."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin

if apps.is_installed("allauth.account"):
    from allauth.account.decorators import secure_admin_login

    admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
