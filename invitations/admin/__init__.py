"""Django admin: see every call and all that happened in it, end calls, stop rings, manage people, devices and rings.

Calls are read-only here and change only through the verbs, with the admin as the actor."""

from invitations.admin import (
    calls,
    contacts,
    devices,
    hooks,
    people,
    resources,
    second_factors,
    services,
    signing_in,
    staff_steps,
)

__all__ = [
    "calls",
    "contacts",
    "devices",
    "hooks",
    "people",
    "resources",
    "second_factors",
    "services",
    "signing_in",
    "staff_steps",
]
