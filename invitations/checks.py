"""System checks: every misconfiguration that can be detected before the first call, each with an id.

`serve` and `dispatch` run these (the tag `callinvite`) and refuse to start on an error. A warning is printed once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from invitations import ice, other_origins, secret_files
from invitations.conf import WORDS, Limits, limits
from invitations.installation import TAG
from invitations.transports import targets, vapid

OWN_LAYERS = {"invitations.live.layers.EmbeddedChannelLayer", "channels.layers.InMemoryChannelLayer"}
"""Channel layers that never reach another process."""
OWN_CACHES = {"django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache"}
OWN_PROVIDER = "invitations.accounts.providers.Provider"
FORGETFUL_LAYER = "channels_redis.core.RedisChannelLayer"
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "::1", "testserver"}
HIGHEST = {
    "custom_data_bytes": 4096,
    "notification_title_chars": 128,
    "notification_message_chars": 512,
    "call_id_chars": 128,
    "timeout_seconds_max": 600,
}
"""The bounds that the database's columns and constraints set."""
LEAST_CONNECTIONS = 8
"""Of a pool for web and dispatcher together: each loop of the dispatcher holds one while it works, five in all."""
_is_origin = re.compile(
    r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?!0)[0-9]{1,5})?"
    r"|(?!https?:)[a-z][a-z0-9+.-]*://[^/?#@*\sA-Z]*|null"
).fullmatch
"""The `Origin` of a page (RFC 6454 section 6.2), those of app shells among them, as browsers write it, because it is
compared as it stands: in small letters, and without the scheme's own port."""
_has_own_port = re.compile(r"http://.*:80|https://.*:443").fullmatch
MAY_BE_ZERO = {
    "contacts_per_user",
    "blocks_per_user",
    "asks_per_day",
    "asks_per_pair_day",
    "requests_per_user",
    "sends_per_minute",
    "rings_per_pair_minute",
    "rings_per_pair_ten_minutes",
    "rings_in_a_row",
    "logins_per_minute",
    "media_seconds",
    "test_rings_per_minute",
    "searches_per_minute",
    "service_requests_per_minute",
    "request_bytes",
    "request_seconds",
    "connections_per_address",
    "token_overlap_seconds",
    "tokens_per_user",
    "sessions_per_user",
    "wrong_pairing_codes_per_minute",
    "devices_per_user",
    "addresses_per_user",
    "pushes_per_minute",
    "keep_calls_days",
    "keep_deliveries_days",
    "sockets_per_user",
    "sockets_per_device",
}


