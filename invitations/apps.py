"""The app, which can be installed into any Django project."""

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured


class InvitationsConfig(AppConfig):
    name = "invitations"
    verbose_name = "Calls"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and take notice of sign-ins and of the ends of sessions, tokens and accounts.

        Raises:
            ImproperlyConfigured: the app that stores tokens is missing. Raised here: no check could run without it.
        """
        if not apps.is_installed("knox"):
            raise ImproperlyConfigured(
                'Callinvite keeps the tokens of apps in django-rest-knox: install the app "knox".'
            )
        from invitations import checks, installation, transport_checks  # noqa: F401
        from invitations.credentials import endings
        from invitations.own_data import retiring
        from invitations.requests import audit, freshness, used_sessions

        endings.listen()
        audit.listen()
        used_sessions.listen()
        freshness.listen()
        retiring.listen()
