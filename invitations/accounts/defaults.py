"""allauth's settings as our pages need them, for any project's settings: `from invitations.accounts.defaults import *`.

Imported by settings, so it must import nothing of Django."""

from __future__ import annotations

from invitations.accounts.configuring import providers

AUTHENTICATION_BACKENDS = ["invitations.accounts.backend.AccountBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "callinvite:shell"

ACCOUNT_ADAPTER = "invitations.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_CHANGE_EMAIL = True
"""One address, and a new one takes its place once it is confirmed."""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
"""Strangers cannot make the server write to addresses that are nobody's here."""
ACCOUNT_EMAIL_NOTIFICATIONS = True
"""Whoever's password or address is changed is told by mail."""
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_PREVENT_ENUMERATION = "strict"
"""Whether an address has an account is told to nobody: several may claim one, and whoever confirms it has it."""
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105  a class
"""allauth's own would make what an admin entered a claim."""
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
"""In seconds: how long after giving a password or another proof somebody may change what guards the account."""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
"""Also by signing in at a provider again, which our adapter sees to."""
ACCOUNT_RATE_LIMITS = dict.fromkeys(
    (
        "login",
        "login_failed",
        "signup",
        "reset_password",
        "reset_password_from_key",
        "change_password",
        "reauthenticate",
    )
)
"""`requests.throttles` counts at all doors."""

SOCIALACCOUNT_ADAPTER = "invitations.accounts.linking.LinkingAdapter"
SOCIALACCOUNT_PROVIDERS = providers()
"""No identity provider yet; `configuring.providers(provider(…))` names some."""
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
"""An account that was found by its address is found by the provider's id for its owner from then on."""
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
"""Only addresses come from a provider that it has confirmed."""
PASSWORD_RESET_TIMEOUT = 2 * 3600
"""In seconds: how long a link to a new password can be used."""
MFA_ADAPTER = "invitations.accounts.second_factor_adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
"""In periods of 30 seconds: how far the clock of a phone may be off."""
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
"""An address that nobody has confirmed gives no right to the account, and without mail none is ever confirmed."""
MFA_RATE_LIMITS = {"webauthn_login": None}
