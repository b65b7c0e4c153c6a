"""The keys that sign what this server sends, from the environment or from a file in the data directory.

The first key is current. The others sign for addresses created with them, so that a new key loses no device. A key is
never logged and never part of an error message."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from invitations import secret_files
from invitations.transports.base import from_base64, to_base64url

ENVIRONMENT = "CALLINVITE_VAPID_PRIVATE_KEY"
FILE = "CALLINVITE_VAPID_KEY_FILE"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair; `public` is the uncompressed point in unpadded base64url, 87 characters."""

    public: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the environment or the file holds.

    Args:
        pairs: the current pair first.
        problems: what is wrong, one sentence each.
        is_shared: the keys come from the environment, so all processes can have the same ones.
    """

    pairs: tuple[SigningKey, ...] = ()
    problems: tuple[str, ...] = ()
    is_shared: bool = False


def keys_in_force() -> Keys:
    """The keys of the environment, or else those of the file. The file is read again when it changes."""
    text = of_environment()
    if text:
        return read(tuple(text.split(",")), ENVIRONMENT)
    if not has_file():
        return Keys()
    path = str(key_file())
    try:
        status = os.stat(path)
        return _of_file(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    except FileNotFoundError:
        return Keys()
    except (OSError, ValueError) as error:
        return Keys(problems=(f"The file {Path(path).name} cannot be read: {type(error).__name__}.",))


def current_public_key() -> str | None:
    """The key that devices subscribe with from now on, 87 characters of base64url; None if there is none."""
    pairs = keys_in_force().pairs
    return pairs[0].public if pairs else None


def is_known(public: str) -> bool:
    """Whether the private half of this key is here to sign with."""
    return any(each.public == public for each in keys_in_force().pairs)


def generate() -> str:
    """A new private key: 32 bytes in unpadded base64url, 43 characters."""
    private = ec.generate_private_key(ec.SECP256R1())
    return to_base64url(private.private_numbers().private_value.to_bytes(32, "big"))


def public_half(private: str) -> str:
    """The public key that belongs to a private key.

    Raises:
        ValueError: the text is not a private key.
    """
    return _understood(private).public


def has_file() -> bool:
    """Whether the settings name a key file. A project that installs this app may name none."""
    return bool(getattr(settings, FILE, ""))


def key_file() -> Path:
    """The file for keys that are not in the environment.

    Raises:
        ImproperlyConfigured: the settings name no file.
    """
    if not has_file():
        raise ImproperlyConfigured(f"{FILE} names no file: there is no place to keep a key in.")
    return Path(getattr(settings, FILE))


def of_environment() -> str:
    """The private keys as written in the environment; empty if there are none."""
    return str(getattr(settings, ENVIRONMENT, "") or "").strip()


def has_any() -> bool:
    """Whether there are keys, readable or not. If there are, nothing may replace them."""
    return bool(of_environment()) or (has_file() and key_file().exists())


def ensure() -> bool:
    """Make a key pair and save it in the file, unless the settings name no file or a key exists already (in the file or
    in the environment).

    Returns:
        Whether a pair was made.

    Raises:
        OSError: the key could not be saved.
    """
    if has_any() or not has_file():
        return False
    try:
        keep(generate())
    except FileExistsError:
        return False
    return True


def keep(private: str) -> Path:
    """Save a private key in the file, readable only by its owner. If two processes try at once, one succeeds.

    Raises:
        FileExistsError: there are keys already.
        ImproperlyConfigured: the settings name no file.
        OSError: the key could not be saved.
    """
    path = key_file()
    secret_files.create(path, private)
    return path


def rotate(private: str) -> Path:
    """Put a new private key before those in the file.

    Raises:
        ImproperlyConfigured: the settings name no file.
        OSError: the file could not be read or written.
    """
    path = key_file()
    with suppress(FileNotFoundError):
        former = path.read_text("ascii").split()
        secret_files.replace(path, "\n".join([private, *former]))
        return path
    return keep(private)


@lru_cache(maxsize=8)
def read(texts: tuple[str, ...], source: str) -> Keys:
    """Parse private keys, each 32 bytes in base64url.

    Args:
        texts: the current key first; empty ones are skipped.
        source: how error messages name the place that the keys come from.
    """
    pairs: dict[str, SigningKey] = {}
    problems: list[str] = []
    for place, text in enumerate((each.strip() for each in texts), 1):
        if not text:
            continue
        try:
            pair = _understood(text)
        except ValueError:
            problems.append(f"{source}, key {place}: not a private key (32 bytes of P-256 in base64url).")
            continue
        pairs.setdefault(pair.public, pair)
    if not pairs and not problems:
        problems.append(f"{source} holds no key.")
    return Keys(tuple(pairs.values()), tuple(problems), is_shared=source == ENVIRONMENT)


@lru_cache(maxsize=4)
def _of_file(path: str, seen: tuple[int, ...]) -> Keys:
    file = Path(path)
    return read(tuple(file.read_text("ascii").split()), f"The file {file.name}")


def _understood(text: str) -> SigningKey:
    raw = from_base64(text)
    if len(raw) != 32:
        raise ValueError("not 32 bytes")
    private = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return SigningKey(to_base64url(point), private)
