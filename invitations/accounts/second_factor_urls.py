"""The URLs of second steps, at addresses of ours, for projects that have `allauth.mfa`."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from invitations.accounts import second_factor_views as views

_overview = RedirectView.as_view(pattern_name="mfa_index")

urlpatterns = [
    path("sign-in/code/", views.SecondStep.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey/", views.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("sign-in/again/code/", views.CodeAgain.as_view(), name="mfa_reauthenticate"),
    path("sign-in/again/passkey/", views.PasskeyAgain.as_view(), name="mfa_reauthenticate_webauthn"),
    path("account/security/", views.Overview.as_view(), name="mfa_index"),
    path("account/security/app/", views.AddApp.as_view(), name="mfa_activate_totp"),
    path("account/security/app/remove/", views.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("account/security/passkeys/", _overview, name="mfa_list_webauthn"),
    path("account/security/passkeys/add/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("account/security/passkeys/<int:pk>/name/", views.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
    path("account/security/passkeys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("account/security/recovery-codes/", views.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("account/security/recovery-codes/new/", views.NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
]
