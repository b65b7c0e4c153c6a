"""How Callinvite is deployed: one settings module, controlled by the environment alone.

Works with nothing set (SQLite in the data directory, in-memory layers). Secrets come from the environment, or are
generated once and kept in the data directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.conf import global_settings
from django.core.management.utils import get_random_secret_key

from callinvite.environment import Environment
from invitations import other_origins, secret_files
from invitations.accounts import configuring
from invitations.accounts.defaults import *  # noqa: F403
from invitations.conf import DIRECTORY, RESERVED_NAMES, RING_HOOK_FAILS, RINGS_FROM, SIGNUP

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

DATA_DIR = env.path("CALLINVITE_DATA_DIR", default=BASE_DIR / "var")
secret_files.make_private(
    DATA_DIR,
    ours=(
        "callinvite.sqlite3",
        "secret-key",
        "vapid-private-key",
        "demo-password",
        ".",
        "uploads",
        "static",
        "lost+found",
    ),
)

# --- the instance -----------------------------------------------------------------------------------------------------
DEBUG = env.switch("DEBUG")
SECRET_KEY = env.text("SECRET_KEY") or secret_files.kept(DATA_DIR / "secret-key", get_random_secret_key)
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
"""Former keys, by which sessions and secrets that are stored can still be read."""
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
HTTPS = env.switch("HTTPS")
"""True behind a proxy that serves https: cookies become secure, HSTS is sent, X-Forwarded-Proto is trusted."""

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "csp",
    "rest_framework",
    "knox",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "drf_spectacular_sidecar",
    "invitations",
]
MIDDLEWARE = [
    other_origins.MIDDLEWARE,
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "invitations.pages.middleware.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "invitations.pages.middleware.CarriedOverMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "invitations.requests.used_sessions.UsedSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "callinvite.urls"
ASGI_APPLICATION = "callinvite.asgi.application"
WSGI_APPLICATION = "callinvite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- storage ----------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", default=DATA_DIR / "callinvite.sqlite3")}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock before the first read, and FULL makes a commit survive a power cut. The connection
    # stays open, because closing the last one would checkpoint and delete the WAL after each request.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; "
        "PRAGMA wal_autocheckpoint=4000;",
    }
    _database["CONN_MAX_AGE"] = None
if _database["ENGINE"].endswith("postgresql"):
    _database["ENGINE"] = "callinvite.postgresql"
    # Under ASGI a persistent connection per thread leaks. psycopg's pool does not. When the database goes away, the
    # first requests are refused after the timeout and the others at once. The pool gives up after a second and starts
    # anew: by its default it would try at ever longer intervals, and find the database long after it is back.
    _options = _database.setdefault("OPTIONS", {})
    _options["pool"] = {
        "min_size": 1,
        "max_size": env.number("CALLINVITE_DATABASE_POOL", default=16, lowest=8),
        "timeout": 1.5,
        "reconnect_timeout": 1.0,
    }
    # The same for a machine that vanished without a word: in seconds to connect, in milliseconds for what was sent.
    _options.setdefault("connect_timeout", 2)
    _options.setdefault("tcp_user_timeout", 1500)
    _database["CONN_MAX_AGE"] = 0
    _database["PREPARE"] = env.switch("CALLINVITE_DATABASE_PREPARE", default=True)
    # Our backend looks whether a connection lives, and spares the look at one that was just used.
    _database["CONN_HEALTH_CHECKS"] = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "invitations.live.shared_layer.SharedChannelLayer",
            "CONFIG": {"hosts": env.redis_servers("CALLINVITE_LIVE_REDIS_URLS") or [REDIS_URL]},
        }
    }
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "callinvite",
            # What others could write into Redis is data here. Django's own would run it.
            "OPTIONS": {"serializer": "callinvite.caching.JSONSerializer"},
            # That of entries which Django's own wrote was 1.
            "VERSION": 2,
        }
    }
if not REDIS_URL:
    CHANNEL_LAYERS = {"default": {"BACKEND": "invitations.live.layers.EmbeddedChannelLayer"}}
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 200_000},
        }
    }

# --- people and sessions ----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "invitations.User"
PASSWORD_HASHERS = ["callinvite.hashing.PatientPBKDF2PasswordHasher", *global_settings.PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "invitations.requests.passwords.UncommonPasswordValidator"},
    {"NAME": "invitations.requests.passwords.ServiceNameValidator"},
]
globals().update(env.mail("EMAIL_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL") or "webmaster@localhost"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "invitations.credentials.session_engine"
SESSION_EXPIRE_AT_BROWSER_CLOSE = not env.switch("CALLINVITE_KEEP_SIGNED_IN", default=True)
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "invitations.pages.views.csrf_failure"

# --- identity provider ------------------------------------------------------------------------------------------------
_issuer = env.text("CALLINVITE_OIDC_ISSUER")
if _issuer:
    SOCIALACCOUNT_PROVIDERS = configuring.providers(
        configuring.provider(
            env.text("CALLINVITE_OIDC_NAME", default=urlsplit(_issuer).hostname or _issuer)[:40],
            _issuer,
            env.text("CALLINVITE_OIDC_CLIENT_ID"),
            env.text("CALLINVITE_OIDC_CLIENT_SECRET"),
            scopes=env.text("CALLINVITE_OIDC_SCOPES", default=" ".join(configuring.SCOPES)).split(),
            username_claim=env.text("CALLINVITE_OIDC_USERNAME_CLAIM", default="preferred_username"),
            name_claim=env.text("CALLINVITE_OIDC_NAME_CLAIM", default="name"),
            email_claim=env.text("CALLINVITE_OIDC_EMAIL_CLAIM", default="email"),
            email_domains=env.items("CALLINVITE_OIDC_EMAIL_DOMAINS"),
            active_claim=env.text("CALLINVITE_OIDC_ACTIVE_CLAIM"),
            signup=env.switch("CALLINVITE_OIDC_SIGNUP", default=True),
            link_by_email=env.switch("CALLINVITE_OIDC_LINK_BY_EMAIL", default=True),
        )
    )

# --- safety -----------------------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    # Browsers take cookies of such names only from this host, by https: no other site of the domain can plant one.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_PRELOAD = HTTPS and env.switch("HSTS_PRELOAD")
# The list that browsers carry takes no domain without its subdomains.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and (SECURE_HSTS_PRELOAD or env.switch("HSTS_SUBDOMAINS"))
# Whether every other site of the domain speaks https is the operator's affair.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # The nonce stands only in pages that have the styles of their first sight in themselves.
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- calling ----------------------------------------------------------------------------------------------------------
_origins = env.items("CALLINVITE_ORIGINS")
CALLINVITE = {
    "sends_per_minute": env.number("CALLINVITE_SENDS_PER_MINUTE", default=30),
    "rings_per_pair_minute": env.number("CALLINVITE_RINGS_PER_PAIR_MINUTE", default=3),
    "rings_per_pair_ten_minutes": env.number("CALLINVITE_RINGS_PER_PAIR_TEN_MINUTES", default=10),
    "rings_from": env.choice("CALLINVITE_RINGS_FROM", RINGS_FROM, default="everyone"),
    "devices_per_user": env.number("CALLINVITE_DEVICES_PER_USER", default=30),
    "addresses_per_user": env.number("CALLINVITE_ADDRESSES_PER_USER", default=10),
    "pushes_per_minute": env.number("CALLINVITE_PUSHES_PER_MINUTE", default=60),
    "sockets_per_user": env.number("CALLINVITE_SOCKETS_PER_USER", default=20),
    "sockets_per_device": env.number("CALLINVITE_SOCKETS_PER_DEVICE", default=3),
    "connections_per_address": env.number("CALLINVITE_CONNECTIONS_PER_ADDRESS", default=100),
    "trusted_proxies": tuple(env.networks("CALLINVITE_TRUSTED_PROXIES")),
    "origins": tuple(_origins),
    "ring_hook_fails": env.choice("CALLINVITE_RING_HOOK_FAILS", RING_HOOK_FAILS, default="open"),
    "hook_networks": tuple(env.networks("CALLINVITE_HOOK_NETWORKS")),
    "logins_per_minute": env.number("CALLINVITE_LOGINS_PER_MINUTE", default=10),
    "signups_per_hour": env.number("CALLINVITE_SIGNUPS_PER_HOUR", default=20),
    "keep_calls_days": env.number("CALLINVITE_KEEP_CALLS_DAYS", default=0),
    "keep_deliveries_days": env.number("CALLINVITE_KEEP_DELIVERIES_DAYS", default=30),
    "session_seconds": env.number("CALLINVITE_SESSION_DAYS", default=90, lowest=1) * 24 * 3600,
    "session_idle_seconds": env.number("CALLINVITE_SESSION_IDLE_DAYS", default=30, lowest=1) * 24 * 3600,
    "session_short_seconds": env.number("CALLINVITE_SESSION_SHORT_HOURS", default=24, lowest=1) * 3600,
    "session_short_idle_seconds": env.number("CALLINVITE_SESSION_SHORT_IDLE_HOURS", default=12, lowest=1) * 3600,
    "admin_mfa": env.switch("CALLINVITE_ADMIN_MFA"),
    "signup": env.choice("CALLINVITE_SIGNUP", SIGNUP, default="closed"),
    "directory": env.choice("CALLINVITE_DIRECTORY", DIRECTORY, default="all"),
    "reserved_names": tuple(
        each for each in env.items("CALLINVITE_RESERVED_NAMES", default=RESERVED_NAMES) if each != "none"
    ),
    "sender_titles": env.switch("CALLINVITE_SENDER_TITLES", default=True),
    "passwords": env.choice("CALLINVITE_PASSWORDS", {"on", "off"}, default="on"),
    "rings_in_a_row": env.number("CALLINVITE_RINGS_IN_A_ROW", default=3),
}
globals().update(other_origins.settings_for(_origins))
CALLINVITE_ICE_SERVERS = env.text("CALLINVITE_ICE_SERVERS")
CALLINVITE_TURN_SECRET = env.text("CALLINVITE_TURN_SECRET")
CALLINVITE_PROCESSES = env.number("CALLINVITE_PROCESSES", default=1, lowest=1)
"""How many server processes share this instance; more than one need REDIS_URL (a system check says so)."""

# --- push -------------------------------------------------------------------------------------------------------------
CALLINVITE_PUSH_HOSTS = env.items("CALLINVITE_PUSH_HOSTS")
"""A host allows itself and its subdomains, by https on public addresses. A full origin allows exactly itself. Empty:
the known push services."""
CALLINVITE_VAPID_PRIVATE_KEY = env.text("CALLINVITE_VAPID_PRIVATE_KEY")
"""Comma-separated private keys in base64url: the current one, then former ones. Empty: those in the file."""
CALLINVITE_VAPID_KEY_FILE = DATA_DIR / "vapid-private-key"
_public_hosts = [each.lstrip(".") for each in ALLOWED_HOSTS if each not in ("localhost", "127.0.0.1", "[::1]", "*")]
CALLINVITE_VAPID_SUBJECT = env.text("CALLINVITE_VAPID_SUBJECT") or (
    f"https://{_public_hosts[0]}" if _public_hosts else ""
)
"""How the operators of a push service can reach the operator of this server."""
CALLINVITE_APNS_KEY_FILE = env.text("CALLINVITE_APNS_KEY_FILE")
"""The .p8 file of a key for APNs. Empty: iOS apps cannot register."""
CALLINVITE_APNS_KEY_ID = env.text("CALLINVITE_APNS_KEY_ID")
CALLINVITE_APNS_TEAM_ID = env.text("CALLINVITE_APNS_TEAM_ID")
CALLINVITE_APNS_TOPIC = env.text("CALLINVITE_APNS_TOPIC")
"""The app's bundle id."""
CALLINVITE_APNS_URL = env.text("CALLINVITE_APNS_URL")
"""The origin of APNs. Empty: the one for apps from the App Store."""
CALLINVITE_FCM_CREDENTIALS_FILE = env.text("CALLINVITE_FCM_CREDENTIALS_FILE")
"""The key file of a service account at Firebase. Empty: apps cannot register with FCM."""
CALLINVITE_FCM_URL = env.text("CALLINVITE_FCM_URL")
"""The origin of FCM. Empty: Google's."""
CALLINVITE_TRANSPORTS = env.items("CALLINVITE_TRANSPORTS")
"""Dotted paths of further transports."""

