"""Django admin has no sign-in of its own: its address has the page on which everybody signs in. Accounts at identity
providers can be seen and taken away here, but not made: whoever could would give themselves another's account."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from invitations.admin.history import Audited
from invitations.requests import audit


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False)) and request.user.is_active


if apps.is_installed("allauth.account"):
    from allauth.account.admin import EmailAddressAdmin
    from allauth.account.models import EmailAddress

    from invitations.accounts.views import SignIn

    class AdminSignIn(SignIn):
        """The page for signing in, which leads into Django admin from here."""

        def get_default_success_url(self) -> str:
            return reverse(f"{admin.site.name}:index")

    _inside = admin.site.login
    _page = AdminSignIn.as_view()

    @wraps(admin.site.login)
    def _login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _page(request)
        if not (request.user.is_staff and request.user.is_active):
            return _not_staff(request)
        return _inside(request, extra_context)

    def _not_staff(request: HttpRequest) -> HttpResponseBase:
        """Says as whom somebody is signed in, with a way to sign in as somebody else."""
        audit.refused(request, "not_staff", user_id=request.user.pk)
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse(f"{admin.site.name}:index")
        return render(request, "callinvite/accounts/not_staff.html", {"wanted": wanted}, status=403)

    def _change_own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Django's own page looks at as many guesses at the present password as somebody likes."""
        return redirect("account_change_password")

    admin.site.login = _login  # type: ignore[method-assign, assignment]
    admin.site.password_change = _change_own_password  # type: ignore[method-assign, assignment]

    class AddressAdmin(Audited, EmailAddressAdmin):
        """Email addresses of accounts. A confirmed one opens its account, by a link or at a provider, so only who may
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
