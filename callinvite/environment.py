"""Settings as the environment gives them: exactly what stands there, or a refusal that says what may stand there.

An empty value is no value, because container files set names to nothing. A refusal never repeats a value: it may hold a
password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset(environ.Env.BOOLEAN_TRUE_STRINGS)
_REDIS = "redis://:password@host:port/0, rediss://… or unix://…"
_CONSOLE = "consolemail"
MAIL_SCHEMES = {"smtp": 25, "smtp+tls": 587, "smtps": 465, _CONSOLE: 0}
"""How a mail server is spoken to, and at which port by default: plainly, from STARTTLS on, or by TLS (RFC 8314)."""
MAIL_SECONDS = 10
"""How long a mail server may take to answer."""
FALSE = frozenset({"false", "off", "no", "n", "0"})


class BadSetting(ImproperlyConfigured):
    """A setting in the environment makes no sense; the text is a sentence for operators."""


class Environment:
    """Reads settings. All methods take the variable's name and what holds if it is empty or missing.

    Args:
        values: the variables, usually `os.environ`.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """The value as it stands, whatever it begins with."""
        return self._values.get(name, "") or default

    def choice(self, name: str, allowed: Iterable[str], default: str) -> str:
        """One of a few words.

        Raises:
            BadSetting: it is another.
        """
        value = self.text(name, default)
        if value not in allowed:
            raise BadSetting(f"{name} must be one of {', '.join(sorted(allowed))}.")
        return value

    def number(self, name: str, default: int, *, lowest: int = 0) -> int:
        """A whole number of at least `lowest`.

        Raises:
            BadSetting: it is none.
        """
        value = self.text(name, str(default)).strip()
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and int(value) >= lowest):
            raise BadSetting(f"{name} must be a whole number, {lowest} or more.")
        return int(value)

    def switch(self, name: str, default: bool = False) -> bool:
        """On or off.

        Raises:
            BadSetting: it is a word that says neither.
        """
        value = self.text(name, str(default)).strip().lower()
        if value in TRUE or (value.isascii() and value.isdecimal() and int(value) != 0):
            return True
        if value in FALSE:
            return False
        raise BadSetting(f"{name} must be true or false.")

    def items(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """What stands between commas, without the spaces around it."""
        return [each.strip() for each in self.text(name).split(",") if each.strip()] or list(default)

    def hosts(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """Host names, between commas.

        Raises:
            BadSetting: one is a URL, or has a port.
        """
        wanted = "host names, such as calls.example.org, without https:// and port"
        return self._checked(name, _is_host, wanted, default)

    def origins(self, name: str) -> list[str]:
        """Origins of web pages, between commas.

        Raises:
            BadSetting: one is not.
        """
        return self._checked(name, _is_origin, "origins, such as https://calls.example.org, without a path")

    def networks(self, name: str) -> list[str]:
        """IP addresses and networks, between commas.

        Raises:
            BadSetting: one is neither.
        """
        return self._checked(name, _is_network, "IP addresses or networks, such as 10.0.0.2 or 10.0.0.0/8")

    def path(self, name: str, default: Path) -> Path:
        """A file or folder; one that is relative counts from the working directory."""
        return Path(self.text(name) or default).resolve()

    def database(self, name: str, default: Path) -> dict[str, Any]:
        """Django's settings for the database of a URL, or for SQLite in the file `default`.

        Raises:
            BadSetting: it is the URL of no database that this is made for.
        """
        url = self.text(name)
        if not url:
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}
        wrong = BadSetting(
            f"{name} must be postgres://user:password@host:port/name, with %23, %2F, %3F, %40 and %25 for #, /, ?, @ "
            "and % in user and password, or sqlite:////absolute/path."
        )
        try:
            parts = urlsplit(url)
            # Several hosts have several ports.
            is_whole = "," in parts.netloc or parts.port != 0
        except ValueError:
            raise wrong from None
        database = unquote(parts.path[1:])
        if not is_whole or not database or "#" in url or "%" in (parts.hostname or ""):
            raise wrong
        if parts.scheme == "sqlite" and not parts.netloc and "?" not in url:
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": database}
        # A path in place of the host, as in postgres:////run/postgresql/name, is that of a socket.
        is_name = not {"/", "@"} & set(database.rpartition("/")[2] if database.startswith("/") else database)
        if parts.scheme not in ("postgres", "postgresql") or not is_name:
            raise wrong
        found: dict[str, Any] = environ.Env.db_url_config(url)
        return found if database.startswith("/") else found | {"NAME": database}

    def redis(self, name: str) -> str:
        """The URL of a Redis; empty if there is none.

        Raises:
            BadSetting: it is the URL of something else.
        """
        url = self.text(name)
        if url and not _is_redis(url):
            raise BadSetting(f"{name} must be {_REDIS}.")
        return url

    def mail(self, name: str) -> dict[str, Any]:
        """Django's settings for the mail server of a URL, or for a server that cannot send mail if there is none.

        Raises:
            BadSetting: it is the URL of something else.
        """
        url = self.text(name)
        if not url:
            return mailer("dummy")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            port = 0
        if port == 0 or parts.scheme not in MAIL_SCHEMES or not (parts.hostname or parts.scheme == _CONSOLE):
            raise BadSetting(
                f"{name} must be smtp://user:password@host:port, smtp+tls://…, smtps://… or {_CONSOLE}://."
            )
        if parts.scheme == _CONSOLE:
            return mailer("console")
        return mailer(
            "smtp",
            host=parts.hostname,
            port=port or MAIL_SCHEMES[parts.scheme],
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            use_tls=parts.scheme == "smtp+tls",
            use_ssl=parts.scheme == "smtps",
            timeout=MAIL_SECONDS,
        )

    def redis_servers(self, name: str) -> list[str]:
        """The URLs of any number of Redis servers, between commas.

        Raises:
            BadSetting: one is the URL of something else.
        """
        return self._checked(name, _is_redis, _REDIS)

    def _checked(
        self, name: str, is_right: Callable[[str], bool], wanted: str, default: Iterable[str] = ()
    ) -> list[str]:
        found = self.items(name, default)
        if not all(map(is_right, found)):
            raise BadSetting(f"{name} must be {wanted}.")
        return found


def mailer(backend: str, **options: Any) -> dict[str, Any]:
    """Django's settings for sending mail, by the names of its version.

    Args:
        backend: the module of one of Django's own.
        options: what it is made with.
    """
    path = f"django.core.mail.backends.{backend}.EmailBackend"
    if django.VERSION >= (6, 1):
        return {"MAILERS": {"default": {"BACKEND": path, "OPTIONS": options}}}
    names = {"username": "EMAIL_HOST_USER", "password": "EMAIL_HOST_PASSWORD"}
    return {"EMAIL_BACKEND": path} | {
        names.get(each, f"EMAIL_{each.upper()}"): value for each, value in options.items()
    }


def _is_host(text: str) -> bool:
    is_bare_ipv6 = text.startswith("[") and text.endswith("]")
    return "/" not in text and (":" not in text or is_bare_ipv6)


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    return bool(scheme and separator and host) and "/" not in host


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _is_redis(text: str) -> bool:
    try:
        return urlsplit(text).scheme in ("redis", "rediss", "unix")
    except ValueError:
        return False
