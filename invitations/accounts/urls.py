"""The URLs of allauth, at addresses of ours: `path("", include("invitations.accounts.urls"))`, under any prefix.

Not below the app's namespace: allauth finds its pages by these names."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from invitations.accounts import views
from invitations.accounts.offers import is_installed
from invitations.credentials import second_factors
from invitations.pages.views import SignOut

_changed = TemplateView.as_view(template_name="callinvite/accounts/password_changed.html")

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", views.SignIn.as_view(), name="account_login"),
    path("sign-up/", views.SignUp.as_view(), name="account_signup"),
    path("sign-up/by/<str:token>/", views.SignUpByLink.as_view(), name="account_sign_up_by_link"),
    path("sign-out/", SignOut.as_view(), name="account_logout"),
    path("sign-in/again/", views.Reauthenticate.as_view(), name="account_reauthenticate"),
    path("sign-in/inactive/", views.Inactive.as_view(), name="account_inactive"),
    path("account/password/", views.ChangePassword.as_view(), name="account_change_password"),
    path("account/password/first/", views.SetPassword.as_view(), name="account_set_password"),
    path("account/password/changed/", login_required(_changed), name="account_password_changed"),
    path("account/email/", views.Email.as_view(), name="account_email"),
    path("account/email/confirmed/", views.EmailConfirmed.as_view(), name="account_email_confirmed"),
    path("account/email/sent/", views.ConfirmEmailSent.as_view(), name="account_email_verification_sent"),
    re_path(r"^account/email/confirm/(?P<key>[-:\w]+)/$", views.ConfirmEmail.as_view(), name="account_confirm_email"),
    path("password/", views.ResetPassword.as_view(), name="account_reset_password"),
    path("password/sent/", views.ResetPasswordSent.as_view(), name="account_reset_password_done"),
    path("password/changed/", views.NewPasswordSet.as_view(), name="account_reset_password_from_key_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.NewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
]
if is_installed():
    urlpatterns.append(path("", include("invitations.accounts.provider_urls")))

if second_factors.installed():
    from invitations.accounts import second_factor_urls

    urlpatterns += second_factor_urls.urlpatterns


def _keep_nowhere(patterns: Iterable[URLPattern | URLResolver]) -> None:
    """Let no browser show a page of an account again, by "back", once somebody has signed out."""
    for each in patterns:
        if isinstance(each, URLResolver):
            _keep_nowhere(each.url_patterns)
        else:
            each.callback = never_cache(each.callback)


# Below all that is added to the list.
_keep_nowhere(urlpatterns)
