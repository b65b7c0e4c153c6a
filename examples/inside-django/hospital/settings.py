"""Settings as a project may have them that knows nothing of Callinvite, but for the part at the end."""

import os
from pathlib import Path
from urllib.parse import urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("HOSPITAL_DATA_DIR", BASE_DIR / "var"))
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
SECRET_KEY = os.environ.get("SECRET_KEY", "of-an-example-that-nobody-serves-to-others-0123456789")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "people",
]
MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "hospital.urls"
ASGI_APPLICATION = "hospital.asgi.application"
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
AUTH_USER_MODEL = "people.Person"
USE_TZ = True
TIME_ZONE = "Europe/Zurich"
STATIC_URL = "assets/"
WHITENOISE_USE_FINDERS = True
LOGGING = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "1/day"},
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "ALLOWED_VERSIONS": ["7.0"],
    "DEFAULT_VERSION": "7.0",
    "EXCEPTION_HANDLER": "hospital.urls.on_failure",
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Token"}

_database = urlsplit(os.environ.get("DATABASE_URL", ""))
if _database.scheme:
    DATABASES: dict[str, dict[str, object]] = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.path.removeprefix("/"),
            "HOST": _database.hostname,
            "PORT": _database.port,
            "USER": _database.username,
            "PASSWORD": _database.password,
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 16}},
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "hospital.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"},
        }
    }

# --- Callinvite -------------------------------------------------------------------------------------------------------
# All that docs/installing.md asks for. People sign in by email address here, because a person has no other name.
from invitations.accounts.defaults import *  # noqa: E402, F403

INSTALLED_APPS += ["invitations", "knox", "allauth", "allauth.account", "allauth.mfa", "allauth.usersessions"]
MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
CHANNEL_LAYERS = {"default": {"BACKEND": "invitations.live.layers.EmbeddedChannelLayer"}}
CALLINVITE_VAPID_KEY_FILE = DATA_DIR / "vapid-private-key"
if "HOSPITAL_PUSH_HOST" in os.environ:
    CALLINVITE_PUSH_HOSTS = [os.environ["HOSPITAL_PUSH_HOST"]]
CALLINVITE = {"logins_per_minute": int(os.environ.get("HOSPITAL_LOGINS_PER_MINUTE", "10"))}
