"""How a project's settings name its identity providers. Imported by settings, so it must import nothing of Django."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CLASS = "invitations.accounts.providers.Provider"
SCOPES = ("openid", "profile", "email")


def provider(
    name: str,
    issuer: str,
    client_id: str,
    secret: str = "",
    *,
    id: str = "company",
    scopes: Iterable[str] = SCOPES,
    username_claim: str = "preferred_username",
    name_claim: str = "name",
    email_claim: str = "email",
    email_domains: Iterable[str] = (),
    active_claim: str = "",
    signup: bool = True,
    link_by_email: bool = True,
) -> dict[str, Any]:
    """An OpenID provider.

    Args:
        name: what its button says, 1 to 40 characters.
        issuer: its address, below which `/.well-known/openid-configuration` lies.
        client_id: what it calls us.
        secret: the client's secret; empty for a public client.
        id: its name in our addresses. Never change it: accounts are linked by it.
        scopes: what it is asked for.
        username_claim: the claim that suggests a username.
        name_claim: the claim with the name that others see at first.
        email_claim: the claim with the email address.
        email_domains: domains whose addresses are theirs even if it does not say `email_verified`.
        active_claim: the claim without which nobody may come in: `active`, or `groups=calls`.
        signup: whether people who have no account get one.
        link_by_email: whether it opens an account that has the same confirmed email address. Only for a provider
            that hands out no address which is not its owner's.
    """
    return {
        "provider_id": id,
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {
            "server_url": issuer,
            "scope": list(scopes),
            "username_claim": username_claim,
            "name_claim": name_claim,
            "email_claim": email_claim,
            "verified_email": list(email_domains),
            "active_claim": active_claim,
            "signup": signup,
            "email_authentication": link_by_email,
        },
    }


def providers(*each: dict[str, Any]) -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS for these providers."""
    return {"openid_connect": {"provider_class": CLASS, "APPS": list(each)}}
