"""System checks of the ways to phones: Apple's and Google's push services, and transports that others add."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from invitations.checks import TAG
from invitations.transports import apns_keys, fcm_keys, registry

HINT = "See docs/settings.md."


@register(TAG)
def check_apns(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the key for Apple's push service can sign, if there is one."""
    return [Error(each, hint=HINT, id="callinvite.E021") for each in apns_keys.problems()]


@register(TAG)
def check_fcm(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the account at Firebase can sign, if there is one."""
    return [Error(each, hint=HINT, id="callinvite.E022") for each in fcm_keys.problems()]


@register(TAG)
def check_transports(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the transports that other programs add can be used."""
    return [Error(each, hint="See docs/push.md.", id="callinvite.E023") for each in registry.found().problems]
