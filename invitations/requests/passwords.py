"""Whether passwords count at all, and what Django's validators of them do not know: what this service is called, and
that dates are tried early."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from invitations import conf
from invitations.errors import CallError, Code
from invitations.words import say, say_lazy

OUR_NAMES = ("callinvite", "invitations")
SHORTEST = 4
"""Names of hosts have parts as short as `io`, which stand in good passwords too."""
DATES = ("%Y%m%d", "%d%m%Y", "%m%d%Y")
YEARS = range(1900, 2100)


def are_allowed() -> bool:
    """Whether anybody gets in by a password."""
    return conf.limits().passwords != "off"


def check_allowed() -> None:
    """Called by every door at which a password is asked for or chosen, before it is looked at.

    Raises:
        CallError: `not_allowed`: people get in by an identity provider alone.
    """
    if not are_allowed():
        raise CallError(Code.NOT_ALLOWED, say_lazy("sign_in.passwords_off"))


class ServiceNameValidator:
    """Refuses a password that is only the service's name or a part of its address, whatever digits are added: those
    that people try first."""

    def validate(self, password: str, user: Any = None) -> None:
        """Check a password that was chosen.

        Raises:
            ValidationError: it is such a name.
        """
        parts = (_letters_of(part) for host in settings.ALLOWED_HOSTS for part in host.split("."))
        names = {*OUR_NAMES, *(each for each in parts if len(each) >= SHORTEST)}
        if re.fullmatch(f"(?:{'|'.join(map(re.escape, sorted(names)))})+", _letters_of(password)):
            raise ValidationError(say_lazy("validation.password_is_the_service"), code="password_is_the_service")

    def get_help_text(self) -> str:
        """What to heed when choosing one."""
        return say("help.password_is_the_service")


class UncommonPasswordValidator(CommonPasswordValidator):
    """Django's list of common passwords, and dates, which are tried as early. Stands in for NumericPasswordValidator,
    which also refuses digits that nobody guesses, such as those that a password manager made."""

    def validate(self, password: str, user: Any = None) -> None:
        """Check a password that was chosen.

        Raises:
            ValidationError: it is common, or a date of 1900 to 2099 with or without something between its parts.
        """
        super().validate(password, user)
        if _is_date(re.sub(r"[-./ ]", "", password)):
            raise ValidationError(self.get_error_message(), code="password_too_common")


def _is_date(digits: str) -> bool:
    if not re.fullmatch(r"[0-9]{8}", digits):
        return False
    for each in DATES:
        with suppress(ValueError):
            if datetime.strptime(digits, each).year in YEARS:  # noqa: DTZ007  only whether it is one
                return True
    return False


def _letters_of(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text.casefold())