CALLINVITE_ENVIRONMENT = {
    "CALLINVITE_ADDRESSES_PER_USER",
    "CALLINVITE_ADMIN_MFA",
    "CALLINVITE_APNS_KEY_FILE",
    "CALLINVITE_APNS_KEY_ID",
    "CALLINVITE_APNS_TEAM_ID",
    "CALLINVITE_APNS_TOPIC",
    "CALLINVITE_APNS_URL",
    "CALLINVITE_CONNECTIONS_PER_ADDRESS",
    "CALLINVITE_DATABASE_POOL",
    "CALLINVITE_DATABASE_PREPARE",
    "CALLINVITE_DATA_DIR",
    "CALLINVITE_DEVICES_PER_USER",
    "CALLINVITE_DIRECTORY",
    "CALLINVITE_FCM_CREDENTIALS_FILE",
    "CALLINVITE_FCM_URL",
    "CALLINVITE_HOOK_NETWORKS",
    "CALLINVITE_ICE_SERVERS",
    "CALLINVITE_KEEP_CALLS_DAYS",
    "CALLINVITE_KEEP_DELIVERIES_DAYS",
    "CALLINVITE_KEEP_SIGNED_IN",
    "CALLINVITE_LIVE_REDIS_URLS",
    "CALLINVITE_LOGINS_PER_MINUTE",
    "CALLINVITE_OIDC_ACTIVE_CLAIM",
    "CALLINVITE_OIDC_CLIENT_ID",
    "CALLINVITE_OIDC_CLIENT_SECRET",
    "CALLINVITE_OIDC_EMAIL_CLAIM",
    "CALLINVITE_OIDC_EMAIL_DOMAINS",
    "CALLINVITE_OIDC_ISSUER",
    "CALLINVITE_OIDC_LINK_BY_EMAIL",
    "CALLINVITE_OIDC_NAME",
    "CALLINVITE_OIDC_NAME_CLAIM",
    "CALLINVITE_OIDC_SCOPES",
    "CALLINVITE_OIDC_SIGNUP",
    "CALLINVITE_OIDC_USERNAME_CLAIM",
    "CALLINVITE_ORIGINS",
    "CALLINVITE_PASSWORDS",
    "CALLINVITE_PROCESSES",
    "CALLINVITE_PUSHES_PER_MINUTE",
    "CALLINVITE_PUSH_HOSTS",
    "CALLINVITE_RESERVED_NAMES",
    "CALLINVITE_RINGS_FROM",
    "CALLINVITE_RING_HOOK_FAILS",
    "CALLINVITE_RINGS_IN_A_ROW",
    "CALLINVITE_RINGS_PER_PAIR_MINUTE",
    "CALLINVITE_RINGS_PER_PAIR_TEN_MINUTES",
    "CALLINVITE_SENDER_TITLES",
    "CALLINVITE_SENDS_PER_MINUTE",
    "CALLINVITE_SESSION_DAYS",
    "CALLINVITE_SESSION_IDLE_DAYS",
    "CALLINVITE_SESSION_SHORT_HOURS",
    "CALLINVITE_SESSION_SHORT_IDLE_HOURS",
    "CALLINVITE_SIGNUP",
    "CALLINVITE_SIGNUPS_PER_HOUR",
    "CALLINVITE_SOCKETS_PER_DEVICE",
    "CALLINVITE_SOCKETS_PER_USER",
    "CALLINVITE_STATIC_ROOT",
    "CALLINVITE_TRANSPORTS",
    "CALLINVITE_TRUSTED_PROXIES",
    "CALLINVITE_TURN_SECRET",
    "CALLINVITE_VAPID_PRIVATE_KEY",
    "CALLINVITE_VAPID_SUBJECT",
}
"""The names that are read here. A system check warns of any other that starts like ours."""

