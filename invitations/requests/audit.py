"""What operators need when they ask who got in, who was kept out, and who changed what: one line each, in a log of its
own. Names an account by its key, a token by the id of its device, and a client by its address: never a password, a
token or what people say."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import quote

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from knox.models import get_token_model

from invitations.credentials import second_factors
from invitations.credentials.taking_back import everything_ended
from invitations.models import UserKey
from invitations.push import devices
from invitations.requests.clients import address_of, service_of

logger = logging.getLogger("invitations.audit")
_UID = "invitations.audit"


def listen() -> None:
    """Take notice from now on. Signals see every door, those of a project that the app is installed in too."""
    user_logged_in.connect(_signed_in, dispatch_uid=_UID)
    user_logged_out.connect(_signed_out, dispatch_uid=_UID)
    user_login_failed.connect(_sign_in_failed, dispatch_uid=_UID)
    post_save.connect(_token_made, sender=get_token_model(), dispatch_uid=_UID)
    post_delete.connect(_token_ended, sender=get_token_model(), dispatch_uid=_UID)
    everything_ended.connect(_everything_ended, dispatch_uid=_UID)
    if second_factors.installed():
        _listen_to_second_factors()


def _listen_to_second_factors() -> None:
    from allauth.mfa import signals

    acts = {
        "added": signals.authenticator_added,
        "removed": signals.authenticator_removed,
        "renewed": signals.authenticator_reset,
        "used": signals.authenticator_used,
    }
    for act, signal in acts.items():
        # A signal keeps no listener alive that nobody else does.
        signal.connect(partial(_second_factor, act), weak=False, dispatch_uid=_UID)
    signals.authentication_failed.connect(_second_factor_failed, dispatch_uid=_UID)


def refused(request: HttpRequest, why: str, *, user_id: UserKey | None = None) -> None:
    """Somebody was kept out.

    Args:
        request: for the client's address and for what it wanted.
        why: a code.
        user_id: the key of the account that asked, if it is known.
    """
    logger.warning("refused %s", _facts(why=why, user=user_id, **_asked(request)))


def shut_out(request: HttpRequest, seconds: int) -> None:
    """Somebody who was kept out goes on, and will be answered without a further line until the time is over.

    Args:
        request: for the client's address and for what it wanted.
        seconds: for how long.
    """
    logger.warning("shut-out %s", _facts(seconds=seconds, **_asked(request)))


def acted(
    request: HttpRequest, act: str, *, user_id: UserKey, device: str | None = None, provider: str | None = None
) -> None:
    """Somebody handed out or took back what proves who they are.

    Args:
        request: for the client's address and for what it wanted.
        act: what was done, in one word with dashes.
        user_id: the key of the account.
        device: the id of the device concerned, if it is about one.
        provider: the id of the identity provider, if it is about one.
    """
    logger.info("%s %s", act, _facts(user=user_id, device=device, provider=provider, **_asked(request)))


def settled(
    request: HttpRequest | None,
    act: str,
    *,
    user_id: UserKey,
    other_id: UserKey | None = None,
    what: Iterable[str] = (),
    address: str = "",
) -> None:
    """Somebody settled whom they let in, whom they block, or when they are rung.

    Args:
        request: for the client's address and for what it wanted; None for a verb, which comes by a socket, too.
        act: what was done, in one word with dashes.
        user_id: the key of the account.
        other_id: the key of the account that it is about, if it is about one.
        what: the names of the settings that were changed; never their values.
        address: the client's, without a request; empty if it is not known.
    """
    changed = ",".join(sorted(what)) or None
    asked = {"address": address or None} if request is None else _asked(request)
    logger.info("%s %s", act, _facts(user=user_id, other=other_id, what=changed, **asked))


def admin_acted(user_id: UserKey, act: str, subject: str, key: Any) -> None:
    """An admin added, changed or deleted something.

    Args:
        user_id: the admin's key.
        act: `added`, `changed` or `deleted`.
        subject: what kind of row, such as `invitations.user`.
        key: the row's key.
    """
    logger.info("admin %s", _facts(act=act, user=user_id, subject=subject, key=key))


def account_deleted(request: HttpRequest, user_id: UserKey) -> None:
    """An account was deleted, by its owner or an admin, and with it all that signs in to it.

    Args:
        request: for the client's address.
        user_id: the account's key.
    """
    logger.info("account-deleted %s", _facts(user=user_id, by=_another(request, user_id), **_asked(request)))


def data_exported(request: HttpRequest, user_id: UserKey) -> None:
    """A copy of what is known of a person is given out, to themselves or to an admin.

    Args:
        request: for the client's address.
        user_id: whose it is.
    """
    logger.info("data-exported %s", _facts(user=user_id, by=_another(request, user_id), **_asked(request)))


def service_acted(
    request: HttpRequest | None, act: str, *, service: str, token: str | None = None, user_id: UserKey | None = None
) -> None:
    """A service got a token, or lost one.

    Args:
        request: of the admin who did it; None for a command.
        act: what was done, in one word with dashes.
        service: the service's name.
        token: how the token begins.
        user_id: the admin's key.
    """
    logger.info("%s %s", act, _facts(of=service, token=token, user=user_id, **_asked(request)))


def service_asked(request: Any) -> None:
    """A service did something by REST, for itself or for the user whose request it is now. Says nothing of others'
    requests.

    Args:
        request: REST's, which was granted.
    """
    if service_of(request) is not None:
        logger.info("service-acted %s", _facts(method=request.method, user=request.user.pk, **_asked(request._request)))


def service_performed(verb: str, *, service: str, user_id: UserKey, address: str) -> None:
    """A service did something over a live socket, which it opened for a user.

    Args:
        verb: what it did.
        service: its name.
        user_id: the user's key.
        address: the client's; empty if it is not known.
    """
    logger.info("service-acted %s", _facts(verb=verb, user=user_id, service=service, address=address or None))


def looked_at_rules(request: HttpRequest, caller_id: UserKey, invitee_id: UserKey) -> None:
    """An admin or a service looked at what would become of a call.

    Args:
        request: for the admin or the service, and the client's address.
        caller_id: the key of who would call.
        invitee_id: of whom they would call.
    """
    logger.info(
        "rules-previewed %s", _facts(user=request.user.pk, caller=caller_id, invitee=invitee_id, **_asked(request))
    )


def _signed_in(*, request: HttpRequest | None, user: Any, **_: object) -> None:
    logger.info("signed-in %s", _facts(user=user.pk, **_asked(request)))


def _signed_out(*, request: HttpRequest | None, user: Any, **_: object) -> None:
    if user is not None:
        logger.info("signed-out %s", _facts(user=user.pk, **_asked(request)))


def _sign_in_failed(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    """Names the account if there is one. What was entered may be a password in the wrong place."""
    users = get_user_model()
    name = credentials.get(users.USERNAME_FIELD) or credentials.get("username")
    try:
        user_id = None if name is None else users._default_manager.get_by_natural_key(name).pk
    except users.DoesNotExist:
        user_id = None
    logger.warning("sign-in-failed %s", _facts(user=user_id, **_asked(request)))


def _token_made(*, instance: Any, created: bool, **_: object) -> None:
    if created:
        logger.info("token-made %s", _facts(user=instance.user_id, device=_device_of(instance)))


def _token_ended(*, instance: Any, **_: object) -> None:
    logger.info("token-ended %s", _facts(user=instance.user_id, device=_device_of(instance)))


def _everything_ended(*, user_id: UserKey, **_: object) -> None:
    logger.info("everything-ended %s", _facts(user=user_id))


def _second_factor(act: str, *, request: HttpRequest | None, user: Any, authenticator: Any, **_: object) -> None:
    kind = authenticator.type
    logger.info("second-factor-%s %s", act, _facts(user=user.pk, kind=kind, **_asked(request)))


def _second_factor_failed(*, request: HttpRequest, user: Any, **_: object) -> None:
    logger.warning("second-factor-failed %s", _facts(user=user.pk, **_asked(request)))


def _device_of(token: Any) -> str:
    return devices.credential_of(token_digest=token.digest)


def _another(request: HttpRequest, user_id: UserKey) -> UserKey | None:
    """The key of whoever asks, if that is not the person whom it is about."""
    return None if request.user.pk == user_id else request.user.pk


def _asked(request: HttpRequest | None) -> dict[str, Any]:
    if request is None:
        return {}
    service = service_of(request)
    named = {} if service is None else {"service": service.name}
    return {**named, "address": address_of(request), "path": request.path}


def _facts(**facts: Any) -> str:
    """`name=value` for what is known, with no space or line break in a value: each line stays one line."""
    return " ".join(f"{name}={quote(str(value), safe='/:.~@+')}" for name, value in facts.items() if value is not None)