@register(TAG)
def check_live(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether frames that one process publishes reach the sockets of the others."""
    backend = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {}).get("BACKEND")
    if backend is None:
        hint = "Set CHANNEL_LAYERS; invitations.live.layers.EmbeddedChannelLayer does for one process."
        return [Error("There is no channel layer: nobody would be told live.", hint=hint, id="callinvite.E001")]
    if _processes() > 1 and backend in OWN_LAYERS:
        return [
            Error(
                f"{_processes()} processes share this instance, but the channel layer is each process's own: "
                "rings would not reach sockets of another process.",
                hint="Set REDIS_URL, or CALLINVITE_PROCESSES=1.",
                id="callinvite.E002",
            )
        ]
    if backend == FORGETFUL_LAYER:
        return [
            Warning(
                "This channel layer forgets its groups when Redis restarts, and drops rings in a burst.",
                hint="Use invitations.live.shared_layer.SharedChannelLayer.",
                id="callinvite.W001",
            )
        ]
    return []


@register(TAG, Tags.caches)
def check_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether all processes share presence, tickets and throttles."""
    backend = settings.CACHES.get("default", {}).get("BACKEND", "")
    if backend.endswith(".DummyCache"):
        message = "The cache keeps nothing: tickets, presence and throttles would not work."
        return [Error(message, hint="Use LocMemCache for one process, Redis for several.", id="callinvite.E003")]
    if _processes() > 1 and backend in OWN_CACHES:
        return [
            Error(
                f"{_processes()} processes share this instance, but the cache is each process's own: "
                "tickets, presence and throttles would be wrong.",
                hint="Set REDIS_URL, or CALLINVITE_PROCESSES=1.",
                id="callinvite.E004",
            )
        ]
    return []


@register(TAG)
def check_database(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the database is set up so that verbs exclude each other and connections do not leak.

    Looks only at the settings. Not tagged as a database check, because Django skips those by default.
    """
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    if database["ENGINE"].endswith("sqlite3"):
        return list(_check_sqlite(options))
    if database["ENGINE"].endswith("postgresql"):
        return list(_check_postgresql(database, options))
    message = f"Callinvite is made for PostgreSQL and SQLite, not for {database['ENGINE']}."
    return [Error(message, id="callinvite.E005")]


@register(TAG)
def check_tunables(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether every tunable is known and within its bounds."""
    try:
        terms = limits()
    except (ImproperlyConfigured, TypeError) as error:
        return [Error(str(error), id="callinvite.E008")]
    wrong = list(_out_of_bounds(terms)) or list(_contradictions(terms))
    found: list[CheckMessage] = [Error(each, id="callinvite.E009") for each in wrong]
    for name, words in WORDS.items():
        value = getattr(terms, name)
        if value not in words:
            message = f"{name} is {value!r}: none of {', '.join(f'`{each}`' for each in words)}."
            found.append(Error(message, id="callinvite.E010"))
    return found


@register(TAG)
def check_origins(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Pages of other origins reach REST with tokens, and never with cookies."""
    if not _chosen("origins"):
        return []
    if other_origins.MIDDLEWARE not in settings.MIDDLEWARE:
        message = "The pages of `origins` may open the live socket, but browsers keep REST from them."
        hint = f"Put {other_origins.MIDDLEWARE} first into MIDDLEWARE. See docs/embedding.md."
        return [Warning(message, hint=hint, id="callinvite.W013")]
    if getattr(settings, "CORS_ALLOW_CREDENTIALS", False):
        message = "CORS_ALLOW_CREDENTIALS is set: pages of other origins would act with the cookies of people."
        hint = "Take the settings of invitations.other_origins.settings_for. See docs/embedding.md."
        return [Error(message, hint=hint, id="callinvite.E018")]
    return []


@register(TAG)
def check_sign_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether every identity provider in the settings can be asked safely, and people can get in at all."""
    asked = [
        each
        for each in getattr(settings, "SOCIALACCOUNT_PROVIDERS", {}).get("openid_connect", {}).get("APPS", [])
        if apps.is_installed("allauth.socialaccount.providers.openid_connect")
    ]
    found: list[CheckMessage] = []
    for each in asked:
        if not _is_safe_issuer(each.get("settings", {}).get("server_url", "")) or not each.get("client_id"):
            found.append(
                Error(
                    f"The identity provider {each.get('name')!r} lacks an issuer by https, or a client's id.",
                    hint="Set CALLINVITE_OIDC_ISSUER and CALLINVITE_OIDC_CLIENT_ID. See docs/accounts.md.",
                    id="callinvite.E013",
                )
            )
    if asked and settings.SOCIALACCOUNT_PROVIDERS["openid_connect"].get("provider_class") != OWN_PROVIDER:
        found.append(
            Error(
                "Identity providers are asked without our checks of what they answer.",
                hint="Put SOCIALACCOUNT_PROVIDERS together by invitations.accounts.configuring.providers.",
                id="callinvite.E016",
            )
        )
    if getattr(settings, "CALLINVITE", {}).get("passwords") == "off" and not asked:
        message = "Passwords are off, and there is no identity provider: nobody could sign in."
        hint = "Set CALLINVITE_OIDC_ISSUER, or CALLINVITE_PASSWORDS=on."
        found.append(Error(message, hint=hint, id="callinvite.E015"))
    return found


@register(TAG)
def check_ice_servers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether every STUN and TURN server in the settings can be offered to a page."""
    hint = "Calls go on without it, as far as the others reach. See docs/settings.md for the forms."
    return [Warning(each, hint=hint, id="callinvite.W006") for each in ice.configured().problems]


@register(TAG)
def check_vapid_keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether every process can sign messages to push services, all with the same key."""
    keys = vapid.keys_in_force()
    if keys.problems:
        return [Error(each, hint="See docs/push.md.", id="callinvite.E011") for each in keys.problems]
    if not keys.pairs and not vapid.has_file():
        message = "There is no VAPID key and no file to keep one in: devices cannot be rung by push."
        hint = f"Set CALLINVITE_VAPID_KEY_FILE to a file of this server's own, or {vapid.ENVIRONMENT}."
        return [Warning(message, hint=hint, id="callinvite.W011")]
    if not keys.pairs and _is_public():
        message = "There is no VAPID key: devices cannot be rung by push."
        return [
            Warning(message, hint="Run `manage.py make_vapid_keys --write`. See docs/push.md.", id="callinvite.W007")
        ]
    if keys.pairs and not keys.is_shared and _processes() > 1:
        message = f"{_processes()} processes share this instance, but the VAPID key is in a file in the data directory."
        hint = f"Set {vapid.ENVIRONMENT} for each of them, or give each machine the same file."
        return [Warning(message, hint=hint, id="callinvite.W009")]
    return []


@register(TAG)
def check_vapid_subject(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether push services accept the operator's contact."""
    problem = vapid.subject_problem(vapid.subject())
    if problem is None or not _is_public():
        return []
    message = f"CALLINVITE_VAPID_SUBJECT would be refused by push services: {problem}."
    return [Warning(message, hint="Name a mailto: or https: address of yours.", id="callinvite.W008")]


@register(TAG)
def check_push_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether every push service in the settings makes sense, and is safe enough for a public instance."""
    allowed = targets.configured()
    hint = "See docs/settings.md for the forms."
    found: list[CheckMessage] = [Error(each, hint=hint, id="callinvite.E012") for each in allowed.problems]
    if settings.DEBUG or not _is_public():
        return found
    return found + [
        Warning(
            f"CALLINVITE_PUSH_HOSTS allows {origin}: strangers can have requests sent there.",
            hint="Name a push service by https and a public name, or leave it out.",
            id="callinvite.W010",
        )
        for origin in sorted(allowed.origins)
        if targets.is_risky(origin)
    ]


@register(TAG)
def check_environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether every name in the environment that starts like ours is read."""
    known = getattr(settings, "CALLINVITE_ENVIRONMENT", None)
    if known is None:
        return []
    return [
        Warning(
            f"The environment names {name}, which nothing reads.",
            hint=f"Known are: {', '.join(sorted(known))}.",
            id="callinvite.W004",
        )
        for name in sorted(os.environ)
        if name.startswith("CALLINVITE_") and name not in known
    ]


@register(TAG, Tags.security)
def check_debug(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether an instance in debug mode can be reached by others."""
    public = _public_hosts()
    if not settings.DEBUG or not public:
        return []
    message = f"DEBUG is on while {', '.join(sorted(public))} may be asked for: strangers would see tracebacks."
    return [Warning(message, hint="Set DEBUG=false.", id="callinvite.W005")]


@register(TAG, Tags.security)
def check_data_directory(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether others on this machine may look into the folder of the database and the secrets."""
    folder = getattr(settings, "DATA_DIR", None)
    if folder is None or not secret_files.is_open(folder):
        return []
    return [
        Warning(
            f"Others on this machine may look into the data directory {folder}.",
            hint="Close it (chmod 700), or set CALLINVITE_DATA_DIR to a folder for Callinvite alone.",
            id="callinvite.W012",
        )
    ]


def _chosen(name: str) -> Any:
    """A tunable as the settings have it, whatever else is wrong with them."""
    chosen = getattr(settings, "CALLINVITE", None)
    return chosen.get(name) if isinstance(chosen, dict) else None


def _public_hosts() -> set[str]:
    return set(settings.ALLOWED_HOSTS) - LOCAL_HOSTS


def _is_public() -> bool:
    """Whether people elsewhere than at this machine may use the instance."""
    return bool(_public_hosts()) or bool(getattr(settings, "HTTPS", False))


def _processes() -> int:
    return int(getattr(settings, "CALLINVITE_PROCESSES", 1))


def _check_sqlite(options: dict[str, Any]) -> Iterator[CheckMessage]:
    if str(options.get("transaction_mode", "")).upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        yield Error(
            "SQLite begins transactions without the write lock: verbs would fail as `database is locked`.",
            hint="Set OPTIONS['transaction_mode'] = 'IMMEDIATE'.",
            id="callinvite.E006",
        )
    if "journal_mode=wal" not in str(options.get("init_command", "")).lower().replace(" ", ""):
        yield Warning(
            "SQLite may not be in WAL mode: readers would wait for each verb.",
            hint="Set OPTIONS['init_command'] = 'PRAGMA journal_mode=WAL;'.",
            id="callinvite.W002",
        )


def _check_postgresql(database: dict[str, Any], options: dict[str, Any]) -> Iterator[CheckMessage]:
    if database.get("CONN_MAX_AGE", 0) != 0:
        yield Error(
            "CONN_MAX_AGE is set for PostgreSQL: under an ASGI server such connections leak.",
            hint="Set CONN_MAX_AGE = 0 and OPTIONS['pool'].",
            id="callinvite.E007",
        )
    elif not options.get("pool"):
        yield Warning(
            "There is no connection pool for PostgreSQL: each verb would connect anew.",
            hint="Set OPTIONS['pool'], with psycopg[pool] installed.",
            id="callinvite.W003",
        )
    elif (most := _most_of(options["pool"])) < LEAST_CONNECTIONS:
        yield Error(
            f"The pool of PostgreSQL has {most} connections: the dispatcher can hold all, and requests would wait.",
            hint=f"Set OPTIONS['pool'] = {{'min_size': 1, 'max_size': 16}}; at least {LEAST_CONNECTIONS}.",
            id="callinvite.E028",
        )


def _most_of(pool: Any) -> int:
    """How many connections it gives out at once: psycopg's default is four, and `max_size` is by default the least."""
    given = pool if isinstance(pool, dict) else {}
    return int(given.get("max_size") or given.get("min_size", 4))


def _out_of_bounds(terms: Limits) -> Iterator[str]:
    """What is out of bounds, in words. The dispatcher relies on every deadline being at least a second ahead."""
    for name in Limits.__slots__:
        value = getattr(terms, name)
        if isinstance(value, bool) or not isinstance(value, int):
            if name not in (
                *WORDS,
                "admin_mfa",
                "repeat_after_seconds",
                "reserved_names",
                "sender_titles",
                "trusted_proxies",
                "hook_networks",
                "origins",
            ):
                yield f"{name} must be a whole number, not {value!r}."
            continue
        lowest = 0 if name in MAY_BE_ZERO else 1
        if not lowest <= value <= HIGHEST.get(name, value):
            highest = f" to {HIGHEST[name]}" if name in HIGHEST else " or more"
            yield f"{name} must be {lowest}{highest}, not {value}."
    for name in ("trusted_proxies", "hook_networks"):
        if not all(_is_network(each) for each in getattr(terms, name)):
            yield f"{name} must be IP addresses and networks, not {getattr(terms, name)!r}."
    for origin in terms.origins:
        if not isinstance(origin, str) or not _is_origin(origin) or _has_own_port(origin):
            yield f"origins must be such as https://app.example.org, capacitor://localhost or null, not {origin!r}."
    repeats = terms.repeat_after_seconds
    if not all(isinstance(each, int) and each >= 1 for each in repeats) or list(repeats) != sorted(set(repeats)):
        yield f"repeat_after_seconds must be whole seconds from 1 on, ascending, not {repeats!r}."


def _is_network(value: Any) -> bool:
    try:
        ip_network(value)
    except ValueError:
        return False
    return isinstance(value, str)


def _is_safe_issuer(address: str) -> bool:
    """By https, or on this machine, as for trying it out."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL_HOSTS))


def _contradictions(terms: Limits) -> Iterator[str]:
    in_order = (
        ("timeout_seconds_default", "timeout_seconds_max"),
        ("page_size", "page_size_max"),
        ("invitees_per_request", "people_per_call"),
        ("sync_open_seconds", "lease_ringing_seconds"),
        ("sync_open_seconds", "lease_active_seconds"),
        ("sync_idle_seconds", "online_seconds"),
        ("token_seconds", "token_seconds_max"),
    )
    for less, more in in_order:
        if getattr(terms, less) > getattr(terms, more):
            yield f"{less} must not be more than {more}."