# --- pages ------------------------------------------------------------------------------------------------------------
# Only the languages in which the app has sentences: in others, Django's own would be mixed with English ones.
_locale = BASE_DIR / "invitations" / "locale"
LANGUAGES = [(each.name.replace("_", "-").lower(), each.name) for each in sorted(_locale.iterdir()) if each.is_dir()]
LANGUAGE_CODE = "en"
"""Used for requests that accept none of these languages, and for devices that never stated theirs."""
FORMAT_MODULE_PATH = "invitations.words.formats"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS: list[str | Path] = [BASE_DIR / "static"]
STATIC_ROOT = env.path("CALLINVITE_STATIC_ROOT", default=DATA_DIR / "static")
# WhiteNoise warns about a missing directory at every start.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Hashed names once `collectstatic` has run; until then, files are served straight from the source tree.
_collected = (STATIC_ROOT / "staticfiles.json").exists()
_static_storage = (
    "callinvite.static.HashedModulesStorage"
    if _collected or "collectstatic" in sys.argv
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}
WHITENOISE_USE_FINDERS = not _collected
# `manage.py serve` makes its own bundle of the pages' files as it starts. Not while somebody works on them.
CALLINVITE_BUNDLE_ROOT = DATA_DIR / "bundle" if "serve" in sys.argv and not _collected and not DEBUG else None
if CALLINVITE_BUNDLE_ROOT:
    CALLINVITE_BUNDLE_ROOT.mkdir(exist_ok=True)
    STATICFILES_DIRS.append(CALLINVITE_BUNDLE_ROOT)
WHITENOISE_AUTOREFRESH = False
MEDIA_ROOT = DATA_DIR / "uploads"
MEDIA_URL = "/uploads/"

_log_level = env.choice("LOG_LEVEL", {"", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}, default="")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "invitations.request_ids.NameRequests"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}{request}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]}},
    "root": {"handlers": ["console"], "level": _log_level or "WARNING"},
    "loggers": {
        "invitations": {"level": _log_level or "INFO"},
        # Daphne logs each request and each socket; the proxy in front does that better.
        "django.channels.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
    },
}
