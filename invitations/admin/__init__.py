"""Django admin: see every call with all that happened in it, end calls, stop rings, manage people, devices and rings.

Calls change through the verbs only, with the admin as the actor; here they are read-only."""

from invitations.admin import calls, devices, people, resources

__all__ = ["calls", "devices", "people", "resources"]
