"""How this server identifies itself to push services (RFC 8292): its keys, and the tokens signed with them."""

from invitations.transports.vapid.keys import (
    ENVIRONMENT,
    current_public_key,
    ensure,
    generate,
    has_file,
    is_known,
    keep,
    key_file,
    keys_in_force,
    of_environment,
    public_half,
    rotate,
)
from invitations.transports.vapid.tokens import KeyUnknown, authorization, subject, subject_problem

__all__ = [
    "ENVIRONMENT",
    "KeyUnknown",
    "authorization",
    "current_public_key",
    "ensure",
    "generate",
    "has_file",
    "is_known",
    "keep",
    "key_file",
    "keys_in_force",
    "of_environment",
    "public_half",
    "rotate",
    "subject",
    "subject_problem",
]
