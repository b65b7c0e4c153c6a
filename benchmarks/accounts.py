"""Creates many people, each with a bearer token, and prints them: `python -m benchmarks.accounts COUNT`.

Runs in the product's own environment. Passwords are unusable, so no time is spent on hashing them."""

from __future__ import annotations

import json
import os
import sys

import django

BATCH = 2000


def make(count: int, prefix: str = "bench") -> list[tuple[str, str]]:
    """Create `count` people called `<prefix>000001` and so on; return their names and tokens."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone
    from knox import crypto
    from knox.models import get_token_model
    from knox.settings import CONSTANTS, knox_settings

    user_model, token_model = get_user_model(), get_token_model()
    unusable = make_password(None)
    names = [f"{prefix}{number:06}" for number in range(1, count + 1)]
    user_model.objects.bulk_create([user_model(username=name, password=unusable) for name in names], batch_size=BATCH)
    keys = dict(user_model.objects.filter(username__startswith=prefix).values_list("username", "pk"))
    expiry = timezone.now() + knox_settings.TOKEN_TTL
    made, rows = [], []
    for name in names:
        token = crypto.create_token_string()
        made.append((name, token))
        rows.append(
            token_model(
                digest=crypto.hash_token(token),
                token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH],
                user_id=keys[name],
                expiry=expiry,
            )
        )
    token_model.objects.bulk_create(rows, batch_size=BATCH)
    return made


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    django.setup()
    json.dump(make(int(sys.argv[1])), sys.stdout)
