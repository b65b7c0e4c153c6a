"""Django admin has no sign-in of its own: its address has the page on which everybody signs in. Accounts at identity
providers can be seen and taken away here, but not made: whoever could would give themselves another's account."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from invitations.admin.history import Audited


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False)) and request.user.is_active


if apps.is_installed("allauth.account"):
    from allauth.account.admin import EmailAddressAdmin
    from allauth.account.decorators import secure_admin_login
    from allauth.account.models import EmailAddress

    from invitations.accounts.views import SignIn

    class AdminSignIn(SignIn):
        """The page for signing in, which leads into Django admin from here."""

        def get_default_success_url(self) -> str:
            return reverse(f"{admin.site.name}:index")

    # Tells who is signed in, and not as staff, that this is not for them.
    _inside = secure_admin_login(admin.site.login)
    _page = AdminSignIn.as_view()

    @wraps(admin.site.login)
    def _login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return _inside(request, extra_context) if request.user.is_authenticated else _page(request)

    def _change_own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Django's own page looks at as many guesses at the present password as somebody likes."""
        return redirect("account_change_password")

    admin.site.login = _login  # type: ignore[method-assign, assignment]
    admin.site.password_change = _change_own_password  # type: ignore[method-assign, assignment]

    class AddressAdmin(Audited, EmailAddressAdmin):
        """E-mail addresses of accounts. A confirmed one opens its account, by a link or at a provider, so only who may
        give rights may write one."""

        def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
            return _is_superuser(request)

        def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
            return _is_superuser(request)

        def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
            return _is_superuser(request)

        def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
            """None for others. Django 6.1 also says where on the page they are to stand."""
            parent: Any = super()
            where = () if action_location is None else (action_location,)
            return parent.get_actions(request, *where) if _is_superuser(request) else {}

    admin.site.unregister(EmailAddress)
    admin.site.register(EmailAddress, AddressAdmin)

if apps.is_installed("allauth.socialaccount"):
    from allauth.socialaccount.admin import SocialAccountAdmin
    from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken

    class ConnectedSignInAdmin(Audited, SocialAccountAdmin):
        """By what somebody signs in besides a password."""

        list_display = ("user", "provider", "uid", "date_joined", "last_login")
        list_filter = ("provider",)

        def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
            """Only who signs in there connects an account."""
            return False

        def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
            return False

    # Providers are settings, and their tokens are not kept.
    admin.site.unregister([SocialAccount, SocialApp, SocialToken])
    admin.site.register(SocialAccount, ConnectedSignInAdmin)

if apps.is_installed("allauth.usersessions"):
    from allauth.usersessions.admin import UserSessionAdmin  # noqa: F401
    from allauth.usersessions.models import UserSession

    # Nobody but their owner is shown from where somebody is signed in. The import registers it.
    admin.site.unregister(UserSession)
